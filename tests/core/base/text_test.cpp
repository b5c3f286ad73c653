#include "base/text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace costmark::text {
namespace {

// Every byte; the signed ones are negative where char is signed.
std::array<char, 256> all_bytes() {
  std::array<char, 256> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i);
  return bytes;
}

TEST(Text, ClassesAgreeWithTheCLocaleForEveryByte) {
  for (const char c : all_bytes()) {
    const int byte = static_cast<unsigned char>(c);
    EXPECT_EQ(is_digit(c), std::isdigit(byte) != 0) << byte;
    EXPECT_EQ(is_lower(c), std::islower(byte) != 0) << byte;
    EXPECT_EQ(is_upper(c), std::isupper(byte) != 0) << byte;
    EXPECT_EQ(is_letter(c), std::isalpha(byte) != 0) << byte;
    EXPECT_EQ(is_alphanumeric(c), std::isalnum(byte) != 0) << byte;
    EXPECT_EQ(is_hex(c), std::isxdigit(byte) != 0) << byte;
    EXPECT_EQ(lower(c), static_cast<char>(std::tolower(byte))) << byte;
    EXPECT_EQ(upper(c), static_cast<char>(std::toupper(byte))) << byte;
  }
}

TEST(Text, HexDigitsHaveTheirValues) {
  for (const std::string_view digits : {"0123456789abcdef", "0123456789ABCDEF"}) {
    for (std::size_t i = 0; i < digits.size(); ++i) {
      EXPECT_EQ(hex_value(digits[i]), static_cast<int>(i));
    }
  }
  for (const char c : {'g', 'G', '/', ':', '@', '`', '\0', '\xFF'}) EXPECT_EQ(hex_value(c), -1);
}

TEST(Text, PythonHasMoreWhiteSpaceThanC) {
  std::string found;
  for (const char c : all_bytes()) {
    if (is_python_space(c)) found += c;
  }
  EXPECT_EQ(found, "\t\n\v\f\r\x1C\x1D\x1E\x1F ");
}

TEST(Text, TrimsBothEndsAndNothingInside) {
  EXPECT_EQ(trimmed(" \t\r\n a b\t\n"), "a b");
  EXPECT_EQ(trimmed("a"), "a");
  EXPECT_EQ(trimmed(" \n "), "");
  EXPECT_EQ(trimmed(""), "");
  EXPECT_EQ(trimmed("\va\v"), "\va\v");
  EXPECT_EQ(trimmed(" \na ", " "), "\na");
}

TEST(Text, QuotesWithoutEscaping) {
  EXPECT_EQ(quoted("a b"), "'a b'");
  EXPECT_EQ(quoted(""), "''");
  EXPECT_EQ(quoted(std::string_view("a\0b", 3)), std::string("'a\0b'", 5));
}

// Each cell of the table: slow, and plain.
std::size_t distance_by_table(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> table(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      std::size_t& cell = table[i][j] = std::max(i, j);
      if (i == 0 || j == 0) continue;
      cell = std::min({table[i - 1][j] + 1, table[i][j - 1] + 1,
                       table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
    }
  }
  return table[a.size()][b.size()];
}

TEST(EditDistance, IsThatOfTheTableBelowTheLimit) {
  std::mt19937 random(1);
  const auto text = [&random] {
    std::string made;
    for (auto left = random() % 10; left > 0; --left) made += "abc"[random() % 3];
    return made;
  };
  for (int i = 0; i < 3000; ++i) {
    const std::string a = text();
    const std::string b = text();
    const std::size_t distance = distance_by_table(a, b);
    for (std::size_t limit = 0; limit < 12; ++limit) {
      ASSERT_EQ(edit_distance(a, b, limit), std::min(distance, limit)) << a << " " << b;
    }
  }
}

TEST(Text, VisibleAsciiHasNoSpaceAndIsNotEmpty) {
  EXPECT_TRUE(is_visible_ascii("!~aZ09"));
  for (const std::string_view text : {"", "a b", "a\tb", "a\x7F", "\xC3\xA4"}) {
    EXPECT_FALSE(is_visible_ascii(text)) << text;
  }
}

TEST(Text, TokensAreThoseOfRfc9110) {
  EXPECT_TRUE(is_token("!#$%&'*+-.^_`|~09azAZ"));
  EXPECT_FALSE(is_token(""));
  for (const char c : std::string_view("\"(),/:;<=>?@[\\]{} \t\x7F\x80\xFF\0", 24)) {
    EXPECT_FALSE(is_token(std::string("a") + c)) << static_cast<int>(c);
  }
}

TEST(Text, AUrlEndsBeforeItsQueryOrFragment) {
  EXPECT_EQ(without_query("https://h/p?a=b#c"), "https://h/p");
  EXPECT_EQ(without_query("https://h/p#c?d"), "https://h/p");
  EXPECT_EQ(without_query("https://h/p"), "https://h/p");
  EXPECT_EQ(without_query("?"), "");
}

TEST(Text, NamesOfErrorsLoseWhatIsAroundThem) {
  EXPECT_EQ(bare_error_name("ThrottlingException"), "ThrottlingException");
  EXPECT_EQ(bare_error_name("com.amazon#Expired:http://internal/"), "Expired");
  EXPECT_EQ(bare_error_name("Expired:http://internal/"), "Expired");
  EXPECT_EQ(bare_error_name("#"), "");
  EXPECT_EQ(bare_error_name(""), "");
}

std::size_t length_of(std::string_view text) {
  return utf8_length(text.data(), text.data() + text.size());
}

TEST(Text, Utf8SequencesHaveTheirLengths) {
  EXPECT_EQ(length_of("a"), 1U);
  EXPECT_EQ(length_of("\x7F"), 1U);
  EXPECT_EQ(length_of("\xC2\x80"), 2U);
  EXPECT_EQ(length_of("\xDF\xBF"), 2U);
  EXPECT_EQ(length_of("\xE0\xA0\x80"), 3U);
  EXPECT_EQ(length_of("\xED\x9F\xBF"), 3U);
  EXPECT_EQ(length_of("\xEF\xBF\xBF"), 3U);
  EXPECT_EQ(length_of("\xF0\x90\x80\x80"), 4U);
  EXPECT_EQ(length_of("\xF4\x8F\xBF\xBF"), 4U);
  EXPECT_EQ(length_of("\xC3\xA4 and more"), 2U);
}

TEST(Text, WhatIsNotUtf8HasNoLength) {
  const std::vector<std::string_view> wrong{"\x80",  // begins with a continuation
                                            "\xC0\x80",
                                            "\xC1\xBF",  // overlong
                                            "\xE0\x9F\xBF",
                                            "\xF0\x8F\xBF\xBF",
                                            "\xED\xA0\x80",  // a surrogate
                                            "\xF4\x90\x80\x80",
                                            "\xF5\x80\x80\x80",  // above U+10FFFF
                                            "\xC3",
                                            "\xE2\x82",
                                            "\xF0\x9F\x98",  // cut short
                                            "\xC3(",
                                            "\xE2(\xAC",
                                            "\xE2\x82(",
                                            "\xF0\x9F\x98(",
                                            "\xFF"};
  for (const std::string_view text : wrong) {
    EXPECT_EQ(length_of(text), 0U) << testing::PrintToString(text);
    EXPECT_FALSE(is_utf8(text)) << testing::PrintToString(text);
    EXPECT_FALSE(is_utf8("good " + std::string(text))) << testing::PrintToString(text);
  }
}

TEST(Text, Utf8IsCheckedToTheEnd) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z"));
  EXPECT_FALSE(is_utf8("a\xC3\xA4\xE2\x82"));
}

}  // namespace
}  // namespace costmark::text
