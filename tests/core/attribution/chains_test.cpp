#include "attribution/chains.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace costmark::attribution {
namespace {

TEST(Chains, KnowWhichProjectAResponseBelongsTo) {
  Chains chains(10);
  chains.remember("resp_1", "proj_a");
  std::string owner;
  EXPECT_FALSE(chains.crosses("resp_1", "proj_a", owner));
  EXPECT_TRUE(chains.crosses("resp_1", "proj_b", owner));
  EXPECT_EQ(owner, "proj_a");
  EXPECT_FALSE(chains.crosses("resp_2", "proj_b", owner));
}

TEST(Chains, ForgetTheOldestFirst) {
  Chains chains(2);
  chains.remember("resp_1", "proj_a");
  chains.remember("resp_2", "proj_a");
  chains.remember("resp_1", "proj_a");  // known already: does not make it younger
  chains.remember("resp_3", "proj_a");
  std::string owner;
  EXPECT_FALSE(chains.crosses("resp_1", "proj_b", owner));
  EXPECT_TRUE(chains.crosses("resp_2", "proj_b", owner));
  EXPECT_TRUE(chains.crosses("resp_3", "proj_b", owner));
}

TEST(Chains, CapacityZeroRemembersNothing) {
  Chains chains(0);
  chains.remember("resp_1", "proj_a");
  std::string owner;
  EXPECT_FALSE(chains.crosses("resp_1", "proj_b", owner));
}

TEST(Chains, ThreadsShareThem) {
  Chains chains(100);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&chains, t] {
      std::string owner;
      for (int i = 0; i < 1000; ++i) {
        const std::string id = "resp_" + std::to_string(t) + "_" + std::to_string(i);
        chains.remember(id, "proj_a");
        chains.crosses(id, "proj_b", owner);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace costmark::attribution
