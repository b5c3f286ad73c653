// Counting, and what is remembered of answers.
#include "core/client/client_fixture.hpp"

namespace costmark::testing {
namespace {

constexpr std::string_view chat_answer =
    R"({"id":"chatcmpl-1","model":"m","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}})";

TEST(Observe, AnOperationCountsOnceAndItsAttemptsEach) {
  const auto client = client_of({{"project", "proj_a"}});
  Prepared prepared;
  const Post post{std::string(custom_chat), "{}"};
  ASSERT_TRUE(client->prepare(post.request(), prepared).ok());

  Observation first = client->observe(prepared, 1);
  first.head(503, "application/json");
  first.feed(R"({"error":{"code":"x"}})");
  first.finish();
  Observation second = client->observe(prepared, 2);
  second.head(200, "application/json");
  EXPECT_EQ(second.feed(chat_answer), chat_answer);
  second.finish();
  second.finish();

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
  ClientConfig config = config_of({{"project", "proj_a"}});
  std::shared_ptr<Client> client;
  config.on_usage = [&](const UsageEvent& event) {
    // It has been counted already.
    EXPECT_EQ(client->usage().at("proj_a").attempts, told.size() + 1);
    told.push_back(std::string(event.project) + " " + std::string(to_string(event.api)) + " " +
                   std::to_string(event.attempt) + " " + std::to_string(event.http_status) + " " +
                   std::string(to_string(event.answer.outcome)) + " " + event.answer.response_id +
                   " " + std::to_string(event.answer.usage.input_tokens.value_or(0)));
  };
  client = Client::create(std::move(config)).value();
  Prepared prepared;
  const Post post{std::string(custom_chat), "{}"};
  ASSERT_TRUE(client->prepare(post.request(), prepared).ok());
  {
    Observation first = client->observe(prepared, 1);
    first.head(503, "application/json");
    first.finish();
    first.finish();
  }
  {
    Observation second = client->observe(prepared, 2);
    second.head(200, "application/json");
    second.feed(chat_answer);
    second.finish();
  }
  {
    const Observation third = client->observe(prepared, 0);
  }
  const Request models{"GET", "http://127.0.0.1:8080/v1/models", {}, {}, {}, {}};
  ASSERT_TRUE(client->prepare(models, prepared).ok());
  client->observe(prepared).finish();  // no inference
  EXPECT_EQ(told, (std::vector<std::string>{"proj_a chat_completions 1 503 error  0",
                                            "proj_a chat_completions 2 200 ok chatcmpl-1 10",
                                            "proj_a chat_completions 1 0 cancelled  0"}));
}

TEST(Observe, AnObservationThatIsDroppedWasCancelled) {
  const auto client = client_of({{"project", "proj_a"}});
  Prepared prepared;
  const Post post{std::string(custom_chat), R"({"stream":true})"};
  ASSERT_TRUE(client->prepare(post.request(), prepared).ok());
  {
    const Observation dropped = client->observe(prepared);
  }
  {
    Observation dropped = client->observe(prepared);
    dropped.head(200, "text/event-stream");
    dropped.feed("data: {\"id\":\"chatcmpl-1\",\"choices\":[{}]}\n\n");
  }
  const UsageTotals totals = client->usage().at("proj_a");
  EXPECT_EQ(totals.operations, 2U);
  EXPECT_EQ(totals.incomplete_attempts, 2U);
  EXPECT_EQ(totals.input_tokens, 0U);
}

TEST(Observe, OnlyInferenceIsCounted) {
  const auto client = client_of({{"project", "proj_a"}});
  Prepared prepared;
  const Request models{"GET", "http://127.0.0.1:8080/v1/models", {}, {}, {}, {}};
  ASSERT_TRUE(client->prepare(models, prepared).ok());
  Observation observation = client->observe(prepared);
  observation.head(200, "application/json");
  observation.feed("{}");
  observation.finish();
  EXPECT_TRUE(client->usage().empty());
}

TEST(Observe, CallsWithoutAProjectCountAsDefault) {
  const auto client = client_of({});
  Prepared prepared;
  ASSERT_TRUE(client->prepare(Post{std::string(custom_chat), "{}"}.request(), prepared).ok());
  client->observe(prepared).fail(Outcome::error);
  EXPECT_EQ(client->usage().at("default").failed_attempts, 1U);
}

TEST(Observe, AnObservationOutlivesItsClientAndItsPrepared) {
  const auto counters = std::make_shared<UsageCounters>();
  ClientConfig config = config_of({{"project", "proj_a"}});
  config.counters = counters;
  auto client = Client::create(std::move(config)).value();
  auto prepared = std::make_unique<Prepared>();
  ASSERT_TRUE(client->prepare(Post{std::string(custom_chat), "{}"}.request(), *prepared).ok());
  Observation observation = client->observe(*prepared);
  client.reset();
  prepared.reset();
  observation.head(200, "application/json");
  observation.feed(chat_answer);
  observation.finish();
  EXPECT_EQ(totals_by_project(counters->snapshot()).at("proj_a").input_tokens, 10U);
}

TEST(Observe, TheHiddenChunkIsCountedAndNotPassedOn) {
  const auto client = client_of({{"project", "proj_a"}});
  Prepared prepared;
  const Post post{std::string(custom_chat), R"({"stream":true})"};
  ASSERT_TRUE(client->prepare(post.request(), prepared).ok());
  Observation observation = client->observe(prepared);
  observation.head(200, "text/event-stream; charset=utf-8");
  std::string passed;
  passed += observation.feed(
      "data: {\"id\":\"c\",\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n"
      "data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_");
  passed += observation.feed("tokens\":1}}\n\ndata: [DONE]\n\n");
  passed += observation.finish();
  EXPECT_EQ(passed,
            "data: {\"id\":\"c\",\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n"
            "data: [DONE]\n\n");
  const UsageTotals totals = client->usage().at("proj_a");
  EXPECT_EQ(totals.input_tokens, 3U);
  EXPECT_EQ(totals.incomplete_attempts, 0U);
}

TEST(Observe, AChainThatCrossesProjectsIsAConflict) {
  const auto client = client_of({});
  Prepared prepared;
  Post post{"http://127.0.0.1:8080/v1/responses", R"({"input":"x"})"};
  post.scope = "proj_a";
  ASSERT_TRUE(client->prepare(post.request(), prepared).ok());
  Observation observation = client->observe(prepared);
  observation.head(200, "application/json");
  observation.feed(
      R"({"id":"resp_1","object":"response","status":"completed","usage":{"input_tokens":1,"output_tokens":1}})");
  observation.finish();

  post.body = R"({"input":"y","previous_response_id":"resp_1"})";
  EXPECT_TRUE(client->prepare(post.request(), prepared).ok());
  for (const char* other : {"proj_b", ""}) {
    post.scope = other;
    const Status status = client->prepare(post.request(), prepared);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, Code::conflict);
    EXPECT_NE(status.error().message.find("proj_a"), std::string::npos);
  }
  post.body = R"({"input":"y","previous_response_id":"resp_unknown"})";
  EXPECT_TRUE(client->prepare(post.request(), prepared).ok());
}

}  // namespace
}  // namespace costmark::testing
