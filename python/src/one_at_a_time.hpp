// The lock of an object that the core lets one thread use at a time.
#pragma once

#include <pthread.h>

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "bindings.hpp"
#include "gil.hpp"

namespace costmark::python {

// How many forks lie between this process and the one that loaded the module.
inline std::atomic<unsigned> forks{0};
inline void count_forks() {
  pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });
}

// Taken before the GIL, never after it: no thread waits for this lock with the GIL in its hands,
// so that the one that has this lock may wait for the GIL.
class OneAtATime {
 public:
  OneAtATime() = default;
  OneAtATime(const OneAtATime&) = delete;
  OneAtATime& operator=(const OneAtATime&) = delete;

  // Called, and left, with the GIL. Holds the lock as long as it lives.
  class Hold {
   public:
    explicit Hold(OneAtATime& lock) : lock_(lock) {
      if (!lock_.mutex_.try_lock()) wait();
      lock_.holder_.store(std::this_thread::get_id(), std::memory_order_relaxed);
      lock_.forks_.store(forks.load(std::memory_order_relaxed), std::memory_order_relaxed);
    }
    ~Hold() {
      lock_.holder_.store({}, std::memory_order_relaxed);
      lock_.mutex_.unlock();
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    void wait() {
      if (lock_.holder_.load(std::memory_order_relaxed) == std::this_thread::get_id()) {
        throw std::runtime_error("an operation is used from a callback that it has called");
      }
      if (lock_.forks_.load(std::memory_order_relaxed) != forks.load(std::memory_order_relaxed)) {
        throw std::runtime_error(
            "another thread was using this operation when the process was forked, and no thread "
            "here will end that; begin an operation of its own in the child");
      }
      const GilReleased released;
      lock_.mutex_.lock();
    }

    OneAtATime& lock_;
  };

 private:
  std::mutex mutex_;
  std::atomic<std::thread::id> holder_;
  std::atomic<unsigned> forks_{forks.load(std::memory_order_relaxed)};  // when it was last taken
};

}  // namespace costmark::python
