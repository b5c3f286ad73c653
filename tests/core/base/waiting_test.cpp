#include "base/waiting.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "core/forking.hpp"

namespace costmark {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr auto never = std::chrono::hours(1);

milliseconds since(Clock::time_point start) {
  return std::chrono::duration_cast<milliseconds>(Clock::now() - start);
}

Wait until(milliseconds time) {
  return {.deadline = Clock::now() + time};
}

TEST(Waiting, EndsAtItsDeadline) {
  EXPECT_FALSE(may_end({}));
  EXPECT_FALSE(is_over({}));
  EXPECT_FALSE(is_over(until(never)));
  const Wait over = until(milliseconds(0));
  EXPECT_TRUE(may_end(over));
  EXPECT_TRUE(is_over(over));
  const Error error = ended_early(over, "fetching credentials");
  EXPECT_EQ(error.code, Code::timeout);
  EXPECT_TRUE(error.retryable);
  EXPECT_EQ(error.message, "fetching credentials took longer than this call may wait");
}

TEST(Waiting, EndsWhenItIsCancelled) {
  Cancel cancel;
  const Wait wait{.cancel = &cancel};
  EXPECT_TRUE(may_end(wait));
  EXPECT_FALSE(is_over(wait));
  cancel.request();
  EXPECT_TRUE(is_over(wait));
  const Error error = ended_early(wait, "fetching credentials");
  EXPECT_EQ(error.code, Code::cancelled);
  EXPECT_FALSE(error.retryable);
}

TEST(Waiting, PausesNoLongerThanItMay) {
  const auto start = Clock::now();
  pause(never, until(milliseconds(5)));
  EXPECT_GE(since(start), milliseconds(5));
  Cancel cancel;
  std::thread other([&] {
    std::this_thread::sleep_for(milliseconds(5));
    cancel.request();
  });
  pause(never, {.cancel = &cancel});
  other.join();
  pause(never, {.cancel = &cancel});  // cancelled before it began
  pause(milliseconds(5), {});
  EXPECT_LT(since(start), milliseconds(10'000));
}

// Threads that wait for a number to change.
struct Matter {
  std::mutex mutex;
  Waiters waiters;
  int waiting = 0;
  bool is_done = false;

  // Whether it was done before the wait was over.
  bool await(const Wait& wait) {
    std::unique_lock lock(mutex);
    ++waiting;
    while (!is_done) {
      if (!waiters.wait(lock, wait)) return is_done;
    }
    return true;
  }

  void do_it() {
    const std::lock_guard lock(mutex);
    is_done = true;
    waiters.wake_all();
  }

  void expect(int number) {
    for (;;) {
      const std::lock_guard lock(mutex);
      if (waiting == number) return;
    }
  }
};

TEST(Waiters, AreAllWoken) {
  Matter matter;
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { done += matter.await({}) ? 1 : 0; });
  matter.expect(8);
  matter.do_it();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 8);
}

TEST(Waiters, LeaveOneByOneWhileOthersStay) {
  Matter matter;
  Cancel cancel;
  std::atomic<int> done{0};
  std::atomic<int> left{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 12; ++i) {
    threads.emplace_back([&, i] {
      const Wait wait = i % 3 == 0   ? Wait{}
                        : i % 3 == 1 ? until(milliseconds(5))
                                     : Wait{.cancel = &cancel};
      ++(matter.await(wait) ? done : left);
    });
  }
  matter.expect(12);
  cancel.request();
  while (left != 8) std::this_thread::yield();
  EXPECT_EQ(done, 0);
  matter.do_it();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 4);
}

TEST(Waiters, MissNothingInARace) {
  for (int round = 0; round < 500; ++round) {
    Matter matter;
    Cancel cancel;
    std::thread waiting([&] { matter.await({.cancel = &cancel}); });
    if (round % 2 == 0) {
      cancel.request();
    } else {
      matter.do_it();
    }
    waiting.join();  // it hangs if a wake was missed
  }
}

TEST(Waiters, OfAParentAreNotThoseOfItsChild) {
  Matter matter;
  std::thread parents([&] { matter.await({}); });
  matter.expect(1);
  testing::expect_good_child([&] {
    const bool in_time = matter.await(until(milliseconds(1)));
    matter.do_it();
    return !in_time && matter.await({});
  });
  matter.do_it();
  parents.join();
}

}  // namespace
}  // namespace costmark
