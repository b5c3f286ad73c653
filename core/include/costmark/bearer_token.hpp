// Short-term Bedrock API keys ("bedrock-api-key-..."), minted from AWS credentials. Pure: time,
// credentials and the region are handed in; nothing is sent, AWS does not see a token being made.
//
// Source: aws-bedrock-token-generator for Python, version 1.1.0. A token is a presigned request for
// CallWithBearerToken at bedrock.amazonaws.com, in base64; for the same clock and credentials ours
// are the same, byte for byte. It is good in its region alone, and for no longer than the
// credentials that it was made from.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "costmark/credentials.hpp"
#include "costmark/error.hpp"

namespace costmark {

// Twelve hours.
inline constexpr std::int64_t max_bearer_token_life_s = 43200;

// One token. Immutable, share freely; its memory is cleansed when the last owner lets go.
class BearerToken {
 public:
  BearerToken(std::string text, UnixSeconds expires_at) noexcept;
  ~BearerToken();
  BearerToken(const BearerToken&) = delete;
  BearerToken& operator=(const BearerToken&) = delete;

  std::string_view text() const noexcept { return text_; }
  // The earlier of its own end and that of its credentials.
  UnixSeconds expires_at() const noexcept { return expires_at_; }
  bool expired(UnixSeconds now) const noexcept { return expires_at_ <= now; }

 private:
  std::string text_;
  UnixSeconds expires_at_;
};

using BearerTokenPtr = std::shared_ptr<const BearerToken>;

// What `mint_bearer_token` would refuse about its arguments. Errors: invalid_argument for
// `expires_in_s` outside 1 to `max_bearer_token_life_s`, and for a region that is empty or no
// region's name.
Status check_bearer_token(std::string_view region, std::int64_t expires_in_s);

// Errors: those of check_bearer_token; invalid_argument for a time outside 1970 to 9999;
// expired_credentials; internal when OpenSSL fails.
Result<BearerTokenPtr> mint_bearer_token(const Credentials& credentials, std::string_view region,
                                         std::int64_t expires_in_s, UnixSeconds now);

}  // namespace costmark
