#include "attribution/route.hpp"

#include <gtest/gtest.h>

#include "attribution/path_model.hpp"

namespace costmark::attribution {
namespace {

struct Case {
  const char* method;
  const char* path;
  Api api;
  bool inference;
};

class Routes : public testing::TestWithParam<Case> {};

TEST_P(Routes, AreRecognized) {
  const Route route = route_of(GetParam().method, LenientPath(GetParam().path));
  EXPECT_EQ(route.api, GetParam().api) << GetParam().path;
  EXPECT_EQ(route.inference(), GetParam().inference) << GetParam().path;
}

INSTANTIATE_TEST_SUITE_P(
    Table, Routes,
    testing::Values(
        Case{"POST", "/v1/chat/completions", Api::chat_completions, true},
        Case{"POST", "/gateway/team/openai/v1/chat/completions/", Api::chat_completions, true},
        Case{"post", "/v1/chat/completions", Api::chat_completions, true},
        Case{"POST", "/v1/chat/%63ompletions%2F", Api::chat_completions, true},
        Case{"POST", "/v1/chat/completions/%2e%2E/completions", Api::chat_completions, true},
        Case{"POST", "/v1/completions/..", Api::other, false},
        Case{"POST", "/v1/chat/completions%", Api::other, false},
        Case{"POST", "/v1/xcompletions", Api::other, false},
        Case{"POST", "/v1/chat/COMPLETIONS", Api::chat_completions, true},
        Case{"GET", "/v1/chat/completions", Api::chat_completions, false},
        Case{"POST", "/openai/v1/responses", Api::responses, true},
        Case{"POST", "/v1/responses/compact", Api::responses, true},
        Case{"GET", "/v1/responses/resp_1", Api::responses, false},
        Case{"POST", "/v1/responses/resp_1/cancel", Api::responses, false},
        Case{"POST", "/anthropic/v1/messages", Api::messages, true},
        Case{"POST", "/anthropic/v1/messages/count_tokens", Api::messages, false},
        Case{"POST", "/anthropic/v1/messages/batches", Api::messages, true},
        Case{"GET", "/anthropic/v1/messages/batches", Api::messages, false},
        Case{"POST", "/anthropic/v1/messages/batches/b_1/cancel", Api::messages, false},
        Case{"POST", "/v1/batches", Api::other, false},
        Case{"POST", "/v1/embeddings", Api::embeddings, true},
        Case{"POST", "/v1/organization/projects", Api::control, false},
        Case{"POST", "/v1/organization/projects/proj_a/archive", Api::control, false},
        Case{"POST", "/v1/responses/../organization/projects", Api::control, false},
        Case{"POST", "/v1/organization/projects/../responses", Api::responses, true},
        Case{"PUT", "/v1/data_retention", Api::control, false},
        Case{"GET", "/v1/models", Api::other, false}, Case{"POST", "/", Api::other, false},
        Case{"POST", "", Api::other, false}));

struct Kind {
  const char* method;
  const char* path;
  RouteKind kind;
};

class Kinds : public testing::TestWithParam<Kind> {};

TEST_P(Kinds, AreToldApart) {
  EXPECT_EQ(route_of(GetParam().method, LenientPath(GetParam().path)).kind, GetParam().kind)
      << GetParam().method << " " << GetParam().path;
}

INSTANTIATE_TEST_SUITE_P(
    Table, Kinds,
    testing::Values(
        // Methods that only read, or delete.
        Kind{"GET", "/v1/models", RouteKind::free}, Kind{"HEAD", "/anything", RouteKind::free},
        Kind{"OPTIONS", "/v1/responses", RouteKind::free},
        Kind{"DELETE", "/v1/files/file_1", RouteKind::free},
        Kind{"get", "/v1/responses", RouteKind::free},
        // Management, counting, cancelling, completing.
        Kind{"POST", "/v1/organization/projects", RouteKind::free},
        Kind{"PUT", "/v1/data_retention", RouteKind::free},
        Kind{"POST", "/anthropic/v1/messages/count_tokens", RouteKind::free},
        Kind{"POST", "/v1/responses/input_tokens", RouteKind::free},
        Kind{"POST", "/v1/responses/resp_1/cancel", RouteKind::free},
        Kind{"POST", "/v1/batches/batch_1/cancel", RouteKind::free},
        Kind{"POST", "/v1/messages/batches/b_1/cancel", RouteKind::free},
        Kind{"POST", "/v1/fine_tuning/jobs/ftjob_1/cancel", RouteKind::free},
        Kind{"POST", "/v1/uploads/upload_1/complete", RouteKind::free},
        Kind{"POST", "/v1/chat/completions/chatcmpl_1", RouteKind::free},
        Kind{"POST", "/v1/conversations", RouteKind::free},
        Kind{"POST", "/model/m/count-tokens", RouteKind::free},
        // Jobs and their uploads, other models, sessions.
        Kind{"POST", "/v1/batches", RouteKind::spending},
        Kind{"POST", "/v1/files", RouteKind::spending},
        Kind{"POST", "/v1/uploads/upload_1/parts", RouteKind::spending},
        Kind{"POST", "/v1/fine_tuning/jobs", RouteKind::spending},
        Kind{"POST", "/v1/images/generations", RouteKind::spending},
        Kind{"POST", "/gateway/v1/audio/transcriptions", RouteKind::spending},
        Kind{"POST", "/v1/moderations", RouteKind::spending},
        Kind{"POST", "/v1/realtime/client_secrets", RouteKind::spending},
        Kind{"POST", "/v1/threads/t_1/messages", RouteKind::spending},
        // bedrock-runtime's own; a model may be an ARN, whose '/' is escaped.
        Kind{"POST", "/model/openai.gpt-oss-20b/converse", RouteKind::inference},
        Kind{"POST", "/model/arn:aws:bedrock:us-east-1:1:inference-profile%2Fp/invoke",
             RouteKind::inference},
        Kind{"POST", "/model/m/invoke-with-response-stream", RouteKind::inference},
        // Operations of Bedrock that have no place for a project.
        Kind{"POST", "/model/m/invoke-with-bidirectional-stream", RouteKind::invoking},
        Kind{"POST", "/async-invoke", RouteKind::invoking},
        Kind{"POST", "/guardrail/arn%3Aaws%3Abedrock%3Ar%3Aa%3Aguardrail%2Fg/version/1/apply",
             RouteKind::invoking},
        Kind{"POST", "/guardrail-checks/invoke", RouteKind::invoking},
        Kind{"POST", "/model-invocation-job", RouteKind::invoking},
        Kind{"POST", "/agents/A/agentAliases/B/sessions/s/text", RouteKind::invoking},
        Kind{"POST", "/flows/F/aliases/B", RouteKind::invoking},
        Kind{"PUT", "/flows/F/aliases/B", RouteKind::free},
        Kind{"POST", "/marketplace-model/endpoints", RouteKind::invoking},
        Kind{"PUT", "/knowledgebases/K/datasources/D/ingestionjobs/", RouteKind::invoking},
        Kind{"put", "/knowledgebases/K/datasources/D/documents", RouteKind::invoking},
        Kind{"POST", "/knowledgebases/K/datasources/D/ingestionjobs/", RouteKind::unknown},
        Kind{"POST", "/knowledgebases/K/datasources/D/documents", RouteKind::unknown},
        Kind{"POST", "/retrieveAndGenerateStream", RouteKind::invoking},
        Kind{"POST", "/model-invocation-job/j/stop", RouteKind::unknown},
        Kind{"POST", "/chain/invoke", RouteKind::unknown},
        // The rest.
        Kind{"POST", "/key/generate", RouteKind::unknown}, Kind{"PUT", "/x", RouteKind::unknown},
        Kind{"POST", "/graphql", RouteKind::unknown}, Kind{"POST", "", RouteKind::unknown},
        Kind{"POST", "/v1/organization/users", RouteKind::unknown},
        Kind{"PUT", "/v1/chat/completions", RouteKind::inference},
        Kind{"FOO", "/v1/embeddings", RouteKind::inference},
        // Of two readings the one that may spend counts.
        Kind{"POST", "/v1/chat/completions;/../../models", RouteKind::inference},
        Kind{"POST", "/v1/responses%3f/../input_tokens", RouteKind::inference},
        Kind{"POST", "/v1/files%00/../organization/projects", RouteKind::spending}));

TEST(RouteOf, TakesAReadingRequestWithWorkToDoForWriting) {
  const auto kind = [](const char* method, const char* path) {
    return route_of(method, LenientPath(path), Work::write).kind;
  };
  EXPECT_EQ(kind("GET", "/v1/chat/completions"), RouteKind::inference);
  EXPECT_EQ(kind("GET", "/v1/realtime"), RouteKind::spending);
  EXPECT_EQ(kind("DELETE", "/model/m/converse"), RouteKind::inference);
  EXPECT_EQ(kind("GET", "/v1/models"), RouteKind::free);
  EXPECT_EQ(kind("GET", "/v1/responses/resp_1"), RouteKind::free);
  const Route session = route_of("GET", LenientPath("/v1/responses"), Work::upgrade);
  EXPECT_EQ(session.kind, RouteKind::spending);
  EXPECT_EQ(route_of("POST", LenientPath("/v1/responses"), Work::upgrade).kind,
            RouteKind::inference);
}

TEST(RouteOf, KnowsTheApisOfTheRuntime) {
  struct Known {
    std::string_view path;
    Api api;
    bool streams;
  };
  for (const Known& known :
       {Known{"/model/m/converse", Api::converse, false},
        Known{"/model/m/converse-stream", Api::converse, true},
        Known{"/gateway/MODEL/m/Invoke", Api::invoke_model, false},
        Known{"/model/m/invoke-with-response-stream", Api::invoke_model, true}}) {
    const Route route = route_of("POST", LenientPath(known.path));
    EXPECT_EQ(route.api, known.api) << known.path;
    EXPECT_EQ(route.streams, known.streams) << known.path;
    EXPECT_TRUE(is_of_runtime(route.api));
  }
  EXPECT_FALSE(route_of("POST", LenientPath("/v1/chat/completions")).streams);
}

TEST(PathModel, StandsBetweenModelAndTheOperation) {
  const auto model = [](std::string_view path) {
    std::string found = "of the request before";
    read_path_model(path, LenientPath(path), found);
    return found;
  };
  EXPECT_EQ(model("/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse"),
            "anthropic.claude-sonnet-4-5-20250929-v1:0");
  EXPECT_EQ(model("/gateway/model/us.amazon.nova-pro-v1:0/invoke-with-response-stream"),
            "us.amazon.nova-pro-v1:0");
  constexpr std::string_view arn =
      "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.Model";
  EXPECT_EQ(model("/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A111122223333%3Ainference-profile%2Fus."
                  "Model/invoke"),
            arn);
  EXPECT_EQ(model("/model/" + std::string(arn) + "/invoke"), arn);
  EXPECT_EQ(model("/model/a%2z%/converse"), "a%2z%");
  EXPECT_EQ(model("/MODEL/M%2563/Converse/"), "mc");  // spelled in another way
  EXPECT_EQ(model("/model//converse"), "");
  EXPECT_EQ(model("/converse"), "");
  EXPECT_EQ(model(""), "");
}

TEST(RouteOf, KnowsWhatBelongsToAProject) {
  for (const char* path : {"/v1/models", "/v1/files/file_1/content", "/v1/responses/resp_1"}) {
    EXPECT_TRUE(route_of("GET", LenientPath(path)).of_project) << path;
  }
  for (const char* path : {"/health", "/key/info", "/v1/organization/projects", ""}) {
    EXPECT_FALSE(route_of("GET", LenientPath(path)).of_project) << path;
  }
}

TEST(RouteOf, SeesWhatLiesBelowAnthropic) {
  for (const char* path :
       {"/anthropic/v1/messages", "/anthropic/v1/messages/count_tokens", "/anthropic/v1/models",
        "/anthropic/v1/models/anthropic.claude-fable-5", "/gateway/anthropic/v1/messages",
        "//anthropic/./v1/messages", "/%61nthropic/v1/messages", "/x/../anthropic/v1/messages",
        "/anthropic/v1"}) {
    EXPECT_TRUE(route_of("POST", LenientPath(path)).anthropic) << path;
    EXPECT_TRUE(route_of("GET", LenientPath(path)).names_workspace()) << path;
  }
  for (const char* path : {"/v1/models", "/v1/models/anthropic", "/anthropic/models",
                           "/anthropic/../v1/chat/completions", "/xanthropic/v1/models", ""}) {
    EXPECT_FALSE(route_of("GET", LenientPath(path)).anthropic) << path;
    EXPECT_FALSE(route_of("GET", LenientPath(path)).names_workspace()) << path;
  }
  EXPECT_TRUE(route_of("POST", LenientPath("/v1/messages")).names_workspace());
}

TEST(FamilyOf, GoesByTheExactBeginning) {
  EXPECT_EQ(family_of("/v1/responses"), RouteFamily::v1);
  EXPECT_EQ(family_of("/openai/v1/responses"), RouteFamily::openai_v1);
  EXPECT_EQ(family_of("/anthropic/v1/messages"), RouteFamily::anthropic_v1);
  for (const char* path : {"", "/", "/v1", "/openai/v1", "/v10/responses", "/openai/v1x/responses",
                           "/OpenAI/v1/responses", "//v1/responses", "/gateway/v1/responses",
                           "/openai/%76"
                           "1/responses",
                           "/openai/responses"}) {
    EXPECT_EQ(family_of(path), RouteFamily::unknown) << path;
  }
}

}  // namespace
}  // namespace costmark::attribution
