#include "costmark/bearer_token.hpp"

#include <algorithm>
#include <utility>

#include "base/cleanse.hpp"
#include "costmark/signing.hpp"
#include "crypto/crypto.hpp"
#include "signing/request_check.hpp"

namespace costmark {
namespace {

constexpr std::string_view prefix = "bedrock-api-key-";
constexpr std::string_view token_host = "bedrock.amazonaws.com";  // of every region
constexpr std::string_view token_service = "bedrock";
constexpr std::string_view action = "Action=CallWithBearerToken";
constexpr std::string_view version = "&Version=1";  // added after signing

UnixSeconds end_of(const Credentials& credentials, std::int64_t expires_in_s, UnixSeconds now) {
  return std::min(now + expires_in_s, credentials.expires_at().value_or(now + expires_in_s));
}

std::string encode_token(std::string_view query) {
  std::string request;
  request.reserve(token_host.size() + 2 + query.size() + version.size());
  request.append(token_host).append("/?").append(query).append(version);
  std::string token;
  token.reserve(prefix.size() + request.size() / 3 * 4 + 4);
  token.append(prefix);
  crypto::append_base64(request, token);
  cleanse(request);
  return token;
}

}  // namespace

Status check_bearer_token(std::string_view region, std::int64_t expires_in_s) {
  if (expires_in_s < 1 || expires_in_s > max_bearer_token_life_s) {
    return {Code::invalid_argument, "a bearer token lives 1 to " +
                                        std::to_string(max_bearer_token_life_s) + " seconds, not " +
                                        std::to_string(expires_in_s)};
  }
  return signing::check_scope({region, token_service});
}

BearerToken::BearerToken(std::string text, UnixSeconds expires_at) noexcept
    : text_(std::move(text)), expires_at_(expires_at) {}

BearerToken::~BearerToken() {
  cleanse(text_);
}

Result<BearerTokenPtr> mint_bearer_token(const Credentials& credentials, std::string_view region,
                                         std::int64_t expires_in_s, UnixSeconds now) {
  if (auto status = check_bearer_token(region, expires_in_s); !status) return status;
  signing::PayloadHash no_body;
  if (auto status = signing::PayloadHasher().hash({}, no_body); !status) return status;
  signing::Signature signature;
  const signing::Request request{"POST", token_host, "/", action, {}};
  if (auto status =
          signing::Signer().presign(request, no_body, credentials, {region, token_service}, now,
                                    expires_in_s, signing::Options(), signature);
      !status) {
    return status;
  }
  return BearerTokenPtr(std::make_shared<const BearerToken>(
      encode_token(signature.query()), end_of(credentials, expires_in_s, now)));
}

}  // namespace costmark
