#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/json.hpp"

namespace costmark::json {
namespace {

using namespace std::string_literals;

std::string after_set(std::string_view text, std::string_view path, std::string_view value) {
  const Result<std::string> edited = set(text, path, value);
  return edited ? edited.value() : "error: " + edited.error().message;
}

std::string after_remove(std::string_view text, std::string_view path) {
  const Result<std::string> edited = remove(text, path);
  return edited ? edited.value() : "error: " + edited.error().message;
}

TEST(Set, InsertsBehindTheOpeningBrace) {
  EXPECT_EQ(after_set(R"({"a":1})", "b", "2"), R"({"b":2,"a":1})");
  EXPECT_EQ(after_set("\t{ \"a\" : 1 }\n", "b", "2"), "\t{\"b\":2, \"a\" : 1 }\n");
  EXPECT_EQ(after_set("{}", "b", "2"), R"({"b":2})");
  EXPECT_EQ(after_set("{ \r\n}", "b", "[ ]"), "{\"b\":[ ] \r\n}");
}

TEST(Set, ReplacesOnlyTheValue) {
  EXPECT_EQ(after_set(R"({"a":1,"b":2})", "b", "\"x\""), R"({"a":1,"b":"x"})");
  EXPECT_EQ(after_set("{ \"b\"\t: [1, {\"b\":3}]  ,\"c\":0}", "b", "null"),
            "{ \"b\"\t: null  ,\"c\":0}");
  EXPECT_EQ(after_set(R"({"\u0062":"\ud800"})", "b", "true"), R"({"\u0062":true})");
}

TEST(Set, LooksOnlyWhereThePathLeads) {
  EXPECT_EQ(after_set(R"({"x":{"b":1},"y":[{"b":1}],"z":"b"})", "b", "2"),
            R"({"b":2,"x":{"b":1},"y":[{"b":1}],"z":"b"})");
  EXPECT_EQ(after_set(R"({"x":{"b":1},"b":1})", "x.b", "2"), R"({"x":{"b":2},"b":1})");
}

TEST(Set, MakesMissingParents) {
  EXPECT_EQ(after_set("{}", "a.b.c", "1"), R"({"a":{"b":{"c":1}}})");
  EXPECT_EQ(after_set(R"({"a":{ }})", "a.b.c", "1"), R"({"a":{"b":{"c":1} }})");
  EXPECT_EQ(after_set(R"({"a":{"x":0}})", "a.b", "1"), R"({"a":{"b":1,"x":0}})");
}

TEST(Set, RefusesAParentThatIsNoObject) {
  for (const char* const parent : {"null", "[]", "\"{}\"", "1", "true"}) {
    const std::string text = "{\"a\": " + std::string(parent) + "}";
    const Result<std::string> edited = set(text, "a.b.c", "1");
    ASSERT_FALSE(edited) << text;
    EXPECT_EQ(edited.error().code, Code::invalid_argument);
    EXPECT_EQ(edited.error().offset, 6U);
    EXPECT_EQ(edited.error().message, "JSON member 'a' at byte 6 is not an object");
    EXPECT_EQ(after_remove(text, "a.b.c"), text) << "removing what is not there is no error";
  }
}

TEST(Set, RefusesValuesThatAreNotJson) {
  for (const std::string value : {"", "x", "1 2", "{", "\"a", "1,\"b\":2",
                                  "\xEF\xBB\xBF"
                                  "1"}) {
    const Result<std::string> edited = set("{}", "a", value);
    ASSERT_FALSE(edited) << value;
    EXPECT_EQ(edited.error().code, Code::invalid_argument);
    EXPECT_EQ(edited.error().message.find("the value for JSON member 'a' is not valid JSON"), 0U);
  }
  EXPECT_EQ(after_set("{}", "a", " 1\n"), "{\"a\": 1\n}");
}

TEST(Set, CannotNestDeeperThanTheLimit) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(validate(after_set("{}", "a", nested(max_depth - 1))));
  EXPECT_EQ(set("{}", "a", nested(max_depth)).error().code, Code::invalid_argument);
  EXPECT_TRUE(validate(after_set("{}", "a.b", nested(max_depth - 2))));
  EXPECT_EQ(set("{}", "a.b", nested(max_depth - 1)).error().code, Code::invalid_argument);
  std::string path = "p";
  for (std::size_t i = 1; i < max_depth; ++i) path += ".p";
  EXPECT_TRUE(validate(after_set("{}", path, "1")));
  EXPECT_EQ(set("{}", path, "[]").error().code, Code::invalid_argument);
  EXPECT_EQ(set("{}", path + ".p", "1").error().code, Code::invalid_argument);
}

TEST(Remove, TakesOneCommaAlong) {
  EXPECT_EQ(after_remove(R"({"a":1})", "a"), "{}");
  EXPECT_EQ(after_remove("{ \"a\" : 1 }", "a"), "{  }");
  EXPECT_EQ(after_remove(R"({"a":1,"b":2,"c":3})", "a"), R"({"b":2,"c":3})");
  EXPECT_EQ(after_remove(R"({"a":1,"b":2,"c":3})", "b"), R"({"a":1,"c":3})");
  EXPECT_EQ(after_remove(R"({"a":1,"b":2,"c":3})", "c"), R"({"a":1,"b":2})");
  EXPECT_EQ(after_remove("{ \"a\" : 1 , \"b\" : 2 }", "b"), "{ \"a\" : 1  }");
  EXPECT_EQ(after_remove(R"({"x":{"a":{"y":[]}}})", "x.a"), R"({"x":{}})");
  EXPECT_EQ(after_remove(R"({"b":1})", "a"), R"({"b":1})");
}

TEST(Paths, BackslashesKeepDotsLiteral) {
  EXPECT_EQ(after_set("{}", "a\\.b", "1"), R"({"a.b":1})");
  EXPECT_EQ(after_set(R"({"a.b":0,"a":{"b":0}})", "a\\.b", "1"), R"({"a.b":1,"a":{"b":0}})");
  EXPECT_EQ(after_set(R"({"\\":0})", "\\\\", "1"), R"({"\\":1})");
  EXPECT_EQ(after_set("{}", "a\"\n\xC3\xA9", "1"), "{\"a\\\"\\n\xC3\xA9\":1}");
}

TEST(Paths, MalformedOnesAreRefused) {
  for (const std::string path : {"", ".", "a.", ".a", "a..b", "a\\", "\xFF", "a.\xED\xA0\x80"}) {
    const Result<std::string> edited = set("{}", path, "1");
    ASSERT_FALSE(edited) << path;
    EXPECT_EQ(edited.error().code, Code::invalid_argument);
    EXPECT_FALSE(edited.error().offset);
  }
}

class Edit : public ::testing::Test {
 protected:
  void open(std::string_view text, std::vector<std::string_view> paths) {
    paths_ = std::move(paths);
    const Status status = document_.open(text, paths_);
    ASSERT_TRUE(status) << status.error().message;
  }

  std::string finish() {
    const Result<std::string_view> edited = document_.finish();
    return edited ? std::string(edited.value()) : "error: " + edited.error().message;
  }

  std::vector<std::string_view> paths_;
  Document document_;
};

TEST_F(Edit, ComposesPlansOfOneText) {
  open(R"({"model":"m","stream":true,"drop":[1,2]})",
       {"project_id", "stream_options.include_usage", "drop"});
  EXPECT_TRUE(document_.set(0, "\"p\""));
  EXPECT_TRUE(document_.set(1, "true"));
  EXPECT_TRUE(document_.remove(2));
  EXPECT_EQ(finish(), R"({"project_id":"p","stream_options":{"include_usage":true},)"
                      R"("model":"m","stream":true})");
}

TEST_F(Edit, MembersOfOneMissingParentShareIt) {
  open("{ }", {"a.x", "a.y", "b", "a.z.deep"});
  const std::array<std::string_view, 4> values{"0", "1", "2", "3"};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_TRUE(document_.set(i, values[i]));
  EXPECT_EQ(finish(), R"({"a":{"x":0,"y":1,"z":{"deep":3}},"b":2 })");
}

TEST_F(Edit, RemovingEverythingAndInsertingLeavesNoStrayComma) {
  open(R"({"a":1,"b":2,"c":3})", {"a", "b", "c", "d"});
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(document_.remove(i));
  EXPECT_TRUE(document_.set(3, "4"));
  EXPECT_EQ(finish(), R"({"d":4})");
}

TEST_F(Edit, EverySubsetOfMembersCanGo) {
  const std::array<std::string, 4> members{"\"a\" : 1", "\"b\":[ ]", "\"c\":{}", "\"d\": \"x\""};
  for (unsigned gone = 0; gone < 16; ++gone) {
    open("{" + members[0] + "," + members[1] + "," + members[2] + "," + members[3] + "}",
         {"a", "b", "c", "d"});
    std::string expected = "{";
    for (unsigned i = 0; i < 4; ++i) {
      if ((gone >> i & 1U) != 0) {
        EXPECT_TRUE(document_.remove(i));
      } else {
        expected += (expected.size() > 1 ? "," : "") + members[i];
      }
    }
    EXPECT_EQ(finish(), expected + "}");
  }
}

TEST_F(Edit, TheLastPlanCounts) {
  open(R"({"a":1})", {"a"});
  EXPECT_TRUE(document_.set(0, "2"));
  EXPECT_TRUE(document_.remove(0));
  EXPECT_TRUE(document_.set(0, "3"));
  EXPECT_EQ(finish(), R"({"a":3})");
}

TEST_F(Edit, AMemberAndItsParentAreNotEditedAtOnce) {
  open(R"({"a":{"b":1}})", {"a", "a.b"});
  EXPECT_TRUE(document_.set(0, "{}"));
  EXPECT_EQ(document_.set(1, "2").error().code, Code::invalid_argument);
  EXPECT_EQ(finish(), R"({"a":{}})");
  open(R"({"a":{"b":1}})", {"a", "a.b"});
  EXPECT_TRUE(document_.remove(1));
  EXPECT_EQ(document_.remove(0).error().code, Code::invalid_argument);
  EXPECT_EQ(finish(), R"({"a":{}})");
}

TEST_F(Edit, ReportsWhatItFound) {
  const std::string text = R"( {"a": {"b" : "\u0078"} ,"n":-1e9,"s":"","f":false,"z":null,"l":[]})";
  open(text, {"a", "a.b", "n", "s", "f", "z", "l", "q", "a.q"});
  const Kind kinds[] = {Kind::object, Kind::string, Kind::number, Kind::string, Kind::boolean,
                        Kind::null,   Kind::array,  Kind::absent, Kind::absent};
  for (std::size_t i = 0; i < std::size(kinds); ++i) {
    EXPECT_EQ(document_.member(i).kind, kinds[i]) << i;
    EXPECT_EQ(document_.member(i).count, kinds[i] == Kind::absent ? 0U : 1U) << i;
  }
  const Member& inner = document_.member(1);
  EXPECT_EQ(text.substr(inner.value_begin, inner.value_end - inner.value_begin), R"("\u0078")");
  EXPECT_EQ(document_.raw(0), R"({"b" : "\u0078"})");
  EXPECT_EQ(document_.raw(2), "-1e9");
  EXPECT_EQ(document_.raw(7), "");
  std::string out;
  EXPECT_TRUE(document_.string(1, out));
  EXPECT_EQ(out, "x");
  EXPECT_TRUE(document_.string(3, out));
  EXPECT_EQ(out, "");
  EXPECT_FALSE(document_.string(2, out));
  EXPECT_FALSE(document_.member(99));
  EXPECT_EQ(document_.set(99, "1").error().code, Code::invalid_argument);
  EXPECT_EQ(finish(), text);
}

TEST_F(Edit, IsOverAfterFinish) {
  open(R"({"a":1})", {"a"});
  EXPECT_TRUE(document_.set(0, "22"));
  EXPECT_EQ(finish(), R"({"a":22})");
  EXPECT_EQ(document_.member(0).value_end, 6U) << "members stay as they stood in the text";
  EXPECT_EQ(document_.raw(0), "");
  EXPECT_EQ(document_.set(0, "3").error().code, Code::invalid_argument);
  EXPECT_EQ(document_.finish().error().code, Code::invalid_argument);
}

TEST_F(Edit, AnErrorLeavesTheDocumentEmptyAndUsable) {
  open(R"({"a":1})", {"a"});
  EXPECT_FALSE(document_.open("{", paths_));
  EXPECT_FALSE(document_.member(0));
  EXPECT_EQ(document_.remove(0).error().code, Code::invalid_argument);
  EXPECT_FALSE(document_.finish());
  open(R"({"a":1})", {"a"});
  EXPECT_EQ(finish(), R"({"a":1})");
}

TEST_F(Edit, DocumentsMove) {
  open(R"({"a":1})", {"a"});
  EXPECT_TRUE(document_.set(0, "2"));
  Document other = std::move(document_);
  EXPECT_EQ(other.finish().value(), R"({"a":2})");
  document_ = std::move(other);
  open(R"({"b":1})", {"a"});
  EXPECT_EQ(finish(), R"({"b":1})");
}

TEST_F(Edit, LargeValuesOutgrowTheRoom) {
  const std::string value = '"' + std::string(50'000, 'v') + '"';
  const std::string tail(30'000, 't');
  for (int round = 0; round < 3; ++round) {
    open("{\"first\":0,\"text\":\"" + tail + "\",\"last\":0}", {"first", "last", "new"});
    for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(document_.set(i, value));
    EXPECT_EQ(finish(), "{\"new\":" + value + ",\"first\":" + value + ",\"text\":\"" + tail +
                            "\",\"last\":" + value + "}");
  }
}

// The caller's bytes stand at the end of their allocation, where a sanitizer sees a read past them.
TEST_F(Edit, ReadsNothingBehindTheText) {
  for (std::size_t pad = 0; pad < 130; ++pad) {
    const std::string text = "{\"a\":\"" + std::string(pad, 'x') + "\"}";
    const auto exact = std::make_unique<char[]>(text.size());
    std::memcpy(exact.get(), text.data(), text.size());
    open({exact.get(), text.size()}, {"p"});
    EXPECT_TRUE(document_.set(0, "1"));
    EXPECT_EQ(finish(), "{\"p\":1," + text.substr(1));
  }
}

TEST(Roots, OtherThanObjectsAreNamed) {
  const std::array<std::pair<const char*, const char*>, 7> roots{{{"[{}]", "an array"},
                                                                  {"\"{}\"", "a string"},
                                                                  {"12", "a number"},
                                                                  {"-1", "a number"},
                                                                  {"true", "a boolean"},
                                                                  {"false", "a boolean"},
                                                                  {"null", "null"}}};
  for (const auto& [text, name] : roots) {
    for (const Mode mode : {Mode::lenient, Mode::strict}) {
      const Result<std::string> edited = set(" " + std::string(text), "a", "1", mode);
      ASSERT_FALSE(edited) << text;
      EXPECT_EQ(edited.error().code, Code::invalid_json);
      EXPECT_EQ(edited.error().offset, 1U);
      EXPECT_EQ(edited.error().message, "the body is " + std::string(name) + ", not an object");
    }
  }
  EXPECT_EQ(set("", "a", "1").error().message, "the body is empty, not a JSON object");
  EXPECT_EQ(set(" \n", "a", "1").error().offset, 2U);
}

TEST(Refused, WithTheByteInEitherMode) {
  const std::string deep(max_depth, '[');
  const std::pair<std::string, std::size_t> cases[] = {
      {"\xEF\xBB\xBF{}", 0},
      {"{} x", 3},
      {"{}{}", 2},
      {"{\"a\":1}\0"s, 7},
      {"{\"a\":1,}", 7},
      {"{\"a\":1,,\"b\":2}", 7},
      {"{,\"a\":1}", 1},
      {"{\"a\":1 \"b\":2}", 7},
      {"{\"a\" 1}", 5},
      {"{\"a\"::1}", 5},
      {"{\"a\":}", 5},
      {"{a:1}", 1},
      {"{1:1}", 1},
      {"{\"a\":1 x,\"b\":2}", 7},
      {"{\"a\":\"x}", 8},
      {"{\"a\":[1}", 7},
      {"{\"a\":1", 6},
      {"{\"a\":1]", 6},
      {"{\"a\":\x0C"
       "1}",
       5},
      {"{\"a\":\"\xFF\"}", 6},
      {"{\"a\":\"\n\"}", 6},
      {"{\"a\":" + deep + std::string(max_depth, ']') + "}", 4 + max_depth},
  };
  for (const auto& [text, offset] : cases) {
    for (const Mode mode : {Mode::lenient, Mode::strict}) {
      const Result<std::string> edited = remove(text, "z", mode);
      ASSERT_FALSE(edited) << text;
      EXPECT_EQ(edited.error().code, Code::invalid_json) << text;
      EXPECT_EQ(edited.error().offset, offset) << text;
    }
  }
}

TEST(Accepted, EveryValidTextInEitherMode) {
  std::string deep = "{\"a\":" + std::string(max_depth - 1, '[') + std::string(max_depth - 1, ']');
  for (const std::string& text :
       {R"({"":1})"s, R"({"":{"":0}})"s, R"({"n":1e999999,"m":123456789012345678901234567890})"s,
        R"({"\ud800":"\udc00\ud800"})"s, R"({"b":1,"b":2,"b":3})"s, deep + "}", "{\"k\":\"\x7F\"}"s,
        "{\"k\":\"\\u0000\"}"s}) {
    for (const Mode mode : {Mode::lenient, Mode::strict}) {
      const Result<std::string> edited = set(text, "p", "1", mode);
      ASSERT_TRUE(edited) << edited.error().message;
      EXPECT_EQ(edited.value(), "{\"p\":1," + text.substr(1));
    }
  }
}

// The paths are those of the text before; what was found and planned for it is not.
TEST(Document, ForgetsTheTextBeforeWhenItsPathsStay) {
  const std::array<std::string_view, 3> paths{"a", "b.c", "b"};
  Document document;
  ASSERT_TRUE(document.open(R"({"a":1,"b":{"c":2,"d":3},"a":4})", paths).ok());
  EXPECT_EQ(document.member(0).count, 2U);
  ASSERT_TRUE(document.set(1, "7").ok());
  ASSERT_TRUE(document.open(R"({"x":0})", paths).ok());
  for (std::size_t i = 0; i < paths.size(); ++i) EXPECT_FALSE(document.member(i)) << paths[i];
  ASSERT_TRUE(document.set(0, "5").ok());
  EXPECT_EQ(document.finish().value(), R"({"a":5,"x":0})");
  const std::array<std::string_view, 2> other{"a", "x"};
  ASSERT_TRUE(document.open(R"({"x":0})", other).ok());
  EXPECT_TRUE(document.member(1));
  ASSERT_TRUE(document.open(R"({"a":[1]})", paths).ok());
  EXPECT_EQ(document.raw(0), "[1]");
}

}  // namespace
}  // namespace costmark::json
