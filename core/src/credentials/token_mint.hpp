// Short-term Bedrock API keys, made when one is needed and kept while it is good.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "base/fork.hpp"
#include "costmark/bearer_token.hpp"
#include "costmark/credentials.hpp"
#include "costmark/error.hpp"

namespace costmark {

// A token, and what it was made from.
struct MintedToken {
  BearerTokenPtr token;
  CredentialsPtr credentials;
  std::string region;
  UnixSeconds renew_at = 0;  // when to make the next one from the same credentials
};

// Keeps the token that was made last. Synchronized internally; does no I/O.
class TokenMint {
 public:
  explicit TokenMint(std::int64_t expires_in_s) : expires_in_s_(expires_in_s) {}

  // The token at hand if it was made from these very credentials, for this region, and is not to be
  // renewed yet; else a new one. Errors: those of mint_bearer_token.
  Result<BearerTokenPtr> token_of(const CredentialsPtr& credentials, std::string_view region,
                                  UnixSeconds now);

  MintedToken newest() const;
  // Forgets it, if it is still the newest.
  void forget(const BearerTokenPtr& token) noexcept;

 private:
  const std::int64_t expires_in_s_;
  mutable std::mutex mutex_;  // guards what follows
  const HeldDuringFork across_fork_{mutex_};
  MintedToken newest_;
};

}  // namespace costmark
