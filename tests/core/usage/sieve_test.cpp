#include "usage/sieve.hpp"

#include <gtest/gtest.h>

#include <random>

namespace costmark {
namespace {

TEST(Sieve, PassesThePieceWithoutACopy) {
  Sieve sieve;
  const std::string_view piece = "0123456789";
  sieve.give(piece);
  sieve.drop(2);
  sieve.pass(5);
  sieve.pass(7);
  const std::string_view passed = sieve.take();
  EXPECT_EQ(passed, "23456");
  EXPECT_EQ(passed.data(), piece.data() + 2);
  EXPECT_EQ(sieve.release(), "789");
  EXPECT_EQ(sieve.release(), "");
}

TEST(Sieve, IgnoresWhatIsDecided) {
  Sieve sieve;
  sieve.give("0123");
  sieve.pass(3);
  sieve.drop(2);
  sieve.pass(1);
  EXPECT_EQ(sieve.take(), "012");
  sieve.drop(4);
  EXPECT_EQ(sieve.release(), "");
}

TEST(Sieve, PassesWhatItWasToldHoweverTheBytesCame) {
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    Sieve sieve;
    std::string stream, expected, passed;
    std::uint64_t decided = 0;
    for (auto pieces = random() % 6; pieces > 0; --pieces) {
      std::string piece;
      for (auto size = random() % 8; size > 0; --size) {
        piece += static_cast<char>('a' + stream.size() % 26);
        stream += piece.back();
      }
      sieve.give(piece);
      for (auto decisions = random() % 4; decisions > 0 && decided < stream.size(); --decisions) {
        const std::uint64_t end = decided + random() % (stream.size() - decided + 1);
        if (random() % 2 == 0) {
          sieve.pass(end);
          expected += stream.substr(decided, end - decided);
        } else {
          sieve.drop(end);
        }
        decided = end;
      }
      passed += sieve.take();
      ASSERT_EQ(passed, expected);
    }
    passed += sieve.release();
    ASSERT_EQ(passed, expected + stream.substr(decided));
  }
}

}  // namespace
}  // namespace costmark
