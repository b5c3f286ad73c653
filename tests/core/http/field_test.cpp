#include "http/field.hpp"

#include <gtest/gtest.h>

#include <string>

namespace costmark::http {
namespace {

using std::string_view_literals::operator""sv;

TEST(Field, TrimsWhiteSpaceAroundAndNoneWithin) {
  const struct {
    std::string_view text;
    std::string_view trimmed;
  } cases[] = {{"", ""},
               {" ", ""},
               {"\t \r\n", ""},
               {"a", "a"},
               {" \ta b\t\r\n", "a b"},
               {"a\r\nb", "a\r\nb"},
               {"\va", "\va"},
               {" \0 "sv, "\0"sv}};
  for (const auto& each : cases) EXPECT_EQ(trimmed(each.text), each.trimmed) << each.text;
}

TEST(Field, TokensAreThoseOfRfc9110) {
  constexpr std::string_view symbols = "!#$%&'*+-.^_`|~";
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool expected = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                          (byte >= 'A' && byte <= 'Z') || symbols.find(c) != std::string_view::npos;
    EXPECT_EQ(is_token({&c, 1}), expected) << byte;
    EXPECT_EQ(is_token(std::string("X-") + c + "y"), expected) << byte;
  }
  EXPECT_FALSE(is_token(""));
}

TEST(Field, ValuesHoldNoControlCharacterButTheTab) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool expected = byte == '\t' || (byte >= 0x20 && byte != 0x7F);
    EXPECT_EQ(is_field_value({&c, 1}), expected) << byte;
  }
  EXPECT_TRUE(is_field_value(""));
  EXPECT_FALSE(is_field_value("a\r\nSet-Cookie: b"));
}

TEST(Field, KnowsDigestsOfBodies) {
  for (const std::string_view name :
       {"Content-MD5", "digest", "Content-Digest", "Repr-Digest", "X-Amz-Content-SHA256",
        "x-amz-checksum-crc32", "X-AMZ-CHECKSUM-CRC64NVME", "x-amz-checksum-to-come",
        "x-amz-sdk-checksum-algorithm"}) {
    EXPECT_TRUE(tells_digest(name)) << name;
  }
  for (const std::string_view name :
       {"", "content-length", "want-digest", "digest-x", "x-amz-date", "x-amz-checksum",
        "x-amz-checksum-\xFF", "x-amz-content-sha25"}) {
    EXPECT_FALSE(tells_digest(name)) << name;
  }
}

TEST(Field, RepeatsCodesAndIdsOnly) {
  EXPECT_EQ(plain_code("ExpiredToken_x-y.z"), "ExpiredToken_x-y.z");
  EXPECT_EQ(plain_id("req_011:Ab-9.z"), "req_011:Ab-9.z");
  for (const std::string_view text :
       {"a b"sv, "a\n"sv, "a\0"sv, "a/b"sv, "\"a\""sv, "\xC3\xA9"sv}) {
    EXPECT_EQ(plain_code(text), "") << text;
    EXPECT_EQ(plain_id(text), "") << text;
  }
  EXPECT_EQ(plain_code("Code1"), "");  // may be a part of a secret
  EXPECT_EQ(plain_code(std::string(64, 'a')).size(), 64U);
  EXPECT_EQ(plain_code(std::string(65, 'a')), "");
  EXPECT_EQ(plain_id(std::string(128, '1')).size(), 128U);
  EXPECT_EQ(plain_id(std::string(129, '1')), "");
}

}  // namespace
}  // namespace costmark::http
