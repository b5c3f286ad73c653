#include "base/fork.hpp"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <new>

namespace costmark {

// Entries, oldest first.
template <class Entry>
struct ForkList {
  Entry* first = nullptr;
  Entry* last = nullptr;
};

// What is registered. Constant-initialized and never destroyed: entries may live in other static
// objects.
struct ForkRegistry {
  // Before the first mutex, and before the first look at the generation. Throws std::bad_alloc, and
  // is tried again by the next caller.
  static void watch_forks();
  template <class Entry>
  static void add(Entry& entry, ForkList<Entry>& list);
  template <class Entry>
  static void remove(Entry& entry, ForkList<Entry>& list) noexcept;

  static void before() noexcept;
  static void after() noexcept;
  static void after_in_child() noexcept;

  static inline constinit std::mutex mutex{};
  static inline constinit ForkList<HeldDuringFork> mutexes{};
  static inline constinit ForkList<ClosedInChild> descriptors{};
  static inline constinit std::atomic<std::uint64_t> generation{0};
};

void ForkRegistry::watch_forks() {
  static const bool watched = [] {
    if (pthread_atfork(&before, &after, &after_in_child) != 0) throw std::bad_alloc();
    return true;
  }();
  (void)watched;
}

template <class Entry>
void ForkRegistry::add(Entry& entry, ForkList<Entry>& list) {
  watch_forks();
  const std::lock_guard lock(mutex);
  entry.previous_ = list.last;
  (list.last == nullptr ? list.first : list.last->next_) = &entry;
  list.last = &entry;
}

template <class Entry>
void ForkRegistry::remove(Entry& entry, ForkList<Entry>& list) noexcept {
  const std::lock_guard lock(mutex);
  (entry.previous_ == nullptr ? list.first : entry.previous_->next_) = entry.next_;
  (entry.next_ == nullptr ? list.last : entry.next_->previous_) = entry.previous_;
}

void ForkRegistry::before() noexcept {
  mutex.lock();
  for (auto* entry = mutexes.first; entry != nullptr; entry = entry->next_) entry->mutex_.lock();
}

void ForkRegistry::after() noexcept {
  for (auto* entry = mutexes.last; entry != nullptr; entry = entry->previous_)
    entry->mutex_.unlock();
  mutex.unlock();
}

void ForkRegistry::after_in_child() noexcept {
  generation.fetch_add(1, std::memory_order_relaxed);
  for (auto* entry = descriptors.first; entry != nullptr; entry = entry->next_) {
    if (const int fd = entry->fd_.exchange(-1); fd >= 0) ::close(fd);
  }
  after();
}

HeldDuringFork::HeldDuringFork(std::mutex& mutex) : mutex_(mutex) {
  ForkRegistry::add(*this, ForkRegistry::mutexes);
}

HeldDuringFork::~HeldDuringFork() {
  ForkRegistry::remove(*this, ForkRegistry::mutexes);
}

ClosedInChild::ClosedInChild() {
  ForkRegistry::add(*this, ForkRegistry::descriptors);
}

ClosedInChild::~ClosedInChild() {
  ForkRegistry::remove(*this, ForkRegistry::descriptors);
}

std::uint64_t fork_generation() noexcept {
  try {
    ForkRegistry::watch_forks();
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): as if no fork had been seen
  }
  return ForkRegistry::generation.load(std::memory_order_relaxed);
}

}  // namespace costmark
