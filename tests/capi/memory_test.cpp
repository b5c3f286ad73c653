// What an operation takes from the heap. The figures stand in costmark.h.
#include <costmark/testing.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "allocations.hpp"

namespace {

constexpr std::size_t most_ended = 64;  // operations whose memory a client keeps

costmark_str str(std::string_view text) {
  return {text.data(), text.size()};
}

class Memory : public ::testing::Test {
 protected:
  Memory() {
    costmark_config* config = nullptr;
    EXPECT_EQ(costmark_config_new(&config, nullptr), COSTMARK_OK);
    const std::pair<const char*, const char*> options[] = {
        {"project", "proj_5d5ykleja6cwpirysbb7"},
        {"access_key_id", "AKIDEXAMPLE"},
        {"secret_access_key", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}};
    for (const auto& [name, value] : options) {
      EXPECT_EQ(costmark_config_set_z(config, name, value, nullptr), COSTMARK_OK);
    }
    EXPECT_EQ(costmark_client_new(config, &client_, nullptr), COSTMARK_OK);
    costmark_config_free(config);
    request_.method = str("POST");
    request_.url = str(url);
    request_.headers = headers_.data();
    request_.header_count = headers_.size();
    request_.body = str(body_);
  }
  ~Memory() override { costmark_client_release(client_); }

  // On its way, or with its answer read.
  costmark_operation* call(bool is_answered) {
    costmark_operation* operation = nullptr;
    costmark_prepared prepared = COSTMARK_PREPARED_INIT;
    costmark_answer_head head = COSTMARK_ANSWER_HEAD_INIT;
    head.http_status = 200;
    const bool good =
        costmark_operation_new(client_, &operation, nullptr) == COSTMARK_OK &&
        costmark_operation_begin(operation, &request_, nullptr) == COSTMARK_OK &&
        costmark_operation_prepare(operation, nullptr, nullptr, &prepared, nullptr) == COSTMARK_OK;
    if (!good) return nullptr;
    costmark_operation_sent(operation);
    if (!is_answered) return operation;
    EXPECT_EQ(costmark_operation_head(operation, &head, nullptr), COSTMARK_OK);
    costmark_operation_feed(operation, answer.data(), answer.size(), nullptr);
    costmark_operation_finish(operation, nullptr, nullptr);
    return operation;
  }

  static constexpr std::string_view url =
      "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions";
  static constexpr std::string_view answer =
      R"({"id":"chatcmpl-1","usage":{"prompt_tokens":10,"completion_tokens":5}})";
  const std::string body_ =
      R"({"model":"openai.gpt-oss-120b","messages":")" + std::string(1000, 'A') + "\"}";
  const std::array<costmark_header, 3> headers_{
      costmark_header{str("Content-Type"), str("application/json")},
      costmark_header{str("Accept"), str("application/json")},
      costmark_header{str("User-Agent"), str("OpenAI/Python 3.54.0")}};
  costmark_request request_ = COSTMARK_REQUEST_INIT;
  costmark_client* client_ = nullptr;
};

TEST_F(Memory, OfACallWhoseAnswerHasNotBegunIsSmall) {
  std::vector<costmark_operation*> open;
  for (std::size_t i = 0; i < most_ended; ++i) open.push_back(call(false));
  allocations::begin(0, false);
  for (int i = 0; i < 10; ++i) open.push_back(call(false));
  const allocations::Counts counts = allocations::end();
  EXPECT_LE(counts.cxx, 10 * 8U);
  if (counts.held != 0) {
    EXPECT_LT(counts.held, 10 * 4096U);
  }
  for (costmark_operation* each : open) costmark_operation_free(each);
}

TEST_F(Memory, IsNotAskedForOnceACallHasEnded) {
  for (int i = 0; i < 3; ++i) costmark_operation_free(call(true));
  allocations::begin(0, false);
  for (int i = 0; i < 100; ++i) costmark_operation_free(call(true));
  EXPECT_EQ(allocations::end().cxx, 0U);
}

TEST_F(Memory, OfEndedCallsIsBounded) {
  std::vector<costmark_operation*> open;
  for (std::size_t i = 0; i < 3 * most_ended; ++i) open.push_back(call(true));
  for (costmark_operation* each : open) costmark_operation_free(each);
  open.clear();
  allocations::begin(0, false);
  for (std::size_t i = 0; i < most_ended; ++i) open.push_back(call(true));
  EXPECT_EQ(allocations::end().cxx, 0U);
  allocations::begin(0, false);
  open.push_back(call(true));
  EXPECT_GT(allocations::end().cxx, 0U);
  for (costmark_operation* each : open) costmark_operation_free(each);
}

TEST_F(Memory, OfALargeBodyIsGivenBack) {
  std::vector<costmark_operation*> open;
  const std::string large =
      R"({"project_id":"x","messages":")" + std::string(1'000'000, 'A') + "\"}";
  request_.body = str(large);
  for (int i = 0; i < 8; ++i) costmark_operation_free(call(false));  // what is kept to work with
  allocations::begin(0, false);
  for (int i = 0; i < 8; ++i) open.push_back(call(false));
  for (costmark_operation* each : open) costmark_operation_free(each);
  EXPECT_LT(allocations::end().held, 64U << 10U);
}

TEST_F(Memory, OutlivesTheClientWithTheOperation) {
  costmark_operation* const open = call(false);
  costmark_operation_free(call(true));
  EXPECT_EQ(costmark_live_handles(), 2U);
  costmark_client_release(client_);
  client_ = nullptr;
  EXPECT_EQ(costmark_live_handles(), 1U);
  costmark_operation_finish(open, nullptr, nullptr);
  costmark_operation_free(open);
  EXPECT_EQ(costmark_live_handles(), 0U);
}

// The number tells clients apart, and not where they live: a new one often takes the old one's
// place.
TEST_F(Memory, OfAClientThatWasFreedMakesNoOtherClientItsHeir) {
  for (int i = 0; i < 100; ++i) {
    costmark_operation* const old = call(false);
    costmark_client* const freed = client_;
    costmark_client_release(client_);
    costmark_config* config = nullptr;
    ASSERT_EQ(costmark_config_new(&config, nullptr), COSTMARK_OK);
    ASSERT_EQ(costmark_config_set_z(config, "auth", "none", nullptr), COSTMARK_OK);
    ASSERT_EQ(costmark_client_new(config, &client_, nullptr), COSTMARK_OK);
    costmark_config_free(config);
    costmark_operation* other = nullptr;
    ASSERT_EQ(costmark_operation_new(client_, &other, nullptr), COSTMARK_OK);
    EXPECT_EQ(costmark_operation_begin_beside(other, old, &request_, nullptr),
              COSTMARK_INVALID_ARGUMENT)
        << (client_ == freed ? "at the same place" : "elsewhere");
    costmark_operation_free(other);
    costmark_operation_free(old);
    if (client_ == freed) return;
  }
}

}  // namespace
