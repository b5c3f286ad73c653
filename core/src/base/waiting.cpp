#include "base/waiting.hpp"

#include <algorithm>
#include <condition_variable>
#include <string>

#include "base/cancellation.hpp"

namespace costmark {
namespace {

using Clock = std::chrono::steady_clock;

bool is_cancelled(const Wait& wait) noexcept {
  return wait.cancel != nullptr && wait.cancel->requested();
}

// Sleeps until it is woken. Its mutex is the last that a thread takes, and guards nothing but that,
// so that it can be woken under the mutex of a Cancellation and under that of Waiters.
// NOLINTNEXTLINE(cppcoreguidelines-virtual-class-destructor): none is deleted by its base
class OneSleeper : public Sleeper {
 public:
  void wake() noexcept override {
    const std::lock_guard lock(mutex_);
    is_woken_ = true;
    woken_.notify_one();
  }

  void sleep_until(Clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    const auto is_woken = [this] { return is_woken_; };
    if (deadline == Clock::time_point::max()) {
      woken_.wait(lock, is_woken);
    } else {
      woken_.wait_until(lock, deadline, is_woken);
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable woken_;
  bool is_woken_ = false;
};

// Wakes it, and does not miss a request that came before.
void sleep_within(OneSleeper& sleeper, const Wait& wait, Clock::time_point deadline) {
  const WakenBy waken_by(cancellation_of(wait.cancel), sleeper);
  if (!is_cancelled(wait)) sleeper.sleep_until(deadline);
}

}  // namespace

bool may_end(const Wait& wait) noexcept {
  return wait.cancel != nullptr || wait.deadline != Clock::time_point::max();
}

bool is_over(const Wait& wait) noexcept {
  if (is_cancelled(wait)) return true;
  return wait.deadline != Clock::time_point::max() && Clock::now() >= wait.deadline;
}

Error ended_early(const Wait& wait, std::string_view what) {
  if (is_cancelled(wait)) return {Code::cancelled, std::string(what) + " was cancelled"};
  if (wait.alone && !is_over(wait)) {
    return {Code::would_block, std::string(what) + " is what another thread does"};
  }
  Error error{Code::timeout, std::string(what) + " took longer than this call may wait"};
  error.retryable = true;
  return error;
}

void pause(std::chrono::milliseconds time, const Wait& wait) {
  OneSleeper sleeper;
  sleep_within(sleeper, wait, std::min(Clock::now() + time, wait.deadline));
}

class Waiters::Waiter final : public OneSleeper {
 public:
  void called() noexcept {
    is_called_ = true;
    wake();
  }
  bool is_called() const noexcept { return is_called_; }

  Waiter* previous = nullptr;
  Waiter* next = nullptr;
  std::uint64_t generation = 0;

 private:
  bool is_called_ = false;  // guarded by the mutex of the matter
};

bool Waiters::wait(std::unique_lock<std::mutex>& lock, const Wait& wait) {
  if (wait.alone) return false;
  Waiter waiter;
  add(waiter);
  lock.unlock();
  sleep_within(waiter, wait, wait.deadline);
  lock.lock();
  remove(waiter);
  return waiter.is_called();
}

void Waiters::wake_all() noexcept {
  leave_other_process();
  for (Waiter* each = first_; each != nullptr; each = each->next) each->called();
}

// The stacks of its threads, on which the others are, do not exist here.
void Waiters::leave_other_process() noexcept {
  const std::uint64_t now = fork_generation();
  if (generation_ == now) return;
  generation_ = now;
  first_ = nullptr;
}

void Waiters::add(Waiter& waiter) noexcept {
  leave_other_process();
  waiter.generation = generation_;
  waiter.next = first_;
  if (first_ != nullptr) first_->previous = &waiter;
  first_ = &waiter;
}

void Waiters::remove(Waiter& waiter) noexcept {
  leave_other_process();
  if (waiter.generation != generation_) return;
  if (waiter.next != nullptr) waiter.next->previous = waiter.previous;
  (waiter.previous == nullptr ? first_ : waiter.previous->next) = waiter.next;
}

}  // namespace costmark
