#include "credentials/token_mint.hpp"

#include <algorithm>
#include <utility>

#include "costmark/bearer_token_cache.hpp"

namespace costmark {

// Making one takes some microseconds of hashing, and no lock: threads that find none make one each,
// and the last one stays.
Result<BearerTokenPtr> TokenMint::token_of(const CredentialsPtr& credentials,
                                           std::string_view region, UnixSeconds now) {
  {
    const std::lock_guard lock(mutex_);
    const bool good =
        newest_.credentials == credentials && newest_.region == region && now < newest_.renew_at;
    if (good) return newest_.token;
  }
  Result<BearerTokenPtr> made = mint_bearer_token(*credentials, region, expires_in_s_, now);
  if (!made) return made;
  const auto margin = std::min(BearerTokenCache::renewal_window_s, expires_in_s_ / 2);
  MintedToken fresh{made.value(), credentials, std::string(region),
                    now + std::max<UnixSeconds>(expires_in_s_ - margin, 1)};
  const std::lock_guard lock(mutex_);
  std::swap(newest_, fresh);  // the old one is cleansed after the lock is let go
  return made;
}

MintedToken TokenMint::newest() const {
  const std::lock_guard lock(mutex_);
  return newest_;
}

void TokenMint::forget(const BearerTokenPtr& token) noexcept {
  MintedToken released;  // cleansed after the lock is let go
  const std::lock_guard lock(mutex_);
  if (newest_.token == token) std::swap(released, newest_);
}

}  // namespace costmark
