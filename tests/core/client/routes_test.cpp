// Option `route`: hints, and requests that go to the path of their model.
#include <gtest/gtest.h>

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "client_fixture.hpp"

namespace costmark::testing {
namespace {

constexpr std::string_view mantle = "https://bedrock-mantle.us-east-1.api.aws";

Post post_to(std::string_view path, std::string_view model) {
  return {std::string(mantle) + std::string(path), R"({"model":")" + std::string(model) + "\"}"};
}

std::string hint_of(const Post& post, const OptionValues& options = {}) {
  Prepared prepared;
  const Status status = client_of(with_keys(options))->prepare(post.request(), prepared);
  EXPECT_TRUE(status.ok());
  EXPECT_TRUE(prepared.url().empty());
  return std::string(prepared.hint());
}

std::string url_of(const Post& post, OptionValues options = {}) {
  options.emplace("route", "auto");
  Prepared prepared;
  const Status status = client_of(with_keys(options))->prepare(post.request(), prepared);
  EXPECT_TRUE(status.ok());
  return std::string(prepared.url());
}

TEST(Hint, NamesTheRightBaseUrlAndWhoSaysSo) {
  const std::string hint = hint_of(post_to("/v1/responses", "openai.gpt-5.6-sol"));
  EXPECT_NE(hint.find("model 'openai.gpt-5.6-sol' is served under /openai/v1"), std::string::npos);
  EXPECT_NE(hint.find("not under /v1 (costmark's model-routes.txt:"), std::string::npos);
  EXPECT_NE(hint.find("base_url is https://bedrock-mantle.us-east-1.api.aws/openai/v1, or set "
                      "option route=auto"),
            std::string::npos);

  const std::string other = hint_of(post_to("/openai/v1/chat/completions", "qwen.qwen3-32b"));
  EXPECT_NE(other.find("base_url is https://bedrock-mantle.us-east-1.api.aws/v1,"),
            std::string::npos);
}

TEST(Hint, KnowsWhatMovingCannotHelp) {
  const std::string messages = hint_of(post_to("/v1/chat/completions", "anthropic.claude-fable-5"));
  EXPECT_NE(messages.find("Anthropic client whose base_url is "
                          "https://bedrock-mantle.us-east-1.api.aws/anthropic"),
            std::string::npos);
  EXPECT_EQ(messages.find("route=auto"), std::string::npos);
  EXPECT_EQ(messages.find("/anthropic/v1, or"), std::string::npos);

  const std::string openai = hint_of(post_to("/anthropic/v1/messages", "openai.gpt-oss-20b"));
  EXPECT_NE(openai.find("OpenAI client whose base_url is "), std::string::npos);
  EXPECT_EQ(openai.find("route=auto"), std::string::npos);

  const std::string root = hint_of(post_to("/v1/messages", "anthropic.claude-fable-5"));
  EXPECT_NE(root.find("not under /v1"), std::string::npos);

  const std::string profile = hint_of(post_to("/anthropic/v1/messages", "us.anthropic.claude-x"));
  EXPECT_NE(profile.find("is served by no path of a bedrock-mantle host"), std::string::npos);
  EXPECT_NE(profile.find("without the prefix of a profile"), std::string::npos);

  const std::string counted =
      hint_of(post_to("/v1/messages/count_tokens", "anthropic.claude-fable-5"));
  EXPECT_FALSE(counted.empty());
}

TEST(Hint, TellsOfAPathThatNoMantleHostHas) {
  for (const char* path : {"/v2/responses", "/gateway/v1/responses"}) {
    const std::string hint = hint_of(post_to(path, "openai.gpt-5.6-sol"));
    EXPECT_TRUE(hint.starts_with("the path " + std::string(path) + " is none of")) << hint;
  }
}

TEST(Hint, IsSilentWhereNothingIsKnownOrWrong) {
  for (const Post& post : {
           post_to("/openai/v1/responses", "openai.gpt-5.6-sol"),
           post_to("/v1/chat/completions", "openai.gpt-oss-120b"),
           post_to("/anthropic/v1/messages", "anthropic.claude-fable-5"),
           post_to("/v1/chat/completions", "made-up.model"),
           post_to("/openai/v1/responses", "openai.gpt-6-one"),
           post_to("/%761/responses", "openai.gpt-5.6-sol"),
           post_to("/v1/moderations", "openai.gpt-5.6-sol"),
           post_to("/v1/chat/completions", "openai.gpt-5.5\\nINFO all is well"),
           post_to("/v1/chat/completions", "openai.gpt-5.5" + std::string(300, 'x')),
       }) {
    EXPECT_EQ(hint_of(post), "") << post.url << ' ' << post.body;
    EXPECT_EQ(url_of(post), "") << post.url << ' ' << post.body;
  }
  EXPECT_EQ(hint_of({std::string(mantle) + "/v1/responses", "{}"}), "");
  EXPECT_EQ(hint_of({std::string(mantle) + "/v1/responses", R"({"model":7})"}), "");
  Post get{std::string(mantle) + "/v1/responses/resp_1", ""};
  EXPECT_EQ(hint_of(get), "");
}

TEST(Hint, IsForMantleHostsAlone) {
  const std::string body = R"({"model":"openai.gpt-5.6-sol"})";
  for (const char* url : {"http://127.0.0.1:8080/v1/chat/completions",
                          "https://bedrock-runtime.us-east-1.amazonaws.com/v1/chat/completions",
                          "https://gateway.example/v1/chat/completions"}) {
    Prepared prepared;
    const Post post{url, body};
    ASSERT_TRUE(client_of(with_keys({{"auth", "none"}, {"route", "auto"}}))
                    ->prepare(post.request(), prepared)
                    .ok());
    EXPECT_EQ(prepared.hint(), "") << url;
    EXPECT_EQ(prepared.url(), "") << url;
  }
  // What the caller says stands behind a gateway is taken at its word.
  const Post post{"http://127.0.0.1:8080/v1/chat/completions", body};
  EXPECT_NE(hint_of(post, {{"endpoint", "mantle"}, {"auth", "none"}})
                .find("base_url is http://127.0.0.1:8080/openai/v1"),
            std::string::npos);
}

TEST(Hint, OfAnEarlierRequestIsGone) {
  const auto client = client_of(with_keys({}));
  Prepared prepared;
  ASSERT_TRUE(client->prepare(post_to("/v1/responses", "openai.gpt-5.5").request(), prepared).ok());
  EXPECT_FALSE(prepared.hint().empty());
  const Post bodiless{std::string(mantle) + "/v1/responses", "{}"};
  ASSERT_TRUE(client->prepare(bodiless.request(), prepared).ok());
  EXPECT_TRUE(prepared.hint().empty());
}

// What is said of a request to that path, of a client that signs nothing.
std::string path_hint(std::string_view url) {
  const auto client = client_of({{"auth", "none"}, {"unattributed", "allow"}});
  Prepared prepared;
  EXPECT_TRUE(client->prepare(Post{std::string(url), R"({"model":"m"})"}.request(), prepared).ok());
  return std::string(prepared.hint());
}

TEST(Hint, SaysWhatIsWrongWithABaseUrl) {
  const std::string mantle_host = "https://bedrock-mantle.us-east-1.api.aws";
  EXPECT_TRUE(path_hint(mantle_host + "/v1/v1/chat/completions")
                  .starts_with("the path /v1/v1/chat/completions has /v1 twice"));
  EXPECT_TRUE(path_hint("http://127.0.0.1:8080/anthropic/v1/v1/messages")
                  .starts_with("the path /anthropic/v1/v1/messages has /v1 twice"));
  EXPECT_TRUE(path_hint(mantle_host + "/chat/completions")
                  .starts_with("the path /chat/completions is none of a bedrock-mantle host"));
  EXPECT_EQ(path_hint(mantle_host + "/v1/chat/completions"), "");
  EXPECT_EQ(path_hint("http://127.0.0.1:8080/chat/completions"), "");
  EXPECT_EQ(path_hint("http://127.0.0.1:8080/v1/v10/chat/completions"), "");
  EXPECT_LT(path_hint(mantle_host + "/v1/v1/" + std::string(5000, 'x')).size(), 300U);
}

TEST(Hint, IsLoggedOncePerModelAndClient) {
  std::vector<std::pair<LogLevel, std::string>> lines;
  ClientConfig config = config_of(with_keys({{"unattributed", "allow"}}));
  config.log = [&](LogLevel level, std::string_view line) {
    if (line.starts_with("model ")) lines.emplace_back(level, line);
  };
  const auto client = Client::create(std::move(config)).value();
  Prepared prepared;
  for (const char* model : {"openai.gpt-5.5", "openai.gpt-5.4", "openai.gpt-5.5"}) {
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(client->prepare(post_to("/v1/responses", model).request(), prepared).ok());
      EXPECT_FALSE(prepared.hint().empty()) << "the error shows it each time";
    }
  }
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].first, LogLevel::warning);
  EXPECT_NE(lines[0].second.find("'openai.gpt-5.5'"), std::string::npos);
  EXPECT_NE(lines[1].second.find("'openai.gpt-5.4'"), std::string::npos);
}

TEST(Hint, IsLoggedForAFewModelsOnly) {
  std::size_t lines = 0;
  ClientConfig config = config_of(with_keys({{"unattributed", "allow"}}));
  config.log = [&](LogLevel, std::string_view line) { lines += line.starts_with("model "); };
  const auto client = Client::create(std::move(config)).value();
  Prepared prepared;
  for (int i = 0; i < 1000; ++i) {
    const Post post = post_to("/v1/responses", "openai.gpt-5.5-" + std::to_string(i));
    ASSERT_TRUE(client->prepare(post.request(), prepared).ok());
  }
  EXPECT_EQ(lines, 256U);
}

TEST(Hint, IsLoggedOnceHoweverManyThreadsGetIt) {
  std::atomic<int> lines{0};
  ClientConfig config = config_of(with_keys({{"unattributed", "allow"}}));
  config.log = [&](LogLevel, std::string_view line) { lines += line.starts_with("model "); };
  const auto client = Client::create(std::move(config)).value();
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      Prepared prepared;
      const Post post = post_to("/v1/responses", "openai.gpt-5.5");
      for (int j = 0; j < 50; ++j) {
        EXPECT_TRUE(client->prepare(post.request(), prepared).ok());
        EXPECT_FALSE(prepared.hint().empty());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(lines, 1);
}

TEST(RouteAuto, GoesToThePathOfTheModel) {
  EXPECT_EQ(url_of(post_to("/v1/responses?x=/v1/a&y", "openai.gpt-5.5")),
            std::string(mantle) + "/openai/v1/responses?x=%2Fv1%2Fa&y");
  EXPECT_EQ(url_of(post_to("/openai/v1/chat/completions", "openai.gpt-oss-120b")),
            std::string(mantle) + "/v1/chat/completions");
  EXPECT_EQ(url_of(post_to("/v1/responses/compact", "openai.gpt-5.5")),
            std::string(mantle) + "/openai/v1/responses/compact");
  EXPECT_EQ(url_of({"http://[::1]:8080/v1/responses#part", R"({"model":"openai.gpt-5.5"})"},
                   {{"endpoint", "mantle"}, {"auth", "none"}}),
            "http://[::1]:8080/openai/v1/responses#part");
}

TEST(RouteAuto, NeverCrossesToAnotherApi) {
  for (const Post& post :
       {post_to("/v1/chat/completions", "anthropic.claude-fable-5"),
        post_to("/anthropic/v1/messages", "openai.gpt-oss-20b"),
        post_to("/v1/messages", "openai.gpt-5.5"), post_to("/v1/embeddings", "openai.gpt-5.5"),
        post_to("/v1/responses", "us.openai.gpt-5.6-sol")}) {
    Prepared prepared;
    ASSERT_TRUE(client_of(with_keys({{"route", "auto"}}))->prepare(post.request(), prepared).ok());
    EXPECT_EQ(prepared.url(), "") << post.url;
    EXPECT_FALSE(prepared.hint().empty()) << post.url;
    EXPECT_EQ(prepared.hint().find("route=auto"), std::string_view::npos) << "that is set";
  }
}

TEST(RouteAuto, SignsWhatIsSent) {
  const OptionValues options = with_keys({{"route", "auto"}, {"project", "proj_a"}});
  Prepared moved;
  Prepared direct;
  const auto client = client_of(options);
  const Post wrong = post_to("/v1/responses?a=1", "openai.gpt-5.5");
  const Post right = post_to("/openai/v1/responses?a=1", "openai.gpt-5.5");
  ASSERT_TRUE(client->prepare(wrong.request(), moved).ok());
  ASSERT_TRUE(client->prepare(right.request(), direct).ok());
  EXPECT_EQ(moved.url(), right.url);
  EXPECT_EQ(direct.url(), "");
  EXPECT_NE(value_set(direct, "authorization"), "(absent)");
  EXPECT_EQ(value_set(moved, "authorization"), value_set(direct, "authorization"));
  EXPECT_EQ(moved.hint(), "");
}

TEST(RouteAuto, IsNotTheDefault) {
  Prepared prepared;
  const Post post = post_to("/v1/responses", "openai.gpt-5.5");
  ASSERT_TRUE(client_of(with_keys({}))->prepare(post.request(), prepared).ok());
  EXPECT_EQ(prepared.url(), "");
}

class RoutesFile : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::temp_directory_path() /
            ("costmark-" + std::to_string(::getpid()) + "-" + test->name() + ".txt");
  }
  void TearDown() override { std::filesystem::remove_all(path_); }

  void write(std::string_view text) const { std::ofstream(path_, std::ios::binary) << text; }

  // What creating a client with this file says.
  std::string refusal() const {
    auto client = Client::create(config_of({{"routes", path_.string()}}));
    EXPECT_FALSE(client.ok());
    if (client.ok()) return {};
    EXPECT_EQ(client.error().code, Code::invalid_option);
    return client.error().message;
  }

  std::filesystem::path path_;
};

TEST_F(RoutesFile, IsAskedBeforeWhatShips) {
  write("openai.gpt-6-* /openai/v1\nopenai.gpt-5.5 /v1\n");
  const OptionValues options{{"routes", path_.string()}};
  EXPECT_NE(hint_of(post_to("/v1/responses", "openai.gpt-6-one"), options)
                .find("(" + path_.string() + ":1): "),
            std::string::npos);
  EXPECT_EQ(hint_of(post_to("/v1/responses", "openai.gpt-5.5"), options), "");
  EXPECT_NE(hint_of(post_to("/v1/responses", "openai.gpt-5.4"), options), "");
}

TEST_F(RoutesFile, MistakesAreFoundAtConstruction) {
  write("# mine\nopenai.gpt-6-* /openai\n");
  EXPECT_NE(refusal().find("option 'routes': " + path_.string() + ":2: '/openai' is no route"),
            std::string::npos);
}

TEST_F(RoutesFile, ThatCannotBeReadIsRefused) {
  EXPECT_NE(refusal().find(path_.string() + " cannot be read: "), std::string::npos);
  std::filesystem::create_directory(path_);
  EXPECT_NE(refusal().find("it is no regular file"), std::string::npos);
  std::filesystem::remove(path_);
  write(std::string((1U << 20U) + 1, '#'));
  EXPECT_NE(refusal().find("it is larger than 1 MiB"), std::string::npos);
  write(std::string(1U << 20U, '#'));
  EXPECT_TRUE(Client::create(config_of({{"routes", path_.string()}})).ok());
}

}  // namespace
}  // namespace costmark::testing
