#include <atomic>
#include <thread>

#include "core/client/client_fixture.hpp"

namespace costmark::testing {
namespace {

TEST(Threads, ShareOneClient) {
  const auto client = client_of(with_keys(
      {{"base_url", "https://bedrock-mantle.us-east-1.api.aws"}, {"carrier", "body,header"}}));
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&client, &failures, t] {
      Operation operation = client->operation();
      Post post{std::string(mantle_responses), R"({"input":"x"})"};
      post.scope = "proj_" + std::to_string(t);
      for (int i = 0; i < 200; ++i) {
        if (!operation.begin(post.request()).ok() || !operation.prepare().ok()) ++failures;
        if (value_set(operation.prepared(), "openai-project") != post.scope) ++failures;
        operation.sent();
        operation.head(Head(200));
        operation.feed(R"({"id":"resp_x","usage":{"input_tokens":2,"output_tokens":1}})");
        operation.finish();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  const auto usage = client->usage();
  ASSERT_EQ(usage.size(), 8U);
  for (const auto& [project, totals] : usage) {
    EXPECT_EQ(totals.operations, 200U) << project;
    EXPECT_EQ(totals.input_tokens, 400U) << project;
  }
}

}  // namespace
}  // namespace costmark::testing
