#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "core/projects/scripted_exchange.hpp"

namespace costmark::testing {
namespace {

using std::chrono::milliseconds;

constexpr auto mantle = ProjectPlane::mantle;
constexpr auto bedrock = ProjectPlane::bedrock;

http::Response throttled_on_bedrock() {
  return aws_error(429, "ThrottlingException");
}
http::Response throttled_with_400() {
  return aws_error(400, "ThrottlingException");
}
http::Response throttled_on_mantle() {
  return openai_error(429, "rate_limit_exceeded");
}
http::Response failed() {
  return aws_error(500, "InternalServerException");
}

Result<http::Response> no_answer(const Sent&) {
  Error error{Code::transport, "https://host: the connection was reset"};
  error.retryable = true;
  return error;
}

TEST(Throttling, IsWaitedOutForAMinute) {
  using Refusal = http::Response (*)();
  const std::pair<ProjectPlane, Refusal> refusals[] = {{bedrock, throttled_on_bedrock},
                                                       {bedrock, throttled_with_400},
                                                       {mantle, throttled_on_mantle}};
  for (const auto& [plane, refusal] : refusals) {
    for (int round = 0; round < 20; ++round) {  // chance shortens the pauses
      std::shared_ptr<ScriptedExchange::Record> record;
      ProjectsCase with(
          plane, [&, plane = plane, refusal = refusal](const Sent&) -> Result<http::Response> {
            if (record->time < std::chrono::seconds(60)) return refusal();
            return answer_of(200, project_json(plane));
          });
      record = with.record;
      const auto made = with.projects.create({"app"});
      ASSERT_TRUE(made.ok()) << made.error().message;
      EXPECT_GE(with.record->time, std::chrono::seconds(60));
      EXPECT_LT(with.record->time, std::chrono::seconds(90));
    }
  }
}

TEST(Throttling, IsGivenUpInTheEnd) {
  ProjectsCase with(bedrock, always(throttled_on_bedrock));
  const auto made = with.projects.create({"app"});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Code::throttled);
  EXPECT_TRUE(made.error().retryable);
  EXPECT_EQ(made.error().http_status, 429);
  EXPECT_EQ(made.error().request_id, "req-1");
  EXPECT_EQ(with.record->sent.size(), 10U);
  EXPECT_EQ(with.record->pauses.size(), 9U);
}

TEST(Throttling, IsWaitedOutAsTheServiceSays) {
  int asked = 0;
  ProjectsCase with(mantle, [&](const Sent&) -> Result<http::Response> {
    if (++asked == 1) return answer_of(429, "{}", {{"retry-after", "7"}});
    return answer_of(200, project_json(mantle));
  });
  ASSERT_TRUE(with.projects.get("proj_a").ok());
  EXPECT_EQ(with.record->pauses, (std::vector<milliseconds>{std::chrono::seconds(7)}));
}

TEST(Failures, AreTriedTwiceMore) {
  for (const Script& script : {always(failed), Script(no_answer)}) {
    ProjectsCase with(bedrock, script);
    EXPECT_FALSE(with.projects.get("proj_a").ok());
    EXPECT_FALSE(with.projects.archive("proj_a").ok());
    EXPECT_EQ(with.record->sent.size(), 6U);
  }
}

TEST(Failures, LeaveItOpenWhetherAProjectWasMade) {
  for (const Script& script : {always(failed), Script(no_answer)}) {
    ProjectsCase with(bedrock, script);
    const auto made = with.projects.create({"app"});
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(with.record->sent.size(), 1U);
    EXPECT_FALSE(made.error().retryable);
    EXPECT_TRUE(made.error().message.ends_with(
        "; whether the project was made is not known: list the projects first"))
        << made.error().message;
  }
}

TEST(Failures, OfMantleMayHaveStatus400) {
  ProjectsCase with(mantle, [](const Sent&) -> Result<http::Response> {
    return answer_of(400, "Internal server error");
  });
  const auto found = with.projects.get("proj_a");
  EXPECT_EQ(found.error().code, Code::service);
  EXPECT_EQ(with.record->sent.size(), 3U);
}

TEST(Refusals, AreNotTriedAgain) {
  ProjectsCase with(bedrock, [](const Sent&) -> Result<http::Response> {
    return aws_error(400, "ConflictException");
  });
  EXPECT_FALSE(with.projects.update("proj_a", {"n", {}}).ok());
  EXPECT_EQ(with.record->sent.size(), 1U);
}

TEST(Waits, EndTheRetriesAheadOfTheDeadline) {
  ProjectsCase with(bedrock, always(throttled_on_bedrock));
  Wait wait;
  wait.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  EXPECT_EQ(with.projects.get("proj_a", wait).error().code, Code::throttled);
  EXPECT_LT(with.record->sent.size(), 5U);  // the fifth comes 3.75 s later at the least
}

TEST(Waits, EndWithACancellation) {
  Cancel cancel;
  ProjectsCase with(bedrock, [&](const Sent&) -> Result<http::Response> {
    cancel.request();
    return throttled_on_bedrock();
  });
  Wait wait;
  wait.cancel = &cancel;
  EXPECT_EQ(with.projects.get("proj_a", wait).error().code, Code::cancelled);
  EXPECT_EQ(with.record->sent.size(), 1U);
}

}  // namespace
}  // namespace costmark::testing
