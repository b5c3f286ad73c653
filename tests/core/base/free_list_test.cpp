#include "costmark/free_list.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "core/forking.hpp"

namespace costmark {
namespace {

struct Item {
  Item() { ++alive; }
  ~Item() { --alive; }
  Item(const Item&) = delete;
  Item& operator=(const Item&) = delete;
  void clear() noexcept { ++clears; }

  int clears = 0;
  std::atomic<bool> is_used{false};
  static inline std::atomic<int> alive{0};
};

TEST(FreeList, KeepsWhatFitsAndTheLastComesFirst) {
  {
    FreeList<Item> list(2);
    EXPECT_EQ(list.take(), nullptr);
    auto first = std::make_unique<Item>();
    auto second = std::make_unique<Item>();
    const Item* const last = second.get();
    list.give_back(std::move(first));
    list.give_back(std::move(second));
    list.give_back(std::make_unique<Item>());
    EXPECT_EQ(Item::alive, 2);
    EXPECT_EQ(list.take().get(), last);
    EXPECT_EQ(Item::alive, 1);
  }
  EXPECT_EQ(Item::alive, 0);
}

TEST(FreeList, LeasesAndClears) {
  FreeList<Item> list(1);
  const Item* seen = nullptr;
  {
    const Lease<Item> lease(list);
    seen = &*lease;
    const Lease<Item> another(list);
    EXPECT_NE(&*another, seen);
  }
  EXPECT_EQ(Item::alive, 1);
  const Lease<Item> again(list);
  EXPECT_EQ(again->clears, 1);
}

TEST(FreeList, GivesNothingToTwoThreads) {
  FreeList<Item> list(4);
  std::atomic<int> shared{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        const Lease<Item> lease(list);
        if (lease->is_used.exchange(true)) ++shared;
        lease->is_used = false;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(shared, 0);
  EXPECT_LE(Item::alive, 4);
}

TEST(FreeList, IsWholeInAForkedChild) {
  FreeList<Item> list(8);
  std::atomic<bool> is_over{false};
  std::thread other([&] {
    while (!is_over) const Lease<Item> lease(list);
  });
  for (int i = 0; i < 20; ++i) {
    testing::expect_good_child([&] {
      for (int k = 0; k < 100; ++k) {
        if (auto item = list.take()) list.give_back(std::move(item));
      }
      return true;
    });
  }
  is_over = true;
  other.join();
}

}  // namespace
}  // namespace costmark
