#include "costmark/credentials_cache.hpp"

#include <algorithm>
#include <mutex>
#include <thread>
#include <utility>

#include "base/fork.hpp"
#include "base/jitter.hpp"
#include "base/timestamp.hpp"
#include "base/waiting.hpp"

namespace costmark {
namespace {

// How long to leave a source alone after it failed while the old credentials still serve.
constexpr UnixSeconds advisory_pause_s = 30;
constexpr UnixSeconds mandatory_pause_s = 5;
// How long to take it for granted that a source has not changed.
constexpr UnixSeconds look_pause_s = 1;
// How long a caller that was told to renew is waited for, before another one is told.
constexpr UnixSeconds claim_s = 30;
// How long to leave a source alone that had other keys for those that were refused.
constexpr UnixSeconds replacement_pause_s = 1;

constexpr std::string_view fetching = "fetching credentials";

bool same_keys(const Credentials& a, const Credentials& b) noexcept {
  return a.access_key_id() == b.access_key_id() && a.secret_access_key() == b.secret_access_key() &&
         a.session_token() == b.session_token();
}

}  // namespace

struct CredentialsCache::Impl {
  using Lock = std::unique_lock<std::mutex>;

  Impl(CredentialsProviderPtr from, std::function<void(const Error&)> failed, Jitter spread)
      : provider(std::move(from)),
        on_refresh_failure(std::move(failed)),
        jitter(spread ? std::move(spread) : random_up_to) {}

  bool usable(UnixSeconds now) const noexcept {
    return current && !current->expired(now) && !(refused && may_ask_again(now));
  }

  // After a refusal. A clock that was set back must not put it off.
  bool may_ask_again(UnixSeconds now) const noexcept {
    return now < asked_again_at || now >= ask_again_at;
  }

  // A clock that was set back must not put the next look off.
  bool look_due(UnixSeconds now) const noexcept { return now < looked_at || now >= look_at; }

  void forget_parents_flight();
  Result<CredentialsPtr> get(UnixSeconds now, const Wait& wait);
  CredentialsPtr at_hand(UnixSeconds now, bool& renewal_due);
  bool is_settled(UnixSeconds now) const noexcept;
  void take_off() noexcept;
  bool source_changed(Lock& lock, UnixSeconds now);
  Result<CredentialsPtr> refresh(Lock& lock, UnixSeconds now, const Wait& wait);
  Result<CredentialsPtr> fetch(UnixSeconds now, const Wait& wait);
  Result<CredentialsPtr> keep(CredentialsPtr fresh, UnixSeconds now);
  void put_off(UnixSeconds now) noexcept;
  void settle_refusal(UnixSeconds now, UnixSeconds pause) noexcept;
  UnixSeconds due(const Credentials& fresh, UnixSeconds now) const;

  const CredentialsProviderPtr provider;
  const std::function<void(const Error&)> on_refresh_failure;
  const Jitter jitter;

  // Guards what follows; never held while the provider runs.
  std::mutex mutex;
  const HeldDuringFork across_fork{mutex};
  Waiters waiting;                               // for the thread that is in the provider
  std::uint64_t generation = fork_generation();  // of the process whose threads are in here
  CredentialsPtr current;
  UnixSeconds refresh_at = 0;      // meaningful while `current` can expire
  UnixSeconds looked_at = 0;       // when the source was last asked whether it has changed
  UnixSeconds look_at = 0;         // when to ask again
  bool refused = false;            // the service did not take `current`
  UnixSeconds asked_again_at = 0;  // when the source was last asked because of a refusal
  UnixSeconds ask_again_at = 0;    // when a refusal may make it be asked again
  UnixSeconds claimed_at = 0;      // when a renewal was left to a caller of `at_hand`
  bool in_flight = false;          // a thread is in the provider:
  std::thread::id in_provider;     // this one
  std::optional<Error> last_failure;
};

// In a forked child: the thread that was in the provider is not there.
void CredentialsCache::Impl::forget_parents_flight() {
  if (generation == fork_generation()) return;
  in_flight = false;
  claimed_at = 0;
  last_failure.reset();
  generation = fork_generation();
}

Result<CredentialsPtr> CredentialsCache::Impl::get(UnixSeconds now, const Wait& wait) {
  Lock lock(mutex);
  forget_parents_flight();
  while (!usable(now) && in_flight) {
    if (in_provider == std::this_thread::get_id()) {  // it would wait for itself
      return Error{Code::no_credentials,
                   "credentials provider " + std::string(provider->name()) +
                       " asks for the very credentials that it is to provide: a callback must not "
                       "call through the client that asks it"};
    }
    const bool landed = waiting.wait(lock, wait);
    if (usable(now)) return current;
    if (!landed) return ended_early(wait, fetching);
    // A source that is down is asked once, not once for every thread in the queue. One whose asker
    // had no more time left no failure: the next one asks.
    if (last_failure) return *last_failure;
  }
  if (usable(now)) {
    const bool settled = is_settled(now);
    if (in_flight || (settled && !look_due(now))) return current;
    if (settled) {
      const CredentialsPtr held = current;
      if (!source_changed(lock, now)) return held;
    }
  }
  return refresh(lock, now, wait);
}

void CredentialsCache::Impl::take_off() noexcept {
  in_flight = true;
  in_provider = std::this_thread::get_id();
  claimed_at = 0;
}

bool CredentialsCache::Impl::is_settled(UnixSeconds now) const noexcept {
  return !current->expires_at() || now < refresh_at;
}

CredentialsPtr CredentialsCache::Impl::at_hand(UnixSeconds now, bool& renewal_due) {
  const Lock lock(mutex);
  forget_parents_flight();
  renewal_due = false;
  if (!usable(now)) return nullptr;
  if (in_flight || (is_settled(now) && !look_due(now))) return current;
  // A claim that led to nothing does not stand for ever, nor behind a clock that was set back.
  const bool claimed = now >= claimed_at && now < claimed_at + claim_s;
  if (!claimed) claimed_at = now;
  renewal_due = !claimed;
  return current;
}

// A flight of its own, as the source may be slow to say.
bool CredentialsCache::Impl::source_changed(Lock& lock, UnixSeconds now) {
  looked_at = now;
  look_at = now + look_pause_s;
  take_off();
  lock.unlock();
  const bool changed = provider->changed();
  lock.lock();
  last_failure.reset();
  in_flight = false;
  waiting.wake_all();
  return changed;
}

Result<CredentialsPtr> CredentialsCache::Impl::refresh(Lock& lock, UnixSeconds now,
                                                       const Wait& wait) {
  // Ends the flight however the provider is left, by an exception of the host's callback as well.
  struct Flight {
    Impl& cache;
    Lock& lock;
    std::optional<Error> failure =
        Error{Code::internal, "the credentials provider was left by an exception"};
    ~Flight() {
      if (!lock.owns_lock()) lock.lock();
      cache.last_failure = std::move(failure);
      cache.in_flight = false;
      cache.waiting.wake_all();
    }
  };

  Result<CredentialsPtr> result = CredentialsPtr();
  {
    Flight flight{*this, lock};
    take_off();
    lock.unlock();
    result = fetch(now, wait);
    lock.lock();
    if (result.ok()) {
      flight.failure.reset();
      return keep(std::move(result).value(), now);
    }
    const bool is_early = is_over(wait);
    flight.failure = is_early ? std::nullopt : std::optional(result.error());
    if (!is_early || usable(now)) put_off(now);
    if (usable(now)) result = current;
  }
  const auto failure = result.ok() ? last_failure : std::nullopt;
  lock.unlock();
  if (failure && on_refresh_failure) on_refresh_failure(*failure);
  return result;
}

Result<CredentialsPtr> CredentialsCache::Impl::fetch(UnixSeconds now, const Wait& wait) {
  if (!provider) return Error{Code::no_credentials, "no credentials provider is configured"};
  if (is_over(wait)) return ended_early(wait, fetching);
  auto result = provider->resolve(now, wait);
  if (!result.ok()) return is_over(wait) ? ended_early(wait, fetching) : std::move(result);
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
  const bool replaced = !current || !same_keys(*current, *fresh);
  settle_refusal(now, replaced ? replacement_pause_s : refusal_pause_s);
  fresh.swap(current);
  return current;
}

// A refresh failed: what is at hand serves on, and the source is left alone for a while.
void CredentialsCache::Impl::put_off(UnixSeconds now) noexcept {
  settle_refusal(now, refusal_pause_s);
  look_at = now + advisory_pause_s;
  if (!current || !current->expires_at()) return;
  const bool near = *current->expires_at() - now <= mandatory_window_s;
  refresh_at = now + (near ? mandatory_pause_s : advisory_pause_s);
}

// The source was asked because of a refusal, and that was its answer.
void CredentialsCache::Impl::settle_refusal(UnixSeconds now, UnixSeconds pause) noexcept {
  if (!refused) return;
  refused = false;
  asked_again_at = now;
  ask_again_at = now + pause;
}

// Ahead of expiry by the advisory window, but not before half of what is left has passed: sources
// whose credentials live shorter than the window would otherwise be asked on every call.
UnixSeconds CredentialsCache::Impl::due(const Credentials& fresh, UnixSeconds now) const {
  if (!fresh.expires_at()) return 0;
  const auto expiry = *fresh.expires_at();
  const auto margin = std::min(advisory_window_s, (expiry - now) / 2);
  const auto most = margin * (advisory_window_s - mandatory_window_s) / advisory_window_s;
  return std::max(expiry - margin + std::clamp<UnixSeconds>(jitter(most), 0, most), now + 1);
}

CredentialsCache::CredentialsCache(CredentialsProviderPtr provider,
                                   std::function<void(const Error&)> on_refresh_failure,
                                   Jitter jitter)
    : impl_(std::make_unique<Impl>(std::move(provider), std::move(on_refresh_failure),
                                   std::move(jitter))) {}

CredentialsCache::~CredentialsCache() = default;

Result<CredentialsPtr> CredentialsCache::get(UnixSeconds now, const Wait& wait) {
  return impl_->get(now, wait);
}

CredentialsPtr CredentialsCache::at_hand(UnixSeconds now, bool& renewal_due) {
  return impl_->at_hand(now, renewal_due);
}

bool CredentialsCache::invalidate(const CredentialsPtr& seen, UnixSeconds now) noexcept {
  const std::lock_guard lock(impl_->mutex);
  if (!seen || impl_->current != seen) return true;
  impl_->refused = true;
  return impl_->may_ask_again(now);
}

}  // namespace costmark
