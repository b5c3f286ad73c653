#include "costmark/bearer_token_cache.hpp"

#include <utility>

#include "costmark/credentials_cache.hpp"
#include "credentials/token_mint.hpp"

namespace costmark {

struct BearerTokenCache::Impl {
  explicit Impl(BearerTokenConfig config)
      : region(std::move(config.region)),
        credentials(std::move(config.credentials), std::move(config.on_refresh_failure),
                    std::move(config.jitter)),
        mint(config.expires_in_s) {}

  template <class IsSeen>
  bool invalidate(IsSeen is_seen, UnixSeconds now) noexcept;

  const std::string region;
  CredentialsCache credentials;
  TokenMint mint;
};

template <class IsSeen>
bool BearerTokenCache::Impl::invalidate(IsSeen is_seen, UnixSeconds now) noexcept {
  const MintedToken newest = mint.newest();
  if (!newest.token || !is_seen(newest.token)) return true;
  if (!credentials.invalidate(newest.credentials, now)) return false;
  mint.forget(newest.token);
  return true;
}

BearerTokenCache::BearerTokenCache(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}

BearerTokenCache::~BearerTokenCache() = default;

Result<std::unique_ptr<BearerTokenCache>> BearerTokenCache::create(BearerTokenConfig config) {
  if (auto status = check_bearer_token(config.region, config.expires_in_s); !status) return status;
  return std::unique_ptr<BearerTokenCache>(
      new BearerTokenCache(std::make_unique<Impl>(std::move(config))));
}

// All waiting is in the credentials' cache, which also says when there are newer ones.
Result<BearerTokenPtr> BearerTokenCache::get(UnixSeconds now, const Wait& wait) {
  auto credentials = impl_->credentials.get(now, wait);
  if (!credentials) return credentials.error();
  return impl_->mint.token_of(credentials.value(), impl_->region, now);
}

bool BearerTokenCache::invalidate(const BearerTokenPtr& seen, UnixSeconds now) noexcept {
  return impl_->invalidate([&](const BearerTokenPtr& held) { return held == seen; }, now);
}

bool BearerTokenCache::invalidate(std::string_view seen, UnixSeconds now) noexcept {
  return impl_->invalidate([&](const BearerTokenPtr& held) { return held->text() == seen; }, now);
}

}  // namespace costmark
