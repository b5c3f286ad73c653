// What holds for every answer, whatever its format.
#include <gtest/gtest.h>

#include <string>

#include "usage/support.hpp"

namespace costmark {
namespace {

constexpr std::string_view body = R"({"id":"chatcmpl-1","usage":{"prompt_tokens":3}})";

TEST(Answer, GoesByItsBytesWhateverTheyAreLabeled) {
  const std::string event = "data: " + std::string(body) + "\n\ndata: [DONE]\n\n";
  for (const char* label :
       {"", ";", "application/json", "text/plain", "text/event-stream", "application/octet-stream",
        "application/vnd.amazon.eventstream", "text/event-streams"}) {
    for (const bool streamed : {false, true}) {
      const Exchange exchange{.content_type = label, .streamed = streamed};
      EXPECT_EQ(observe(exchange, body).answer.usage.input_tokens, 3U) << label;
      EXPECT_EQ(observe(exchange, event).answer.usage.input_tokens, 3U) << label;
    }
  }
}

TEST(Answer, SkipsWhatMayComeFirst) {
  constexpr std::string_view chunk =
      R"({"choices":[{"delta":{"content":"x"}}],"usage":{"prompt_tokens":3}})";
  for (const char* before : {"\xEF\xBB\xBF", " ", "\r\n\r\n", "\xEF\xBB\xBF \t\n", "\n\n   \n"}) {
    for (const std::string& rest :
         {std::string(body), "data: " + std::string(chunk) + "\n\n",
          std::string(": hello\n\ndata: {}\n\n"), std::string("event: x\ndata: {}\n\n"),
          std::string("id: 7\n\n"), std::string("retry: 10\n\n"), std::string("data\n\n"),
          std::string("nonsense"), std::string("\xEF\xBBx")}) {
      const std::string text = before + rest;
      for (const bool hide : {false, true}) {
        const Observed whole = observe({.streamed = hide, .hide_usage_chunk = hide}, text);
        EXPECT_EQ(whole.passed, text);
        EXPECT_EQ(whole.answer.usage.any(), rest.find("usage") != std::string::npos) << text;
        for (std::size_t i = 0; i <= text.size(); ++i) {
          ASSERT_TRUE(
              observe({.streamed = hide, .hide_usage_chunk = hide}, text, {i}).is_all_of(whole))
              << text << " cut at " << i;
        }
      }
    }
  }
}

TEST(Answer, DoesNotHoldWhiteSpaceBack) {
  AnswerReader reader;
  reader.begin(Api::chat_completions, 200, "", true, true);
  EXPECT_EQ(reader.feed("\n \n"), "\n \n");
  EXPECT_EQ(reader.feed(" d"), " ");
  EXPECT_EQ(reader.feed("ata: {}\n\n"), "data: {}\n\n");
  EXPECT_EQ(reader.finish(), "");
}

TEST(Answer, IsFlaggedWhenItCannotBeRead) {
  const std::string binary("\0\0\0\x10\0", 5);
  for (const std::string& wrong :
       {std::string("\x1F\x8B\x08\0\0\0", 6), std::string("\x28\xB5\x2F\xFD"), binary,
        std::string("<!DOCTYPE html>"), std::string("upstream request timeout"),
        std::string("xyz")}) {
    for (const bool hide : {false, true}) {
      const Exchange exchange{
          .content_type = "text/event-stream", .streamed = true, .hide_usage_chunk = hide};
      const Observed observed = observe(exchange, wrong);
      EXPECT_EQ(observed.passed, wrong);
      EXPECT_EQ(observed.answer.outcome, Outcome::unknown);
      EXPECT_TRUE(observed.answer.usage.flags.has(UsageFlag::unread)) << wrong;
      EXPECT_TRUE(observed.answer.usage.inconsistent());
      for (std::size_t i = 0; i <= wrong.size(); ++i) {
        ASSERT_TRUE(observe(exchange, wrong, {i}).is_all_of(observed)) << wrong << " cut at " << i;
      }
    }
    EXPECT_FALSE(observe({.status = 500}, wrong).answer.usage.inconsistent());
    EXPECT_FALSE(observe({.api = Api::other}, wrong).answer.usage.inconsistent());
  }
  EXPECT_FALSE(observe({}, "").answer.usage.inconsistent());
}

TEST(Answer, TakesAFieldOfAnotherNameForAStreamWhereOneIsExpected) {
  const std::string stream = "x-trace: 1\ndata: " + std::string(body) + "\n\ndata: [DONE]\n\n";
  EXPECT_TRUE(observe({.streamed = true}, stream).answer.usage.any());
  EXPECT_TRUE(observe({.content_type = "Text/Event-Stream ; a=b"}, stream).answer.usage.any());
  EXPECT_FALSE(observe({}, stream).answer.usage.any());
}

TEST(Answer, ReadsNothingWhereThereIsNoUsage) {
  for (const Api api : {Api::other, Api::control}) {
    EXPECT_FALSE(observe({.api = api}, body).answer.usage.any());
    EXPECT_EQ(observe({.api = api}, body).answer, ended(Outcome::ok));
    EXPECT_EQ(observe({.api = api, .status = 404}, body).answer, ended(Outcome::error));
    EXPECT_EQ(observe({.api = api, .told = Outcome::cancelled}, body).answer,
              ended(Outcome::cancelled));
  }
}

TEST(Answer, EndsAsTheCallerSaysUnlessItHasSaidSoItself) {
  const std::string_view half = body.substr(0, body.size() / 2);
  for (const Outcome told : {Outcome::cancelled, Outcome::incomplete, Outcome::error}) {
    EXPECT_EQ(observe({.told = told}, half).answer, ended(told));
    EXPECT_EQ(observe({.told = told}, body).answer.outcome, Outcome::ok);
    EXPECT_EQ(observe({.status = 500, .told = told}, half).answer.outcome, Outcome::error);
  }
  EXPECT_EQ(observe({.told = Outcome::ok}, half).answer.outcome, Outcome::incomplete);
}

TEST(Answer, EndsOnce) {
  AnswerReader reader;
  reader.begin(Api::chat_completions, 200, json_type, false, true);
  EXPECT_EQ(reader.answer().outcome, Outcome::unknown);
  reader.feed(body);
  EXPECT_EQ(reader.finish(), "");
  const Answer answer = reader.answer();
  EXPECT_EQ(answer.outcome, Outcome::ok);
  EXPECT_EQ(reader.finish(Outcome::cancelled), "");
  const std::string_view late = R"({"usage":{"prompt_tokens":99}})";
  EXPECT_EQ(reader.feed(late).data(), late.data());
  EXPECT_EQ(reader.finish(), "");
  EXPECT_EQ(reader.answer(), answer);
}

TEST(Answer, StartsAfresh) {
  AnswerReader reader;
  const Observed first = observe(reader, {}, body);
  EXPECT_TRUE(first.answer.usage.any());
  EXPECT_EQ(observe(reader, {.told = Outcome::cancelled}, "").answer, ended(Outcome::cancelled));
  EXPECT_EQ(observe(reader, {.content_type = stream_type}, "data: {").answer,
            ended(Outcome::incomplete));
  EXPECT_EQ(observe(reader, {.content_type = stream_type}, "data: [DONE]\n\n").answer,
            ended(Outcome::ok));
  EXPECT_EQ(observe(reader, {}, body), first);
}

TEST(Answer, PassesBytesOnBeforeItHasBegun) {
  AnswerReader reader;
  EXPECT_EQ(reader.feed(body).data(), body.data());
  EXPECT_EQ(reader.answer(), Answer{});
}

TEST(Answer, SpellsItsOutcomes) {
  EXPECT_EQ(to_string(Outcome::ok), "ok");
  EXPECT_EQ(to_string(Outcome::error), "error");
  EXPECT_EQ(to_string(Outcome::cancelled), "cancelled");
  EXPECT_EQ(to_string(Outcome::incomplete), "incomplete");
  EXPECT_EQ(to_string(Outcome::open), "open");
  EXPECT_EQ(to_string(Outcome::unknown), "unknown");
  EXPECT_EQ(Outcome{}, Outcome::unknown) << "zero is unknown";
  EXPECT_EQ(ResponseStatus{}, ResponseStatus::unknown);
  EXPECT_EQ(Meter{}, Meter::unknown);
}

TEST(Answer, KeepsFlagsAndMetersApart) {
  UsageFlags flags{UsageFlag::total};
  flags.set({UsageFlag::unread});
  EXPECT_TRUE(flags.has(UsageFlag::total) && flags.has(UsageFlag::unread));
  EXPECT_FALSE(flags.has(UsageFlag::decreasing));
  std::uint32_t bits = 0;
  for (const UsageFlag flag : all_usage_flags) {
    EXPECT_EQ(bits & UsageFlags{flag}.bits(), 0U);
    bits |= UsageFlags{flag}.bits();
    EXPECT_NE(to_string(flag), "unknown");
  }
  Meters counts;
  for (const Meter meter : all_meters) {
    EXPECT_EQ(counts[meter], std::nullopt);
    counts.set(meter, static_cast<std::uint64_t>(meter));
    EXPECT_NE(to_string(meter), "unknown");
  }
  for (const Meter meter : all_meters) EXPECT_EQ(counts[meter], static_cast<std::uint64_t>(meter));
}

}  // namespace
}  // namespace costmark
