// Answers of Converse and InvokeModel.
#include <gtest/gtest.h>

#include <numeric>

#include "core/http/aws_frames.hpp"
#include "crypto/crypto.hpp"
#include "usage/base64.hpp"
#include "usage/support.hpp"

namespace costmark {
namespace {

using http::aws_event;
using http::aws_exception;

const std::string message_start = aws_event("messageStart", R"({"role":"assistant"})");
const std::string delta =
    aws_event("contentBlockDelta",
              R"({"contentBlockIndex":0,"delta":{"text":"say \"usage\":{\"inputTokens\":9}"}})");
const std::string message_stop = aws_event("messageStop", R"({"stopReason":"end_turn"})");
const std::string metadata = aws_event(
    "metadata",
    R"({"usage":{"inputTokens":10,"outputTokens":4,"totalTokens":14},"metrics":{"latencyMs":5},"serviceTier":{"type":"flex"}})");

Exchange converse(bool streamed = false) {
  Exchange exchange;
  exchange.api = Api::converse;
  exchange.streamed = streamed;
  if (streamed) exchange.content_type = "application/vnd.amazon.eventstream";
  return exchange;
}

Exchange invoke(bool streamed = false) {
  Exchange exchange = converse(streamed);
  exchange.api = Api::invoke_model;
  return exchange;
}

std::string chunk(std::string_view event) {
  std::string payload = R"({"bytes":")";
  crypto::append_base64(event, payload);
  return aws_event("chunk", payload + R"(","p":"abcdef"})");
}

// The answer reads the same wherever it is cut in two, and byte by byte; and it passes as it came.
Observed observe_in_every_way(const Exchange& exchange, std::string_view body) {
  AnswerReader reader;
  const Observed whole = observe(reader, exchange, body);
  EXPECT_EQ(whole.passed, body);
  std::vector<std::size_t> everywhere(body.size());
  std::iota(everywhere.begin(), everywhere.end(), 0U);
  EXPECT_TRUE(observe(reader, exchange, body, everywhere).is_all_of(whole)) << "byte by byte";
  for (std::size_t i = 0; i <= body.size(); ++i) {
    EXPECT_TRUE(observe(reader, exchange, body, {i}).is_all_of(whole)) << "cut at " << i;
  }
  return whole;
}

Usage usage_of(std::string_view json) {
  return observe(converse(), R"({"stopReason":"end_turn","usage":)" + std::string(json) + "}")
      .answer.usage;
}

TEST(Converse, TellsUsageAndTier) {
  const Observed seen = observe_in_every_way(
      converse(),
      R"({"metrics":{"latencyMs":1},"output":{"message":{"role":"assistant","content":[]}},"stopReason":"max_tokens","usage":{"inputTokens":10,"outputTokens":4,"totalTokens":14},"serviceTier":{"type":"priority"}})");
  EXPECT_EQ(seen.answer, ended(Outcome::ok, with_total(tokens(10, none, none, 4, none), 14), "", "",
                               "priority"));
  EXPECT_EQ(seen.details.usage_json, R"({"inputTokens":10,"outputTokens":4,"totalTokens":14})");
}

TEST(Converse, TheTotalTellsWhetherTheInputIncludesTheCache) {
  // As Anthropic's models count, and as others do.
  EXPECT_EQ(
      usage_of(
          R"({"inputTokens":10,"outputTokens":4,"totalTokens":17,"cacheReadInputTokens":2,"cacheWriteInputTokens":1})"),
      with_total(tokens(13, 2, 1, 4, none), 17));
  EXPECT_EQ(
      usage_of(
          R"({"inputTokens":10,"outputTokens":4,"totalTokens":14,"cacheReadInputTokens":2,"cacheWriteInputTokens":1})"),
      with_total(tokens(10, 2, 1, 4, none), 14));
  // More than the input cannot be a part of it.
  EXPECT_EQ(usage_of(R"({"inputTokens":10,"outputTokens":4,"cacheReadInputTokens":1000})"),
            tokens(1010, 1000, none, 4, none));
  EXPECT_EQ(
      usage_of(
          R"({"inputTokens":10,"outputTokens":4,"totalTokens":14,"cacheReadInputTokens":0,"cacheWriteInputTokens":0})"),
      with_total(tokens(10, 0, 0, 4, none), 14));
}

TEST(Converse, WhatStaysInDoubtIsFlagged) {
  EXPECT_EQ(usage_of(R"({"inputTokens":10,"outputTokens":4,"cacheReadInputTokens":2})"),
            tokens(10, 2, none, 4, none, {UsageFlag::inconsistent}));
  EXPECT_EQ(
      usage_of(R"({"inputTokens":10,"outputTokens":4,"totalTokens":99,"cacheReadInputTokens":2})"),
      with_total(tokens(10, 2, none, 4, none, {UsageFlag::inconsistent, UsageFlag::total}), 99));
  EXPECT_EQ(
      usage_of(
          R"({"inputTokens":10,"outputTokens":18446744073709551615,"totalTokens":9,"cacheReadInputTokens":2})")
          .flags,
      (UsageFlags{UsageFlag::inconsistent, UsageFlag::total}));
}

TEST(Converse, CacheWritesAreSplitByTimeToLive) {
  EXPECT_EQ(
      usage_of(
          R"({"inputTokens":10,"outputTokens":4,"totalTokens":21,"cacheWriteInputTokens":7,"cacheDetails":[{"ttl":"5m","inputTokens":3},{"ttl":"1h","inputTokens":4}]})"),
      with_meters(with_total(tokens(17, none, 7, 4, none), 21),
                  {{Meter::cache_write_5m, 3}, {Meter::cache_write_1h, 4}}));
  EXPECT_EQ(
      usage_of(
          R"({"inputTokens":10,"outputTokens":4,"totalTokens":17,"cacheDetails":[{"ttl":"5m","inputTokens":3}]})"),
      with_meters(with_total(tokens(13, none, 3, 4, none), 17), {{Meter::cache_write_5m, 3}}));
  EXPECT_TRUE(usage_of(R"({"inputTokens":1,"cacheDetails":[{"ttl":"9y","inputTokens":3}, 7]})")
                  .flags.has(UsageFlag::unread));
}

TEST(Converse, AnErrorHasTheCodeOfItsHead) {
  Exchange refused = converse();
  refused.status = 429;
  refused.headers = {{"x-amzn-ErrorType", "ThrottlingException:http://internal.amazon.com/"}};
  Observed seen = observe(refused, R"({"message":"Too many requests"})");
  EXPECT_EQ(seen.answer.outcome, Outcome::error);
  EXPECT_EQ(seen.details.error_code, "ThrottlingException");
  seen = observe(refused, "<html>");
  EXPECT_EQ(seen.answer.outcome, Outcome::error);
  EXPECT_EQ(seen.details.error_code, "ThrottlingException");
}

TEST(ConverseStream, EndsWithItsMetadata) {
  const Observed seen =
      observe_in_every_way(converse(true), message_start + delta + message_stop + metadata);
  EXPECT_EQ(seen.answer,
            ended(Outcome::ok, with_total(tokens(10, none, none, 4, none), 14), "", "", "flex"));
}

TEST(ConverseStream, IsToldByItsBytes) {
  Exchange mislabeled = converse();
  mislabeled.content_type = "application/json";
  EXPECT_EQ(observe(mislabeled, message_stop + metadata).answer.usage.input_tokens, 10U);
  Exchange chat;
  EXPECT_EQ(observe(chat, message_stop + metadata).answer,
            ended(Outcome::unknown, tokens(none, none, none, none, none, {UsageFlag::unread})));
}

TEST(ConverseStream, LacksOnlyCountsBetweenItsStopAndItsMetadata) {
  const Exchange exchange = converse(true);
  AnswerReader reader;
  reader.begin(exchange.api, 200, exchange.content_type, true, false);
  for (const std::string& frame : {message_start, delta}) {
    reader.feed(frame);
    EXPECT_FALSE(reader.lacks_only_counts());
  }
  reader.feed(message_stop);
  EXPECT_TRUE(reader.lacks_only_counts());
  reader.feed(metadata);
  EXPECT_FALSE(reader.lacks_only_counts());
  reader.begin(exchange.api, 200, exchange.content_type, true, false);
  EXPECT_FALSE(reader.lacks_only_counts());
}

TEST(InvokeModelStream, LacksOnlyCountsWhereTheModelSpeaksLikeConverse) {
  const Exchange exchange = invoke(true);
  AnswerReader reader;
  reader.begin(exchange.api, 200, exchange.content_type, true, false);
  reader.feed(chunk(R"({"contentBlockDelta":{"delta":{"text":"\"messageStop\""}}})"));
  EXPECT_FALSE(reader.lacks_only_counts());
  reader.feed(chunk(R"({"messageStop":{"stopReason":"end_turn"}})"));
  EXPECT_TRUE(reader.lacks_only_counts());
  reader.feed(chunk(R"({"metadata":{"usage":{"inputTokens":1,"outputTokens":2}},)"
                    R"("amazon-bedrock-invocationMetrics":{"inputTokenCount":1}})"));
  EXPECT_FALSE(reader.lacks_only_counts());
}

TEST(ConverseStream, ThatWasCutIsIncomplete) {
  const std::string stream = message_start + delta + message_stop + metadata;
  for (std::size_t size = 0; size < stream.size(); ++size) {
    const Observed seen = observe(converse(true), std::string_view(stream).substr(0, size));
    EXPECT_EQ(seen.answer, ended(Outcome::incomplete)) << size;
  }
}

TEST(ConverseStream, AnExceptionIsAnError) {
  const std::string exception =
      aws_exception("throttlingException", R"({"message":"Too many requests"})");
  const Observed seen = observe_in_every_way(converse(true), message_start + delta + exception);
  EXPECT_EQ(seen.answer, ended(Outcome::error));
  EXPECT_EQ(seen.details.error_code, "throttlingException");
  const std::string error = http::aws_message({{":message-type", "error"},
                                               {":error-code", "InternalFailure"},
                                               {":error-message", "An internal error"}},
                                              "");
  EXPECT_EQ(observe(converse(true), message_start + error).details.error_code, "InternalFailure");
}

TEST(ConverseStream, ABadFrameEndsTheReadingAndNothingElse) {
  std::string bad = delta;
  bad.back() = static_cast<char>(bad.back() ^ 1);
  const Observed seen =
      observe_in_every_way(converse(true), message_start + bad + message_stop + metadata);
  EXPECT_EQ(seen.answer,
            ended(Outcome::unknown, tokens(none, none, none, none, none, {UsageFlag::unread})));
  // What came before it stands.
  EXPECT_EQ(observe(converse(true), metadata + bad).answer,
            ended(Outcome::ok, with_total(tokens(10, none, none, 4, none, {UsageFlag::unread}), 14),
                  "", "", "flex"));
  EXPECT_EQ(observe(converse(true), message_start + aws_event("metadata", "{")).answer,
            ended(Outcome::unknown, tokens(none, none, none, none, none, {UsageFlag::unread})));
}

TEST(InvokeModel, CountsAreInTheHead) {
  Exchange exchange = invoke();
  exchange.headers = {{"X-Amzn-Bedrock-Input-Token-Count", "7"},
                      {"x-amzn-bedrock-output-token-count", " 5 "},
                      {"X-Amzn-Bedrock-Service-Tier", "default"}};
  // Whatever the model answers: nothing that tells counts, a list, an image, nothing.
  for (const std::string_view body :
       {R"({"generations":[{"text":"Hi"}]})", "[0.5,0.25]", "\x89PNG\r\n", "\"Hi\""}) {
    EXPECT_EQ(observe_in_every_way(exchange, body).answer,
              ended(Outcome::ok, tokens(7, none, none, 5, none), "", "", "default"))
        << body;
  }
  exchange.told = Outcome::incomplete;
  EXPECT_EQ(observe(exchange, "\x89PNG\r\n").answer.outcome, Outcome::incomplete);
  EXPECT_EQ(observe(exchange, "{\"x\":").answer.outcome, Outcome::incomplete);
  exchange.headers = {{"X-Amzn-Bedrock-Input-Token-Count", "many"}};
  EXPECT_TRUE(observe(exchange, "{}").answer.usage.flags.has(UsageFlag::unread));
}

TEST(InvokeModel, TheModelsOwnCountsGoFirst) {
  Exchange exchange = invoke();
  exchange.headers = {{"X-Amzn-Bedrock-Input-Token-Count", "10"},
                      {"X-Amzn-Bedrock-Output-Token-Count", "5"},
                      {"X-Amzn-Bedrock-Cache-Read-Input-Token-Count", "100"},
                      {"X-Amzn-Bedrock-Cache-Write-Input-Token-Count", "20"}};
  // Anthropic
  const std::string_view message =
      R"({"id":"msg_1","type":"message","model":"claude","content":[],"usage":{"input_tokens":10,"cache_read_input_tokens":100,"cache_creation_input_tokens":20,"output_tokens":5,"service_tier":"standard"}})";
  EXPECT_EQ(observe_in_every_way(exchange, message).answer,
            ended(Outcome::ok, tokens(130, 100, 20, 5, none), "msg_1", "claude", "standard"));
  // They disagree: the model's stand, and that is flagged.
  exchange.headers[1].value = "6";
  EXPECT_EQ(observe(exchange, message).answer.usage,
            tokens(130, 100, 20, 5, none, {UsageFlag::inconsistent}));
}

TEST(InvokeModel, EachVendorHasItsOwnWords) {
  const auto usage = [](std::string_view body) { return observe(invoke(), body).answer.usage; };
  EXPECT_EQ(
      usage(
          R"({"output":{},"stopReason":"end_turn","usage":{"inputTokens":6,"outputTokens":2,"totalTokens":8,"cacheReadInputTokenCount":0,"cacheWriteInputTokenCount":0}})"),
      with_total(tokens(6, 0, 0, 2, none), 8));
  EXPECT_EQ(
      usage(
          R"({"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":4}}})"),
      with_total(tokens(9, 4, none, 3, none), 12));
  EXPECT_EQ(
      usage(
          R"({"inputTextTokenCount":5,"results":[{"tokenCount":7,"outputText":"Hi"},{"tokenCount":1}]})"),
      tokens(5, none, none, 8, none));
  EXPECT_EQ(usage(R"({"embedding":[0.5],"inputTextTokenCount":5})"),
            tokens(5, none, none, none, none));
  EXPECT_EQ(
      usage(
          R"({"generation":"Hi","prompt_token_count":5,"generation_token_count":2,"stop_reason":"stop"})"),
      tokens(5, none, none, 2, none));
  EXPECT_EQ(usage(R"({"generations":[{"text":"inputTextTokenCount"}]})"), Usage{});
  EXPECT_TRUE(usage(R"({"prompt_token_count":"5"})").flags.has(UsageFlag::unread));
}

TEST(InvokeModelStream, AnthropicEndsWithItsMetrics) {
  const std::string stream =
      chunk(
          R"({"type":"message_start","message":{"id":"msg_1","model":"claude","usage":{"input_tokens":10,"cache_read_input_tokens":90,"output_tokens":1}}})") +
      chunk(
          R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\"usage\""}})") +
      chunk(R"({"type":"message_delta","delta":{},"usage":{"output_tokens":12}})") +
      chunk(
          R"({"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":10,"outputTokenCount":12,"invocationLatency":9,"firstByteLatency":4,"cacheReadInputTokenCount":90}})");
  const Observed seen = observe_in_every_way(invoke(true), stream);
  EXPECT_EQ(seen.answer, ended(Outcome::ok, tokens(100, 90, none, 12, none), "msg_1", "claude"));
  const std::size_t last = http::AwsEventStream::prelude_bytes;
  EXPECT_EQ(observe(invoke(true), stream.substr(0, stream.size() - last)).answer.outcome,
            Outcome::incomplete);
}

TEST(InvokeModelStream, OthersAreToldByTheirLastChunk) {
  const std::string metrics =
      R"("amazon-bedrock-invocationMetrics":{"inputTokenCount":63,"outputTokenCount":26}})";
  // Mistral, Titan, Llama and Nova.
  for (
      const std::string& events :
      {chunk(R"({"choices":[{"message":{"content":"Hi"}}]})") +
           chunk(R"({"choices":[],)" + metrics),
       chunk(
           R"({"outputText":"Hi","index":0,"totalOutputTextTokenCount":26,"completionReason":"FINISH","inputTextTokenCount":63,)" +
           metrics),
       chunk(R"({"generation":"Hi","prompt_token_count":63,"generation_token_count":1})") +
           chunk(
               R"({"generation":"","prompt_token_count":null,"generation_token_count":26,"stop_reason":"stop",)" +
               metrics),
       chunk(R"({"messageStart":{"role":"assistant"}})") +
           chunk(R"({"metadata":{"usage":{"inputTokens":63,"outputTokens":26},"metrics":{}},)" +
                 metrics)}) {
    const Observed seen = observe_in_every_way(invoke(true), events);
    EXPECT_EQ(seen.answer, ended(Outcome::ok, tokens(63, none, none, 26, none)));
  }
}

TEST(InvokeModelStream, ThatWasCutIsIncompleteAndAnExceptionIsAnError) {
  const std::string first = chunk(R"({"generation":"Hi","prompt_token_count":6})");
  EXPECT_EQ(observe_in_every_way(invoke(true), first).answer,
            ended(Outcome::incomplete, tokens(6, none, none, none, none)));
  const Observed failed =
      observe(invoke(true), first + aws_exception("modelStreamErrorException", "{}"));
  EXPECT_EQ(failed.answer.outcome, Outcome::error);
  EXPECT_EQ(failed.details.error_code, "modelStreamErrorException");
  const Observed refused =
      observe(invoke(true), chunk(R"({"type":"error","error":{"type":"overloaded_error"}})"));
  EXPECT_EQ(refused.details.error_code, "overloaded_error");
  for (const char* payload : {"{", R"({"bytes":"e"})", R"({"bytes":"!!!!"})", R"({"bytes":7})"}) {
    EXPECT_EQ(observe(invoke(true), aws_event("chunk", payload)).answer,
              ended(Outcome::unknown, tokens(none, none, none, none, none, {UsageFlag::unread})))
        << payload;
  }
}

TEST(Base64, ReadsWhatWasWritten) {
  std::string bytes;
  std::string decoded;
  for (int i = 0; i < 300; ++i) {
    std::string text;
    crypto::append_base64(bytes, text);
    EXPECT_TRUE(decode_base64(text, decoded));
    EXPECT_EQ(decoded, bytes);
    while (text.ends_with('=')) text.pop_back();
    EXPECT_TRUE(decode_base64(text, decoded));
    EXPECT_EQ(decoded, bytes);
    bytes.push_back(static_cast<char>(i * 7));
  }
  for (const char* bad : {"A", "A===", "AB=C", "AA-_", "AAA\n", "====", "AAAA="}) {
    EXPECT_FALSE(decode_base64(bad, decoded)) << bad;
  }
}

}  // namespace
}  // namespace costmark
