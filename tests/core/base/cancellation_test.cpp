#include "base/cancellation.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "core/forking.hpp"

namespace costmark {
namespace {

class Counter final : public Sleeper {
 public:
  void wake() noexcept override { ++wakes; }
  std::atomic<int> wakes{0};
};

TEST(Cancellation, WakesAllThatWait) {
  Cancellation cancellation;
  Counter first;
  Counter second;
  Counter gone;
  const WakenBy one(&cancellation, first);
  {
    const WakenBy other(&cancellation, gone);
  }
  const WakenBy two(&cancellation, second);
  EXPECT_FALSE(cancellation.requested());
  cancellation.request();
  EXPECT_TRUE(cancellation.requested());
  EXPECT_EQ(first.wakes, 1);
  EXPECT_EQ(second.wakes, 1);
  EXPECT_EQ(gone.wakes, 0);
}

TEST(Cancellation, IsLeftInAnyOrder) {
  constexpr int all = 4;
  for (int out = 0; out < all; ++out) {
    Cancellation cancellation;
    Counter counters[all];
    std::vector<std::unique_ptr<WakenBy>> waiting;
    for (Counter& each : counters) {
      waiting.push_back(std::make_unique<WakenBy>(&cancellation, each));
    }
    waiting[static_cast<std::size_t>(out)].reset();
    cancellation.request();
    for (int i = 0; i < all; ++i) EXPECT_EQ(counters[i].wakes, i == out ? 0 : 1);
  }
}

TEST(Cancellation, NeedNotBeThere) {
  Counter counter;
  {
    const WakenBy waken_by(nullptr, counter);
  }
  EXPECT_EQ(counter.wakes, 0);
}

TEST(Cancellation, OfManyThreadsIsMissedByNone) {
  Cancellation cancellation;
  std::atomic<int> waiting{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      Counter counter;
      for (int i = 0; i < 1000; ++i) const WakenBy passing(&cancellation, counter);
      const WakenBy staying(&cancellation, counter);
      ++waiting;
      while (counter.wakes == 0) std::this_thread::yield();
    });
  }
  while (waiting < 8) std::this_thread::yield();
  cancellation.request();
  for (auto& thread : threads) thread.join();
}

TEST(Cancellation, OfAChildLeavesItsParentsSleepersAlone) {
  Cancellation cancellation;
  Counter counter;
  const auto waken_by = std::make_unique<WakenBy>(&cancellation, counter);
  testing::expect_good_child([&] {
    cancellation.request();
    Counter own;
    {
      const WakenBy late(&cancellation, own);
    }
    return cancellation.requested() && counter.wakes == 0 && own.wakes == 0;
  });
  EXPECT_FALSE(cancellation.requested());
  cancellation.request();
  EXPECT_EQ(counter.wakes, 1);
}

}  // namespace
}  // namespace costmark
