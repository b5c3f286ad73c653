// The lock of an object that the core lets one thread use at a time.
#pragma once

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "bindings.hpp"
#include "gil.hpp"

namespace costmark::python {

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
      const GilReleased released;
      lock_.mutex_.lock();
    }

    OneAtATime& lock_;
  };

 private:
  std::mutex mutex_;
  std::atomic<std::thread::id> holder_;
};

}  // namespace costmark::python
