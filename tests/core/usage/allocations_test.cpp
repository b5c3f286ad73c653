// The steady state allocates nothing.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "core/counting_allocator.hpp"
#include "core/http/aws_frames.hpp"
#include "usage/support.hpp"

namespace costmark {
namespace {

using testing::allocations;

std::string chunk(std::string_view usage) {
  return R"(data: {"id":"chatcmpl-123456789012345678901234567890","model":"gpt-oss","choices":)"
         R"([{"index":0,"delta":{"content":" token"},"finish_reason":null}],"usage":)" +
         std::string(usage) + "}\n\n";
}

const std::string plain = chunk("null");
const std::string counted = chunk(
    R"({"prompt_tokens":5,"completion_tokens":6,"prompt_tokens_details":{"cached_tokens":1}})");
const std::string last =
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5}}\n\ndata: [DONE]\n\n";

// Streams `events` chunks, of which every tenth has a usage, in pieces that fit no chunk.
void stream(AnswerReader& reader, int events, bool hide) {
  static const std::string text = [] {
    std::string ten;
    for (int i = 0; i < 9; ++i) ten += plain;
    return ten + counted;
  }();
  reader.begin(Api::chat_completions, 200, stream_type, true, hide);
  for (int i = 0; i < events / 10; ++i) {
    for (std::size_t at = 0; at < text.size(); at += 100) {
      reader.feed(std::string_view(text).substr(at, 100));
    }
  }
  reader.feed(last);
  reader.finish();
  if (reader.answer().outcome != Outcome::ok) std::abort();
}

TEST(Allocations, CountAnything) {
  const std::size_t before = allocations();
  auto number = std::make_unique<int>(1);
  EXPECT_EQ(allocations() - before, 1U) << *number;
}

TEST(Allocations, DoNotGrowWithAStream) {
  for (const bool hide : {false, true}) {
    AnswerReader reader;
    stream(reader, 20, hide);
    const std::size_t before = allocations();
    stream(reader, 10'000, hide);
    EXPECT_EQ(allocations() - before, 0U) << (hide ? "hiding" : "showing");
  }
}

TEST(Allocations, DoNotGrowWithAStreamOfFrames) {
  const std::string piece =
      http::aws_event("contentBlockDelta", R"({"delta":{"text":"a piece of text"}})");
  const std::string end = http::aws_event("metadata", R"({"usage":{"inputTokens":5}})");
  AnswerReader reader;
  std::size_t before = 0;
  for (int i = 0; i < 3; ++i) {
    before = allocations();
    reader.begin(Api::converse, 200, stream_type, true, false);
    for (int n = 0; n < 1000; ++n) {
      reader.feed(std::string_view(piece).substr(0, 50));
      reader.feed(std::string_view(piece).substr(50));
    }
    reader.feed(end);
    reader.finish();
  }
  EXPECT_EQ(allocations() - before, 0U);
  EXPECT_EQ(reader.answer().usage.input_tokens, 5U);
}

TEST(Allocations, AreNoneForAJsonAnswerNoLargerThanTheLast) {
  const std::string body = counted.substr(6);
  AnswerReader reader;
  std::size_t before = 0;
  for (int i = 0; i < 3; ++i) {
    before = allocations();
    reader.begin(Api::chat_completions, 200, json_type, false, false);
    reader.feed(body);
    reader.finish();
  }
  EXPECT_EQ(allocations() - before, 0U);
  EXPECT_EQ(reader.answer().usage.output_tokens, 6U);
}

TEST(Allocations, AreNoneForMessagesWithIterations) {
  const std::string body =
      R"({"id":"msg_1","model":"claude","usage":{"input_tokens":5,"output_tokens":6,"iterations":[)"
      R"({"type":"compaction","input_tokens":50000,"output_tokens":7,"model":"another model"},)"
      R"({"type":"message","input_tokens":5,"output_tokens":6}]}})";
  AnswerReader reader;
  std::size_t before = 0;
  for (int i = 0; i < 3; ++i) {
    before = allocations();
    reader.begin(Api::messages, 200, json_type, false, false);
    reader.feed(body);
    reader.finish();
  }
  EXPECT_EQ(allocations() - before, 0U);
  EXPECT_EQ(reader.answer().usage.input_tokens, 50005U);
}

TEST(Allocations, AreNoneForAKnownKey) {
  const std::string project = "proj_0123456789012345678901234567890123456789";
  const std::string model = "openai.gpt-oss-120b-of-a-name-that-is-not-short";
  UsageCounters counters(1);
  counters.begin_attempt(project, model, true);
  const std::size_t before = allocations();
  counters.begin_attempt(project, model, true);
  counters.end_attempt(project, model, Outcome::ok, {});
  counters.settle(project, model, {});
  counters.begin_attempt("one too many", model, true);
  EXPECT_EQ(allocations() - before, 0U);
}

}  // namespace
}  // namespace costmark
