// Usage out of answers that come as one JSON text.
#include <gtest/gtest.h>

#include <string>

#include "usage/support.hpp"

namespace costmark {
namespace {

Answer read(Api api, std::string_view body, int status = 200) {
  return observe({.api = api, .status = status}, body).answer;
}

// Something came, and what it was is not known.
Answer unread() {
  return ended(Outcome::unknown, tokens(none, none, none, none, none, {UsageFlag::unread}));
}

Usage chat_usage(std::string_view usage) {
  return read(Api::chat_completions, R"({"id":"c","usage":)" + std::string(usage) + "}").usage;
}

Usage messages_usage(std::string_view usage) {
  return read(Api::messages, R"({"id":"m","usage":)" + std::string(usage) + "}").usage;
}

Outcome response_outcome(std::string_view status) {
  return read(Api::responses,
              R"({"id":"resp_1","error":null,"status":")" + std::string(status) + R"("})")
      .outcome;
}

TEST(JsonAnswer, ReadsAChatCompletion) {
  const Answer answer = read(Api::chat_completions, R"({
    "id": "chatcmpl-1", "object": "chat.completion", "model": "openai.gpt-oss-120b",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "\"usage\": {}"},
                 "finish_reason": "stop"}],
    "service_tier": "default",
    "usage": {"prompt_tokens": 1200, "completion_tokens": 300, "total_tokens": 1500,
              "prompt_tokens_details": {"cached_tokens": 1000, "cache_write_tokens": 128},
              "completion_tokens_details": {"reasoning_tokens": 250}}})");
  EXPECT_EQ(answer, ended(Outcome::ok, with_total(tokens(1200, 1000, 128, 300, 250), 1500),
                          "chatcmpl-1", "openai.gpt-oss-120b", "default"));
}

TEST(JsonAnswer, TakesEveryDetailForOptional) {
  EXPECT_EQ(chat_usage(R"({"prompt_tokens":7,"completion_tokens":2,"total_tokens":9})"),
            with_total(tokens(7, none, none, 2, none), 9));
  EXPECT_EQ(chat_usage(R"({"prompt_tokens":7,"completion_tokens":2,"prompt_tokens_details":null,
                           "completion_tokens_details":{}})"),
            tokens(7, none, none, 2, none));
  EXPECT_EQ(chat_usage(R"({"prompt_tokens":7,"prompt_tokens_details":{"cached_tokens":null}})"),
            tokens(7, none, none, none, none));
  EXPECT_EQ(chat_usage("{}"), Usage{});
  EXPECT_EQ(chat_usage("null"), Usage{});
  EXPECT_EQ(read(Api::chat_completions, "{}").usage, Usage{});
}

TEST(JsonAnswer, ReadsAResponse) {
  const Answer answer = read(Api::responses, R"({"id":"resp_9","object":"response",
    "status":"completed","error":null,"incomplete_details":null,"model":"openai.gpt-5.4",
    "billing":{"payer":"developer"},"output":[{"type":"message","phase":"final"}],
    "service_tier":"default","usage":{"input_tokens":75,"input_tokens_details":
    {"cached_tokens":64,"cache_write_tokens":3},"output_tokens":1186,
    "output_tokens_details":{"reasoning_tokens":1024},"total_tokens":1261}})");
  EXPECT_EQ(answer, ended(Outcome::ok, with_total(tokens(75, 64, 3, 1186, 1024), 1261), "resp_9",
                          "openai.gpt-5.4", "default"));
}

TEST(JsonAnswer, TakesAResponsesWordForHowItEnded) {
  EXPECT_EQ(response_outcome("completed"), Outcome::ok);
  EXPECT_EQ(response_outcome("incomplete"), Outcome::incomplete);
  EXPECT_EQ(response_outcome("in_progress"), Outcome::open);
  EXPECT_EQ(response_outcome("queued"), Outcome::open);
  EXPECT_EQ(response_outcome("cancelled"), Outcome::cancelled);
  EXPECT_EQ(response_outcome("failed"), Outcome::error);
  EXPECT_EQ(response_outcome("a state of the future"), Outcome::unknown);
  EXPECT_EQ(read(Api::responses, R"({"id":"r"})").outcome, Outcome::ok);
  EXPECT_EQ(read(Api::responses, R"({"error":{"code":"server_error"},"status":"failed"})").outcome,
            Outcome::error);
}

TEST(JsonAnswer, AddsWhatMessagesLeavesOutOfItsInput) {
  const Answer answer = read(Api::messages, R"({"id":"msg_bdrk_1","type":"message",
    "model":"claude-opus-4-7","content":[],"stop_reason":"end_turn","usage":{"input_tokens":10,
    "cache_creation_input_tokens":200,"cache_read_input_tokens":3000,"cache_creation":
    {"ephemeral_5m_input_tokens":150,"ephemeral_1h_input_tokens":50},"output_tokens":40,
    "output_tokens_details":{"thinking_tokens":30},"service_tier":"standard"}})");
  const Usage usage = with_meters(tokens(3210, 3000, 200, 40, 30),
                                  {{Meter::cache_write_5m, 150}, {Meter::cache_write_1h, 50}});
  EXPECT_EQ(answer, ended(Outcome::ok, usage, "msg_bdrk_1", "claude-opus-4-7", "standard"));
}

TEST(JsonAnswer, ReadsMessagesWithFewerCounts) {
  EXPECT_EQ(messages_usage(R"({"input_tokens":10,"output_tokens":4})"),
            tokens(10, none, none, 4, none));
  EXPECT_EQ(messages_usage(R"({"input_tokens":10,"cache_creation":{"ephemeral_5m_input_tokens":5,
                               "ephemeral_1h_input_tokens":6}})"),
            with_meters(tokens(21, none, 11, none, none),
                        {{Meter::cache_write_5m, 5}, {Meter::cache_write_1h, 6}}));
  EXPECT_EQ(messages_usage(R"({"input_tokens":10,"cache_read_input_tokens":null,
                               "cache_creation_input_tokens":0})"),
            tokens(10, none, 0, none, none));
  EXPECT_EQ(messages_usage(R"({"cache_read_input_tokens":5,"output_tokens":4})"),
            tokens(none, 5, none, 4, none))
      << "a whole is not made up from one of its parts";
}

TEST(JsonAnswer, ReadsEmbeddings) {
  const Answer answer = read(Api::embeddings, R"({"object":"list","data":[{"embedding":[0.5,-1]}],
    "model":"embed-1","usage":{"prompt_tokens":8,"total_tokens":8}})");
  EXPECT_EQ(answer,
            ended(Outcome::ok, with_total(tokens(8, none, none, none, none), 8), "", "embed-1"));
}

TEST(JsonAnswer, FlagsWhatIsNoCount) {
  for (const char* wrong : {"-1", "1.5", "15e-1", "\"12\"", "true", "[]", "{}",
                            "18446744073709551616", "1000000000000000000000000"}) {
    const std::string usage =
        R"({"prompt_tokens":)" + std::string(wrong) + R"(,"completion_tokens":5})";
    EXPECT_EQ(chat_usage(usage), tokens(none, none, none, 5, none, {UsageFlag::unread})) << wrong;
  }
  EXPECT_EQ(chat_usage("[1,2]"), tokens(none, none, none, none, none, {UsageFlag::unread}));
  EXPECT_EQ(chat_usage("17"), tokens(none, none, none, none, none, {UsageFlag::unread}));
  Usage largest;
  largest.input_tokens = 18446744073709551615U;
  EXPECT_EQ(chat_usage(R"({"prompt_tokens":18446744073709551615})"), largest);
}

TEST(JsonAnswer, FlagsAPartLargerThanItsWholeAndLeavesIt) {
  EXPECT_EQ(chat_usage(R"({"prompt_tokens":10,"prompt_tokens_details":{"cached_tokens":11}})"),
            tokens(10, 11, none, none, none, {UsageFlag::inconsistent}));
  EXPECT_EQ(chat_usage(R"({"prompt_tokens":10,"prompt_tokens_details":{"cached_tokens":6,
                           "cache_write_tokens":5}})"),
            tokens(10, 6, 5, none, none, {UsageFlag::inconsistent}));
  EXPECT_EQ(chat_usage(R"({"completion_tokens":3,"completion_tokens_details":
                           {"reasoning_tokens":4}})"),
            tokens(none, none, none, 3, 4, {UsageFlag::inconsistent}));
  EXPECT_EQ(chat_usage(R"({"prompt_tokens":10,"prompt_tokens_details":{"cached_tokens":10}})"),
            tokens(10, 10, none, none, none));
}

TEST(JsonAnswer, FlagsASumThatDoesNotFit) {
  const Usage usage = messages_usage(
      R"({"input_tokens":18446744073709551615,"cache_read_input_tokens":1,"output_tokens":1})");
  EXPECT_EQ(usage, tokens(none, 1, none, 1, none, {UsageFlag::inconsistent}));
}

TEST(JsonAnswer, IsAnErrorWhenItSaysSo) {
  const std::string_view body = R"({"error":{"type":"invalid_request_error","message":"no"}})";
  for (const Api api : {Api::chat_completions, Api::responses, Api::messages, Api::embeddings}) {
    EXPECT_EQ(read(api, body), ended(Outcome::error)) << to_string(api);
    EXPECT_EQ(read(api, body, 404), ended(Outcome::error)) << to_string(api);
    EXPECT_EQ(read(api, "{", 500).outcome, Outcome::error) << to_string(api);
    EXPECT_EQ(read(api, "", 503).outcome, Outcome::error) << to_string(api);
  }
  EXPECT_EQ(read(Api::chat_completions, R"({"usage":{"prompt_tokens":3}})", 500),
            ended(Outcome::error, tokens(3, none, none, none, none)));
}

TEST(JsonAnswer, IsIncompleteWhereverItIsCut) {
  const std::string body = R"({"id":"chatcmpl-1","choices":[{"message":{"content":"a\"}]b"}}],)"
                           R"("usage":{"prompt_tokens":12,"completion_tokens":34}} )";
  for (std::size_t size = 0; size + 1 < body.size(); ++size) {
    const Answer answer = read(Api::chat_completions, std::string_view(body).substr(0, size));
    const bool whole = size + 2 > body.size();
    ASSERT_EQ(answer.outcome, whole ? Outcome::ok : Outcome::incomplete) << size;
    ASSERT_EQ(answer.usage, whole ? tokens(12, none, none, 34, none) : Usage{}) << size;
  }
}

TEST(JsonAnswer, IsUnknownWhenItIsNoJsonObject) {
  for (const char* wrong :
       {"<html></html>", "[]", "null", "42", "{}{}", "{\"a\":1}]", "nonsense"}) {
    EXPECT_EQ(read(Api::chat_completions, wrong), unread()) << wrong;
  }
}

TEST(JsonAnswer, IgnoresTextsOfAbsurdLength) {
  const Answer answer =
      read(Api::chat_completions, R"({"id":")" + std::string(100'000, 'x') + R"(","model":"m"})");
  EXPECT_EQ(answer.response_id, "");
  EXPECT_EQ(answer.model, "m");
}

TEST(JsonAnswer, PassesUnreadWhenItIsTooLong) {
  AnswerReader reader;
  reader.begin(Api::chat_completions, 200, json_type, false, false);
  const std::string piece = R"({"usage":{"prompt_tokens":3},"x":")" + std::string(1U << 20U, 'x');
  for (std::size_t sent = 0; sent <= AnswerReader::max_buffered_bytes; sent += piece.size()) {
    ASSERT_EQ(reader.feed(piece).data(), piece.data());
  }
  reader.feed("\"}");
  reader.finish();
  EXPECT_EQ(reader.answer(), unread());
}

TEST(JsonAnswer, DoesNotCareWhereItIsCut) {
  const std::string_view body = R"({"id":"gr\u00fc\u00dfe","model":"größe",)"
                                R"("usage":{"prompt_tokens":12,"completion_tokens":34}})";
  const Exchange exchange;
  const Observed whole = observe(exchange, body);
  EXPECT_EQ(whole.answer.response_id, "grüße");
  EXPECT_EQ(whole.passed, body);
  for (std::size_t i = 0; i <= body.size(); ++i) ASSERT_EQ(observe(exchange, body, {i}), whole);
}

}  // namespace
}  // namespace costmark
