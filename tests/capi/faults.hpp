// What the tests share that fail each allocation of each function in turn. A test bears the name of
// its function: ClientNew is that of costmark_client_new().
#pragma once

#include <costmark/testing.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "allocations.hpp"

namespace faults {

inline constexpr std::size_t most_allocations = 5000;

// OpenSSL 3.0 allocates inside EVP_DigestInit_ex and HMAC_Init_ex, each time: four small blocks for
// one signature, which no caller of it can avoid. Later ones do with fewer.
inline constexpr std::size_t openssl_allocations = 4;

inline costmark_str str(std::string_view text) {
  return {text.data(), text.size()};
}

// Ends a handle at the end of its scope.
template <class Handle, void (*End)(Handle*)>
struct Owner {
  Owner() = default;
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;
  ~Owner() { End(handle); }
  operator Handle*() const { return handle; }  // NOLINT(google-explicit-constructor)
  Handle** out() {
    End(handle);
    handle = nullptr;
    return &handle;
  }
  Handle* handle = nullptr;
};

inline void end(costmark_config* handle) {
  costmark_config_free(handle);
}
inline void end(costmark_client* handle) {
  costmark_client_release(handle);
}
inline void end(costmark_operation* handle) {
  costmark_operation_free(handle);
}
inline void end(costmark_usage_report* handle) {
  costmark_usage_report_free(handle);
}
inline void end(costmark_price_book* handle) {
  costmark_price_book_free(handle);
}
inline void end(costmark_signature* handle) {
  costmark_signature_free(handle);
}

inline void end(costmark_projects* handle) {
  costmark_projects_free(handle);
}
inline void end(costmark_project_list* handle) {
  costmark_project_list_free(handle);
}
inline void end(costmark_cancel* handle) {
  costmark_cancel_release(handle);
}
inline void end(costmark_verification* handle) {
  costmark_verification_free(handle);
}
inline void end(costmark_credentials_cache* handle) {
  costmark_credentials_cache_release(handle);
}
inline void end(costmark_credentials_set* handle) {
  costmark_credentials_set_free(handle);
}
inline void end(costmark_credentials_report* handle) {
  costmark_credentials_report_free(handle);
}
inline void end(costmark_bearer_token* handle) {
  costmark_bearer_token_free(handle);
}
inline void end(costmark_bearer_token_cache* handle) {
  costmark_bearer_token_cache_release(handle);
}

template <class Handle>
using Owned = Owner<Handle, static_cast<void (*)(Handle*)>(end)>;

using Call = std::function<costmark_status(costmark_error**)>;

// One failing run: what it returned and whether the error object agrees.
inline costmark_status run(const Call& call, std::size_t n, bool all_after, std::size_t& asked) {
  costmark_error* error = nullptr;
  allocations::begin(n, all_after);
  const costmark_status status = call(&error);
  asked = allocations::end().all;
  EXPECT_EQ(status == COSTMARK_OK, error == nullptr) << "allocation " << n;
  if (error != nullptr) {
    costmark_error_view why = COSTMARK_ERROR_VIEW_INIT;
    costmark_error_read(error, &why);
    EXPECT_EQ(why.status, status) << "allocation " << n;
    EXPECT_GT(why.message.len, 0U) << "allocation " << n;
  }
  costmark_error_free(error);
  return status;
}

// Fails allocation 1, 2, 3, ... of `call` until it has none left to fail. Every run gives
// `expected` or says that memory was short (or that a system library failed, which for want of
// memory is all that OpenSSL says; `also`: all that libcurl says at times). `fresh` sets up before
// every run.
inline void torture(
    const Call& call, costmark_status expected = COSTMARK_OK,
    const std::function<void()>& fresh = [] {}, costmark_status also = COSTMARK_INTERNAL) {
  for (const bool all_after : {false, true}) {
    std::size_t n = 1, asked = 0, refused = 0;
    for (; n < most_allocations; ++n) {
      fresh();
      const costmark_status status = run(call, n, all_after, asked);
      const bool known = status == expected || status == also || status == COSTMARK_OUT_OF_MEMORY ||
                         status == COSTMARK_INTERNAL;
      ASSERT_TRUE(known) << costmark_status_name(status) << " when allocation " << n << " fails";
      if (status != expected) ++refused;
      if (asked < n) break;
    }
    ASSERT_LT(n, most_allocations);
    EXPECT_TRUE(n == 1 || refused > 0) << "a call that allocates never said so";
    fresh();
    EXPECT_EQ(run(call, 0, false, asked), expected) << "not usable after allocation failures";
  }
}

inline void set(costmark_config* config, std::string_view name, std::string_view value) {
  ASSERT_EQ(
      costmark_config_set(config, name.data(), name.size(), value.data(), value.size(), nullptr),
      COSTMARK_OK);
}

inline void configure(costmark_config* config, std::string_view carrier) {
  set(config, "access_key_id", "AKIDEXAMPLE");
  set(config, "secret_access_key", "not-a-real-secret-but-longer-than-a-short-string");
  set(config, "region", "us-east-1");
  set(config, "project", "proj_that_is_longer_than_a_short_string");
  set(config, "carrier", carrier);
}

class Faults : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const auto& [name, value] :
         {std::pair{"AWS_CONFIG_FILE", "/nonexistent/config"},
          std::pair{"AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials"},
          std::pair{"AWS_EC2_METADATA_DISABLED", "true"}}) {
      setenv(name, value, 1);
    }
    for (const char* name : {"AWS_BEARER_TOKEN_BEDROCK", "AWS_REGION", "AWS_DEFAULT_REGION",
                             "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
                             "COSTMARK_PROJECT", "OPENAI_PROJECT_ID", "COSTMARK_REGION"}) {
      unsetenv(name);
    }
    ASSERT_EQ(costmark_config_new(config.out(), nullptr), COSTMARK_OK);
    configure(config, "body");
    ASSERT_EQ(costmark_client_new(config, client.out(), nullptr), COSTMARK_OK);
    request = COSTMARK_REQUEST_INIT;
    request.method = str("POST");
    request.url = str("https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions");
    request.headers = headers;
    request.header_count = 2;
    request.body = str(body);
    // What happens once in a process: OpenSSL and simdjson set themselves up, and neither survives
    // being short of memory then.
    prepare();
  }

  void make() { ASSERT_EQ(costmark_operation_new(client, operation.out(), nullptr), COSTMARK_OK); }

  void begin() {
    make();
    ASSERT_EQ(costmark_operation_begin(operation, &request, nullptr), COSTMARK_OK);
  }

  void prepare() {
    begin();
    ASSERT_EQ(costmark_operation_prepare(operation, nullptr, nullptr, &prepared, nullptr),
              COSTMARK_OK);
  }

  void send_off() {
    prepare();
    costmark_operation_sent(operation);
  }

  void begin_answer(std::string_view type) {
    send_off();
    const costmark_header field{COSTMARK_STR("content-type"), str(type)};
    costmark_answer_head head = COSTMARK_ANSWER_HEAD_INIT;
    head.http_status = 200;
    head.headers = &field;
    head.header_count = 1;
    ASSERT_EQ(costmark_operation_head(operation, &head, nullptr), COSTMARK_OK);
  }

  const std::string body =
      R"({"model":"openai.gpt-oss-120b","stream":true,"messages":[{"role":"user","content":")" +
      std::string(600, 'x') + R"("}]})";
  const costmark_header headers[2] = {
      {COSTMARK_STR("content-type"), COSTMARK_STR("application/json")},
      {COSTMARK_STR("authorization"), COSTMARK_STR("AWS4-HMAC-SHA256 of an earlier attempt")}};
  costmark_request request{};
  Owned<costmark_config> config;
  Owned<costmark_client> client;
  Owned<costmark_operation> operation;
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
};

inline int freed = 0;
inline void count_freed(void*) {
  ++freed;
}
inline void no_log(void*, costmark_log_level, const char*, size_t) {}

inline void no_usage(void*, const costmark_answer*) {}
inline std::int64_t a_time(void*) {
  return 1'700'000'000;
}

inline costmark_status give_credentials(void*, costmark_credentials_sink* sink) {
  costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  credentials.access_key_id = str("AKIDEXAMPLE-longer-than-a-short-string");
  credentials.secret_access_key = str("not-a-real-secret-but-longer-than-a-short-string");
  return costmark_credentials_put(sink, &credentials, nullptr);
}

inline costmark_status give_token(void*, costmark_bearer_token_sink* sink) {
  constexpr std::string_view token = "a-token-that-is-longer-than-a-short-string";
  return costmark_bearer_token_put(sink, token.data(), token.size(), nullptr);
}

}  // namespace faults
