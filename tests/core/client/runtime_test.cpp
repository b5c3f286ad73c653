// Converse and InvokeModel: how they name their project, and what is read of their answers.
#include "core/client/client_fixture.hpp"
#include "core/http/aws_frames.hpp"
#include "costmark/json.hpp"

namespace costmark::testing {
namespace {

const std::string runtime = "https://bedrock-runtime.us-east-1.amazonaws.com";
const std::string gateway = "http://127.0.0.1:8080/bedrock";
constexpr std::string_view converse_body =
    R"({ "messages" : [{"role":"user","content":[{"text":"Hi"}]}] })";
constexpr std::string_view identifier = "X-Amzn-Bedrock-ProjectIdentifier";
constexpr std::string_view profile =
    "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A111122223333%3Aapplication-inference-profile%2Fp1";

Post converse(const std::string& host, std::string_view body = converse_body) {
  return {host + "/model/us.anthropic.claude-sonnet-4-5-v1%3A0/converse", std::string(body)};
}

Post invoke(const std::string& host, std::string_view body = R"({"prompt":"Hi"})") {
  return {host + "/model/m/invoke", std::string(body)};
}

Error refusal(Client& client, const Post& post) {
  Prepared prepared;
  const Status status = client.prepare(post.request(), prepared);
  EXPECT_FALSE(status.ok()) << post.url;
  return status ? Error{} : status.error();
}

TEST(Runtime, ConverseNamesItsProjectInTheBody) {
  const auto client = client_of(with_keys({{"project", "proj_a"}}));
  for (const char* operation : {"/converse", "/converse-stream"}) {
    Post post = converse(runtime);
    post.url = runtime + "/model/us.anthropic.claude-sonnet-4-5-v1%3A0" + operation;
    Prepared prepared;
    ASSERT_TRUE(client->prepare(post.request(), prepared).ok());
    EXPECT_EQ(prepared.body(), json::set(converse_body, "projectIdentifier", "\"proj_a\"").value());
    EXPECT_EQ(prepared.api(), Api::converse);
    EXPECT_EQ(prepared.model(), "us.anthropic.claude-sonnet-4-5-v1:0");
    EXPECT_EQ(prepared.streamed(), std::string_view(operation) == "/converse-stream");
    EXPECT_EQ(prepared.project(), "proj_a");
    EXPECT_FALSE(prepared.unattributed());
    EXPECT_EQ(value_set(prepared, "OpenAI-Project"), "(absent)");
    EXPECT_EQ(value_set(prepared, identifier), "(absent)");
  }
}

TEST(Runtime, LabelsAreItsMetadataWhereThatIsAskedFor) {
  const auto metadata = [](const OptionValues& options, std::string_view body,
                           std::vector<NameValue> labels) -> std::string {
    const auto client = client_of(with_keys(options));
    const Post post = converse(runtime, body);
    Request request = post.request();
    request.labels = labels;
    Operation operation = client->operation();
    if (const Status status = operation.begin(request); !status) return status.error().message;
    const Status status = operation.prepare();
    if (!status) return status.error().message;
    const auto members = json::set(operation.prepared().body(), "messages", "0");
    return members.ok() ? members.value() : members.error().message;
  };
  const OptionValues on{{"labels_as_metadata", "true"}};
  EXPECT_EQ(metadata({}, R"({"messages":[]})", {{"a", "b"}}), R"({"messages":0})");
  EXPECT_EQ(metadata(on, R"({"messages":[]})", {}), R"({"messages":0})");
  EXPECT_EQ(metadata(on, R"({"messages":[]})", {{"a", "b"}, {"c d", ""}}),
            R"({"requestMetadata":{"a":"b","c d":""},"messages":0})");
  EXPECT_EQ(metadata(on, R"({"messages":[],"requestMetadata":null})", {{"a", "b"}}),
            R"({"messages":0,"requestMetadata":{"a":"b"}})");
  EXPECT_EQ(metadata(on, R"({"messages":[],"requestMetadata":{ }})", {{"a", "b"}}),
            R"({"messages":0,"requestMetadata":{ "a":"b"}})");
  EXPECT_EQ(
      metadata(on, R"({"messages":[],"requestMetadata":{"\u0061":"mine"}})",
               {
                   {"a", "b"},
                   {"c", "}"},
               }),
      "option 'labels_as_metadata': the value of label 'c' has U+007D at byte 0, which request "
      "metadata may not have; it takes letters, digits and spaces of ASCII and any of : _ @ $ "
      "# = / + , - .");
  EXPECT_EQ(metadata(on, R"({"messages":[],"requestMetadata":{"\u0061":"mine"}})",
                     {{"a", "b"}, {"c", "d"}}),
            R"({"messages":0,"requestMetadata":{"\u0061":"mine","c":"d"}})");
  EXPECT_EQ(metadata(on, R"({"messages":[],"requestMetadata":7})", {{"a", "b"}}),
            R"({"messages":0,"requestMetadata":7})")
      << "the service will refuse it";
  for (const std::string value : {R"("\ud800")", "1e400"}) {
    const std::string body = R"({"messages":[],"requestMetadata":{"x":)" + value + "}}";
    EXPECT_EQ(metadata(on, body, {{"a", "b"}}),
              R"({"messages":0,"requestMetadata":{"x":)" + value + "}}")
        << "and this";
  }
  const std::string long_value(257, 'v');
  EXPECT_NE(metadata(on, R"({"messages":[]})", {{"a", long_value}}).find("has 257 bytes"),
            std::string::npos);
  std::string full;
  for (int i = 0; i < 15; ++i) full += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":\"\"";
  const std::string body = R"({"messages":[],"requestMetadata":{)" + full + "}}";
  EXPECT_NE(metadata(on, body, {{"a", "b"}}).find(R"("14":"","a":"b"}})"), std::string::npos);
  EXPECT_NE(metadata(on, body, {{"a", "b"}, {"c", "d"}}).find("are 17 entries"), std::string::npos);
  const std::string large = R"({"messages":[],"requestMetadata":{"x":")" + std::string(8500, 'x');
  EXPECT_NE(metadata(on, large + "\"}}", {{"a", "b"}}).find("has at most 8,500"),
            std::string::npos);
  EXPECT_EQ(metadata({{"labels_as_metadata", "true"},
                      {"ledger_hash_labels", "a"},
                      {"ledger_hash_key", "0123456789abcdef"}},
                     R"({"messages":[]})", {{"a", "ann"}})
                .find("ann"),
            std::string::npos)
      << "what the ledger keeps as a hash leaves as one";
}

TEST(Runtime, InvokeModelNamesItInAHeaderThatIsSigned) {
  const auto client = client_of(with_keys({{"project", "proj_a"}}));
  // The body is the model's own: JSON or not, and whatever it says.
  for (const char* body : {R"({"project_id":"proj_b","projectIdentifier":"proj_b","stream":true})",
                           "not json", "", "[1,2"}) {
    Post post = invoke(runtime, body);
    Prepared prepared;
    ASSERT_TRUE(client->prepare(post.request(), prepared).ok()) << body;
    EXPECT_FALSE(prepared.body_changed());
    EXPECT_EQ(prepared.body().data(), post.body.data());
    EXPECT_EQ(value_set(prepared, identifier), "proj_a");
    EXPECT_NE(value_set(prepared, "authorization").find("x-amzn-bedrock-projectidentifier"),
              std::string::npos);
    EXPECT_NE(value_set(prepared, "authorization").find("/us-east-1/bedrock/"), std::string::npos);
    EXPECT_EQ(prepared.api(), Api::invoke_model);
    EXPECT_FALSE(prepared.streamed());
  }
}

TEST(Runtime, GatewaysGetTheSameAndNoOptionChangesIt) {
  Prepared prepared;
  for (const char* carrier : {"auto", "body", "header", "body,header", "workspace"}) {
    const auto client = client_of({{"project", "proj_a"}, {"carrier", carrier}});
    const Post post = converse(gateway);
    ASSERT_TRUE(client->prepare(post.request(), prepared).ok());
    EXPECT_EQ(prepared.body(), json::set(converse_body, "projectIdentifier", "\"proj_a\"").value());
    EXPECT_TRUE(prepared.headers_to_set().empty());
    const Post invoked = invoke(gateway);
    ASSERT_TRUE(client->prepare(invoked.request(), prepared).ok());
    EXPECT_FALSE(prepared.body_changed());
    ASSERT_EQ(prepared.headers_to_set().size(), 1U);
    EXPECT_EQ(prepared.headers_to_set()[0].name, identifier);
  }
}

TEST(Runtime, WhatIsThereIsReplacedNeverDoubled) {
  const auto client = client_of({{"project", "proj_a"}, {"conflict", "override"}});
  Prepared prepared;
  Post post = converse(
      gateway,
      R"({"project\u0049dentifier":"proj_b","x":1,"projectIdentifier":"proj_b","project_id":7})");
  post.headers.push_back({identifier, "proj_b"});
  post.headers.push_back({"OpenAI-Project", "proj_b"});
  ASSERT_TRUE(client->prepare(post.request(), prepared).ok());
  EXPECT_EQ(prepared.body(), R"({"x":1,"projectIdentifier":"proj_a","project_id":7})");
  EXPECT_TRUE(removes(prepared, identifier));
  EXPECT_TRUE(removes(prepared, "OpenAI-Project"));

  Post invoked = invoke(gateway);
  invoked.headers.push_back({"x-amzn-bedrock-projectidentifier", "proj_b"});
  invoked.headers.push_back({"openai-project", "proj_b"});
  ASSERT_TRUE(client->prepare(invoked.request(), prepared).ok());
  EXPECT_EQ(value_set(prepared, identifier), "proj_a");
  EXPECT_TRUE(removes(prepared, "OpenAI-Project"));
}

TEST(Runtime, AnArnIsReducedToItsIdOnTheWire) {
  const auto client = client_of(with_keys({}));
  Prepared prepared;
  for (const char* service : {"bedrock", "bedrock-mantle"}) {
    const std::string arn =
        "arn:aws:" + std::string(service) + ":us-east-1:111122223333:project/proj_a";
    const Post post = converse(runtime, R"({"projectIdentifier":")" + arn + R"("})");
    ASSERT_TRUE(client->prepare(post.request(), prepared).ok());
    EXPECT_EQ(prepared.body(), R"({"projectIdentifier":"proj_a"})");
    EXPECT_EQ(prepared.project_source(), ProjectSource::request);
    Post invoked = invoke(runtime);
    invoked.headers.push_back({identifier, arn});
    ASSERT_TRUE(client->prepare(invoked.request(), prepared).ok());
    EXPECT_EQ(value_set(prepared, identifier), "proj_a");
  }
}

TEST(Runtime, ThePoliciesApply) {
  const auto closed = client_of(with_keys({{"unattributed", "refuse"}}));
  for (Post post : {converse(runtime), invoke(runtime), converse(gateway), invoke(gateway)}) {
    EXPECT_EQ(refusal(*closed, post).code, Code::unattributed) << post.url;
    Prepared prepared;
    post.project = "proj_a";
    EXPECT_TRUE(closed->prepare(post.request(), prepared).ok()) << post.url;
  }
  for (Post post : {converse(runtime, R"({"projectIdentifier":"default"})"), invoke(runtime)}) {
    post.headers.push_back({identifier, "default"});
    EXPECT_EQ(refusal(*closed, post).code, Code::unattributed);
  }
  const auto allows = client_of(with_keys({{"allowed_projects", "proj_a*"}}));
  EXPECT_EQ(refusal(*allows, converse(runtime, R"({"projectIdentifier":"proj_b"})")).code,
            Code::project_not_allowed);
  const auto agrees = client_of(with_keys({{"project", "proj_a"}, {"conflict", "refuse"}}));
  const Error conflict = refusal(*agrees, converse(runtime, R"({"projectIdentifier":"proj_b"})"));
  EXPECT_EQ(conflict.code, Code::conflict);
  Post both = converse(runtime, R"({"projectIdentifier":"proj_b"})");
  both.headers.push_back({identifier, "proj_c"});
  EXPECT_NE(refusal(*agrees, both).message.find("the body's projectIdentifier"), std::string::npos);
}

TEST(Runtime, RulesSeeTheModelOfThePath) {
  const auto client = client_of(with_keys(
      {{"rules",
        "proj_c: api=converse model=us.anthropic.*:0; proj_i: api=invoke_model model=m"}}));
  Prepared prepared;
  const Post post = converse(runtime, R"({"model":"other"})");
  ASSERT_TRUE(client->prepare(post.request(), prepared).ok());
  EXPECT_EQ(prepared.project(), "proj_c");
  EXPECT_EQ(prepared.project_source(), ProjectSource::rule);
  const Post invoked = invoke(runtime, R"({"model":"other"})");
  ASSERT_TRUE(client->prepare(invoked.request(), prepared).ok());
  EXPECT_EQ(prepared.project(), "proj_i");
}

TEST(Runtime, RuntimeProjectIsOfTheOtherApis) {
  const auto client = client_of(with_keys({{"project", "proj_a"}, {"runtime_project", "refuse"}}));
  Prepared prepared;
  EXPECT_EQ(refusal(*client, Post{std::string(runtime_chat), "{}"}).code, Code::endpoint_mismatch);
  EXPECT_TRUE(client->prepare(converse(runtime).request(), prepared).ok());
  EXPECT_TRUE(client->prepare(invoke(runtime).request(), prepared).ok());
}

TEST(Runtime, AnApplicationInferenceProfileTakesNoProject) {
  const auto client = client_of(with_keys({{"project", "proj_a"}}));
  Prepared prepared;
  for (const std::string& host : {runtime, gateway}) {
    for (const char* operation : {"/converse", "/invoke", "/converse-stream"}) {
      Post post{host + std::string(profile) + operation, "{}"};
      const Error error = refusal(*client, post);
      EXPECT_EQ(error.code, Code::conflict);
      EXPECT_NE(error.message.find("system-defined inference profile"), std::string::npos);
      // Its own tags are billed then.
      post.project = "default";
      EXPECT_TRUE(client->prepare(post.request(), prepared).ok());
      EXPECT_TRUE(client_of(with_keys({}))->prepare(post.request(), prepared).ok());
    }
  }
  const std::string escaped_twice =
      runtime +
      "/model/arn%253Aaws%253Abedrock%253Ar%253Aa%253AApplication-Inference-Profile%252F"
      "p/converse";
  EXPECT_EQ(refusal(*client, Post{escaped_twice, "{}"}).code, Code::conflict);
}

TEST(Runtime, ConverseTakesJsonAndNothingElse) {
  const auto client = client_of(with_keys({{"project", "proj_a"}}));
  EXPECT_EQ(refusal(*client, converse(runtime, "{\"x\":")).code, Code::invalid_json);
  EXPECT_EQ(refusal(*client, converse(runtime, "")).code, Code::invalid_json);
  EXPECT_EQ(refusal(*client, converse(runtime, R"({"projectIdentifier":7})")).code,
            Code::invalid_project);
  Post encoded = converse(runtime, "\x1f\x8b");
  encoded.headers.push_back({"Content-Encoding", "gzip"});
  EXPECT_EQ(refusal(*client, encoded).code, Code::unattributed);
}

TEST(Runtime, AStreamedBodyOfInvokeModelNeedsNoBytesToBeAttributed) {
  const auto client = client_of({{"project", "proj_a"}});
  Post post = invoke(gateway, "");
  Request request = post.request();
  request.body_is_stream = true;
  Prepared prepared;
  ASSERT_TRUE(client->prepare(request, prepared).ok());
  EXPECT_EQ(value_set(prepared, identifier), "proj_a");
  request.url = "http://127.0.0.1:8080/model/m/converse";
  EXPECT_EQ(client->prepare(request, prepared).error().code, Code::body_needed);
}

TEST(Runtime, AHeadTellsWhatInvokeModelUsed) {
  const auto client = client_of({{"project", "proj_a"}});
  const Post post = invoke(gateway);
  Operation operation = sent_operation(*client, post.request());
  const std::vector<Header> fields{{"Content-Type", "application/octet-stream"},
                                   {"X-Amzn-RequestId", "id-1"},
                                   {"X-Amzn-Bedrock-Input-Token-Count", "12"},
                                   {"X-Amzn-Bedrock-Output-Token-Count", "34"},
                                   {"X-Amzn-Bedrock-Service-Tier", "priority"}};
  operation.head({200, fields});
  EXPECT_EQ(operation.feed("whatever"), "whatever");
  operation.finish();
  EXPECT_EQ(operation.answer().outcome, Outcome::ok);
  EXPECT_EQ(operation.answer().usage.input_tokens, 12U);
  EXPECT_EQ(operation.answer().usage.output_tokens, 34U);
  EXPECT_EQ(operation.answer().service_tier, "priority");
  EXPECT_FALSE(operation.answer().usage.flags.any());
  EXPECT_EQ(operation.report().api, Api::invoke_model);
  EXPECT_EQ(operation.report().model, "m");
  EXPECT_EQ(operation.report().request_id, "id-1");
  EXPECT_EQ(client->usage().at("proj_a").input_tokens, 12U);
}

TEST(Runtime, AStreamOfConverseIsCountedAndPassesAsItCame) {
  const auto client = client_of({{"project", "proj_a"}});
  Post post = converse(gateway);
  post.url += "-stream";
  Operation operation = sent_operation(*client, post.request());
  const std::string stream =
      http::aws_event("messageStop", R"({"stopReason":"end_turn"})") +
      http::aws_event("metadata",
                      R"({"usage":{"inputTokens":3,"outputTokens":4,"totalTokens":7}})");
  operation.head(Head(200, "application/vnd.amazon.eventstream"));
  std::string passed;
  for (const char c : stream) passed += operation.feed({&c, 1});
  operation.finish();
  EXPECT_EQ(passed, stream);
  EXPECT_EQ(operation.answer().outcome, Outcome::ok);
  EXPECT_TRUE(operation.report().streamed);
  EXPECT_EQ(client->usage().at("proj_a").output_tokens, 4U);
}

}  // namespace
}  // namespace costmark::testing
