#include "costmark/bearer_token.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "cleanse.hpp"
#include "costmark/signing.hpp"
#include "signing/crypto.hpp"
#include "signing/request_check.hpp"

namespace costmark {
namespace {

constexpr std::string_view prefix = "bedrock-api-key-";
constexpr std::string_view token_host = "bedrock.amazonaws.com";  // of every region
constexpr std::string_view token_service = "bedrock";
constexpr std::string_view action = "Action=CallWithBearerToken";
constexpr std::string_view version = "&Version=1";  // added after signing

Status check_token_request(std::string_view region, std::int64_t expires_in_s) {
  if (expires_in_s < 1 || expires_in_s > max_bearer_token_life_s) {
    return {Code::invalid_argument, "a bearer token lives 1 to " +
                                        std::to_string(max_bearer_token_life_s) + " seconds, not " +
                                        std::to_string(expires_in_s)};
  }
  return signing::check_scope({region, token_service});
}

UnixSeconds end_of(const Credentials& credentials, std::int64_t expires_in_s, UnixSeconds now) {
  return std::min(now + expires_in_s, credentials.expires_at().value_or(now + expires_in_s));
}

std::string encode_token(std::string_view query) {
  std::string request;
  request.reserve(token_host.size() + 2 + query.size() + version.size());
  request.append(token_host).append("/?").append(query).append(version);
  std::string token(prefix);
  signing::append_base64(request, token);
  cleanse(request);
  return token;
}

}  // namespace

BearerToken::BearerToken(std::string text, UnixSeconds expires_at) noexcept
    : text_(std::move(text)), expires_at_(expires_at) {}

BearerToken::~BearerToken() {
  cleanse(text_);
}

Result<BearerTokenPtr> mint_bearer_token(const Credentials& credentials, std::string_view region,
                                         std::int64_t expires_in_s, UnixSeconds now) {
  if (auto status = check_token_request(region, expires_in_s); !status) return status;
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

struct BearerTokenCache::Impl {
  explicit Impl(BearerTokenConfig config)
      : region(std::move(config.region)),
        expires_in_s(config.expires_in_s),
        credentials(std::move(config.credentials), std::move(config.on_refresh_failure)) {}

  Result<BearerTokenPtr> get(UnixSeconds now);
  BearerTokenPtr find(const CredentialsPtr& from, UnixSeconds now) const;

  // A token, what it was made from, and when to make the next one from the same credentials.
  struct Minted {
    BearerTokenPtr token;
    CredentialsPtr credentials;
    UnixSeconds renew_at = 0;
  };

  const std::string region;
  const std::int64_t expires_in_s;
  CredentialsCache credentials;

  mutable std::mutex mutex;  // guards what follows
  Minted current;
};

// All waiting is in the credentials' cache, which also says when there are newer ones. What is left
// is some microseconds of hashing: threads that find no token make one
// each, and the last one stays.
Result<BearerTokenPtr> BearerTokenCache::Impl::get(UnixSeconds now) {
  auto from = credentials.get(now);
  if (!from.ok()) return from.error();
  if (auto token = find(from.value(), now)) return token;
  auto token = mint_bearer_token(*from.value(), region, expires_in_s, now);
  if (!token.ok()) return token;
  const auto margin = std::min(renewal_window_s, expires_in_s / 2);
  Minted fresh{token.value(), std::move(from).value(),
               now + std::max<UnixSeconds>(expires_in_s - margin, 1)};
  const std::lock_guard lock(mutex);
  std::swap(current, fresh);  // the old one is cleansed after the lock is let go
  return token;
}

BearerTokenPtr BearerTokenCache::Impl::find(const CredentialsPtr& from, UnixSeconds now) const {
  const std::lock_guard lock(mutex);
  const bool good = current.credentials == from && now < current.renew_at;
  return good ? current.token : nullptr;
}

BearerTokenCache::BearerTokenCache(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}

BearerTokenCache::~BearerTokenCache() = default;

Result<std::unique_ptr<BearerTokenCache>> BearerTokenCache::create(BearerTokenConfig config) {
  if (auto status = check_token_request(config.region, config.expires_in_s); !status) return status;
  return std::unique_ptr<BearerTokenCache>(
      new BearerTokenCache(std::make_unique<Impl>(std::move(config))));
}

Result<BearerTokenPtr> BearerTokenCache::get(UnixSeconds now) {
  return impl_->get(now);
}

void BearerTokenCache::invalidate(const BearerTokenPtr& seen) noexcept {
  Impl::Minted released;  // cleansed after the lock is let go
  {
    const std::lock_guard lock(impl_->mutex);
    if (!seen || impl_->current.token != seen) return;
    std::swap(released, impl_->current);
  }
  impl_->credentials.invalidate(released.credentials);
}

}  // namespace costmark
