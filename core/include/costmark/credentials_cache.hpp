// The cache that keeps AWS credentials fresh.
#pragma once

#include <functional>
#include <memory>

#include "costmark/credentials.hpp"
#include "costmark/credentials_provider.hpp"
#include "costmark/error.hpp"

namespace costmark {

// Keeps the newest snapshot of one provider. Synchronised internally: `get` takes no lock that
// another thread holds while its provider runs, and waits for that thread only when nothing valid
// is left. One thread refreshes at a time; those that waited for it share its result, the error as
// well. Credentials that never expire are refreshed only when their provider says that its files
// have changed: `get` asks for that in the first call of each second (two calls of stat(2) for the
// shared files, by one thread, while the others go on), so a rotated key is in use a second later.
//
// A refresh starts `advisory_window_s` before expiry, or when half of the lifetime is over where
// that is shorter. When it fails, what is still valid is served on and the provider is left alone
// for half a minute, inside `mandatory_window_s` for five seconds.
class CredentialsCache {
 public:
  static constexpr UnixSeconds advisory_window_s = 15 * 60;
  static constexpr UnixSeconds mandatory_window_s = 10 * 60;

  // `on_refresh_failure` is told, on the thread that tried and with no lock held, of a refresh that
  // failed while valid credentials were left; when none are left, `get` returns the error.
  explicit CredentialsCache(CredentialsProviderPtr provider,
                            std::function<void(const Error&)> on_refresh_failure = {});
  ~CredentialsCache();

  // Errors: those of the provider; expired_credentials when it returned expired ones.
  Result<CredentialsPtr> get(UnixSeconds now);

  // Forgets the snapshot if it is still `seen`: the service said that it is not valid.
  void invalidate(const CredentialsPtr& seen) noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace costmark
