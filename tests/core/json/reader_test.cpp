#include "json/reader.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>
#include <string_view>

namespace costmark::json {
namespace {

constexpr std::array<std::string_view, 8> paths{"id",
                                                "usage.input_tokens",
                                                "usage.input_tokens_details.cached_tokens",
                                                "choices",
                                                "model",
                                                "usage",
                                                "stream",
                                                "missing.member"};

TEST(Reader, ReadsAnAnswer) {
  Reader reader;
  {
    std::string text = R"({"id":"resp_\u0031","usage":{"input_tokens":12,
      "input_tokens_details":{"cached_tokens":3}},"choices":[ ],"model":null,"stream":true})";
    ASSERT_TRUE(reader.open(text, paths));
    text.assign(text.size(), '!');
  }
  std::string out = "old";
  EXPECT_TRUE(reader.string(0, out));
  EXPECT_EQ(out, "resp_1");
  EXPECT_EQ(reader.unsigned_integer(1), 12U);
  EXPECT_EQ(reader.unsigned_integer(2), 3U);
  EXPECT_TRUE(reader.is_empty_array(3));
  EXPECT_EQ(reader.member(4).kind, Kind::null);
  EXPECT_FALSE(reader.string(4, out));
  EXPECT_EQ(out, "");
  EXPECT_EQ(reader.member(5).kind, Kind::object);
  EXPECT_EQ(reader.raw(1), "12");
  EXPECT_EQ(reader.boolean(6), true);
  EXPECT_EQ(reader.boolean(4), std::nullopt);
  EXPECT_FALSE(reader.member(7));
  EXPECT_EQ(reader.raw(7), "");
  EXPECT_FALSE(reader.is_empty_array(7));
}

TEST(Reader, CountsAreExactOrAbsent) {
  Reader reader;
  const std::string_view path = "n";
  const auto read = [&](const std::string& number) {
    EXPECT_TRUE(reader.open("{\"n\":" + number + " }", {&path, 1})) << number;
    return reader.unsigned_integer(0);
  };
  EXPECT_EQ(read("0"), 0U);
  EXPECT_EQ(read("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
  for (const char* const other :
       {"18446744073709551616", "-1", "-0", "1.0", "1e3", "\"1\"", "null", "[1]", "true"}) {
    EXPECT_EQ(read(other), std::nullopt) << other;
  }
}

TEST(Reader, OnlyArraysWithoutElementsAreEmpty) {
  Reader reader;
  const std::string_view path = "c";
  const auto empty = [&](const std::string& value) {
    EXPECT_TRUE(reader.open("{\"c\":" + value + "}", {&path, 1})) << value;
    return reader.is_empty_array(0);
  };
  EXPECT_TRUE(empty("[]"));
  EXPECT_TRUE(empty("[ \n\t\r]"));
  for (const char* const other : {"[0]", "[[]]", "{}", "\"[]\"", "null"}) {
    EXPECT_FALSE(empty(other)) << other;
  }
}

TEST(Reader, StringsThatSpellNoTextAreRefused) {
  Reader reader;
  std::string out = "old";
  ASSERT_TRUE(reader.open(R"({"id":"\ud800"})", paths));
  EXPECT_FALSE(reader.string(0, out));
  EXPECT_EQ(out, "");
}

TEST(Reader, AnErrorLeavesNothingOfTheTextBefore) {
  Reader reader;
  ASSERT_TRUE(reader.open(R"({"id":"x"})", paths));
  const Status status = reader.open(R"({"id":"y",)", paths);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().offset, 10U);
  EXPECT_FALSE(reader.member(0));
  EXPECT_EQ(reader.raw(0), "");
}

TEST(Reader, CleansesItsCopyOfTheText) {
  Reader reader;
  ASSERT_TRUE(reader.open(R"({"id":"C4N4RY"})", paths));
  const std::string_view copy = reader.raw(0);
  ASSERT_EQ(copy, "\"C4N4RY\"");
  reader.cleanse();
  EXPECT_EQ(copy, std::string_view("\0\0\0\0\0\0\0\0", 8));  // the memory is still the reader's
  EXPECT_FALSE(reader.member(0));
  std::string out;
  EXPECT_FALSE(reader.string(0, out));
  ASSERT_TRUE(reader.open(R"({"id":"again"})", paths));
  EXPECT_TRUE(reader.string(0, out));
  EXPECT_EQ(out, "again");
}

}  // namespace
}  // namespace costmark::json
