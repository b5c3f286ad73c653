// How one thread stops what others wait in.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

#include "base/fork.hpp"
#include "costmark/wait.hpp"

namespace costmark {

// Something that waits and can be woken.
class Sleeper {
 public:
  // From any thread. A wake that comes before the wait counts for it.
  virtual void wake() noexcept = 0;

 protected:
  ~Sleeper() = default;
};

// Once requested, for ever. Synchronized internally.
class Cancellation {
 public:
  void request() noexcept;
  bool requested() const noexcept { return requested_.load(std::memory_order_acquire); }

 private:
  friend class WakenBy;

  // Forgets who waited in the process that this one was forked from. With the mutex held.
  void leave_other_process() noexcept;

  std::atomic<bool> requested_{false};
  std::mutex mutex_;
  const HeldDuringFork across_fork_{mutex_};
  class WakenBy* first_ = nullptr;
  std::uint64_t generation_ = fork_generation();
};

// While it lives, a request wakes the sleeper.
class WakenBy {
 public:
  WakenBy(Cancellation* cancellation, Sleeper& sleeper) noexcept;  // null: nothing will
  ~WakenBy();
  WakenBy(const WakenBy&) = delete;
  WakenBy& operator=(const WakenBy&) = delete;

 private:
  friend class Cancellation;
  Cancellation* cancellation_;
  Sleeper& sleeper_;
  WakenBy* previous_ = nullptr;
  WakenBy* next_ = nullptr;
  std::uint64_t generation_ = 0;
};

struct Cancel::Impl {
  Cancellation cancellation;
};

inline Cancellation* cancellation_of(Cancel* cancel) noexcept {
  return cancel == nullptr ? nullptr : &cancel->impl().cancellation;
}

}  // namespace costmark
