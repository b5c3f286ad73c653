#include "json/validate.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "costmark/json.hpp"

namespace costmark::json {
namespace {

using namespace std::string_literals;

TEST(Validate, AcceptsEveryKindOfValue) {
  for (const std::string text : {"{}",
                                 "[]",
                                 "\"\"",
                                 "0",
                                 "-0",
                                 "-0.0e-0",
                                 "1E+5",
                                 "true",
                                 "false",
                                 "null",
                                 " [ ] ",
                                 "{\"\":{\"\":[]}}",
                                 "\t\r\n{\"a\" : 1 , \"a\" : [ 1 , 2 ] }\n",
                                 "\"\\ud800\"",
                                 "\"\\uDC00\\uD800\"",
                                 "\"\x7F\"",
                                 "\"\xF4\x8F\xBF\xBF\"",
                                 "\"\xED\x9F\xBF\"",
                                 "\"\xEE\x80\x80\"",
                                 "\"\xE0\xA0\x80\"",
                                 "\"\xF0\x90\x80\x80\"",
                                 "\"\xC2\x80\"",
                                 "1e999999999999",
                                 "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u12aF\""}) {
    EXPECT_TRUE(validate(text)) << text;
  }
}

struct Bad {
  std::string text;
  std::size_t offset;
  const char* expectation;
};

TEST(Validate, NamesTheFirstOffendingByteAndWhatWasExpected) {
  const Bad cases[] = {
      {"", 0, "expected a value"},
      {"  ", 2, "expected a value"},
      {"\xEF\xBB\xBF{}", 0, "expected a value, not a byte order mark"},
      {"{", 1, "expected a member name in quotes or '}' after '{'"},
      {"{a:1}", 1, "expected a member name in quotes or '}' after '{'"},
      {"{\"a\":1,}", 7, "expected a member name in quotes after ','"},
      {"{\"a\":1,,\"b\":2}", 7, "expected a member name in quotes after ','"},
      {"{\"a\" 1}", 5, "expected ':' after a member name"},
      {"{\"a\":}", 5, "expected a value"},
      {"{\"a\":1 \"b\":2}", 7, "expected ',' or '}' after a member value"},
      {"{\"a\":1]", 6, "expected ',' or '}' after a member value"},
      {"{\"a\":1", 6, "expected ',' or '}' after a member value"},
      {"[1}", 2, "expected ',' or ']' after an array element"},
      {"[1,]", 3, "expected a value"},
      {"[", 1, "expected a value or ']' after '['"},
      {"[,1]", 1, "expected a value or ']' after '['"},
      {"{}x", 2, "expected nothing more after the value"},
      {"{}{}", 2, "expected nothing more after the value"},
      {"1\0"s, 1, "expected nothing more after the value"},
      {"tru", 3, "expected true, false or null"},
      {"nulL", 3, "expected true, false or null"},
      {"+1", 0, "expected a value"},
      {".5", 0, "expected a value"},
      {"-", 1, "expected a digit after '-'"},
      {"-a", 1, "expected a digit after '-'"},
      {"01", 1, "expected nothing more after the value"},
      {"1.", 2, "expected a digit after '.'"},
      {"1.e5", 2, "expected a digit after '.'"},
      {"1e", 2, "expected a digit in the exponent"},
      {"1e+", 3, "expected a digit in the exponent"},
      {"\"abc", 4, "expected '\"' at the end of a string"},
      {"\"abc\\", 5, "expected a character after '\\'"},
      {"\"abc\\\"", 6, "expected '\"' at the end of a string"},
      {"\"\\x\"", 2, "expected one of \" \\ / b f n r t u after '\\'"},
      {"\"\\u12g4\"", 5, "expected four hexadecimal digits after '\\u'"},
      {"\"\\u12", 5, "expected four hexadecimal digits after '\\u'"},
      {"\"12345678\n\"", 9, "expected control characters in strings to be escaped"},
      {"\"a\0b\""s, 2, "expected control characters in strings to be escaped"},
      {"\"\x80\"", 1, "expected valid UTF-8"},
      {"\"\xC0\x80\"", 1, "expected valid UTF-8"},
      {"\"\xC1\xBF\"", 1, "expected valid UTF-8"},
      {"\"\xE0\x9F\xBF\"", 1, "expected valid UTF-8"},
      {"\"\xED\xA0\x80\"", 1, "expected valid UTF-8"},
      {"\"\xF0\x8F\xBF\xBF\"", 1, "expected valid UTF-8"},
      {"\"\xF4\x90\x80\x80\"", 1, "expected valid UTF-8"},
      {"\"\xF5\x80\x80\x80\"", 1, "expected valid UTF-8"},
      {"\"\xFF\"", 1, "expected valid UTF-8"},
      {"\"\xE2\x82", 1, "expected valid UTF-8"},
      {"\"\xE2\x82\"", 1, "expected valid UTF-8"},
  };
  for (const Bad& bad : cases) {
    const Status status = validate(bad.text);
    ASSERT_FALSE(status) << bad.text;
    EXPECT_EQ(status.error().code, Code::invalid_json) << bad.text;
    EXPECT_EQ(status.error().offset, bad.offset) << bad.text;
    EXPECT_EQ(status.error().message,
              "not valid JSON at byte " + std::to_string(bad.offset) + ": " + bad.expectation);
  }
}

TEST(Validate, BoundsTheDepth) {
  for (const char* const brackets : {"[]", "{}"}) {
    const std::string open = brackets[0] == '[' ? "[" : "{\"a\":";
    const auto nested = [&](std::size_t depth) {
      std::string text;
      for (std::size_t i = 1; i < depth; ++i) text += open;
      return text + brackets + std::string(depth - 1, brackets[1]);
    };
    EXPECT_TRUE(validate(nested(max_depth)));
    const Status status = validate(nested(max_depth + 1));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().offset, open.size() * max_depth);
    EXPECT_NE(status.error().message.find("deeper than 1024 levels"), std::string::npos);
  }
}

TEST(Validate, KeepsBracketKindsApartAtEveryLevel) {
  std::string text;
  std::string closing;
  for (std::size_t i = 0; i < max_depth; ++i) {
    const bool object = (i * i + i / 3) % 3 == 0;
    text += object ? "{\"k\":" : "[";
    closing.insert(0, 1, object ? '}' : ']');
  }
  text += "1";
  EXPECT_TRUE(validate(text + closing));
  for (std::size_t i = 0; i < closing.size(); i += 63) {
    std::string wrong = closing;
    wrong[i] = wrong[i] == '}' ? ']' : '}';
    const Status status = validate(text + wrong);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().offset, text.size() + i);
  }
}

// The word-wise skip looks at eight bytes at once: every special byte at every place of a word.
TEST(Validate, SeesEveryByteAtEveryPlaceOfAString) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    for (std::size_t place = 0; place < 24; ++place) {
      std::string text = '"' + std::string(24, 'x') + '"';
      text[place + 1] = static_cast<char>(byte);
      const bool plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
      EXPECT_EQ(validate(text).ok(), plain) << byte << " at " << place;
    }
  }
}

// Texts stand at the end of their allocation, where a sanitizer sees a read past them.
TEST(Validate, ReadsNothingBehindTheText) {
  const std::string full = "{\"key\":[true,-1.5e3,\"\\u00e9\xE2\x82\xAC 12345678\"]} ";
  for (std::size_t size = 0; size <= full.size(); ++size) {
    const auto exact = std::make_unique<char[]>(size);
    std::memcpy(exact.get(), full.data(), size);
    const bool whole = size + 1 >= full.size();
    EXPECT_EQ(validate({exact.get(), size}).ok(), whole) << size;
  }
}

TEST(Validate, TellsTheDepth) {
  std::size_t depth = 9;
  EXPECT_FALSE(find_fault("1", &depth));
  EXPECT_EQ(depth, 0U);
  EXPECT_FALSE(find_fault(R"({"a":[[1],[{"b":2}]],"c":[]})", &depth));
  EXPECT_EQ(depth, 4U);
}

}  // namespace
}  // namespace costmark::json
