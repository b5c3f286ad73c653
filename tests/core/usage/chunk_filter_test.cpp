#include "usage/chunk_filter.hpp"

#include <gtest/gtest.h>

#include <random>

#include "rounds.hpp"

namespace costmark {
namespace {

TEST(ChunkFilter, PassesThePieceWithoutACopy) {
  ChunkFilter filter;
  const std::string_view piece = "0123456789";
  filter.give(piece);
  filter.drop(2);
  filter.pass(5);
  filter.pass(7);
  const std::string_view passed = filter.take();
  EXPECT_EQ(passed, "23456");
  EXPECT_EQ(passed.data(), piece.data() + 2);
  EXPECT_EQ(filter.release(), "789");
  EXPECT_EQ(filter.release(), "");
}

TEST(ChunkFilter, IgnoresWhatIsDecided) {
  ChunkFilter filter;
  filter.give("0123");
  filter.pass(3);
  filter.drop(2);
  filter.pass(1);
  EXPECT_EQ(filter.take(), "012");
  filter.drop(4);
  EXPECT_EQ(filter.release(), "");
}

TEST(ChunkFilter, PassesWhatItWasToldHoweverTheBytesCame) {
  std::mt19937 random(7);
  for (int round = 0; round < tests::rounds(20'000); ++round) {
    ChunkFilter filter;
    std::string stream, expected, passed;
    std::uint64_t decided = 0;
    for (auto pieces = random() % 6; pieces > 0; --pieces) {
      std::string piece;
      for (auto size = random() % 8; size > 0; --size) {
        piece += static_cast<char>('a' + stream.size() % 26);
        stream += piece.back();
      }
      filter.give(piece);
      for (auto decisions = random() % 4; decisions > 0 && decided < stream.size(); --decisions) {
        const std::uint64_t end = decided + random() % (stream.size() - decided + 1);
        if (random() % 2 == 0) {
          filter.pass(end);
          expected += stream.substr(decided, end - decided);
        } else {
          filter.drop(end);
        }
        decided = end;
      }
      passed += filter.take();
      ASSERT_EQ(passed, expected);
    }
    passed += filter.release();
    ASSERT_EQ(passed, expected + stream.substr(decided));
  }
}

}  // namespace
}  // namespace costmark
