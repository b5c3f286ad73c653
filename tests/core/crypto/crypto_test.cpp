#include "crypto/crypto.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace costmark::crypto {
namespace {

std::string hex(const Digest& digest) {
  const auto text = to_hex(digest);
  return {text.data(), text.size()};
}

std::string sha256(std::string_view text) {
  Sha256 hash;
  Digest digest{};
  EXPECT_TRUE(hash.hash(text, digest).ok());
  return hex(digest);
}

// FIPS 180-4 examples.
TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, AContextServesManyTexts) {
  Sha256 hash;
  Digest first{};
  Digest second{};
  ASSERT_TRUE(hash.hash("abc", first).ok());
  ASSERT_TRUE(hash.hash("", second).ok());
  EXPECT_EQ(hex(second), sha256(""));
  ASSERT_TRUE(hash.hash("abc", second).ok());
  EXPECT_EQ(first, second);
}

std::string hmac(std::string_view key, std::string_view text) {
  HmacSha256 mac;
  Digest digest{};
  EXPECT_TRUE(mac.set_key(reinterpret_cast<const unsigned char*>(key.data()), key.size()).ok());
  EXPECT_TRUE(mac.compute(text, digest).ok());
  return hex(digest);
}

// RFC 4231, cases 1, 2 and 6.
TEST(HmacSha256, KnownAnswers) {
  EXPECT_EQ(hmac(std::string(20, '\x0b'), "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hmac("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(
      hmac(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha256, KeepsItsKeyAndTakesAnother) {
  HmacSha256 mac;
  Digest digest{};
  const unsigned char first[] = {'a'};
  const unsigned char second[] = {'b', 'c'};
  ASSERT_TRUE(mac.set_key(first, 1).ok());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(mac.compute("text", digest).ok());
    EXPECT_EQ(hex(digest), hmac("a", "text"));
  }
  ASSERT_TRUE(mac.set_key(second, 2).ok());
  ASSERT_TRUE(mac.compute("text", digest).ok());
  EXPECT_EQ(hex(digest), hmac("bc", "text"));
}

TEST(HmacSha256, WithoutKeyIsAnError) {
  HmacSha256 mac;
  Digest digest{};
  const auto status = mac.compute("text", digest);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::internal);
}

// RFC 4648, section 10.
TEST(Base64, KnownAnswers) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
      {"\xfb\xff", "+/8="},
  };
  for (const auto& [bytes, expected] : cases) {
    std::string out = "kept ";
    append_base64(bytes, out);
    EXPECT_EQ(out, "kept " + std::string(expected));
  }
}

// RFC 7515, appendix C, and what its alphabet changes.
TEST(Base64, UrlAlphabetWithoutPadding) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", ""},        {"f", "Zg"},         {"fo", "Zm8"},
      {"foo", "Zm9v"}, {"\xfb\xff", "-_8"}, {"\x03\xec\xff\xe0\xc1", "A-z_4ME"},
  };
  for (const auto& [bytes, expected] : cases) {
    std::string out = "kept +/=";
    append_base64url(bytes, out);
    EXPECT_EQ(out, "kept +/=" + std::string(expected));
  }
}

}  // namespace
}  // namespace costmark::crypto
