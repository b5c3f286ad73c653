#include "signing/key_cache.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace costmark::signing {
namespace {

crypto::Digest digest(unsigned char value) {
  crypto::Digest key;
  key.fill(value);
  return key;
}

TEST(SigningKeyCache, EveryPartOfTheSourceCounts) {
  SigningKeyCache cache;
  cache.insert({1, "20250102", "us-east-1", "bedrock"}, digest(7));
  crypto::Digest key{};
  EXPECT_TRUE(cache.find({1, "20250102", "us-east-1", "bedrock"}, key));
  EXPECT_EQ(key, digest(7));
  EXPECT_FALSE(cache.find({2, "20250102", "us-east-1", "bedrock"}, key));
  EXPECT_FALSE(cache.find({1, "20250103", "us-east-1", "bedrock"}, key));
  EXPECT_FALSE(cache.find({1, "20250102", "us-east-2", "bedrock"}, key));
  EXPECT_FALSE(cache.find({1, "20250102", "us-east-1", "bedrock-mantle"}, key));
}

TEST(SigningKeyCache, ForgetsTheLeastRecentlyUsed) {
  SigningKeyCache cache;
  crypto::Digest key{};
  for (std::uint64_t i = 1; i <= SigningKeyCache::capacity; ++i) {
    cache.insert({i, "d", "r", "s"}, digest(static_cast<unsigned char>(i)));
  }
  EXPECT_TRUE(cache.find({1, "d", "r", "s"}, key));  // so that 2 is the oldest
  cache.insert({100, "d", "r", "s"}, digest(100));
  EXPECT_FALSE(cache.find({2, "d", "r", "s"}, key));
  EXPECT_TRUE(cache.find({1, "d", "r", "s"}, key));
  EXPECT_TRUE(cache.find({3, "d", "r", "s"}, key));
  EXPECT_TRUE(cache.find({100, "d", "r", "s"}, key));
  EXPECT_EQ(key, digest(100));
}

TEST(SigningKeyCache, ThreadsNeverSeeAnothersKey) {
  SigningKeyCache cache;
  std::vector<std::thread> threads;
  for (unsigned thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&cache, thread] {
      for (unsigned i = 0; i < 5000; ++i) {
        const unsigned id = 1 + (i * 7 + thread) % 40;
        const auto region = "region-that-is-not-short-" + std::to_string(id);
        const KeySource source{id, "20250102", region, "s"};
        crypto::Digest key{};
        if (cache.find(source, key)) {
          EXPECT_EQ(key, digest(static_cast<unsigned char>(id)));
        } else {
          cache.insert(source, digest(static_cast<unsigned char>(id)));
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace costmark::signing
