// Usage out of answers that are streamed, and the chunk that is hidden from the caller.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "rounds.hpp"
#include "usage/support.hpp"

namespace costmark {
namespace {

// A stream as it was recorded, in the parts that matter to the tests.
struct Recorded {
  const char* name;
  Api api;
  std::string before;       // what comes before the chunk that is to be hidden
  std::string usage_chunk;  // the chat chunk that carries only usage, with its blank line
  std::string after;
  Answer expected;

  std::string whole() const { return before + usage_chunk + after; }
  std::string hidden() const { return before + after; }
};

std::string event(std::string_view data) {
  return "data: " + std::string(data) + "\n\n";
}

std::string named(std::string_view name, std::string_view data) {
  return "event: " + std::string(name) + "\n" + event(data);
}

Recorded chat() {
  return {
      .name = "chat",
      .api = Api::chat_completions,
      .before =
          ": keep-alive\n\n" +
          event(
              R"({"id":"chatcmpl-1","model":"gpt-oss","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null})") +
          event(
              R"({"id":"chatcmpl-1","model":"gpt-oss","choices":[{"index":0,"delta":{"content":"grün \"usage\":{ 🌍"},"finish_reason":null}],"usage":null})") +
          event(
              R"({"id":"chatcmpl-1","model":"gpt-oss","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null})"),
      .usage_chunk = event(
          R"({"id":"chatcmpl-1","model":"gpt-oss","service_tier":"default","choices":[],"usage":{"prompt_tokens":20,"completion_tokens":9,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":16},"completion_tokens_details":{"reasoning_tokens":4}}})"),
      .after = event("[DONE]"),
      .expected = ended(Outcome::ok, with_total(tokens(20, 16, none, 9, 4), 29), "chatcmpl-1",
                        "gpt-oss", "default")};
}

Recorded responses() {
  return {
      .name = "responses",
      .api = Api::responses,
      .before =
          named(
              "response.created",
              R"({"type":"response.created","response":{"id":"resp_1","status":"in_progress","model":"gpt-5.4","service_tier":"auto","usage":null},"sequence_number":0})") +
          named("response.output_text.delta",
                R"({"type":"response.output_text.delta","delta":"\"response.completed\" grün"})") +
          named(
              "response.completed",
              R"({"type":"response.completed","response":{"id":"resp_1","status":"completed","model":"gpt-5.4","service_tier":"default","output":[{"content":"response.failed"}],"usage":{"input_tokens":75,"input_tokens_details":{"cached_tokens":64},"output_tokens":50,"output_tokens_details":{"reasoning_tokens":32},"total_tokens":125}}})"),
      .usage_chunk = "",
      .after = "",
      .expected = ended(Outcome::ok, with_total(tokens(75, 64, none, 50, 32), 125), "resp_1",
                        "gpt-5.4", "default")};
}

Recorded messages() {
  return {
      .name = "messages",
      .api = Api::messages,
      .before =
          named(
              "message_start",
              R"({"type":"message_start","message":{"id":"msg_bdrk_1","model":"claude","usage":{"input_tokens":10,"cache_creation_input_tokens":100,"cache_read_input_tokens":1000,"output_tokens":1,"service_tier":"standard"}}})") +
          named("ping", R"({"type":"ping"})") +
          named(
              "content_block_delta",
              R"({"type":"content_block_delta","delta":{"type":"text_delta","text":"usage ü"}})") +
          named(
              "message_delta",
              R"({"type":"message_delta","delta":{"stop_reason":null},"usage":{"output_tokens":20}})") +
          named(
              "message_delta",
              R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":12,"output_tokens":40,"output_tokens_details":{"thinking_tokens":30}}})") +
          named("message_stop", R"({"type":"message_stop"})"),
      .usage_chunk = "",
      .after = "",
      .expected =
          ended(Outcome::ok, tokens(1112, 1000, 100, 40, 30), "msg_bdrk_1", "claude", "standard")};
}

std::string with_line_ends(std::string_view text, std::string_view line_end) {
  std::string out;
  for (const char c : text) c == '\n' ? out += line_end : out += c;
  return out;
}

std::string without_names(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n') + 1;
    if (!text.starts_with("event:")) out += text.substr(0, end);
    text.remove_prefix(end);
  }
  return out;
}

// Every recording with every kind of line end, and those with event names also without.
std::vector<Recorded> recordings() {
  std::vector<Recorded> list = {chat(), responses(), messages()};
  for (std::size_t i : {1U, 2U}) {
    Recorded nameless = list[i];
    nameless.before = without_names(nameless.before);
    list.push_back(nameless);
  }
  for (std::size_t i = 0, n = list.size(); i < n; ++i) {
    for (const char* line_end : {"\r", "\r\n"}) {
      Recorded other = list[i];
      for (std::string* part : {&other.before, &other.usage_chunk, &other.after}) {
        *part = with_line_ends(*part, line_end);
      }
      list.push_back(other);
    }
  }
  return list;
}

const Usage unread = tokens(none, none, none, none, none, {UsageFlag::unread});

Exchange exchange_of(const Recorded& recorded, bool hide) {
  return {
      .api = recorded.api, .content_type = stream_type, .streamed = true, .hide_usage_chunk = hide};
}

Answer read_chat(std::string_view stream, std::optional<Outcome> told = std::nullopt) {
  return observe({.content_type = stream_type, .told = told}, stream).answer;
}

TEST(StreamedAnswer, IsReadAndPassedOn) {
  for (const Recorded& recorded : recordings()) {
    SCOPED_TRACE(recorded.name);
    const Observed shown = observe(exchange_of(recorded, false), recorded.whole());
    EXPECT_EQ(shown, (Observed{recorded.expected, recorded.whole()}));
    const Observed hidden = observe(exchange_of(recorded, true), recorded.whole());
    EXPECT_EQ(hidden, (Observed{recorded.expected, recorded.hidden()}));
  }
}

TEST(StreamedAnswer, DoesNotCareWhereItIsCut) {
  AnswerReader reader;
  for (const Recorded& recorded : recordings()) {
    SCOPED_TRACE(recorded.name);
    const std::string stream = recorded.whole();
    std::vector<std::size_t> everywhere;
    for (std::size_t i = 0; i <= stream.size(); ++i) everywhere.push_back(i);
    for (const bool hide : {false, true}) {
      const Exchange exchange = exchange_of(recorded, hide);
      const Observed whole{recorded.expected, hide ? recorded.hidden() : stream};
      for (std::size_t i = 0; i <= stream.size(); ++i) {
        ASSERT_EQ(observe(reader, exchange, stream, {i}), whole) << "cut at " << i;
      }
      ASSERT_EQ(observe(reader, exchange, stream, everywhere), whole);
    }
  }
}

TEST(StreamedAnswer, DoesNotCareForRandomPieces) {
  std::mt19937 random(20260802);
  AnswerReader reader;
  const std::vector<Recorded> all = recordings();
  for (int round = 0; round < tests::rounds(2000); ++round) {
    const Recorded& recorded = all[random() % all.size()];
    const bool hide = random() % 2 == 0;
    const std::string stream = recorded.whole();
    const std::size_t longest = 1 + random() % 300;
    std::vector<std::size_t> cuts;
    for (std::size_t at = 0; at < stream.size(); at += 1 + random() % longest) cuts.push_back(at);
    ASSERT_EQ(observe(reader, exchange_of(recorded, hide), stream, cuts),
              (Observed{recorded.expected, hide ? recorded.hidden() : stream}))
        << recorded.name << ", round " << round;
  }
}

// Any bytes at all: what passes and what is read never depend on the pieces, and without hiding
// everything passes.
TEST(StreamedAnswer, TakesAnyBytesInAnyPieces) {
  std::mt19937 random(20260803);
  AnswerReader reader;
  const std::string_view parts[] = {
      "data:",
      "data: ",
      "\n",
      "\n\n",
      "\r",
      "\r\n",
      "\r\n\r\n",
      ": c",
      "[DONE]",
      "{",
      "}",
      "event: error",
      R"({"choices":[],"usage":{"prompt_tokens":5}})",
      R"({"id":"c","error":{}})",
      "\xEF\xBB\xBF",
      R"({"choices":[{"finish_reason":"stop"}],)",
      R"("usage":{"completion_tokens":2}})",
      "event: message_delta",
      R"({"usage":{"output_tokens":3}})",
      "event: response.completed",
      R"({"response":{"id":"r","usage":{"input_tokens":4}}})",
      "data: [DONE]\n\n",
      "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7}}\r\n\r\n"};
  const Api apis[] = {Api::chat_completions, Api::responses, Api::messages};
  int hidden = 0;
  for (int round = 0; round < tests::rounds(5000); ++round) {
    std::string stream;
    for (auto count = random() % 30; count > 0; --count) {
      stream += parts[random() % std::size(parts)];
    }
    std::vector<std::size_t> cuts;
    for (std::size_t at = 0; at < stream.size(); at += random() % 12) cuts.push_back(at);
    Exchange exchange{.api = apis[random() % 3], .content_type = stream_type};
    const Observed shown = observe(reader, exchange, stream);
    ASSERT_EQ(shown.passed, stream);
    ASSERT_EQ(observe(reader, exchange, stream, cuts), shown) << testing::PrintToString(stream);
    exchange.hide_usage_chunk = true;
    const Observed sieved = observe(reader, exchange, stream);
    ASSERT_EQ(sieved.answer, shown.answer);
    ASSERT_EQ(observe(reader, exchange, stream, cuts), sieved) << testing::PrintToString(stream);
    hidden += sieved.passed.size() < stream.size();
  }
  EXPECT_GT(hidden, tests::rounds(100));
}

// Cut anywhere, a stream is incomplete, has no tokens but those of whole events, and what came is
// passed on. Only a chat stream may end well before its last event: behind the usage chunk. A last
// event is whole without its blank line.
TEST(StreamedAnswer, IsIncompleteWhereverItBreaksOff) {
  AnswerReader reader;
  for (const Recorded& recorded : {chat(), responses(), messages()}) {
    SCOPED_TRACE(recorded.name);
    const std::string stream = recorded.whole();
    const std::size_t usage_end = recorded.before.size() + recorded.usage_chunk.size();
    const std::size_t last_end = stream.size() - 2;  // of the data of the last event
    for (std::size_t size = 0; size < stream.size(); ++size) {
      const std::string_view part = std::string_view(stream).substr(0, size);
      const Answer answer = observe(reader, exchange_of(recorded, false), part).answer;
      const bool has_usage = size >= usage_end - 2;
      const bool only_lacks_done =
          recorded.api == Api::chat_completions && has_usage && size <= usage_end;
      ASSERT_EQ(answer.outcome,
                only_lacks_done || size >= last_end ? Outcome::ok : Outcome::incomplete)
          << size;
      if (recorded.api == Api::messages) {
        const auto output = answer.usage.output_tokens;
        ASSERT_TRUE(!output || *output == 1 || *output == 20 || *output == 40) << size;
      } else {
        ASSERT_EQ(answer.usage, has_usage ? recorded.expected.usage : Usage{}) << size;
      }
      Exchange broken = exchange_of(recorded, true);
      broken.told = Outcome::cancelled;
      const Observed hidden = observe(reader, broken, part);
      ASSERT_EQ(hidden.answer.outcome, size >= last_end ? Outcome::ok : Outcome::cancelled) << size;
      const bool hides = !recorded.usage_chunk.empty() && has_usage;
      ASSERT_EQ(hidden.passed,
                hides ? recorded.before + stream.substr(std::min(size, usage_end),
                                                        size - std::min(size, usage_end))
                      : std::string(part));
    }
  }
}

TEST(StreamedAnswer, IsCompleteWhenTheCallerClosesBehindItsLastEvent) {
  for (const Recorded& recorded : recordings()) {
    Exchange exchange = exchange_of(recorded, true);
    exchange.told = Outcome::cancelled;
    EXPECT_EQ(observe(exchange, recorded.whole()).answer, recorded.expected);
  }
}

TEST(ChatStream, TakesTheLargestUsage) {
  const Answer answer = read_chat(
      event(
          R"({"id":"c","choices":[{"delta":{}}],"usage":{"prompt_tokens":5,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":2}}})") +
      event(
          R"({"id":"c","choices":[{"delta":{}}],"usage":{"prompt_tokens":5,"completion_tokens":2}})") +
      event(R"({"id":"c","choices":[{"delta":{},"finish_reason":"length"}], "usage" : null})") +
      event("[DONE]"));
  EXPECT_EQ(answer.usage, tokens(5, 2, none, 2, none)) << "what is not repeated stays";
  EXPECT_EQ(answer.outcome, Outcome::ok);
}

TEST(ChatStream, HasNoUsageWhenNobodyAskedForIt) {
  const std::string chunks = event(R"({"id":"c","choices":[{"delta":{"content":"a"}}]})") +
                             event(R"({"id":"c","choices":[{"finish_reason":"stop"}]})");
  EXPECT_EQ(read_chat(chunks + event("[DONE]")), ended(Outcome::ok, {}, "c"));
  EXPECT_EQ(read_chat(chunks).outcome, Outcome::incomplete);
}

TEST(ChatStream, EndsWellWithoutDoneOnlyAfterItsLastWordAndUsage) {
  const std::string last_word = event(R"({"id":"c","choices":[{"finish_reason" : "stop"}]})");
  const std::string usage = event(R"({"id":"c","choices":[],"usage":{"prompt_tokens":5}})");
  EXPECT_EQ(read_chat(last_word + usage).outcome, Outcome::ok);
  EXPECT_EQ(read_chat(usage).outcome, Outcome::incomplete);
  EXPECT_EQ(read_chat(last_word + usage + "data: [DO").outcome, Outcome::incomplete);
  EXPECT_EQ(read_chat(last_word + usage, Outcome::incomplete).outcome, Outcome::incomplete);
}

TEST(ChatStream, IsAnErrorWhenItSaysSo) {
  const std::string first = event(R"({"id":"c","choices":[]})");
  for (const std::string& error :
       {event(R"({"error":{"message":"overloaded"}})"), named("error", R"({"message":"no"})"),
        named("error", "not even JSON")}) {
    EXPECT_EQ(read_chat(first + error).outcome, Outcome::error);
    EXPECT_EQ(read_chat(first + error + event("[DONE]")).outcome, Outcome::error);
    EXPECT_EQ(read_chat(first + error, Outcome::incomplete).outcome, Outcome::error);
  }
  EXPECT_EQ(read_chat(event(R"({"error":null,"choices":[{"delta":{"content":"error"}}]})") +
                      event("[DONE]"))
                .outcome,
            Outcome::ok);
}

TEST(ChatStream, FlagsCountsThatAreNone) {
  const Answer answer = read_chat(
      event(R"({"id":"c","choices":[],"usage":{"prompt_tokens":-5,"completion_tokens":"7"}})") +
      event("[DONE]"));
  EXPECT_EQ(answer.usage, tokens(none, none, none, none, none, {UsageFlag::unread}));
}

TEST(ChatStream, SurvivesEventsThatAreNoJson) {
  const std::string stream = event("nonsense") + event(R"({"usage":{"prompt_tokens":5)") +
                             event(R"({"usage": oops "id": 5, "error": 7})") + event("[]") +
                             event("\"usage\": {}") + event("[DONE] ");
  for (const bool hide : {false, true}) {
    const Observed observed =
        observe({.content_type = stream_type, .streamed = true, .hide_usage_chunk = hide}, stream);
    EXPECT_EQ(observed.passed, stream);
    EXPECT_FALSE(observed.answer.usage.any());
    EXPECT_TRUE(observed.answer.usage.flags.has(UsageFlag::unread));
  }
}

TEST(Stream, IsFlaggedForAnEventThatIsNoJson) {
  const auto flags = [](Api api, std::string_view data) {
    return observe({.api = api, .streamed = true}, event(data)).answer.usage.flags;
  };
  for (const Api api : {Api::chat_completions, Api::responses, Api::messages}) {
    for (const char* broken :
         {"{'usage':{'prompt_tokens':10}}", R"({"choices":[],"us)", "{", "{usage:1}", "{ , }"}) {
      EXPECT_TRUE(flags(api, broken).has(UsageFlag::unread)) << broken;
    }
    for (const char* fine : {"{}", " { } ", R"({"x":1})", "ping", "[DONE]", "", "7"}) {
      EXPECT_FALSE(flags(api, fine).any()) << fine;
    }
  }
}

TEST(HiddenChunk, IsOnlyTheOneThatCarriesNothingButUsage) {
  const std::string with_choice =
      event(R"({"choices":[{"delta":{"content":"x"}}],"usage":{"prompt_tokens":5}})");
  const std::string empty_usage = event(R"({"choices":[],"usage":null})");
  const std::string no_usage = event(R"({"choices":[],"prompt_filter_results":[]})");
  const std::string called_error = named("error", R"({"usage":{"prompt_tokens":5}})");
  const std::string with_error = event(R"({"choices":[],"usage":{"prompt_tokens":5},"error":{}})");
  const std::string kept = with_choice + empty_usage + no_usage + called_error + with_error;
  const std::string wanted = event(R"({"usage":{"prompt_tokens":5},"choices":[ ]})");
  const Exchange exchange{.content_type = stream_type, .streamed = true, .hide_usage_chunk = true};
  EXPECT_EQ(observe(exchange, kept).passed, kept);
  EXPECT_EQ(observe(exchange, kept + wanted + kept + wanted).passed, kept + kept);
}

TEST(HiddenChunk, LeavesCommentsOfOtherBlocksAlone) {
  const std::string usage = event(R"({"choices":[],"usage":{"prompt_tokens":5}})");
  const Exchange exchange{.content_type = stream_type, .streamed = true, .hide_usage_chunk = true};
  EXPECT_EQ(observe(exchange, "\n: a\n\n" + usage + ": b\n\n\nid: 7\n\n: cut").passed,
            "\n: a\n\n: b\n\n\nid: 7\n\n: cut");
}

TEST(HiddenChunk, IsNotHiddenElsewhere) {
  const std::string chunk = event(R"({"choices":[],"usage":{"prompt_tokens":5}})");
  for (const Api api : {Api::responses, Api::messages, Api::embeddings, Api::other}) {
    const Exchange exchange{
        .api = api, .content_type = stream_type, .streamed = true, .hide_usage_chunk = true};
    EXPECT_EQ(observe(exchange, chunk).passed, chunk);
  }
  EXPECT_EQ(observe({.hide_usage_chunk = true}, R"({"choices":[],"usage":{}})").passed,
            R"({"choices":[],"usage":{}})");
}

TEST(HiddenChunk, HoldsNoMoreThanTheEventAtHand) {
  const Recorded recorded = chat();
  AnswerReader reader;
  reader.begin(Api::chat_completions, 200, stream_type, true, true);
  EXPECT_EQ(reader.feed(recorded.before).data(), recorded.before.data()) << "nothing to copy";
  EXPECT_EQ(reader.feed("data: {\"id\":"), "");
  EXPECT_EQ(reader.feed("1}\n"), "");
  EXPECT_EQ(reader.feed("\ndata: x"), "data: {\"id\":1}\n\n");
  EXPECT_EQ(reader.finish(Outcome::cancelled), "data: x");
  EXPECT_EQ(reader.finish(), "");
}

TEST(PassedOn, IsThePieceItselfWhenNothingIsHidden) {
  const std::string stream = chat().whole();
  AnswerReader reader;
  reader.begin(Api::chat_completions, 200, stream_type, true, false);
  for (std::size_t at = 0; at < stream.size(); at += 50) {
    const std::string_view piece = std::string_view(stream).substr(at, 50);
    const std::string_view passed = reader.feed(piece);
    EXPECT_EQ(passed.data(), piece.data());
    EXPECT_EQ(passed.size(), piece.size());
  }
}

TEST(GiantEvent, PassesUnread) {
  const std::string start = R"(data: {"choices":[],"usage":{"prompt_tokens":5},"x":")";
  const std::string filler(8U << 20U, 'x');
  for (const bool hide : {false, true}) {
    AnswerReader reader;
    reader.begin(Api::chat_completions, 200, stream_type, true, hide);
    std::size_t given = 0, passed = 0;
    const auto feed = [&](std::string_view piece) {
      given += piece.size();
      passed += reader.feed(piece).size();
    };
    feed(event(R"({"id":"c"})") + start);
    while (given <= AnswerReader::max_buffered_bytes + filler.size()) feed(filler);
    EXPECT_EQ(passed, given) << "it is too long to be held";
    feed("\"}\n\n");
    EXPECT_EQ(passed, given);
    const std::string done = event("[DONE]");
    reader.finish();
    EXPECT_EQ(reader.answer(), ended(Outcome::unknown, unread, "c")) << "unknown, without tokens";
    EXPECT_EQ(reader.feed(done).data(), done.data());
  }
}

TEST(ResponseStream, EndsAsItsLastEventSays) {
  const auto read = [](std::string_view name) {
    const std::string data = R"({"response":{"id":"r","usage":{"input_tokens":3}},"type":")" +
                             std::string(name) + R"("})";
    const Exchange exchange{.api = Api::responses, .content_type = stream_type};
    const Observed nameless = observe(exchange, event(data));
    const Observed with_name = observe(exchange, named(name, data));
    EXPECT_EQ(nameless.answer, with_name.answer);
    return with_name.answer;
  };
  const Usage three = tokens(3, none, none, none, none);
  EXPECT_EQ(read("response.completed"), ended(Outcome::ok, three, "r"));
  EXPECT_EQ(read("response.incomplete"), ended(Outcome::incomplete, three, "r"));
  EXPECT_EQ(read("response.failed"), ended(Outcome::error, three, "r"));
  EXPECT_EQ(read("response.cancelled"), ended(Outcome::cancelled, three, "r"));
  EXPECT_EQ(read("error").outcome, Outcome::error);
  EXPECT_EQ(read("response.in_progress"), ended(Outcome::incomplete, three, "r"));
}

TEST(ResponseStream, IsUnknownWhenItsLastEventCannotBeRead) {
  const Exchange exchange{.api = Api::responses, .content_type = stream_type};
  EXPECT_EQ(observe(exchange, named("response.completed", "{\"response\":")).answer,
            ended(Outcome::unknown, unread));
}

TEST(MessageStream, IsAnErrorWhenItSaysSo) {
  const Exchange exchange{.api = Api::messages, .content_type = stream_type};
  const std::string start =
      named("message_start",
            R"({"type":"message_start","message":{"id":"m","usage":{"input_tokens":3}}})");
  const std::string error = R"({"type":"error","error":{"type":"overloaded_error"}})";
  const Answer expected = ended(Outcome::error, tokens(3, none, none, none, none), "m");
  EXPECT_EQ(observe(exchange, start + named("error", error)).answer, expected);
  EXPECT_EQ(observe(exchange, start + event(error)).answer, expected);
}

TEST(StreamedError, IsReadAtAnErrorStatusToo) {
  const Recorded recorded = chat();
  Exchange exchange = exchange_of(recorded, false);
  exchange.status = 500;
  Answer expected = recorded.expected;
  expected.outcome = Outcome::error;
  EXPECT_EQ(observe(exchange, recorded.whole()).answer, expected);
}

TEST(LastEvent, CountsWithoutItsBlankLine) {
  for (Recorded recorded : recordings()) {
    SCOPED_TRACE(recorded.name);
    const std::string stream = recorded.whole();
    for (std::size_t size = stream.size(); size > 0; --size) {
      if (stream[size - 1] != '\n' && stream[size - 1] != '\r') {
        for (std::size_t cut = size; cut <= stream.size(); ++cut) {
          const std::string part = stream.substr(0, cut);
          EXPECT_EQ(observe(exchange_of(recorded, false), part),
                    (Observed{recorded.expected, part}));
        }
        break;
      }
    }
  }
}

TEST(LastEvent, IsHiddenWithoutItsBlankLineToo) {
  const std::string before = event(R"({"choices":[{"finish_reason":"stop"}]})");
  const std::string usage = R"(data: {"choices":[],"usage":{"prompt_tokens":5}})";
  const Exchange exchange{.content_type = stream_type, .streamed = true, .hide_usage_chunk = true};
  for (const char* line_end : {"", "\n", "\r", "\r\n"}) {
    const std::string stream = before + usage + line_end;
    for (std::size_t i = 0; i <= stream.size(); ++i) {
      EXPECT_EQ(observe(exchange, stream, {i}),
                (Observed{ended(Outcome::ok, tokens(5, none, none, none, none)), before}));
    }
  }
  const std::string cut = before + usage.substr(0, usage.size() - 1);
  EXPECT_EQ(observe(exchange, cut), (Observed{ended(Outcome::incomplete), cut}));
}

TEST(HiddenChunk, IsSpelledInManyWays) {
  const std::string before =
      event(R"({"id":"c","choices":[{"index":0,"delta":{"content":"x"}}]})") +
      event(R"({"id":"c","choices":[{"delta":{},"finish_reason":"stop"}]})");
  const std::string after = event("[DONE]");
  const Exchange exchange{.content_type = stream_type, .streamed = true, .hide_usage_chunk = true};
  const Answer expected = ended(Outcome::ok, tokens(5, none, none, none, none), "c");
  for (const char* choices :
       {R"("choices":[],)", R"("choices" : [ ],)", R"("choices":null,)", "", R"("choices":{},)",
        R"("choices":[{"index":0,"delta":{}}],)", R"("choices":[{"delta":null}],)",
        R"("choices":[{"index":0,"delta":{},"finish_reason":null,"logprobs":null}],)",
        R"("choices":[{"delta":{"role":"assistant","content":"","tool_calls":[ ]}}],)"}) {
    const std::string chunk = event("{" + std::string(choices) + R"("usage":{"prompt_tokens":5}})");
    EXPECT_EQ(observe(exchange, before + chunk + after), (Observed{expected, before + after}))
        << chunk;
  }
  for (const char* choices :
       {R"("choices":[{"index":0,"delta":{"content":"y"}}],)",
        R"("choices":[{"index":0,"delta":{},"finish_reason":"stop"}],)", R"("choices":[7],)",
        R"("choices":[{"index":0,"delta":{"tool_calls":[{"index":0}]}}],)",
        R"("choices":[{"text":"y"}],)", R"("choices":"y",)"}) {
    const std::string chunk = event("{" + std::string(choices) + R"("usage":{"prompt_tokens":5}})");
    EXPECT_EQ(observe(exchange, before + chunk + after),
              (Observed{expected, before + chunk + after}))
        << chunk;
  }
  const std::string early = event(R"({"choices":[{"delta":{}}],"usage":{"prompt_tokens":5}})");
  EXPECT_EQ(observe(exchange, early + before + after).passed, early + before + after)
      << "before its last word a stream may report usage by itself";
}

TEST(ResponseStream, IsToldByItsContent) {
  const Exchange exchange{.api = Api::responses, .streamed = true};
  const auto outcome = [&](const std::string& stream) {
    return observe(exchange, stream).answer.outcome;
  };
  const std::string done =
      R"({"type":"response.done","response":{"status":"completed","usage":{"input_tokens":3}}})";
  for (const char* name : {"response.done", "response.completed", "message", "delta", "ping"}) {
    EXPECT_EQ(outcome(named(name, done)), Outcome::ok) << name;
  }
  EXPECT_EQ(outcome(event(R"({"type":"x","response":{"status":"incomplete"}})")),
            Outcome::incomplete);
  EXPECT_EQ(outcome(event(R"({"type":"response.completed","response":{"status":"failed"}})")),
            Outcome::error);
  EXPECT_EQ(outcome(event(R"({"type":"response.done","response":{"status":"canceled"}})")),
            Outcome::cancelled);
  EXPECT_EQ(outcome(named("response.completed", R"({"id":"r","usage":{"input_tokens":3}})")),
            Outcome::ok)
      << "the Response without a wrapping member";
}

TEST(MessageStream, IsToldByItsContent) {
  const std::string stream =
      named("x", R"({"type":"message_start","message":{"id":"m","usage":{"input_tokens":3}}})") +
      named("content_block_delta", R"({"type":"message_delta","usage":{"output_tokens":4}})") +
      named("ping", R"({"type":"message_stop"})");
  EXPECT_EQ(observe({.api = Api::messages, .streamed = true}, stream).answer,
            ended(Outcome::ok, tokens(3, none, none, 4, none), "m"));
}

TEST(ChatStream, IsNoErrorOnlyBecauseAnEventIsCalledOne) {
  EXPECT_EQ(
      read_chat(named("error", R"({"choices":[{"delta":{"content":"x"}}]})") + event("[DONE]"))
          .outcome,
      Outcome::ok);
}

TEST(BackgroundResponse, IsOpenUntilItHasEnded) {
  const std::string created =
      event(
          R"({"type":"response.created","response":{"id":"r","status":"queued","background":true}})") +
      event(R"({"type":"response.in_progress","response":{"id":"r","status":"in_progress"}})");
  for (const auto told : {std::optional<Outcome>(), std::optional(Outcome::cancelled),
                          std::optional(Outcome::incomplete)}) {
    const Observed open =
        observe({.api = Api::responses, .streamed = true, .told = told}, created + "data: {");
    EXPECT_EQ(open.answer, ended(Outcome::open, {}, "r"));
    EXPECT_EQ(open.details.status, ResponseStatus::in_progress);
    EXPECT_TRUE(open.details.background);
    const Observed polled = observe({.api = Api::responses, .told = told},
                                    R"({"id":"r","status":"queued","usage":null,"error":null})");
    EXPECT_EQ(polled.answer, ended(Outcome::open, {}, "r"));
    EXPECT_EQ(polled.details.status, ResponseStatus::queued);
  }
  const Observed done = observe(
      {.api = Api::responses, .streamed = true},
      created + event(R"({"type":"response.completed","response":{"status":"completed"}})"));
  EXPECT_EQ(done.answer, ended(Outcome::ok, {}, "r"));
  EXPECT_EQ(done.details.status, ResponseStatus::completed);
}

}  // namespace
}  // namespace costmark
