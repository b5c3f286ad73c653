// How requests of the Messages API name their project.
#include <gtest/gtest.h>

#include "client_fixture.hpp"

namespace costmark::testing {
namespace {

constexpr std::string_view mantle = "https://bedrock-mantle.us-east-1.api.aws";
constexpr std::string_view body = R"({"model":"anthropic.claude-fable-5","messages":[]})";

std::string carried_by(const Prepared& prepared) {
  std::string names;
  for (const Header& header : prepared.headers_to_set()) {
    if (header.name == "OpenAI-Project" || header.name.starts_with("anthropic")) {
      names += std::string(header.name) + "=" + std::string(header.value) + " ";
    }
  }
  return names;
}

TEST(Messages, EveryPathBelowAnthropicTakesTheWorkspaceHeader) {
  const auto client = client_of(with_keys({{"project", "proj_a"}}));
  for (const std::string_view path :
       {"/anthropic/v1/messages", "/anthropic/v1/messages/count_tokens",
        "/anthropic/v1/messages/batches", "/anthropic/v1/models", "/anthropic/v1/files"}) {
    Prepared prepared;
    const Post post{std::string(mantle) + std::string(path), std::string(body)};
    ASSERT_TRUE(client->prepare(post.request(), prepared).ok()) << path;
    EXPECT_EQ(carried_by(prepared), "anthropic-workspace-id=proj_a ") << path;
    EXPECT_FALSE(prepared.body_changed()) << path;
    EXPECT_NE(value_set(prepared, "authorization").find("SignedHeaders=anthropic-workspace-id;"),
              std::string::npos);
  }
}

TEST(Messages, OnOtherHostsTheBodyStaysAsItIsToo) {
  for (const std::string_view host : {"http://127.0.0.1:8080", "https://gateway.example/team",
                                      "https://bedrock-runtime.us-east-1.amazonaws.com"}) {
    Prepared prepared;
    const Post post{std::string(host) + "/anthropic/v1/messages", std::string(body)};
    const auto client = client_of(with_keys({{"project", "proj_a"}, {"auth", "none"}}));
    ASSERT_TRUE(client->prepare(post.request(), prepared).ok()) << host;
    EXPECT_EQ(carried_by(prepared), "anthropic-workspace-id=proj_a ") << host;
    EXPECT_EQ(prepared.body(), body) << host;
  }
}

struct Named {
  const char* header;
  const char* path;
  const char* carried;
};

class NamedByTheCaller : public ::testing::TestWithParam<Named> {};

TEST_P(NamedByTheCaller, MovesToTheRightHeader) {
  const Named& named = GetParam();
  Prepared prepared;
  Post post{std::string(mantle) + named.path, std::string(body)};
  post.headers.push_back({named.header, "proj_call"});
  const auto client = client_of(with_keys({{"project", "proj_client"}}));
  ASSERT_TRUE(client->prepare(post.request(), prepared).ok());
  EXPECT_EQ(prepared.project(), "proj_call");
  EXPECT_EQ(prepared.project_source(), ProjectSource::request);
  EXPECT_EQ(carried_by(prepared), std::string(named.carried) + "=proj_call ");
  if (std::string_view(named.header) != named.carried) {
    EXPECT_TRUE(removes(prepared, named.header));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, NamedByTheCaller,
    ::testing::Values(
        Named{"OpenAI-Project", "/anthropic/v1/messages", "anthropic-workspace-id"},
        Named{"anthropic-workspace", "/anthropic/v1/messages", "anthropic-workspace-id"},
        Named{"Anthropic-Workspace", "/anthropic/v1/models", "anthropic-workspace-id"},
        Named{"anthropic-workspace-id", "/anthropic/v1/messages", "anthropic-workspace-id"},
        Named{"anthropic-workspace", "/v1/chat/completions", "OpenAI-Project"},
        Named{"anthropic-workspace-id", "/v1/models", "OpenAI-Project"}));

TEST(Messages, HeadersThatAgreeBecomeOne) {
  Prepared prepared;
  Post post{std::string(mantle) + "/anthropic/v1/messages", std::string(body)};
  post.headers.push_back({"OpenAI-Project", "proj_a"});
  post.headers.push_back({"anthropic-workspace", "proj_a"});
  post.headers.push_back({"anthropic-workspace-id", "proj_a"});
  ASSERT_TRUE(client_of(with_keys({}))->prepare(post.request(), prepared).ok());
  EXPECT_EQ(carried_by(prepared), "anthropic-workspace-id=proj_a ");
  EXPECT_TRUE(removes(prepared, "openai-project"));
  EXPECT_TRUE(removes(prepared, "anthropic-workspace"));
  EXPECT_FALSE(removes(prepared, "anthropic-workspace-id"));
}

TEST(Messages, HeadersThatDifferAreRefused) {
  for (const auto& [first, second] : {std::pair{"OpenAI-Project", "anthropic-workspace-id"},
                                      std::pair{"anthropic-workspace-id", "anthropic-workspace"},
                                      std::pair{"OpenAI-Project", "anthropic-workspace"}}) {
    Prepared prepared;
    Post post{std::string(mantle) + "/anthropic/v1/messages", std::string(body)};
    post.headers.push_back({first, "proj_a"});
    post.headers.push_back({second, "proj_b"});
    const Status status = client_of(with_keys({}))->prepare(post.request(), prepared);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, Code::conflict);
    EXPECT_EQ(status.error().message, "the request's " + std::string(first) + " and " + second +
                                          " headers differ; name one project");
  }
}

TEST(Messages, TheOldHeaderIsHeldToTheRules) {
  const Post plain{std::string(mantle) + "/anthropic/v1/messages", std::string(body)};
  const auto prepare = [&](const char* value, const OptionValues& options) {
    Post post = plain;
    post.headers.push_back({"anthropic-workspace", value});
    Prepared prepared;
    return client_of(with_keys(options))->prepare(post.request(), prepared);
  };
  EXPECT_EQ(prepare("no project!", {}).error().code, Code::invalid_project);
  EXPECT_EQ(prepare("proj_b", {{"allowed_projects", "proj_a*"}}).error().code,
            Code::project_not_allowed);
  EXPECT_EQ(prepare("proj_b", {{"project", "proj_a"}, {"conflict", "refuse"}}).error().code,
            Code::conflict);
  EXPECT_TRUE(prepare("", {{"unattributed", "allow"}}).ok());
}

TEST(Messages, BatchesMustNameAProjectAndCountingNeedNot) {
  const auto client = client_of(with_keys({{"unattributed", "refuse"}}));
  Prepared prepared;
  const Post batch{std::string(mantle) + "/anthropic/v1/messages/batches", R"({"requests":[]})"};
  EXPECT_EQ(client->prepare(batch.request(), prepared).error().code, Code::unattributed);
  const Post count{std::string(mantle) + "/anthropic/v1/messages/count_tokens", std::string(body)};
  EXPECT_TRUE(client->prepare(count.request(), prepared).ok());
}

TEST(Messages, TheDefaultProjectOfARuntimeHostIsNamedInTheSameHeader) {
  Prepared prepared;
  Post post{"https://bedrock-runtime.us-east-1.amazonaws.com/anthropic/v1/messages",
            std::string(body)};
  post.headers.push_back({"anthropic-workspace-id", "default"});
  ASSERT_TRUE(client_of(with_keys({}))->prepare(post.request(), prepared).ok());
  EXPECT_EQ(carried_by(prepared), "anthropic-workspace-id=default ");
}

}  // namespace
}  // namespace costmark::testing
