// What counts, and what several reports of one answer come to.
#include "usage/counts.hpp"

#include <gtest/gtest.h>

#include <string>

#include "usage/json_values.hpp"
#include "usage/support.hpp"
#include "usage/usage_fields.hpp"

namespace costmark {
namespace {

constexpr UsageFlags decreasing{UsageFlag::decreasing};

std::string event(std::string_view data) {
  return "data: " + std::string(data) + "\n\n";
}

Usage read(Api api, std::string_view usage) {
  return observe({.api = api}, R"({"id":"a","model":"m","usage":)" + std::string(usage) + "}")
      .answer.usage;
}

// The usage of an answer that reports these objects one after the other.
Usage chat_reports(std::initializer_list<std::string_view> reports) {
  std::string stream;
  for (const std::string_view usage : reports) {
    stream += event(R"({"choices":[],"usage":)" + std::string(usage) + "}");
  }
  return observe({.streamed = true}, stream + event("[DONE]")).answer.usage;
}

Usage message_reports(std::string_view start, std::initializer_list<std::string_view> deltas) {
  std::string stream = event(R"({"type":"message_start","message":{"id":"m","model":"m","usage":)" +
                             std::string(start) + "}}");
  for (const std::string_view usage : deltas) {
    stream += event(R"({"type":"message_delta","usage":)" + std::string(usage) + "}");
  }
  return observe({.api = Api::messages, .streamed = true}, stream).answer.usage;
}

TEST(WholeNumber, ReadsEverySpellingOfOne) {
  for (const char* fifteen :
       {"15", "15.0", "15.000", "1.5e1", "1.5E+1", "150e-1", "150.0e-1", "0.15e2", "1500.00E-2"}) {
    EXPECT_EQ(whole_number(fifteen), 15U) << fifteen;
  }
  for (const char* zero : {"0", "0.0", "0e9", "0.0e-9", "0e999"}) {
    EXPECT_EQ(whole_number(zero), 0U) << zero;
  }
  EXPECT_EQ(whole_number("18446744073709551615"), 18446744073709551615U);
  EXPECT_EQ(whole_number("18446744073709551615.0"), 18446744073709551615U);
  EXPECT_EQ(whole_number("1e19"), 10000000000000000000U);
  for (const char* wrong : {"-1", "-0", "1.5", "15e-1", "0.1", "1e20", "18446744073709551616", "1e",
                            "1e+", "1e-+1", "1e99999999999", "1e-1001", "abc", "1x"}) {
    EXPECT_EQ(whole_number(wrong), std::nullopt) << wrong;
  }
}

TEST(JsonValues, TakeArraysAndObjectsApart) {
  std::vector<std::string> found;
  JsonValues list(R"([ 1 ,"a,]\"[", {"b":[1,{}]} ,[], null])");
  for (std::string_view element; list.next(element);) found.emplace_back(element);
  EXPECT_EQ(found, (std::vector<std::string>{"1", R"("a,]\"[")", R"({"b":[1,{}]})", "[]", "null"}));
  found.clear();
  JsonValues members(R"({"a" : 1,"b":{"c":2} , "d":"}"})");
  for (std::string_view name, value; members.next(name, value);) {
    found.push_back(std::string(name) + "=" + std::string(value));
  }
  EXPECT_EQ(found, (std::vector<std::string>{R"("a"=1)", R"("b"={"c":2})", R"("d"="}")"}));
}

TEST(JsonValues, EndInAnyText) {
  const std::string text = R"([{"a":"\"]}"},[1,2],"x\\",,:]}{)";
  for (std::size_t begin = 0; begin < text.size(); ++begin) {
    for (std::size_t size = 0; size <= text.size() - begin; ++size) {
      const std::vector<char> part(text.begin() + static_cast<std::ptrdiff_t>(begin),
                                   text.begin() + static_cast<std::ptrdiff_t>(begin + size));
      JsonValues list({part.data(), part.size()});
      std::size_t count = 0;
      for (std::string_view element; list.next(element);) ASSERT_LE(++count, text.size());
    }
  }
}

TEST(Reports, OnlyGrow) {
  constexpr std::string_view first = R"({"prompt_tokens":10,"completion_tokens":5})";
  const Usage expected = tokens(10, none, none, 5, none);
  Usage flagged = expected;
  flagged.flags = decreasing;
  EXPECT_EQ(chat_reports({first, first}), expected);
  EXPECT_EQ(chat_reports({R"({"prompt_tokens":10,"completion_tokens":0})", first}), expected);
  EXPECT_EQ(chat_reports({first, "null"}), expected);
  EXPECT_EQ(chat_reports({first, R"({"completion_tokens":5})"}), expected) << "need not repeat";
  EXPECT_EQ(chat_reports({first, "{}"}), flagged);
  EXPECT_EQ(chat_reports({first, R"({"prompt_tokens":null})"}), flagged);
  EXPECT_EQ(chat_reports({first, R"({"prompt_tokens":0,"completion_tokens":0})"}), flagged);
  EXPECT_EQ(chat_reports({first, R"({"prompt_tokens":10,"completion_tokens":4})"}), flagged);
  EXPECT_EQ(chat_reports({first, R"({"prompt_tokens":9,"completion_tokens":7})"}),
            tokens(10, none, none, 7, none, decreasing));
  EXPECT_EQ(chat_reports({first, R"({"tokens":12})"}),
            tokens(10, none, none, 5, none, {UsageFlag::unread}))
      << "not known to be smaller";
  EXPECT_EQ(chat_reports({first, "17"}), tokens(10, none, none, 5, none, {UsageFlag::unread}));
  EXPECT_EQ(chat_reports({"{}", first}), expected);
}

TEST(Reports, OfMessagesOnlyGrow) {
  EXPECT_EQ(message_reports(R"({"input_tokens":25,"output_tokens":1})",
                            {R"({"input_tokens":0,"output_tokens":15})"}),
            tokens(25, none, none, 15, none, decreasing));
  EXPECT_EQ(
      message_reports(R"({"input_tokens":10,"cache_read_input_tokens":5,"output_tokens":1})",
                      {R"({"input_tokens":20,"cache_read_input_tokens":0,"output_tokens":9})"}),
      tokens(25, 5, none, 9, none, decreasing));
  EXPECT_EQ(message_reports(R"({"input_tokens":10,"output_tokens":1})", {"{}"}),
            tokens(10, none, none, 1, none, decreasing));
}

TEST(Reports, ThatSplitTheSameInputAnewAreNotCountedTwice) {
  constexpr std::string_view whole = R"({"input_tokens":1000,"output_tokens":1})";
  constexpr std::string_view split =
      R"({"input_tokens":10,"cache_read_input_tokens":700,"cache_creation_input_tokens":290,)"
      R"("output_tokens":1})";
  EXPECT_EQ(message_reports(whole, {split}), tokens(1000, 700, 290, 1, none, decreasing));
  EXPECT_EQ(message_reports(split, {whole}), tokens(1000, 700, 290, 1, none));
}

TEST(Total, IsReportedAndChecked) {
  EXPECT_EQ(read(Api::chat_completions,
                 R"({"prompt_tokens":279,"completion_tokens":100,"total_tokens":468,
                     "completion_tokens_details":{"reasoning_tokens":89}})"),
            with_total(tokens(279, none, none, 100, 89, {UsageFlag::total}), 468));
  EXPECT_EQ(read(Api::responses, R"({"input_tokens":1,"output_tokens":2,"total_tokens":0})"),
            with_total(tokens(1, none, none, 2, none, {UsageFlag::total}), 0));
  EXPECT_EQ(read(Api::embeddings, R"({"total_tokens":8})"),
            with_total(tokens(none, none, none, none, none, {UsageFlag::total}), 8));
  EXPECT_EQ(read(Api::messages,
                 R"({"input_tokens":1,"cache_read_input_tokens":4,"output_tokens":2,
                     "total_tokens":7})"),
            with_total(tokens(5, 4, none, 2, none), 7));
}

TEST(Members, OfUsageThatAreNotKnownAreFlagged) {
  for (const Api api : {Api::chat_completions, Api::responses, Api::messages, Api::embeddings}) {
    EXPECT_EQ(read(api, R"({"tokens":{"in":5}})"),
              tokens(none, none, none, none, none, {UsageFlag::unread}));
    EXPECT_EQ(read(api, "{ }"), Usage{});
  }
}

TEST(Meters, AreReadWhereTheServerTellsThem) {
  EXPECT_EQ(read(Api::messages,
                 R"({"input_tokens":1,"cache_creation_input_tokens":10,"cache_creation":{
                     "ephemeral_5m_input_tokens":1,"ephemeral_30m_input_tokens":2,
                     "ephemeral_1h_input_tokens":3,"ephemeral_12h_input_tokens":4},
                     "server_tool_use":{"web_search_requests":5,"web_fetch_requests":6}})"),
            with_meters(tokens(11, none, 10, none, none), {{Meter::cache_write_5m, 1},
                                                           {Meter::cache_write_30m, 2},
                                                           {Meter::cache_write_1h, 3},
                                                           {Meter::cache_write_12h, 4},
                                                           {Meter::web_search, 5},
                                                           {Meter::web_fetch, 6}}));
  EXPECT_EQ(read(Api::chat_completions,
                 R"({"prompt_tokens":30,"completion_tokens":9,"prompt_tokens_details":{
                     "audio_tokens":4,"cache_creation_tokens":12,"cache_creation_token_details":{
                     "ephemeral_5m_input_tokens":5,"ephemeral_1h_input_tokens":7}},
                     "completion_tokens_details":{"audio_tokens":3}})"),
            with_meters(tokens(30, none, 12, 9, none), {{Meter::audio_input, 4},
                                                        {Meter::audio_output, 3},
                                                        {Meter::cache_write_5m, 5},
                                                        {Meter::cache_write_1h, 7}}));
  EXPECT_EQ(
      read(Api::responses, R"({"input_tokens":3,"tool_usage":{"web_search":{"num_requests":2}}})"),
      with_meters(tokens(3, none, none, none, none), {{Meter::web_search, 2}}));
}

TEST(Meters, LargerThanTheirWholeAreFlagged) {
  EXPECT_TRUE(read(Api::messages, R"({"input_tokens":1,"cache_creation_input_tokens":3,
                                      "cache_creation":{"ephemeral_5m_input_tokens":4}})")
                  .flags.has(UsageFlag::inconsistent));
  EXPECT_TRUE(read(Api::chat_completions,
                   R"({"prompt_tokens":1,"prompt_tokens_details":{"audio_tokens":2}})")
                  .flags.has(UsageFlag::inconsistent));
}

TEST(Iterations, AreSummed) {
  EXPECT_EQ(read(Api::messages, R"({"input_tokens":600,"output_tokens":200,"iterations":[
                 {"type":"compaction","input_tokens":60000,"output_tokens":500},
                 {"type":"message","input_tokens":600,"output_tokens":200}]})"),
            tokens(60600, none, none, 700, none));
  EXPECT_EQ(read(Api::messages, R"({"input_tokens":600,"output_tokens":200,"iterations":[
                 {"type":"compaction","input_tokens":60000,"output_tokens":500}]})"),
            tokens(60600, none, none, 700, none))
      << "the message's own counts are not in the list";
  EXPECT_EQ(read(Api::messages, R"({"input_tokens":6,"cache_read_input_tokens":100,
                 "output_tokens":20,"iterations":[
                 {"type":"message","input_tokens":6,"cache_read_input_tokens":100,"output_tokens":5,
                  "cache_creation":{"ephemeral_1h_input_tokens":40}},
                 {"type":"message","input_tokens":9,"cache_read_input_tokens":140,
                  "output_tokens":15}]})"),
            with_meters(tokens(15 + 240 + 40, 240, 40, 20, none), {{Meter::cache_write_1h, 40}}));
  for (const char* nothing : {"null", "[]", "5", "[{}]"}) {
    const Usage usage = read(Api::messages, R"({"input_tokens":6,"output_tokens":2,"iterations":)" +
                                                std::string(nothing) + "}");
    EXPECT_EQ(usage.input_tokens, 6U) << nothing;
    EXPECT_EQ(usage.output_tokens, 2U) << nothing;
  }
}

TEST(Iterations, OfAnotherModelAreSummedAndFlagged) {
  EXPECT_EQ(read(Api::messages, R"({"input_tokens":6,"output_tokens":2,"iterations":[
                 {"type":"message","input_tokens":6,"output_tokens":2,"model":"m"},
                 {"type":"advisor_message","input_tokens":800,"output_tokens":40,"model":"n"}]})"),
            tokens(806, none, none, 42, none, {UsageFlag::other_model}));
}

TEST(Iterations, ThatDoNotAddUpAreFlagged) {
  EXPECT_EQ(read(Api::messages, R"({"input_tokens":600,"output_tokens":200,"iterations":[
                 {"type":"message","input_tokens":500,"output_tokens":300}]})"),
            tokens(600, none, none, 300, none, {UsageFlag::inconsistent}));
  EXPECT_EQ(read(Api::messages, R"({"input_tokens":600,"iterations":[7]})"),
            tokens(600, none, none, none, none, {UsageFlag::unread}));
}

TEST(Iterations, AreCumulativeInAStream) {
  EXPECT_EQ(message_reports(R"({"input_tokens":600,"output_tokens":1})",
                            {R"({"input_tokens":600,"output_tokens":200,"iterations":[)"
                             R"({"type":"compaction","input_tokens":60000,"output_tokens":500},)"
                             R"({"type":"message","input_tokens":600,"output_tokens":200}]})"}),
            tokens(60600, none, none, 700, none));
}

Details details(const Exchange& exchange, std::string_view body) {
  return observe(exchange, body).details;
}

TEST(UsageJson, IsTheServersOwn) {
  const std::string usage = R"({ "prompt_tokens":3, "cost":{"x":[1]} })";
  EXPECT_EQ(details({}, R"({"usage":)" + usage + "}").usage_json, usage);
  EXPECT_EQ(details({}, R"({"usage":null})").usage_json, "");
  const std::string events = event(R"({"choices":[],"usage":{"prompt_tokens":3}})") +
                             event(R"({"choices":[],"usage":{"prompt_tokens":4}})") +
                             event(R"({"choices":[],"usage":{"prompt_tokens":1}})") +
                             event(R"({"choices":[],"usage":{}})");
  EXPECT_EQ(details({.streamed = true}, events).usage_json, R"({"prompt_tokens":4})")
      << "of the report that stands";
}

TEST(UsageJson, IsLeftOutWhenItIsTooLong) {
  for (const std::size_t size : {Answer::max_usage_json, Answer::max_usage_json + 1}) {
    std::string usage = R"({"prompt_tokens":3,"x":")";
    usage.append(size - usage.size() - 2, 'x').append("\"}");
    const Observed observed = observe({}, R"({"usage":)" + usage + "}");
    EXPECT_EQ(observed.details.usage_json, size > Answer::max_usage_json ? "" : usage);
    EXPECT_EQ(observed.answer.usage, tokens(3, none, none, none, none));
  }
}

TEST(UsageJson, IsNeverInvalid) {
  const Observed observed = observe({}, R"({"usage":{"prompt_tokens":3,"x":[1,,tru]}})");
  EXPECT_EQ(observed.details.usage_json, "");
  EXPECT_TRUE(observed.answer.usage.flags.has(UsageFlag::unread));
}

TEST(ErrorCode, IsAsTheBodyNamedIt) {
  struct Example {
    const char* body;
    const char* code;
  };
  for (const Example& example : {
           Example{R"({"error":{"code":"model_not_found","type":"t"}})", "model_not_found"},
           Example{R"({"error":{"code":null,"type":"server_error"}})", "server_error"},
           Example{R"({"error":{"code":429,"type":"t"}})", "429"},
           Example{R"({"error":"invalid_token"})", "invalid_token"},
           Example{R"({"error":"Something went wrong"})", ""},
           Example{R"({"error":{"message":"no"}})", ""},
           Example{R"({"type":"error","error":{"type":"overloaded_error"}})", "overloaded_error"},
           Example{R"({"__type":"com.amazon#ThrottlingException","message":"m"})",
                   "ThrottlingException"},
           Example{R"({"code":"AccessDenied","message":"m"})", "AccessDenied"},
           Example{"<html>", ""},
           Example{"", ""},
       }) {
    for (const Api api : {Api::chat_completions, Api::responses, Api::messages}) {
      EXPECT_EQ(details({.api = api, .status = 400}, example.body).error_code, example.code)
          << example.body;
    }
  }
  const std::string long_code(Answer::max_error_code + 1, 'x');
  EXPECT_EQ(details({}, R"({"error":{"code":")" + long_code + R"(","type":"t"}})").error_code, "t");
  EXPECT_EQ(details({}, R"({"code":"x","usage":{}})").error_code, "") << "no error";
}

TEST(ErrorCode, IsReadInStreams) {
  const auto code = [](Api api, const std::string& stream) {
    const Observed observed = observe({.api = api, .streamed = true}, stream);
    EXPECT_EQ(observed.answer.outcome, Outcome::error);
    return observed.details.error_code;
  };
  EXPECT_EQ(code(Api::chat_completions, event(R"({"error":{"code":"busy"}})")), "busy");
  EXPECT_EQ(code(Api::messages, event(R"({"type":"error","error":{"type":"overloaded_error"}})")),
            "overloaded_error");
  EXPECT_EQ(code(Api::responses, event(R"({"type":"error","code":"server_error","param":null})")),
            "server_error");
  EXPECT_EQ(code(Api::responses,
                 event(R"({"type":"response.failed","response":{"status":"failed","error":)"
                       R"({"code":"rate_limit_exceeded","message":"m"}}})")),
            "rate_limit_exceeded");
}

}  // namespace
}  // namespace costmark
