// Whole texts as values.
#include "json/value.hpp"

#include <gtest/gtest.h>

namespace costmark::json {
namespace {

TEST(Value, IsTheWholeText) {
  const auto parsed = parse_value(
      R"( {"a": [1, -2.50, true, null, "x\u00e9"], "b": {"c": "d"}, "b": {"c": "e"}, "n": {}} )");
  ASSERT_TRUE(parsed.ok());
  const Value& root = parsed.value();
  ASSERT_EQ(root.kind, Kind::object);
  EXPECT_EQ(root.members.size(), 4U);  // a doubled one is there twice
  EXPECT_EQ(root.find("b")->find("c")->text, "e");
  EXPECT_EQ(root.find("z"), nullptr);
  EXPECT_TRUE(root.find("n")->members.empty());
  const auto& elements = root.find("a")->elements;
  ASSERT_EQ(elements.size(), 5U);
  EXPECT_EQ(elements[0].kind, Kind::number);
  EXPECT_EQ(elements[0].text, "1");
  EXPECT_EQ(elements[2].kind, Kind::boolean);
  EXPECT_EQ(elements[2].text, "true");
  EXPECT_EQ(elements[3].kind, Kind::null);
  EXPECT_EQ(elements[4].text, "x\xC3\xA9");
}

TEST(Value, NamesTheByteWhereATextIsNotJson) {
  const auto parsed = parse_value(R"({"a": 1,})");
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().code, Code::invalid_json);
  EXPECT_EQ(parsed.error().offset, 8U);
  EXPECT_FALSE(parse_value("").ok());
  EXPECT_FALSE(parse_value("\xFF").ok());
}

TEST(Value, IsNotNestedWithoutEnd) {
  const std::string deep(2000, '[');
  EXPECT_FALSE(parse_value(deep + std::string(2000, ']')).ok());
}

}  // namespace
}  // namespace costmark::json
