// The cache that keeps a short-term Bedrock API key fresh.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "costmark/bearer_token.hpp"
#include "costmark/credentials_cache.hpp"
#include "costmark/credentials_provider.hpp"
#include "costmark/error.hpp"

namespace costmark {

struct BearerTokenConfig {
  CredentialsProviderPtr credentials;
  std::string region;
  std::int64_t expires_in_s = max_bearer_token_life_s;
  // As CredentialsCache has them.
  std::function<void(const Error&)> on_refresh_failure;
  Jitter jitter;
};

// Keeps the newest token, over a CredentialsCache. Synchronized internally; no lock is held while
// credentials are fetched, and a thread waits for them only when no valid ones are left.
//
// A token is made anew `renewal_window_s` before it ends, or when half of its life is over where
// that is shorter; and whenever there are other credentials than it was made from, which come ahead
// of the old ones' end. While those cannot be refreshed, the token at hand serves until they
// expire.
class BearerTokenCache {
 public:
  static constexpr UnixSeconds renewal_window_s = 15 * 60;

  // Errors: invalid_argument, as check_bearer_token has it.
  static Result<std::unique_ptr<BearerTokenCache>> create(BearerTokenConfig config);
  ~BearerTokenCache();

  // Errors: those of the credentials provider and of mint_bearer_token.
  Result<BearerTokenPtr> get(UnixSeconds now, const Wait& wait = {});

  // The service refused `seen`, as expired or invalid. If it is still the newest token, it is
  // forgotten, and so are the credentials that it was made from, as CredentialsCache has it; while
  // those are left as they are (`refusal_pause_s`), so is the token. False when the next `get`
  // would return `seen` again; null counts as a token that is gone.
  bool invalidate(const BearerTokenPtr& seen, UnixSeconds now) noexcept;
  // The same for a token that went out as text.
  bool invalidate(std::string_view seen, UnixSeconds now) noexcept;

 private:
  struct Impl;
  explicit BearerTokenCache(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace costmark
