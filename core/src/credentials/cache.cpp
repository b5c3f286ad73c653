#include "costmark/credentials_cache.hpp"

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "timestamp.hpp"

namespace costmark {
namespace {

// How long to leave a source alone after it failed while the old credentials still serve.
constexpr UnixSeconds advisory_pause_s = 30;
constexpr UnixSeconds mandatory_pause_s = 5;
// How long to take it for granted that a source has not changed.
constexpr UnixSeconds look_pause_s = 1;

}  // namespace

struct CredentialsCache::Impl {
  using Lock = std::unique_lock<std::mutex>;

  Impl(CredentialsProviderPtr from, std::function<void(const Error&)> failed)
      : provider(std::move(from)), on_refresh_failure(std::move(failed)) {}

  bool usable(UnixSeconds now) const noexcept { return current && !current->expired(now); }

  // A thread that forked away in the middle of a refresh never ends it in the child.
  bool refresh_in_flight() const noexcept {
    return refreshing_in != 0 && refreshing_in == getpid();
  }

  // A clock that was set back must not put the next look off.
  bool look_due(UnixSeconds now) const noexcept { return now < looked_at || now >= look_at; }

  Result<CredentialsPtr> get(UnixSeconds now);
  bool source_changed(Lock& lock, UnixSeconds now);
  Result<CredentialsPtr> refresh(Lock& lock, UnixSeconds now);
  Result<CredentialsPtr> fetch(UnixSeconds now);
  Result<CredentialsPtr> keep(CredentialsPtr fresh, UnixSeconds now);
  UnixSeconds due(const Credentials& fresh, UnixSeconds now) const noexcept;

  const CredentialsProviderPtr provider;
  const std::function<void(const Error&)> on_refresh_failure;

  // Guards what follows; never held while the provider runs.
  std::mutex mutex;
  std::condition_variable landed;
  CredentialsPtr current;
  UnixSeconds refresh_at = 0;  // meaningful while `current` can expire
  UnixSeconds looked_at = 0;   // when the source was last asked whether it has changed
  UnixSeconds look_at = 0;     // when to ask again
  pid_t refreshing_in = 0;     // process whose thread is in the provider; 0 for none
  std::uint64_t flights = 0;   // refreshes that have ended
  std::optional<Error> last_failure;
};

Result<CredentialsPtr> CredentialsCache::Impl::get(UnixSeconds now) {
  Lock lock(mutex);
  while (!usable(now) && refresh_in_flight()) {
    const auto flight = flights;
    landed.wait(lock, [&] { return flights != flight; });
    // A source that is down is asked once, not once for every thread in the queue.
    if (last_failure) return *last_failure;
    if (usable(now)) return current;
  }
  if (usable(now)) {
    const bool settled = !current->expires_at() || now < refresh_at;
    if (refresh_in_flight() || (settled && !look_due(now))) return current;
    if (settled) {
      const CredentialsPtr held = current;
      if (!source_changed(lock, now)) return held;
    }
  }
  return refresh(lock, now);
}

// A flight of its own, as the source may be slow to say.
bool CredentialsCache::Impl::source_changed(Lock& lock, UnixSeconds now) {
  looked_at = now;
  look_at = now + look_pause_s;
  refreshing_in = getpid();
  lock.unlock();
  const bool changed = provider->changed();
  lock.lock();
  last_failure.reset();
  refreshing_in = 0;
  ++flights;
  landed.notify_all();
  return changed;
}

Result<CredentialsPtr> CredentialsCache::Impl::refresh(Lock& lock, UnixSeconds now) {
  // Ends the flight however the provider is left, by an exception of the host's callback as well.
  struct Flight {
    Impl& cache;
    Lock& lock;
    std::optional<Error> failure =
        Error{Code::internal, "the credentials provider was left by an exception"};
    ~Flight() {
      if (!lock.owns_lock()) lock.lock();
      cache.last_failure = std::move(failure);
      cache.refreshing_in = 0;
      ++cache.flights;
      cache.landed.notify_all();
    }
  };

  Result<CredentialsPtr> result = CredentialsPtr();
  {
    Flight flight{*this, lock};
    refreshing_in = getpid();
    lock.unlock();
    result = fetch(now);
    lock.lock();
    if (result.ok()) {
      flight.failure.reset();
      return keep(std::move(result).value(), now);
    }
    flight.failure = result.error();
    if (current && current->expires_at()) {
      const bool near = *current->expires_at() - now <= mandatory_window_s;
      refresh_at = now + (near ? mandatory_pause_s : advisory_pause_s);
    }
    look_at = now + advisory_pause_s;
    if (usable(now)) result = current;
  }
  const auto failure = result.ok() ? last_failure : std::nullopt;
  lock.unlock();
  if (failure && on_refresh_failure) on_refresh_failure(*failure);
  return result;
}

Result<CredentialsPtr> CredentialsCache::Impl::fetch(UnixSeconds now) {
  if (!provider) return Error{Code::no_credentials, "no credentials provider is configured"};
  auto result = provider->resolve(now);
  if (!result.ok()) return result;
  const auto& fresh = result.value();
  if (!fresh) {
    return Error{Code::internal,
                 "credentials provider " + std::string(provider->name()) + " returned none"};
  }
  if (fresh->expired(now)) {
    return Error{Code::expired_credentials,
                 "credentials from " +
                     std::string(fresh->source().empty() ? provider->name() : fresh->source()) +
                     " expired at " + format_timestamp(*fresh->expires_at())};
  }
  return result;
}

Result<CredentialsPtr> CredentialsCache::Impl::keep(CredentialsPtr fresh, UnixSeconds now) {
  refresh_at = due(*fresh, now);
  looked_at = now;
  look_at = now + look_pause_s;
  current = std::move(fresh);
  return current;
}

// Ahead of expiry by the advisory window, but not before half of what is left has passed: sources
// whose credentials live shorter than the window would otherwise be asked on every call.
UnixSeconds CredentialsCache::Impl::due(const Credentials& fresh, UnixSeconds now) const noexcept {
  if (!fresh.expires_at()) return 0;
  const auto expiry = *fresh.expires_at();
  return std::max({expiry - advisory_window_s, now + (expiry - now) / 2, now + mandatory_pause_s});
}

CredentialsCache::CredentialsCache(CredentialsProviderPtr provider,
                                   std::function<void(const Error&)> on_refresh_failure)
    : impl_(std::make_unique<Impl>(std::move(provider), std::move(on_refresh_failure))) {}

CredentialsCache::~CredentialsCache() = default;

Result<CredentialsPtr> CredentialsCache::get(UnixSeconds now) {
  return impl_->get(now);
}

void CredentialsCache::invalidate(const CredentialsPtr& seen) noexcept {
  CredentialsPtr released;  // cleansed after the lock is let go
  const std::lock_guard lock(impl_->mutex);
  if (seen && impl_->current == seen) released = std::move(impl_->current);
}

}  // namespace costmark
