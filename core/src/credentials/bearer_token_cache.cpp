#include "costmark/bearer_token_cache.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "costmark/credentials_cache.hpp"
#include "fork.hpp"

namespace costmark {

struct BearerTokenCache::Impl {
  explicit Impl(BearerTokenConfig config)
      : region(std::move(config.region)),
        expires_in_s(config.expires_in_s),
        credentials(std::move(config.credentials), std::move(config.on_refresh_failure),
                    std::move(config.jitter)) {}

  Result<BearerTokenPtr> get(UnixSeconds now);
  BearerTokenPtr find(const CredentialsPtr& from, UnixSeconds now) const;
  template <class IsSeen>
  bool invalidate(IsSeen is_seen, UnixSeconds now) noexcept;

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
  const HeldDuringFork across_fork{mutex};
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

template <class IsSeen>
bool BearerTokenCache::Impl::invalidate(IsSeen is_seen, UnixSeconds now) noexcept {
  Minted refused;
  {
    const std::lock_guard lock(mutex);
    if (!current.token || !is_seen(current.token)) return true;
    refused = current;
  }
  if (!credentials.invalidate(refused.credentials, now)) return false;
  Minted released;  // cleansed after the lock is let go
  const std::lock_guard lock(mutex);
  if (current.token == refused.token) std::swap(released, current);
  return true;
}

BearerTokenCache::BearerTokenCache(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}

BearerTokenCache::~BearerTokenCache() = default;

Result<std::unique_ptr<BearerTokenCache>> BearerTokenCache::create(BearerTokenConfig config) {
  if (auto status = check_bearer_token(config.region, config.expires_in_s); !status) return status;
  return std::unique_ptr<BearerTokenCache>(
      new BearerTokenCache(std::make_unique<Impl>(std::move(config))));
}

Result<BearerTokenPtr> BearerTokenCache::get(UnixSeconds now) {
  return impl_->get(now);
}

bool BearerTokenCache::invalidate(const BearerTokenPtr& seen, UnixSeconds now) noexcept {
  return impl_->invalidate([&](const BearerTokenPtr& held) { return held == seen; }, now);
}

bool BearerTokenCache::invalidate(std::string_view seen, UnixSeconds now) noexcept {
  return impl_->invalidate([&](const BearerTokenPtr& held) { return held->text() == seen; }, now);
}

}  // namespace costmark
