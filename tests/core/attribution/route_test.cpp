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
        Case{"POST", "/v1/embeddings", Api::embeddings, true},
        Case{"POST", "/v1/organization/projects", Api::control, false},
        Case{"POST", "/v1/organization/projects/proj_a/archive", Api::control, false},
        Case{"POST", "/v1/responses/../organization/projects", Api::control, false},
        Case{"POST", "/v1/organization/projects/../responses", Api::responses, true},
        Case{"PUT", "/v1/data_retention", Api::control, false},
        Case{"GET", "/v1/models", Api::other, false}, Case{"POST", "/", Api::other, false},
        Case{"POST", "", Api::other, false}));

}  // namespace
}  // namespace costmark::attribution
