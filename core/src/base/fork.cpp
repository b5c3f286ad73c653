#include "base/fork.hpp"

#include <pthread.h>

#include <atomic>
#include <new>

namespace costmark {

// The registered mutexes, oldest first. Constant-initialised and never destroyed: what is
// registered may live in other static objects.
struct ForkRegistry {
  // Before the first mutex, and before the first look at the generation. Throws std::bad_alloc, and
  // is tried again by the next caller.
  static void watch_forks();
  static void add(HeldDuringFork& entry);
  static void remove(HeldDuringFork& entry) noexcept;

  static void before() noexcept;
  static void after() noexcept;
  static void after_in_child() noexcept;

  static inline constinit std::mutex mutex{};
  static inline constinit HeldDuringFork* first = nullptr;
  static inline constinit HeldDuringFork* last = nullptr;
  static inline constinit std::atomic<std::uint64_t> generation{0};
};

void ForkRegistry::watch_forks() {
  static const bool watched = [] {
    if (pthread_atfork(&before, &after, &after_in_child) != 0) throw std::bad_alloc();
    return true;
  }();
  (void)watched;
}

void ForkRegistry::add(HeldDuringFork& entry) {
  watch_forks();
  const std::lock_guard lock(mutex);
  entry.previous_ = last;
  (last == nullptr ? first : last->next_) = &entry;
  last = &entry;
}

void ForkRegistry::remove(HeldDuringFork& entry) noexcept {
  const std::lock_guard lock(mutex);
  (entry.previous_ == nullptr ? first : entry.previous_->next_) = entry.next_;
  (entry.next_ == nullptr ? last : entry.next_->previous_) = entry.previous_;
}

void ForkRegistry::before() noexcept {
  mutex.lock();
  for (auto* entry = first; entry != nullptr; entry = entry->next_) entry->mutex_.lock();
}

void ForkRegistry::after() noexcept {
  for (auto* entry = last; entry != nullptr; entry = entry->previous_) entry->mutex_.unlock();
  mutex.unlock();
}

void ForkRegistry::after_in_child() noexcept {
  generation.fetch_add(1, std::memory_order_relaxed);
  after();
}

HeldDuringFork::HeldDuringFork(std::mutex& mutex) : mutex_(mutex) {
  ForkRegistry::add(*this);
}

HeldDuringFork::~HeldDuringFork() {
  ForkRegistry::remove(*this);
}

std::uint64_t fork_generation() noexcept {
  try {
    ForkRegistry::watch_forks();
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): as if no fork had been seen
  }
  return ForkRegistry::generation.load(std::memory_order_relaxed);
}

}  // namespace costmark
