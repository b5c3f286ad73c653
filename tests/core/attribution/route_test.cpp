#include "attribution/route.hpp"

#include <gtest/gtest.h>

namespace costmark::attribution {
namespace {

struct Case {
  const char* method;
  const char* path;
  Api api;
  bool inference;
};

class Routes : public testing::TestWithParam<Case> {};

TEST_P(Routes, AreRecognised) {
  const Route route = route_of(GetParam().method, GetParam().path);
  EXPECT_EQ(route.api, GetParam().api) << GetParam().path;
  EXPECT_EQ(route.inference, GetParam().inference) << GetParam().path;
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
        Case{"POST", "/v1/chat/COMPLETIONS", Api::other, false},
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

TEST(RouteOf, SeesWhatLiesBelowAnthropic) {
  for (const char* path :
       {"/anthropic/v1/messages", "/anthropic/v1/messages/count_tokens", "/anthropic/v1/models",
        "/anthropic/v1/models/anthropic.claude-fable-5", "/gateway/anthropic/v1/messages",
        "//anthropic/./v1/messages", "/%61nthropic/v1/messages", "/x/../anthropic/v1/messages",
        "/anthropic/v1"}) {
    EXPECT_TRUE(route_of("POST", path).anthropic) << path;
    EXPECT_TRUE(route_of("GET", path).names_workspace()) << path;
  }
  for (const char* path : {"/v1/models", "/v1/models/anthropic", "/anthropic/models",
                           "/anthropic/../v1/chat/completions", "/xanthropic/v1/models", ""}) {
    EXPECT_FALSE(route_of("GET", path).anthropic) << path;
    EXPECT_FALSE(route_of("GET", path).names_workspace()) << path;
  }
  EXPECT_TRUE(route_of("POST", "/v1/messages").names_workspace());
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
