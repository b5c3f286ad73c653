#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

#include "costmark/json.hpp"
#include "reference.hpp"

namespace costmark::json {
namespace {

std::string after_set(std::string_view text, std::string_view path, std::string_view value) {
  return set(text, path, value).value();
}

std::string after_remove(std::string_view text, std::string_view path) {
  return remove(text, path).value();
}

TEST(Duplicates, SetLeavesTheLastWithItsSpelling) {
  EXPECT_EQ(after_set(R"({"p":1,"p":2})", "p", "9"), R"({"p":9})");
  EXPECT_EQ(after_set(R"({"p":1,"x":0,"\u0070":2,"y":0})", "p", "9"),
            R"({"x":0,"\u0070":9,"y":0})");
  EXPECT_EQ(after_set(R"({"x":0,"p":1,"p":2,"p":3})", "p", "9"), R"({"x":0,"p":9})");
  EXPECT_EQ(after_set("{ \"p\" : 1 , \"p\" : 2 }", "p", "9"), "{  \"p\" : 9 }");
}

TEST(Duplicates, RemoveTakesAll) {
  EXPECT_EQ(after_remove(R"({"p":1,"p":2})", "p"), "{}");
  EXPECT_EQ(after_remove(R"({"p":1,"x":0,"p":2,"\u0070":3})", "p"), R"({"x":0})");
  EXPECT_EQ(after_remove(R"({"x":0,"p":1,"p":2,"y":0})", "p"), R"({"x":0,"y":0})");
}

TEST(Duplicates, AreCountedAndTheLastIsRead) {
  Document document;
  const std::string_view path = "p";
  ASSERT_TRUE(document.open(R"({"p":1,"p":"two"})", {&path, 1}));
  EXPECT_EQ(document.member(0).count, 2U);
  EXPECT_EQ(document.member(0).kind, Kind::string);
  EXPECT_EQ(document.raw(0), "\"two\"");
}

TEST(DuplicateParents, TheLastOneIsTheValue) {
  EXPECT_EQ(after_set(R"({"a":{"b":1},"a":{"c":2}})", "a.b", "9"),
            R"({"a":{"b":1},"a":{"b":9,"c":2}})");
  EXPECT_EQ(after_set(R"({"a":{"b":1},"a":{"b":2}})", "a.b", "9"), R"({"a":{"b":1},"a":{"b":9}})");
  EXPECT_EQ(after_set(R"({"a":null,"a":{}})", "a.b", "9"), R"({"a":null,"a":{"b":9}})");
  EXPECT_EQ(after_remove(R"({"a":{"b":1},"a":{"b":2,"b":3}})", "a.b"), R"({"a":{"b":1},"a":{}})");
  EXPECT_EQ(after_set(R"({"a":{"b":{"c":1}},"a":{"x":0}})", "a.b.c", "9"),
            R"({"a":{"b":{"c":1}},"a":{"b":{"c":9},"x":0}})");
}

TEST(DuplicateParents, ALastOneThatIsNoObjectHasNoMembers) {
  const std::string_view text = R"({"a":{"b":1},"a":5})";
  Document document;
  const std::string_view path = "a.b";
  ASSERT_TRUE(document.open(text, {&path, 1}));
  EXPECT_FALSE(document.member(0));
  const Status status = document.set(0, "9");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().offset, text.find('5'));
  EXPECT_TRUE(document.remove(0));
  EXPECT_EQ(document.finish().value(), text);
}

// What Python's json.loads makes of the edited texts, as any parser that keeps the last does.
TEST(DuplicateParents, EditedTextsMeanWhatTheyShould) {
  const auto same = [](std::string_view edited, std::string_view meaning) {
    EXPECT_EQ(reference::data(edited), reference::data(meaning)) << edited;
  };
  same(after_set(R"({"a":{"b":1},"a":{"c":2}})", "a.b", "9"), R"({"a":{"b":9,"c":2}})");
  same(after_set(R"({"a":{"b":1,"c":1},"a":{"b":2}})", "a.b", "9"), R"({"a":{"b":9}})");
  same(after_remove(R"({"a":{"b":1},"a":{"b":2,"d":3}})", "a.b"), R"({"a":{"d":3}})");
  same(after_set(R"({"a":[],"\u0061":{}})", "a.b", "9"), R"({"a":{"b":9}})");
}

TEST(Duplicates, ManyOfThemStayCheap) {
  std::string text = "{";
  for (int i = 0; i < 200'000; ++i) text += "\"p\":0,";
  text += "\"p\":1}";
  EXPECT_EQ(after_set(text, "p", "2"), "{\"p\":2}");
}

}  // namespace
}  // namespace costmark::json
