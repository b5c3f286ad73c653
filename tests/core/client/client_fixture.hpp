#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/client.hpp"

namespace costmark::testing {

inline constexpr std::string_view mantle_chat =
    "https://bedrock-mantle.us-east-1.api.aws/openai/v1/chat/completions";
inline constexpr std::string_view mantle_responses =
    "https://bedrock-mantle.us-east-1.api.aws/openai/v1/responses";
inline constexpr std::string_view mantle_messages =
    "https://bedrock-mantle.us-east-1.api.aws/anthropic/v1/messages";
inline constexpr std::string_view custom_chat = "http://127.0.0.1:8080/v1/chat/completions";
inline constexpr std::string_view runtime_chat =
    "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1/chat/completions";
inline constexpr std::string_view secret_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
inline constexpr UnixSeconds test_time = 1735787045;  // 2025-01-02T03:04:05Z

using OptionValues = std::map<std::string, std::string>;

// A configuration with example credentials, an empty environment and a fixed clock.
ClientConfig config_of(const OptionValues& options, const OptionValues& variables = {});

// The client of such a configuration. Fails the test when the options are refused.
std::shared_ptr<Client> client_of(const OptionValues& options, const OptionValues& variables = {});

// The same, with AWS example keys among the options.
OptionValues with_keys(OptionValues options);

// A JSON POST to `url`.
struct Post {
  std::string url;
  std::string body;
  std::vector<Header> headers{{"Content-Type", "application/json"}};
  std::string project{};
  std::string scope{};

  Request request() const;
};

// The head of an answer, with those fields that are not empty.
class Head {
 public:
  explicit Head(int status, std::string_view content_type = "application/json",
                std::string_view date = {}, std::string_view error_type = {});
  operator AnswerHead() const { return {status_, fields_}; }  // NOLINT: stands for one

 private:
  int status_;
  std::vector<Header> fields_;
};

// An operation whose first attempt is on its way. Fails the test when that is refused.
Operation sent_operation(Client& client, const Request& request);

// The value that `prepared` sets for a header; "(absent)" when it sets none.
std::string value_set(const Prepared& prepared, std::string_view name);
bool removes(const Prepared& prepared, std::string_view name);

}  // namespace costmark::testing
