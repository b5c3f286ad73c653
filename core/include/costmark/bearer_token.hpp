// Short-term Bedrock API keys ("bedrock-api-key-..."), minted from AWS credentials. Pure: time,
// credentials and the region are handed in; nothing is sent, AWS does not see a token being made.
//
// Source: aws-bedrock-token-generator for Python, version 1.1.0. A token is a presigned request for
// CallWithBearerToken at bedrock.amazonaws.com, in base64; for the same clock and credentials ours
// are the same, byte for byte. It is good in its region alone, and for no longer than the
// credentials that it was made from.
#pragma once

#include <cstdint>
#include <functional>
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

// Errors: invalid_argument for `expires_in_s` outside 1 to `max_bearer_token_life_s`, for a region
// that is empty or no region's name, and for a time outside 1970 to 9999; expired_credentials;
// internal when OpenSSL fails.
Result<BearerTokenPtr> mint_bearer_token(const Credentials& credentials, std::string_view region,
                                         std::int64_t expires_in_s, UnixSeconds now);

struct BearerTokenConfig {
  CredentialsProviderPtr credentials;
  std::string region;
  std::int64_t expires_in_s = max_bearer_token_life_s;
  // As CredentialsCache has it.
  std::function<void(const Error&)> on_refresh_failure;
};

// Keeps the newest token, over a CredentialsCache. Synchronised internally; no lock is held while
// credentials are fetched, and a thread waits for them only when no valid ones are left.
//
// A token is made anew `renewal_window_s` before it ends, or when half of its life is over where
// that is shorter; and whenever there are other credentials than it was made from, which come ahead
// of the old ones' end. While those cannot be refreshed, the token at hand serves until they
// expire.
class BearerTokenCache {
 public:
  static constexpr UnixSeconds renewal_window_s = 15 * 60;

  // Errors: invalid_argument, as mint_bearer_token has it.
  static Result<std::unique_ptr<BearerTokenCache>> create(BearerTokenConfig config);
  ~BearerTokenCache();

  // Errors: those of the credentials provider and of mint_bearer_token.
  Result<BearerTokenPtr> get(UnixSeconds now);

  // Forgets the token, and the credentials it was made from, if it is still `seen`: the service
  // said that it is not valid.
  void invalidate(const BearerTokenPtr& seen) noexcept;

 private:
  struct Impl;
  explicit BearerTokenCache(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace costmark
