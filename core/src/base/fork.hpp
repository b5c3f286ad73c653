// Locks and fork(2).
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

namespace costmark {

// Keeps a mutex whole across fork(2). A child has only the thread that forked: a mutex that another
// thread held at that moment would stay locked in it for ever, over state that is half changed. So
// while a process forks, every registered mutex is held by the thread that forks (pthread_atfork),
// and is let go on both sides.
//
// Declare one right behind the mutex. No thread may hold two registered mutexes at once, wait for
// anything but the processor while it holds one, or fork with one held.
class HeldDuringFork {
 public:
  explicit HeldDuringFork(std::mutex& mutex);
  ~HeldDuringFork();
  HeldDuringFork(const HeldDuringFork&) = delete;
  HeldDuringFork& operator=(const HeldDuringFork&) = delete;

 private:
  friend struct ForkRegistry;
  std::mutex& mutex_;
  HeldDuringFork* previous_ = nullptr;
  HeldDuringFork* next_ = nullptr;
};

// A descriptor that a forked child does not keep: it is closed there before fork(2) returns. For
// what a child must not hold open, such as a lock. Does not close it otherwise.
class ClosedInChild {
 public:
  ClosedInChild();
  ~ClosedInChild();
  ClosedInChild(const ClosedInChild&) = delete;
  ClosedInChild& operator=(const ClosedInChild&) = delete;

  int get() const noexcept { return fd_.load(std::memory_order_relaxed); }  // -1: none
  void set(int fd) noexcept { fd_.store(fd, std::memory_order_relaxed); }

 private:
  friend struct ForkRegistry;
  std::atomic<int> fd_{-1};
  ClosedInChild* previous_ = nullptr;
  ClosedInChild* next_ = nullptr;
};

// How many forks lie between this process and the one that the library was loaded in. What belongs
// to another thread's work in progress, or to the process as such, is void once this has changed.
std::uint64_t fork_generation() noexcept;

}  // namespace costmark
