// What holds for every answer, whatever its format.
#include <gtest/gtest.h>

#include <string>

#include "usage/support.hpp"

namespace costmark {
namespace {

constexpr std::string_view body = R"({"id":"chatcmpl-1","usage":{"prompt_tokens":3}})";

bool reads(std::string_view content_type, Api api = Api::chat_completions) {
  return observe({.api = api, .content_type = content_type}, body).answer.usage.any();
}

TEST(Answer, GoesByContentType) {
  for (const char* json : {"application/json", "Application/JSON", "application/json;charset=utf-8",
                           " application/json ; a=b", "application/vnd.x+json", "text/json"}) {
    EXPECT_TRUE(reads(json)) << json;
  }
  for (const char* opaque : {"", "text/plain", "application/jsonx", "application/octet-stream", ";",
                             "application/vnd.amazon.eventstream", "text/event-streams"}) {
    EXPECT_FALSE(reads(opaque)) << opaque;
    EXPECT_EQ(observe({.content_type = opaque}, body), (Observed{Answer{}, std::string(body)}));
  }
  const std::string event = "data: " + std::string(body) + "\n\ndata: [DONE]\n\n";
  for (const char* stream : {"text/event-stream", "TEXT/EVENT-STREAM;charset=utf-8"}) {
    EXPECT_EQ(observe({.content_type = stream}, event).answer.usage.input_tokens, 3U) << stream;
  }
}

TEST(Answer, ReadsNothingWhereThereIsNoUsage) {
  for (const Api api : {Api::other, Api::control}) {
    EXPECT_FALSE(reads(json_type, api));
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
  reader.begin(Api::chat_completions, 200, json_type, true);
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
  EXPECT_EQ(to_string(Outcome::unknown), "unknown");
}

}  // namespace
}  // namespace costmark
