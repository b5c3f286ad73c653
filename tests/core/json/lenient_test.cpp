// Lenient mode: an edit never turns invalid text into valid text, nor valid into invalid.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

#include "costmark/json.hpp"
#include "random_json.hpp"
#include "rounds.hpp"

namespace costmark::json {
namespace {

constexpr std::array<std::string_view, 5> paths{"a", "project_id", "b.a",
                                                "stream_options.include_usage", "a.b"};

// Does every kind of edit, and all at once; each result must be as valid as the text was.
class Lenient : public ::testing::Test {
 protected:
  void check(const std::string& text) {
    const bool valid = validate(text).ok();
    for (unsigned edits = 0; edits < 8; ++edits) check(text, valid, edits);
  }

  void check(const std::string& text, bool valid, unsigned edits) {
    if (const Status status = document_.open(text, paths); !status) {
      EXPECT_FALSE(valid && document_opens(text)) << "refused " << text;
      EXPECT_TRUE(status.error().offset) << text;
      EXPECT_NE(status.error().code, Code::internal) << text;
      return;
    }
    if (edits < 4) {
      plan(edits, (text.size() + edits) % 2 == 0);
    } else {
      plan(1, edits % 2 == 0);
      plan(2, edits % 4 < 2);
      plan(3, edits == 7);
      plan(4, edits % 3 == 0);
    }
    const Result<std::string_view> edited = document_.finish();
    if (edited) {
      EXPECT_EQ(validate(edited.value()).ok(), valid) << text << "\n-> " << edited.value();
    } else {
      EXPECT_FALSE(valid) << text << ": " << edited.error().message;
      EXPECT_LT(edited.error().offset.value(), text.size()) << text;
    }
  }

  static bool document_opens(const std::string& text) {
    return text[text.find_first_not_of(" \t\r\n")] == '{';
  }

  // A refusal to set below something that is no object leaves the rest of the plans.
  void plan(std::size_t index, bool set) {
    const Status status = set ? document_.set(index, "[{\"k\":null}]") : document_.remove(index);
    if (!status) {
      EXPECT_EQ(status.error().code, Code::invalid_argument);
    }
  }

  Document document_;
};

TEST_F(Lenient, TakesOutOnlyWhatIsValid) {
  for (const std::string value : {"01",          "1x",
                                  "tru",         "nul",
                                  "+1",          "\"\\x\"",
                                  "\"\\u12\"",   "[1,]",
                                  "[1}",         "{\"b\":1]",
                                  "{\"b\":}",    "{,}",
                                  "[[}}",        "{]",
                                  "[\"\\ud8\"]", "1\"a\"",
                                  "-",           "[1 2]",
                                  "{\"b\" 1}",   "[\\]",
                                  "[\x01]",      "{\"b\":{\"x\":1,}}",
                                  "[1,\"a\" b]"}) {
    for (const char* const form : {"{\"a\":%}", "{\"x\":0,\"a\":%}", "{\"a\":%,\"x\":0}",
                                   "{\"a\":1,\"a\":%}", "{\"a\":%,\"a\":1}"}) {
      std::string text = form;
      text.replace(text.find('%'), 1, value);
      ASSERT_FALSE(validate(text)) << text;
      check(text);
    }
  }
}

TEST_F(Lenient, LeavesWhatItDoesNotTouchAsInvalidAsItWas) {
  for (const char* const text :
       {"{\"x\":01}", "{\"x\":[1,]}", "{\"x\":tru,\"a\":1}", "{\"x\":[}}", "{\"x\":{],\"a\":1}",
        "{\"\\x\":1,\"a\":2}", "{\"a\":1,\"x\":\"\\q\"}", "{\"x\":{\"a\" 1}}", "{\"x\":1\x1A}"}) {
    check(text);
    EXPECT_FALSE(set(text, "a", "1", Mode::strict)) << text;
  }
  EXPECT_EQ(set("{\"x\":01}", "a", "1").value(), "{\"a\":1,\"x\":01}");
}

TEST_F(Lenient, NamesTheFaultInWhatWouldGo) {
  const Result<std::string> edited = set("{\"x\":0, \"a\": [1,{\"k\" 2}]}", "a", "1");
  ASSERT_FALSE(edited);
  EXPECT_EQ(edited.error().code, Code::invalid_json);
  EXPECT_EQ(edited.error().offset, 21U);
  EXPECT_EQ(edited.error().message, "not valid JSON at byte 21: expected ':' after a member name");
}

TEST_F(Lenient, EveryPrefixIsRefusedOrStaysInvalid) {
  const std::string text =
      R"({"a":{"b":[1,"\u0061"]},"project_id":"p","b":{"a":null},"a":{"b":2},"c":-1.5e3})";
  for (std::size_t size = 0; size <= text.size(); ++size) check(text.substr(0, size));
}

// Deletes, inserts, flips and copies bytes of valid texts, once or several times over.
TEST_F(Lenient, HoldsForMutatedTexts) {
  static constexpr std::string_view bytes = "{}[],:\"\\ \n0a-e.tunf\x80\xEF\x0C\x1A";
  RandomJson random(20'240'607);
  std::size_t invalid = 0;
  for (int round = 0; round < tests::rounds(20'000); ++round) {
    std::string text = random.object();
    for (std::size_t changes = random.below(4); changes-- > 0 && !text.empty();) {
      const std::size_t place = random.below(text.size());
      const char byte = bytes[random.below(bytes.size())];
      switch (random.below(5)) {
        case 0:
          text.erase(place, 1 + random.below(3));
          break;
        case 1:
          text.insert(place, 1, byte);
          break;
        case 2:
          text[place] = byte;
          break;
        case 3:
          text[place] = static_cast<char>(text[place] ^ (1 << random.below(8)));
          break;
        default:
          text.insert(place, text.substr(random.below(text.size()), random.below(12)));
      }
    }
    invalid += validate(text).ok() ? 0 : 1;
    check(text);
    if (HasFailure()) FAIL() << "round " << round;
  }
  EXPECT_GT(invalid, static_cast<std::size_t>(tests::rounds(5'000)));
  EXPECT_LT(invalid, static_cast<std::size_t>(tests::rounds(15'000)));
}

// All short texts over the bytes that make structure: no corner is left to chance.
TEST_F(Lenient, HoldsForEveryShortText) {
  static constexpr std::string_view parts[] = {"{", "}", "[", "]", ",", ":", "\"a\"", "1", "\""};
  const std::size_t length = tests::slow_tests() ? 6 : 5;
  std::size_t total = 1;
  for (std::size_t i = 0; i < length; ++i) total *= std::size(parts);
  for (std::size_t number = 0; number < total; ++number) {
    std::string text = "{\"a\":";
    for (std::size_t rest = number, i = 0; i < length; ++i, rest /= std::size(parts)) {
      text += parts[rest % std::size(parts)];
    }
    const bool valid = validate(text).ok();
    check(text, valid, static_cast<unsigned>(number % 2 == 0 ? 0 : 4 + number % 4));
    if (HasFailure()) FAIL() << text;
  }
}

}  // namespace
}  // namespace costmark::json
