// Waits that a deadline or another thread may end: what is behind a Wait.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string_view>

#include "base/fork.hpp"
#include "costmark/error.hpp"
#include "costmark/wait.hpp"

namespace costmark {

// Whether it has a deadline or can be cancelled at all.
bool may_end(const Wait& wait) noexcept;

// Whether its deadline has passed, or it was cancelled.
bool is_over(const Wait& wait) noexcept;

// The error for what was not done before the wait was over, or what another thread does while this
// one is not to wait for it. `what`: "fetching credentials".
Error ended_early(const Wait& wait, std::string_view what);

// Lets the calling thread wait, less where `wait` is over before.
void pause(std::chrono::milliseconds time, const Wait& wait);

// Threads that wait for what another one does, under a mutex that guards the matter. In a forked
// child those of the parent are forgotten.
class Waiters {
 public:
  // Waits for `wake_all`, with the lock let go meanwhile. False when `wait` is over before, and at
  // once when it is not to be waited for other threads.
  bool wait(std::unique_lock<std::mutex>& lock, const Wait& wait);
  // With the mutex held.
  void wake_all() noexcept;

 private:
  // NOLINTNEXTLINE(cppcoreguidelines-virtual-class-destructor): it is final
  class Waiter;

  void leave_other_process() noexcept;
  void add(Waiter& waiter) noexcept;
  void remove(Waiter& waiter) noexcept;

  Waiter* first_ = nullptr;
  std::uint64_t generation_ = fork_generation();
};

}  // namespace costmark
