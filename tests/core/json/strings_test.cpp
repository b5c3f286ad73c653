#include "json/strings.hpp"

#include <gtest/gtest.h>

#include <string>

#include "costmark/json.hpp"

namespace costmark::json {
namespace {

TEST(Spells, ComparesWhatEscapesStandFor) {
  EXPECT_TRUE(spells("project_id", "project_id"));
  EXPECT_TRUE(spells("\\u0070roject_id", "project_id"));
  EXPECT_TRUE(spells("project_i\\u0064", "project_id"));
  EXPECT_TRUE(spells("\\u0061\\u0062\\u0063", "abc"));
  EXPECT_TRUE(spells("\\u00E9", "\xC3\xA9"));
  EXPECT_TRUE(spells("\\uD83d\\uDe00", "\U0001F600"));
  EXPECT_TRUE(spells("\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t"));
}

TEST(Spells, IsNotFooledByLengths) {
  EXPECT_FALSE(spells("project_i", "project_id"));
  EXPECT_FALSE(spells("project_idx", "project_id"));
  EXPECT_FALSE(spells("\\u0070roject_idx", "project_id"));
  EXPECT_FALSE(spells("\\u0070roject_i", "project_id"));
  EXPECT_FALSE(spells("Project_id", "project_id"));
  EXPECT_FALSE(spells("a\\n", "a\\n")) << "the text spells a line feed, the name has a backslash";
  EXPECT_TRUE(spells("a\\\\n", "a\\n"));
}

TEST(Spells, InvalidEscapesEqualNothing) {
  EXPECT_FALSE(spells("\\x61", "a"));
  EXPECT_FALSE(spells("\\u006", "a"));
  EXPECT_FALSE(spells("\\u00g1", "a"));
  EXPECT_FALSE(spells("a\\", "a"));
  EXPECT_FALSE(spells("\\ud800", "\xED\xA0\x80"));
  EXPECT_FALSE(spells("\\udc00", "\xED\xB0\x80"));
  EXPECT_FALSE(spells("\\ud83dx", "\U0001F600"));
  EXPECT_FALSE(spells("\\ud83d\\u0061", "\U0001F600"));
}

TEST(Unescape, KeepsWhatIsNoEscape) {
  std::string out = "before ";
  EXPECT_TRUE(unescape("a\\tb \xC3\xA9 \\u20ac\\ud83d\\ude00", out));
  EXPECT_EQ(out, "before a\tb \xC3\xA9 \xE2\x82\xAC\U0001F600");
  EXPECT_FALSE(unescape("\\ud800", out));
  EXPECT_FALSE(unescape("\\q", out));
  EXPECT_FALSE(unescape("\\", out));
}

TEST(AppendString, EscapesOnlyWhatMustBe) {
  std::string out = "[";
  append_string(out, "a\"\\/\b\f\n\r\t\x01\x1F\x7F\xC3\xA9");
  EXPECT_EQ(out, "[\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7F\xC3\xA9\"");
}

TEST(AppendString, RoundTripsEveryAsciiByte) {
  std::string all;
  for (int c = 0; c < 128; ++c) all += static_cast<char>(c);
  std::string quoted;
  append_string(quoted, all);
  EXPECT_TRUE(validate(quoted));
  std::string back;
  EXPECT_TRUE(unescape(std::string_view(quoted).substr(1, quoted.size() - 2), back));
  EXPECT_EQ(back, all);
}

}  // namespace
}  // namespace costmark::json
