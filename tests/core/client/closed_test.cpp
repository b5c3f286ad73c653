// What does not pass where calls must be attributed, and what is left alone.
#include <array>

#include "core/client/client_fixture.hpp"

namespace costmark::testing {
namespace {

const std::string mantle = "https://bedrock-mantle.us-east-1.api.aws";
const std::string runtime = "https://bedrock-runtime.us-east-1.amazonaws.com";
const std::string gateway = "http://127.0.0.1:8080";

Code code_of(Client& client, const Request& request) {
  Prepared prepared;
  const Status status = client.prepare(request, prepared);
  return status ? Code::ok : status.error().code;
}

Code code_of(Client& client, const Post& post) {
  return code_of(client, post.request());
}

std::shared_ptr<Client> closed_client(OptionValues more = {}) {
  more.emplace("unattributed", "refuse");
  return client_of(with_keys(std::move(more)));
}

// --- Routes --------------------------------------------------------------------------------------

constexpr std::array spending_paths{"/v1/batches",
                                    "/v1/files",
                                    "/v1/uploads/u_1/parts",
                                    "/v1/fine_tuning/jobs",
                                    "/v1/images/generations",
                                    "/v1/audio/transcriptions",
                                    "/v1/moderations",
                                    "/v1/realtime/client_secrets"};

TEST(Closed, WhatMaySpendNeedsAProject) {
  for (const OptionValues& policy :
       {OptionValues{{"unattributed", "refuse"}}, OptionValues{{"allowed_projects", "proj_*"}}}) {
    const auto client = client_of(with_keys(policy));
    for (const std::string path : spending_paths) {
      for (const std::string& host : {mantle, gateway}) {
        Post post{host + path, R"({"a":1})"};
        EXPECT_EQ(code_of(*client, post), Code::unattributed) << host << path;
        post.scope = "proj_a";
        Prepared prepared;
        ASSERT_TRUE(client->prepare(post.request(), prepared).ok()) << host << path;
        EXPECT_EQ(value_set(prepared, "OpenAI-Project"), "proj_a");
        EXPECT_FALSE(prepared.body_changed());
        EXPECT_FALSE(prepared.unattributed());
      }
    }
  }
}

TEST(Closed, WhatSpendsNothingNeedsNone) {
  const auto client = closed_client();
  for (const char* path : {"/v1/organization/projects", "/anthropic/v1/messages/count_tokens",
                           "/v1/responses/r/cancel", "/v1/responses/input_tokens",
                           "/v1/uploads/u_1/complete", "/v1/batches/b_1/cancel"}) {
    EXPECT_EQ(code_of(*client, Post{mantle + path, "{}"}), Code::ok) << path;
  }
  for (const char* method : {"GET", "HEAD", "OPTIONS", "DELETE"}) {
    const std::string url = mantle + "/v1/anything/at/all";
    EXPECT_EQ(code_of(*client, Request{method, url, {}, {}, {}, {}}), Code::ok) << method;
  }
}

TEST(Closed, UnknownRoutesPassOnlyWhereOthersServeThem) {
  Prepared prepared;
  const Post own{mantle + "/v1/something/new", "{}"};
  const Post other{gateway + "/key/generate", R"({"models":[]})"};
  const auto client = closed_client({{"project", "proj_a"}});
  const Status refused = client->prepare(own.request(), prepared);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::unattributed);
  EXPECT_NE(refused.error().message.find("'/v1/something/new'"), std::string::npos);
  EXPECT_NE(refused.error().message.find("option 'free_routes'"), std::string::npos);

  ASSERT_TRUE(client->prepare(other.request(), prepared).ok());
  EXPECT_TRUE(prepared.unrecognized());
  EXPECT_TRUE(prepared.headers_to_set().empty());
  EXPECT_FALSE(prepared.body_changed());
  EXPECT_EQ(prepared.project(), "");
  EXPECT_EQ(client->request_counts().unrecognized, 1U);

  const auto strict = client_of(with_keys({{"strict_routes", "true"}, {"project", "proj_a"}}));
  EXPECT_EQ(code_of(*strict, own), Code::unattributed);
  EXPECT_EQ(code_of(*strict, other), Code::unattributed);
  EXPECT_EQ(strict->request_counts().unrecognized, 0U);
}

TEST(Closed, WithoutAPolicyNothingIsRefused) {
  Prepared prepared;
  const auto client = client_of(with_keys({{"project", "proj_a"}}));
  ASSERT_TRUE(client->prepare(Post{mantle + "/v1/new", "{}"}.request(), prepared).ok());
  EXPECT_EQ(value_set(prepared, "OpenAI-Project"), "proj_a");
  EXPECT_TRUE(prepared.unrecognized());
  ASSERT_TRUE(client->prepare(Post{gateway + "/graphql", "{}"}.request(), prepared).ok());
  EXPECT_TRUE(prepared.headers_to_set().empty());
}

TEST(Closed, FreeRoutesAreDeclared) {
  const auto client = closed_client({{"free_routes", "/V1/New*, */moderations"}});
  EXPECT_EQ(code_of(*client, Post{mantle + "/v1/new/thing", "{}"}), Code::ok);
  EXPECT_EQ(code_of(*client, Post{mantle + "/v1/moderations", "{}"}), Code::ok);
  EXPECT_EQ(code_of(*client, Post{mantle + "/v1/other", "{}"}), Code::unattributed);
  for (const char* around : {"/v1/new/../chat/completions", "/v1/new/%2e%2e/images/edits",
                             "/v1/images/edits%3f/../../new", "/v1/images/edits;/../../new"}) {
    EXPECT_EQ(code_of(*client, Post{mantle + around, "{}"}), Code::unattributed) << around;
  }
  EXPECT_EQ(client->request_counts(), RequestCounts{});
}

TEST(Closed, SomeOperationsOfBedrockCannotNameAProject) {
  const std::string url = runtime + "/async-invoke";
  Prepared prepared;
  const Post post{url, "{}"};
  const Status refused = closed_client({{"project", "proj_a"}})->prepare(post.request(), prepared);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::unattributed);
  EXPECT_NE(refused.error().message.find("no place for a project"), std::string::npos);
  EXPECT_EQ(code_of(*closed_client({{"free_routes", "/async-invoke"}}), post), Code::ok);

  const auto open = client_of(with_keys({{"project", "proj_a"}}));
  for (const std::string& host : {runtime, gateway}) {
    const Post invoke{host + "/guardrail/g/version/1/apply", R"({"prompt":"Hello"})"};
    ASSERT_TRUE(open->prepare(invoke.request(), prepared).ok());
    EXPECT_FALSE(prepared.body_changed());
    EXPECT_EQ(value_set(prepared, "OpenAI-Project"), "(absent)");
    EXPECT_EQ(prepared.project(), "");
    EXPECT_TRUE(prepared.unattributed());
  }
  EXPECT_EQ(open->request_counts().unattributed, 2U);
}

TEST(Closed, WhatNothingIsWrittenIntoKeepsTheCallersAuthorization) {
  const std::string signed_by_caller =
      "AWS4-HMAC-SHA256 Credential=OTHER/20250102/us-east-1/bedrock/aws4_request";
  Prepared prepared;
  for (const std::string& authorization : {signed_by_caller, std::string("Bearer of-the-caller")}) {
    Post invoke{runtime + "/model/m/invoke", R"({"prompt":"Hello"})"};
    invoke.headers.push_back({"Authorization", authorization});
    // No credentials are there, and none are asked for.
    const auto open = client_of({});
    ASSERT_TRUE(open->prepare(invoke.request(), prepared).ok());
    EXPECT_TRUE(prepared.headers_to_set().empty());
    EXPECT_TRUE(prepared.headers_to_remove().empty());
    // Keys that are given sign.
    ASSERT_TRUE(client_of(with_keys({}))->prepare(invoke.request(), prepared).ok());
    EXPECT_TRUE(
        value_set(prepared, "Authorization").starts_with("AWS4-HMAC-SHA256 Credential=AKID"));
  }
}

TEST(Closed, ARequestDoesNotHideBehindItsMethod) {
  const auto client = closed_client();
  Post post{mantle + "/v1/chat/completions", R"({"model":"m"})"};
  for (const char* method : {"GET", "PUT", "DELETE", "post", "BREW"}) {
    Request request = post.request();
    request.method = method;
    EXPECT_EQ(code_of(*client, request), Code::unattributed) << method;
  }
  for (const char* name : {"X-HTTP-Method-Override", "x-method-override", "Upgrade"}) {
    const std::array headers{Header{name, "POST"}};
    const std::string url = mantle + "/v1/realtime";
    EXPECT_EQ(code_of(*client, Request{"GET", url, headers, {}, {}, {}}), Code::unattributed)
        << name;
  }
}

TEST(Closed, AWebSocketIsRefusedBeforeItsHandshake) {
  const std::array headers{Header{"Connection", "Upgrade"}, Header{"Upgrade", "websocket"}};
  for (const OptionValues& policy :
       {OptionValues{{"unattributed", "refuse"}}, OptionValues{{"allowed_projects", "proj_*"}},
        OptionValues{{"conflict", "override"}}}) {
    const auto client = client_of(with_keys(policy));
    for (const char* path : {"/v1/responses", "/v1/realtime", "/v1/realtime/translations",
                             "/v1/live/sessions", "/v1/live/sessions/s_1/fork"}) {
      for (const std::string& host : {mantle, gateway}) {
        const std::string url = host + path;
        Request request{"GET", url, headers, {}, {}, "proj_a"};
        EXPECT_EQ(code_of(*client, request), Code::unattributed) << url;
      }
    }
  }
}

TEST(Closed, AWebSocketThatAUserDeclaresFreePasses) {
  const std::array headers{Header{"Upgrade", "websocket"}};
  const auto client = closed_client({{"free_routes", "*/realtime"}});
  const std::string url = gateway + "/v1/realtime";
  EXPECT_EQ(code_of(*client, Request{"GET", url, headers, {}, {}, {}}), Code::ok);
}

TEST(Closed, AWebSocketOfAnOpenClientNamesItsProjectInTheHeader) {
  const std::array headers{Header{"Connection", "Upgrade"}, Header{"Upgrade", "websocket"}};
  const auto client = client_of(with_keys({}));
  for (const char* path : {"/v1/responses", "/v1/realtime"}) {
    for (const std::string& host : {mantle, gateway}) {
      const std::string url = host + path;
      Request request{"GET", url, headers, {}, {}, "proj_a"};
      Prepared prepared;
      ASSERT_TRUE(client->prepare(request, prepared).ok()) << url;
      EXPECT_EQ(value_set(prepared, "OpenAI-Project"), "proj_a");
      request.scope = {};
      ASSERT_TRUE(client->prepare(request, prepared).ok()) << url;
      EXPECT_TRUE(prepared.unattributed());
    }
  }
}

TEST(Closed, AProjectThatAnUnknownRequestNamesIsHeldToThePolicies) {
  Post post{gateway + "/graphql", "{}"};
  post.headers.push_back({"openai-project", "proj_b"});
  EXPECT_EQ(code_of(*client_of({{"allowed_projects", "proj_a"}}), post), Code::project_not_allowed);
  Prepared prepared;
  const auto overriding = client_of({{"project", "proj_a"}, {"conflict", "override"}});
  ASSERT_TRUE(overriding->prepare(post.request(), prepared).ok());
  EXPECT_EQ(value_set(prepared, "OpenAI-Project"), "proj_a");
}

TEST(Closed, AnAllowedDefaultProjectMayBeLeftOut) {
  const auto client = client_of(with_keys({{"allowed_projects", "proj_a,default"}}));
  EXPECT_EQ(code_of(*client, Post{std::string(mantle_chat), "{}"}), Code::ok);
  EXPECT_EQ(client->request_counts().unattributed, 1U);
}

// --- Bodies --------------------------------------------------------------------------------------

using Labels = std::vector<Header>;

const std::vector<Labels> labels{
    {},
    {{"Content-Type", "text/plain"}},
    {{"Content-Type", "*/*"}},
    {{"Content-Type", ""}},
    {{"Content-Type", "application/x-www-form-urlencoded"}},
    {{"Content-Type", "multipart/form-data; boundary=x"}},
    {{"Content-Type", "application/json"}, {"Content-Encoding", "identity,identity"}},
    {{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}},
    {{"Content-Type", "application/octet-stream"}, {"Content-Encoding", "br"}},
};

TEST(Closed, WhatBeginsLikeJsonIsReadWhateverItsLabels) {
  const auto allowed = client_of({{"allowed_projects", "proj_a"}});
  const auto refusing = client_of({{"project", "proj_a"}, {"conflict", "refuse"}});
  const auto plain = client_of({{"project", "proj_a"}});
  for (const Labels& each : labels) {
    const Post named{std::string(custom_chat), " \r\n{\"project_id\":\"proj_b\"}", each};
    EXPECT_EQ(code_of(*allowed, named), Code::project_not_allowed);
    EXPECT_EQ(code_of(*refusing, named), Code::conflict);
    Prepared prepared;
    const Post stream{std::string(custom_chat), R"({"stream":true})", each};
    ASSERT_TRUE(plain->prepare(stream.request(), prepared).ok());
    EXPECT_TRUE(prepared.hides_usage_chunk());
    EXPECT_NE(prepared.body().find(R"("project_id":"proj_a")"), std::string::npos);
  }
}

TEST(Closed, ChainsAreCheckedWhateverTheLabels) {
  const auto client = client_of({{"project", "proj_a"}});
  const Post first{gateway + "/v1/responses", R"({"model":"m"})"};
  Operation call = sent_operation(*client, first.request());
  static_cast<void>(call.head(Head(200)));
  static_cast<void>(call.feed(
      R"({"id":"resp_1","object":"response","status":"completed","usage":{"input_tokens":1,"output_tokens":1}})"));
  static_cast<void>(call.finish());
  for (const Labels& each : labels) {
    Post post{gateway + "/v1/responses", R"({"previous_response_id":"resp_1"})", each};
    post.scope = "proj_b";
    EXPECT_EQ(code_of(*client, post), Code::conflict);
  }
}

TEST(Closed, BodiesThatCannotBeReadAreRefused) {
  const std::vector<Post> posts{
      {std::string(custom_chat),
       "\x1F\x8B\x08",
       {{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}}},
      {std::string(custom_chat), "\x28\xB5\x2F\xFD", {{"Content-Encoding", "zstd"}}},
      {std::string(custom_chat), "--x\r\n", {{"Content-Type", "multipart/form-data; boundary=x"}}},
      {std::string(custom_chat),
       "model=m",
       {{"Content-Type", "application/x-www-form-urlencoded"}}},
      {std::string(custom_chat), "{not json", {{"Content-Type", "text/plain"}}},
      {std::string(custom_chat), "\xEF\xBB\xBF{}", {{"Content-Type", "text/plain"}}},
      {std::string(custom_chat), "", {{"Content-Type", "text/plain"}}},
  };
  for (const OptionValues& policy :
       {OptionValues{{"unattributed", "refuse"}}, OptionValues{{"allowed_projects", "proj_a"}},
        OptionValues{{"conflict", "override"}}, OptionValues{{"conflict", "refuse"}}}) {
    OptionValues options = policy;
    options.emplace("project", "proj_a");
    const auto client = client_of(options);
    for (const Post& post : posts) {
      Prepared prepared;
      const Status status = client->prepare(post.request(), prepared);
      ASSERT_FALSE(status.ok()) << post.body;
      EXPECT_EQ(status.error().code, Code::unattributed);
      EXPECT_NE(status.error().message.find(policy.begin()->first), std::string::npos)
          << status.error().message;
    }
  }
  // Without such a policy they pass as they came, and the header names the project.
  const auto client = client_of({{"project", "proj_a"}});
  for (const Post& post : posts) {
    Prepared prepared;
    ASSERT_TRUE(client->prepare(post.request(), prepared).ok()) << post.body;
    EXPECT_EQ(prepared.body(), post.body);
    EXPECT_EQ(value_set(prepared, "OpenAI-Project"), "proj_a");
  }
}

TEST(Closed, ABodyOfAJobThatNamesAProjectIsReadToo) {
  const Post post{gateway + "/v1/batches",
                  R"({"project_id":"proj_b","x":1})",
                  {{"Content-Type", "text/plain"}}};
  EXPECT_EQ(code_of(*client_of({{"allowed_projects", "proj_a"}}), post), Code::project_not_allowed);
  Prepared prepared;
  ASSERT_TRUE(client_of({{"project", "proj_a"}, {"conflict", "override"}})
                  ->prepare(post.request(), prepared)
                  .ok());
  EXPECT_EQ(value_set(prepared, "OpenAI-Project"), "proj_a");
  EXPECT_EQ(prepared.body(), R"({"x":1})");
}

TEST(Closed, UploadsOfAnyBodyPass) {
  const auto client = closed_client({{"project", "proj_a"}});
  for (const char* body : {"--x\r\nnot json", "{\"a\":1}\n{\"b\":2}\n", "[1,2]", "", "{"}) {
    Prepared prepared;
    const Post post{gateway + "/v1/files", body, {{"Content-Type", "application/octet-stream"}}};
    ASSERT_TRUE(client->prepare(post.request(), prepared).ok()) << body;
    EXPECT_EQ(prepared.body(), body);
  }
}

// --- What is counted -----------------------------------------------------------------------------

TEST(Closed, UnattributedRequestsCountWithoutALog) {
  const auto client = client_of({});
  Prepared prepared;
  const Post post{std::string(custom_chat), "{}"};
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client->prepare(post.request(), prepared).ok());
  EXPECT_TRUE(prepared.unattributed());
  EXPECT_EQ(client->request_counts(), (RequestCounts{3, 0}));

  Operation observed = client->operation();
  ASSERT_TRUE(observed.begin(post.request()).ok());
  observed.sent();
  EXPECT_EQ(client->request_counts().unattributed, 4U);
  client->reset_usage();
  EXPECT_EQ(client->request_counts(), RequestCounts{});
}

}  // namespace
}  // namespace costmark::testing
