#include "crypto/name_digest.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

#include "crypto/random.hpp"

namespace costmark::crypto {
namespace {

// FIPS 180-4 examples.
TEST(NameDigest, KnownAnswers) {
  EXPECT_EQ(sha1_hex("").value(), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(sha1_hex("abc").value(), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(sha1_hex(std::string(1'000'000, 'a')).value(),
            "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
  EXPECT_EQ(sha256_hex("abc").value(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Random, FillsAllOfItAndNeverTheSame) {
  std::set<std::array<unsigned char, 16>> seen;
  std::array<unsigned char, 16> ored{};
  for (int i = 0; i < 100; ++i) {
    std::array<unsigned char, 16> bytes{};
    ASSERT_TRUE(fill_random(bytes).ok());
    EXPECT_TRUE(seen.insert(bytes).second);
    for (std::size_t j = 0; j < bytes.size(); ++j) ored[j] |= bytes[j];
  }
  for (const unsigned char byte : ored) EXPECT_EQ(byte, 0xFF);
  EXPECT_TRUE(fill_random({}).ok());
}

}  // namespace
}  // namespace costmark::crypto
