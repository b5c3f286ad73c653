// How `prepare` writes the project into a request.
#include <algorithm>
#include <memory>
#include <stdexcept>

#include "core/client/client_fixture.hpp"
#include "costmark/json.hpp"
#include "costmark/url.hpp"

namespace costmark::testing {
namespace {

constexpr std::string_view chat_body = R"({"model":"openai.gpt-oss-120b","messages":[]})";

TEST(Attribute, CustomHostsGetTheBodyMember) {
  const auto client = client_of({{"project", "proj_a"}});
  Prepared prepared;
  const Post post{std::string(custom_chat), std::string(chat_body)};
  ASSERT_TRUE(client->prepare(post.request(), prepared).ok());
  EXPECT_TRUE(prepared.body_changed());
  EXPECT_EQ(prepared.body(), json::set(chat_body, "project_id", "\"proj_a\"").value());
  EXPECT_EQ(value_set(prepared, "OpenAI-Project"), "(absent)");
  EXPECT_EQ(prepared.project(), "proj_a");
  EXPECT_EQ(prepared.project_source(), ProjectSource::client);
  EXPECT_EQ(prepared.api(), Api::chat_completions);
}

TEST(Attribute, MantleHostsGetTheHeaderAndTheBodyAsItCame) {
  const auto client = client_of(with_keys({{"project", "proj_a"}}));
  Prepared prepared;
  const Post post{std::string(mantle_chat), std::string(chat_body)};
  ASSERT_TRUE(client->prepare(post.request(), prepared).ok());
  EXPECT_FALSE(prepared.body_changed());
  EXPECT_EQ(prepared.body().data(), post.body.data());
  EXPECT_EQ(value_set(prepared, "openai-project"), "proj_a");
}

TEST(Attribute, MessagesOnMantleGetTheWorkspaceHeader) {
  const auto client = client_of(with_keys({{"project", "proj_a"}}));
  Prepared prepared;
  Post post{"https://bedrock-mantle.us-east-1.api.aws/anthropic/v1/messages", "{}"};
  post.headers.push_back({"OpenAI-Project", "proj_a"});
  ASSERT_TRUE(client->prepare(post.request(), prepared).ok());
  EXPECT_EQ(value_set(prepared, "anthropic-workspace-id"), "proj_a");
  EXPECT_TRUE(removes(prepared, "openai-project"));
}

TEST(Attribute, WhatIsThereIsReplacedNeverDoubled) {
  Prepared prepared;
  Post post{std::string(custom_chat),
            R"({"project\u005fid":"proj_b","x":1,"project_id":"proj_b"})"};
  post.headers.push_back({"openai-project", "proj_b"});
  ASSERT_TRUE(client_of({{"project", "proj_a"}, {"conflict", "override"}})
                  ->prepare(post.request(), prepared)
                  .ok());
  EXPECT_EQ(prepared.body(), R"({"x":1,"project_id":"proj_a"})");
  EXPECT_TRUE(removes(prepared, "openai-project"));

  ASSERT_TRUE(client_of({{"carrier", "header"}})->prepare(post.request(), prepared).ok());
  EXPECT_EQ(prepared.body(), R"({"x":1})");
  EXPECT_EQ(value_set(prepared, "openai-project"), "proj_b");

  ASSERT_TRUE(client_of({{"carrier", "body,header"}})->prepare(post.request(), prepared).ok());
  EXPECT_EQ(prepared.body(), R"({"x":1,"project_id":"proj_b"})");
  EXPECT_EQ(value_set(prepared, "openai-project"), "proj_b");
}

TEST(Attribute, ABodyThatNamesTheProjectAlreadyIsNotTouched) {
  Prepared prepared;
  const Post post{std::string(custom_chat), R"({ "project_id" : "proj_a" })"};
  ASSERT_TRUE(client_of({{"project", "proj_a"}})->prepare(post.request(), prepared).ok());
  EXPECT_FALSE(prepared.body_changed());
  EXPECT_EQ(prepared.body(), post.body);
}

TEST(Attribute, DigestsOfAnEditedBodyGo) {
  constexpr std::string_view crc = "x-amz-checksum-crc32";
  Post post{std::string(custom_chat), std::string(chat_body)};
  auto crc_in_memory_that_goes = std::make_unique<std::string>(crc);
  post.headers.insert(post.headers.end(), {{"Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg=="},
                                           {"User-Agent", "x"},
                                           {"X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"},
                                           {*crc_in_memory_that_goes, "AAAAAA=="}});
  Operation operation = client_of({{"project", "proj_a"}})->operation();
  ASSERT_TRUE(operation.begin(post.request()).ok());
  post.headers.back().name = crc;
  crc_in_memory_that_goes.reset();
  const std::vector<std::string_view> expected{"Content-MD5", "X-Amz-Content-Sha256", crc};
  for (const char* attempt : {"first", "second"}) {
    ASSERT_TRUE(operation.prepare().ok()) << attempt;
    EXPECT_TRUE(operation.prepared().body_changed());
    EXPECT_TRUE(std::ranges::equal(operation.prepared().headers_to_remove(), expected)) << attempt;
  }

  // What the next request of the same memory does not change keeps them.
  post.body = R"({"project_id":"proj_a"})";
  ASSERT_TRUE(operation.prepare(post.request()).ok());
  EXPECT_FALSE(operation.prepared().body_changed());
  EXPECT_TRUE(operation.prepared().headers_to_remove().empty());
}

TEST(Attribute, AsManyDigestsGoAsThereAre) {
  std::vector<std::string> names;
  names.reserve(100);
  for (int i = 0; i < 100; ++i) names.push_back("x-amz-checksum-" + std::to_string(i));
  Post post{std::string(custom_chat), std::string(chat_body)};
  post.headers.reserve(post.headers.size() + names.size());
  for (const std::string& name : names) post.headers.push_back({name, "1"});
  Prepared prepared;
  ASSERT_TRUE(client_of({{"project", "proj_a"}})->prepare(post.request(), prepared).ok());
  EXPECT_TRUE(std::ranges::equal(prepared.headers_to_remove(), names));
}

TEST(Attribute, ANullProjectNamesNone) {
  Prepared prepared;
  const Post post{std::string(custom_chat), R"({"project_id":null})"};
  ASSERT_TRUE(client_of({{"project", "proj_a"}})->prepare(post.request(), prepared).ok());
  EXPECT_EQ(prepared.body(), R"({"project_id":"proj_a"})");
  ASSERT_TRUE(client_of({})->prepare(post.request(), prepared).ok());
  EXPECT_EQ(prepared.body(), post.body);
}

TEST(Attribute, SourcesAreAskedInOrder) {
  const auto client = client_of({{"project", "proj_client"}, {"rules", "proj_rule: model=ruled"}});
  Prepared prepared;
  Post post{std::string(custom_chat), R"({"model":"ruled"})"};
  const auto expect = [&](std::string_view project, ProjectSource source) {
    ASSERT_TRUE(client->prepare(post.request(), prepared).ok());
    EXPECT_EQ(prepared.project(), project);
    EXPECT_EQ(prepared.project_source(), source);
  };
  expect("proj_rule", ProjectSource::rule);
  post.scope = "proj_scope";
  expect("proj_scope", ProjectSource::scope);
  post.project = "proj_argument";
  expect("proj_argument", ProjectSource::request);
  post.scope = post.project = "";
  post.body = R"({"model":"other"})";
  expect("proj_client", ProjectSource::client);
}

TEST(Attribute, TheEnvironmentComesLast) {
  Prepared prepared;
  const Post post{std::string(custom_chat), "{}"};
  const OptionValues both{{"COSTMARK_PROJECT", "proj_c"}, {"OPENAI_PROJECT_ID", "proj_o"}};
  ASSERT_TRUE(client_of({}, both)->prepare(post.request(), prepared).ok());
  EXPECT_EQ(prepared.project(), "proj_c");
  EXPECT_EQ(prepared.project_source(), ProjectSource::environment);
  ASSERT_TRUE(
      client_of({}, {{"OPENAI_PROJECT_ID", "proj_o"}})->prepare(post.request(), prepared).ok());
  EXPECT_EQ(prepared.project(), "proj_o");
}

TEST(Attribute, AnArnStandsForTheIdAtItsEnd) {
  constexpr const char* arn = "arn:aws:bedrock:us-east-1:111122223333:project/proj_a";
  Prepared prepared;
  Post post{std::string(custom_chat), R"({"model":"m"})"};
  const std::string rule = std::string(arn) + ": model=m";
  for (const OptionValues& options :
       {OptionValues{{"project", arn}}, OptionValues{{"rules", rule}},
        OptionValues{{"project", arn}, {"allowed_projects", "proj_a"}},
        OptionValues{{"project", "proj_a"}, {"allowed_projects", arn}}}) {
    ASSERT_TRUE(client_of(options)->prepare(post.request(), prepared).ok());
    EXPECT_EQ(prepared.project(), "proj_a");
  }
  for (const char* variable : {"COSTMARK_PROJECT", "OPENAI_PROJECT_ID"}) {
    ASSERT_TRUE(client_of({}, {{variable, arn}})->prepare(post.request(), prepared).ok());
    EXPECT_EQ(prepared.project(), "proj_a");
  }
  post.scope = arn;
  ASSERT_TRUE(client_of({})->prepare(post.request(), prepared).ok());
  EXPECT_EQ(prepared.project(), "proj_a");
  EXPECT_EQ(prepared.body().find("arn:"), std::string_view::npos);
}

TEST(Attribute, UnattributedCallsAreSentWarnedAboutOrRefused) {
  std::vector<std::string> warnings;
  UnixSeconds now = test_time;
  const auto with_policy = [&](const char* policy) {
    ClientConfig config = config_of({{"unattributed", policy}});
    config.clock = [&now] { return now; };
    config.log = [&warnings](LogLevel level, std::string_view text) {
      if (level == LogLevel::warning) warnings.emplace_back(text);
    };
    return Client::create(std::move(config)).value();
  };
  Prepared prepared;
  const Post post{std::string(custom_chat), R"({"model":"m-1"})"};

  EXPECT_TRUE(with_policy("allow")->prepare(post.request(), prepared).ok());
  EXPECT_TRUE(warnings.empty());

  const auto warning = with_policy("warn");
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(warning->prepare(post.request(), prepared).ok());
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_TRUE(warnings[0].starts_with("costmark: 1 call named no project; "));
  const Url custom = parse_url(custom_chat).value();
  for (const std::string_view said :
       {custom.host, std::string_view("model 'm-1'"), std::string_view("COSTMARK_PROJECT"),
        std::string_view("unattributed=refuse")}) {
    EXPECT_NE(warnings[0].find(said), std::string::npos) << said << " in " << warnings[0];
  }
  now += 60;
  EXPECT_TRUE(warning->prepare(post.request(), prepared).ok());
  ASSERT_EQ(warnings.size(), 2U);
  EXPECT_TRUE(warnings[1].starts_with("costmark: 5 calls named no project; "));

  const Status refused = with_policy("refuse")->prepare(post.request(), prepared);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::unattributed);
  Post by_name = post;
  by_name.body = R"({"project_id":"default"})";
  EXPECT_FALSE(with_policy("refuse")->prepare(by_name.request(), prepared).ok());
  // Only inference costs money.
  const Request models{"GET", "http://127.0.0.1:8080/v1/models", {}, {}, {}, {}};
  EXPECT_TRUE(with_policy("refuse")->prepare(models, prepared).ok());
}

TEST(Attribute, RuntimeHostsGoByTheirOption) {
  Prepared prepared;
  const Post post{std::string(runtime_chat), "{}"};
  std::vector<std::string> warnings;
  ClientConfig config = config_of(with_keys({{"project", "proj_a"}}));
  config.log = [&warnings](LogLevel level, std::string_view text) {
    if (level == LogLevel::warning) warnings.emplace_back(text);
  };
  const auto client = Client::create(std::move(config)).value();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client->prepare(post.request(), prepared).ok());
  EXPECT_EQ(prepared.body(), R"({"project_id":"proj_a"})");
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find("application inference profile"), std::string::npos);

  const auto refusing =
      client_of(with_keys({{"project", "proj_a"}, {"runtime_project", "refuse"}}));
  EXPECT_EQ(refusing->prepare(post.request(), prepared).error().code, Code::endpoint_mismatch);
}

TEST(Attribute, StreamedChatIsAskedForUsage) {
  const auto client = client_of({});
  Prepared prepared;
  Post post{std::string(custom_chat), R"({"stream":true})"};
  ASSERT_TRUE(client->prepare(post.request(), prepared).ok());
  EXPECT_TRUE(prepared.streamed());
  EXPECT_TRUE(prepared.hides_usage_chunk());
  EXPECT_EQ(prepared.body(), json::set(post.body, "stream_options.include_usage", "true").value());

  post.body = R"({"stream":true,"stream_options":null})";
  ASSERT_TRUE(client->prepare(post.request(), prepared).ok());
  EXPECT_EQ(prepared.body(), R"({"stream":true,"stream_options":{"include_usage":true}})");

  post.body = R"({"stream":true,"stream_options":{"include_obfuscation":false}})";
  ASSERT_TRUE(client->prepare(post.request(), prepared).ok());
  EXPECT_TRUE(prepared.hides_usage_chunk());
  EXPECT_TRUE(json::validate(prepared.body()).ok());

  for (const char* theirs :
       {R"({"stream":true,"stream_options":{"include_usage":true}})",
        R"({"stream":true,"stream_options":{"include_usage":false}})",
        R"({"stream":true,"stream_options":7})", R"({"stream":false})", R"({"stream":"true"})"}) {
    post.body = theirs;
    ASSERT_TRUE(client->prepare(post.request(), prepared).ok());
    EXPECT_EQ(prepared.body(), theirs);
    EXPECT_FALSE(prepared.hides_usage_chunk());
  }

  post.body = R"({"stream":true})";
  ASSERT_TRUE(client_of({{"stream_usage", "false"}})->prepare(post.request(), prepared).ok());
  EXPECT_FALSE(prepared.body_changed());
  post.url = "http://127.0.0.1:8080/v1/responses";
  ASSERT_TRUE(client->prepare(post.request(), prepared).ok());
  EXPECT_FALSE(prepared.body_changed());
}

TEST(Attribute, StreamOptionsAndProjectAreEditedTogether) {
  Prepared prepared;
  const Post post{std::string(custom_chat), R"({"stream":true,"messages":[]})"};
  ASSERT_TRUE(client_of({{"project", "proj_a"}})->prepare(post.request(), prepared).ok());
  const std::string expected =
      json::set(json::set(post.body, "stream_options.include_usage", "true").value(), "project_id",
                "\"proj_a\"")
          .value();
  EXPECT_EQ(prepared.body().size(), expected.size());
  EXPECT_TRUE(json::validate(prepared.body()).ok());
  EXPECT_NE(prepared.body().find(R"("project_id":"proj_a")"), std::string::npos);
  EXPECT_NE(prepared.body().find(R"("stream_options":{"include_usage":true})"), std::string::npos);
}

TEST(Attribute, OtherContentPassesThroughWithTheHeader) {
  const auto client = client_of({{"project", "proj_a"}});
  Prepared prepared;
  Post post{"http://127.0.0.1:8080/v1/files", "--x\r\nnot json"};
  post.headers = {{"content-type", "multipart/form-data; boundary=x"}};
  ASSERT_TRUE(client->prepare(post.request(), prepared).ok());
  EXPECT_FALSE(prepared.body_changed());
  EXPECT_EQ(value_set(prepared, "openai-project"), "proj_a");

  const Request models{"GET", "http://127.0.0.1:8080/v1/models", {}, {}, {}, {}};
  ASSERT_TRUE(client->prepare(models, prepared).ok());
  EXPECT_EQ(value_set(prepared, "openai-project"), "proj_a");
}

TEST(Attribute, TheManagementOfProjectsIsNotAttributed) {
  Prepared prepared;
  const Post post{"http://127.0.0.1:8080/v1/organization/projects", R"({"name":"n"})"};
  ASSERT_TRUE(client_of({{"project", "proj_a"}})->prepare(post.request(), prepared).ok());
  EXPECT_FALSE(prepared.body_changed());
  EXPECT_TRUE(prepared.headers_to_set().empty());
  EXPECT_EQ(prepared.project(), "");
}

TEST(Attribute, BadBodiesAreRefusedWithTheirOffset) {
  const auto client = client_of({{"project", "proj_a"}});
  Prepared prepared;
  struct Case {
    const char* body;
    std::uint64_t offset;
  };
  for (const Case& c : {Case{"", 0}, Case{"[]", 0}, Case{"\"x\"", 0}, Case{"{\"a\":1,}", 7},
                        Case{"{\"a\":1} x", 8}, Case{"\xEF\xBB\xBF{}", 0}, Case{"{", 1}}) {
    const Post post{std::string(custom_chat), c.body};
    const Status status = client->prepare(post.request(), prepared);
    ASSERT_FALSE(status.ok()) << c.body;
    EXPECT_EQ(status.error().code, Code::invalid_json) << c.body;
    EXPECT_EQ(status.error().offset, c.offset) << c.body;
    EXPECT_TRUE(prepared.headers_to_set().empty());
    EXPECT_TRUE(prepared.body().empty());
  }
  const Post number{std::string(custom_chat), R"({"project_id":7})"};
  EXPECT_EQ(client->prepare(number.request(), prepared).error().code, Code::invalid_project);
}

TEST(Attribute, IdsThatWouldInjectAreRefused) {
  const auto client = client_of(with_keys({}));
  Prepared prepared;
  for (const char* id : {"proj\r\nx: y", "proj\"", "proj\\\"}", ""}) {
    Post post{std::string(mantle_chat), "{}"};
    post.headers.push_back({"OpenAI-Project", id});
    const Status status = client->prepare(post.request(), prepared);
    if (*id == '\0') continue;  // an empty header names nothing
    ASSERT_FALSE(status.ok()) << id;
    EXPECT_EQ(status.error().code, Code::invalid_project);
  }
  Post post{std::string(custom_chat), R"({"project_id":"proj\r\nx"})"};
  EXPECT_EQ(client->prepare(post.request(), prepared).error().code, Code::invalid_project);
}

TEST(Attribute, CheckDecidesWithoutCredentials) {
  const auto client = client_of({{"auth", "sigv4"}, {"unattributed", "refuse"}});
  Prepared scratch;
  Post post{std::string(mantle_chat), "{}"};
  EXPECT_EQ(client->check(post.request(), scratch).error().code, Code::unattributed);
  post.project = "proj_a";
  EXPECT_TRUE(client->check(post.request(), scratch).ok());
  EXPECT_EQ(scratch.project(), "");
  EXPECT_EQ(scratch.body().data(), nullptr);
  EXPECT_EQ(client->prepare(post.request(), scratch).error().code, Code::no_credentials);
}

TEST(Attribute, AnotherSpellingOfARouteIsNoWayAroundThePolicies) {
  const auto client = client_of(with_keys({{"unattributed", "refuse"}}));
  Prepared prepared;
  const std::string host = "https://bedrock-mantle.us-east-1.api.aws";
  for (const char* path :
       {"/v1/chat/completions", "/v1/chat//completions//", "/v1/chat/%63ompletion%73",
        "/v1/chat%2fcompletions", "/v1/chat/./completions/.", "/v1/chat/completions/x/..",
        "/v1/organization/projects/../../chat/completions",
        "/v1/organization/projects/responses"}) {
    const Post post{host + path, "{}"};
    EXPECT_EQ(client->prepare(post.request(), prepared).error().code, Code::unattributed) << path;
  }
  const Post post{std::string(mantle_chat), "{}"};
  Request request = post.request();
  request.method = "post";
  EXPECT_EQ(client->prepare(request, prepared).error().code, Code::unattributed);
}

TEST(Attribute, TheProjectOfABodyIsSeenWhateverItsContentTypeIsSpelledLike) {
  const auto client = client_of({{"allowed_projects", "proj_a"}});
  Prepared prepared;
  for (const char* type : {"APPLICATION/JSON", " application/json;charset=utf-8", "text/json",
                           "application/problem+json\t; x"}) {
    const Post post{
        std::string(custom_chat), R"({"project_id":"proj_b"})", {{"Content-Type", type}}};
    EXPECT_EQ(client->prepare(post.request(), prepared).error().code, Code::project_not_allowed)
        << type;
  }
  const Post twice{std::string(custom_chat),
                   R"({"project_id":"proj_b"})",
                   {{"Content-Type", "application/json"}, {"content-type", "text/plain"}}};
  EXPECT_EQ(client->prepare(twice.request(), prepared).error().code, Code::project_not_allowed);
}

TEST(Attribute, AProjectThatParsersReadDifferentlyIsRefused) {
  const auto client = client_of({{"allowed_projects", "proj_a"}});
  Prepared prepared;
  const auto code_for = [&](std::string_view body) {
    const Post post{std::string(custom_chat), std::string(body)};
    const Status status = client->prepare(post.request(), prepared);
    return status ? Code::ok : status.error().code;
  };
  EXPECT_EQ(code_for(R"({"project_id":"proj_b","project_id":null})"), Code::conflict);
  EXPECT_EQ(code_for(R"({"project_id":"proj_b","\u0070roject_id":""})"), Code::conflict);
  EXPECT_EQ(code_for(R"({"project_id":"proj_\ud800"})"), Code::invalid_project);
  EXPECT_EQ(code_for(R"({"project_id":null})"), Code::unattributed);
  EXPECT_EQ(code_for(R"({"project_id":""})"), Code::unattributed);
  EXPECT_EQ(code_for(R"({"project_id":"proj_b","project_id":"proj_a"})"), Code::ok);
  EXPECT_EQ(prepared.body(), R"({"project_id":"proj_a"})");
}

TEST(Attribute, AProjectThatProxiesWouldTakeOutIsRefused) {
  const auto client = client_of(with_keys({{"project", "proj_a"}}));
  Prepared prepared;
  for (const std::string_view value :
       {"openai-project", "close, OpenAI-Project", "keep-alive,anthropic-workspace-id\t, x",
        "X-Amzn-Bedrock-ProjectIdentifier,"}) {
    Post post{std::string(mantle_chat), std::string(chat_body)};
    post.headers.push_back({"Connection", value});
    const Status status = client->prepare(post.request(), prepared);
    ASSERT_FALSE(status.ok()) << value;
    EXPECT_EQ(status.error().code, Code::unattributed);
    EXPECT_NE(status.error().message.find("proxies"), std::string::npos);
  }
  for (const std::string_view value :
       {"", ",", "keep-alive", "close, te", "openai-projects", "x openai-project"}) {
    Post post{std::string(mantle_chat), std::string(chat_body)};
    post.headers.push_back({"connection", value});
    EXPECT_TRUE(client->prepare(post.request(), prepared).ok()) << value;
  }
}

TEST(Attribute, WhatCannotBeNamedOnARuntimeHostIsRefused) {
  const auto client = client_of({{"project", "proj_a"}, {"auth", "none"}});
  Prepared prepared;
  Post post{std::string(runtime_chat), "model=m", {{"Content-Type", "text/plain"}}};
  EXPECT_EQ(client->prepare(post.request(), prepared).error().code, Code::unattributed);
  post.body = "\x1F\x8B\x08";
  post.headers = {{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}};
  EXPECT_EQ(client->prepare(post.request(), prepared).error().code, Code::unattributed);
  post.body = "{}";
  EXPECT_TRUE(client->prepare(post.request(), prepared).ok());
  EXPECT_EQ(prepared.body(), R"({"project_id":"proj_a"})");
}

TEST(Attribute, TheDefaultProjectKeepsItsHeaderOnARuntimeHost) {
  const auto client = client_of({{"auth", "none"}});
  Prepared prepared;
  for (const char* name : {"default", "arn:aws:bedrock:us-east-1:111122223333:project/default"}) {
    Post post{std::string(runtime_chat), "{}"};
    post.headers.push_back({"OpenAI-Project", name});
    ASSERT_TRUE(client->prepare(post.request(), prepared).ok()) << name;
    EXPECT_EQ(value_set(prepared, "openai-project"), "default");
    EXPECT_FALSE(prepared.body_changed());
  }
}

TEST(Attribute, EncodedBodiesAndJsonWithoutMembersPassUntouched) {
  const auto client = client_of({{"project", "proj_a"}, {"auth", "none"}});
  Prepared prepared;
  Post encoded{std::string(mantle_chat), "\x28\xB5\x2F\xFD"};
  encoded.headers.push_back({"content-encoding", "zstd"});
  ASSERT_TRUE(client->prepare(encoded.request(), prepared).ok());
  EXPECT_FALSE(prepared.body_changed());
  EXPECT_EQ(value_set(prepared, "openai-project"), "proj_a");

  for (const char* body : {"[1,2]", " \"x\"", "-1", "null"}) {
    const Post other{"http://127.0.0.1:8080/v1/files", body};
    ASSERT_TRUE(client->prepare(other.request(), prepared).ok()) << body;
    EXPECT_EQ(prepared.body(), body);
    EXPECT_EQ(value_set(prepared, "openai-project"), "proj_a");
  }
}

TEST(Attribute, AnExceptionOfTheHostLeavesNothingPrepared) {
  ClientConfig config = config_of({{"project", "proj_a"}});
  config.bearer_token = []() -> Result<std::string> { throw std::runtime_error("of the host"); };
  const auto client = Client::create(std::move(config)).value();
  Prepared prepared;
  const Post post{std::string(mantle_chat), "{}"};
  EXPECT_THROW(static_cast<void>(client->prepare(post.request(), prepared)), std::runtime_error);
  EXPECT_TRUE(prepared.headers_to_set().empty());
  EXPECT_EQ(prepared.project(), "");
}

}  // namespace
}  // namespace costmark::testing
