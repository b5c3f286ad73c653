// The cache that keeps AWS credentials fresh.
#pragma once

#include <functional>
#include <memory>

#include "costmark/credentials.hpp"
#include "costmark/credentials_provider.hpp"
#include "costmark/error.hpp"
#include "costmark/wait.hpp"

namespace costmark {

// Returns a number from 0 to `most`, seconds.
using Jitter = std::function<UnixSeconds(UnixSeconds most)>;

// Keeps the newest snapshot of one provider. Synchronized internally: `get` takes no lock that
// another thread holds while its provider runs, and waits for that thread only when nothing valid
// is left. One thread refreshes at a time; those that waited for it share its result, the error as
// well. Credentials that never expire are refreshed only when their provider says that its files
// have changed: `get` asks for that in the first call of each second (two calls of stat(2) for the
// shared files, by one thread, while the others go on), so a rotated key is in use a second later.
//
// A refresh starts `advisory_window_s` before expiry, or when half of the lifetime is over where
// that is shorter; jitter puts it off by up to a third of what is left then, for an ordinary
// lifetime to `mandatory_window_s` at the latest, so that processes that were started together do
// not ask together. When it fails, what is still valid is served on and the provider is left alone
// for half a minute, inside `mandatory_window_s` for five seconds. In neither window does anybody
// wait or fail while there is a valid set; botocore, whose windows these are, waits in the second.
//
// In a forked child the snapshot serves on, and a refresh that was under way in the parent is the
// parent's alone.
class CredentialsCache {
 public:
  static constexpr UnixSeconds advisory_window_s = 15 * 60;
  static constexpr UnixSeconds mandatory_window_s = 10 * 60;

  // `on_refresh_failure` is told, on the thread that tried and with no lock held, of a refresh that
  // failed while valid credentials were left; when none are left, `get` returns the error.
  // `jitter` is called with the lock held, by one thread at a time; null: the system's randomness.
  explicit CredentialsCache(CredentialsProviderPtr provider,
                            std::function<void(const Error&)> on_refresh_failure = {},
                            Jitter jitter = {});
  ~CredentialsCache();

  // Errors: those of the provider; expired_credentials when it returned expired ones; timeout and
  // cancelled, when `wait` was over and nothing valid was left: that is this caller's alone, and
  // the next one that waits asks the provider anew. `no_wait` is not looked at.
  Result<CredentialsPtr> get(UnixSeconds now, const Wait& wait = {});

  // The same without I/O: absent when the provider would have to be asked first. `renewal_due` is
  // set for one caller at a time, whose part it is then to call `get` where it may wait; what is at
  // hand serves meanwhile.
  CredentialsPtr at_hand(UnixSeconds now, bool& renewal_due);

  // The service refused what `seen` signed, as expired or invalid. If it is still the newest
  // snapshot, the next `get` asks the provider again, and calls that come meanwhile wait for its
  // answer. When the provider has nothing better, the refused set serves on until it expires: the
  // refusal may have been a passing one. Refusals make the provider be asked at most once in
  // `refusal_pause_s`, in a second when it did have other keys.
  //
  // False when the next `get` would return `seen` again, so that there is no use in repeating a
  // request; null counts as a set that is gone.
  bool invalidate(const CredentialsPtr& seen, UnixSeconds now) noexcept;
  static constexpr UnixSeconds refusal_pause_s = 5;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace costmark
