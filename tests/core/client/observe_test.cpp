// Counting, and what is remembered of answers.
#include "core/client/client_fixture.hpp"

namespace costmark::testing {
namespace {

constexpr std::string_view chat_answer =
    R"({"id":"chatcmpl-1","model":"m","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}})";

void answer(Operation& operation, int status, std::string_view body) {
  operation.head(Head(status));
  EXPECT_EQ(operation.feed(body), body);
  operation.finish();
}

TEST(Observe, AnOperationCountsOnceAndItsAttemptsEach) {
  const auto client = client_of({{"project", "proj_a"}});
  const Post post{std::string(custom_chat), "{}"};
  Operation operation = sent_operation(*client, post.request());
  answer(operation, 503, R"({"error":{"code":"x"}})");
  ASSERT_TRUE(operation.prepare().ok());
  operation.sent();
  answer(operation, 200, chat_answer);
  operation.finish();

  const UsageTotals totals = client->usage().at("proj_a");
  EXPECT_EQ(totals.operations, 1U);
  EXPECT_EQ(totals.attempts, 2U);
  EXPECT_EQ(totals.failed_attempts, 1U);
  EXPECT_EQ(totals.input_tokens, 10U);
  EXPECT_EQ(totals.cached_input_tokens, 4U);
  EXPECT_EQ(totals.output_tokens, 5U);
  EXPECT_EQ(totals.reasoning_tokens, 2U);
}

TEST(Observe, TellsOfTheUsageOfEachAttempt) {
  std::vector<std::string> told;
  std::vector<std::string> ids;
  ClientConfig config = config_of({{"project", "proj_a"}});
  std::shared_ptr<Client> client;
  config.on_usage = [&](const AttemptReport& report) {
    // It has been counted already.
    EXPECT_EQ(client->usage().at("proj_a").attempts, told.size() + 1);
    ids.emplace_back(report.operation);
    told.push_back(std::string(report.project) + " " + std::string(to_string(report.api)) + " " +
                   std::string(report.model) + " " + std::to_string(report.attempt) + " " +
                   std::to_string(report.http_status) + " " +
                   std::string(to_string(report.answer.outcome)) + " " + report.answer.response_id +
                   " " + std::to_string(report.answer.usage.input_tokens.value_or(0)));
  };
  client = Client::create(std::move(config)).value();
  const Post post{std::string(custom_chat), R"({"model":"m"})"};
  Operation operation = sent_operation(*client, post.request());
  answer(operation, 503, "{}");
  ASSERT_TRUE(operation.prepare().ok());
  operation.sent();
  answer(operation, 200, chat_answer);
  {
    const Operation dropped = sent_operation(*client, post.request());
  }
  const Request models{"GET", "http://127.0.0.1:8080/v1/models", {}, {}, {}, {}};
  sent_operation(*client, models).finish();  // no inference
  EXPECT_EQ(told, (std::vector<std::string>{"proj_a chat_completions m 1 503 error  0",
                                            "proj_a chat_completions m 2 200 ok chatcmpl-1 10",
                                            "proj_a chat_completions m 1 0 cancelled  0"}));
  ASSERT_EQ(ids.size(), 3U);
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_NE(ids[1], ids[2]);
}

TEST(Observe, AnOperationThatIsDroppedWasCancelled) {
  const auto client = client_of({{"project", "proj_a"}});
  const Post post{std::string(custom_chat), R"({"stream":true})"};
  {
    const Operation dropped = sent_operation(*client, post.request());
  }
  {
    Operation dropped = sent_operation(*client, post.request());
    dropped.head(Head(200, "text/event-stream"));
    dropped.feed("data: {\"id\":\"chatcmpl-1\",\"choices\":[{}]}\n\n");
  }
  const UsageTotals totals = client->usage().at("proj_a");
  EXPECT_EQ(totals.operations, 2U);
  EXPECT_EQ(totals.incomplete_attempts, 2U);
  EXPECT_EQ(totals.input_tokens, 0U);
}

TEST(Observe, OnlyInferenceIsCounted) {
  const auto client = client_of({{"project", "proj_a"}});
  const Request models{"GET", "http://127.0.0.1:8080/v1/models", {}, {}, {}, {}};
  Operation operation = sent_operation(*client, models);
  answer(operation, 200, "{}");
  EXPECT_TRUE(client->usage().empty());
}

TEST(Observe, CallsWithoutAProjectCountAsDefault) {
  const auto client = client_of({});
  const Post post{std::string(custom_chat), "{}"};
  sent_operation(*client, post.request()).fail(Outcome::error);
  EXPECT_EQ(client->usage().at("default").failed_attempts, 1U);
}

TEST(Observe, AnOperationOutlivesItsClientAndItsRequest) {
  const auto counters = std::make_shared<UsageCounters>();
  ClientConfig config = config_of({{"project", "proj_a"}});
  config.counters = counters;
  auto client = Client::create(std::move(config)).value();
  auto post = std::make_unique<Post>(Post{std::string(custom_chat), "{}"});
  Operation operation = sent_operation(*client, post->request());
  client.reset();
  post.reset();
  answer(operation, 200, chat_answer);
  EXPECT_EQ(totals_by_project(counters->snapshot()).at("proj_a").input_tokens, 10U);
}

TEST(Observe, TheHiddenChunkIsCountedAndNotPassedOn) {
  const auto client = client_of({{"project", "proj_a"}});
  const Post post{std::string(custom_chat), R"({"stream":true})"};
  Operation operation = sent_operation(*client, post.request());
  EXPECT_TRUE(operation.head(Head(200, "text/event-stream; charset=utf-8")).may_change_body);
  std::string passed;
  passed += operation.feed(
      "data: {\"id\":\"c\",\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n"
      "data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_");
  passed += operation.feed("tokens\":1}}\n\ndata: [DONE]\n\n");
  passed += operation.finish();
  EXPECT_EQ(passed,
            "data: {\"id\":\"c\",\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n"
            "data: [DONE]\n\n");
  const UsageTotals totals = client->usage().at("proj_a");
  EXPECT_EQ(totals.input_tokens, 3U);
  EXPECT_EQ(totals.incomplete_attempts, 0U);
}

TEST(Observe, AChainThatCrossesProjectsIsAConflict) {
  const auto client = client_of({});
  Post post{"http://127.0.0.1:8080/v1/responses", R"({"input":"x"})"};
  post.scope = "proj_a";
  Operation operation = sent_operation(*client, post.request());
  answer(
      operation, 200,
      R"({"id":"resp_1","object":"response","status":"completed","usage":{"input_tokens":1,"output_tokens":1}})");

  post.body = R"({"input":"y","previous_response_id":"resp_1"})";
  EXPECT_TRUE(operation.begin(post.request()).ok());
  for (const char* other : {"proj_b", ""}) {
    post.scope = other;
    const Status status = operation.begin(post.request());
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, Code::conflict);
    EXPECT_NE(status.error().message.find("proj_a"), std::string::npos);
    EXPECT_EQ(operation.id(), "");
  }
  post.body = R"({"input":"y","previous_response_id":"resp_unknown"})";
  EXPECT_TRUE(operation.begin(post.request()).ok());
}

}  // namespace
}  // namespace costmark::testing
