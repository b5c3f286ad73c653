// Fails each allocation of each function in turn: a status comes back, nothing leaks, handles go
// on.
#include <costmark/costmark.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "allocations.hpp"

namespace {

constexpr std::size_t most_allocations = 5000;

// OpenSSL 3.0 allocates inside EVP_DigestInit_ex and HMAC_Init_ex, each time: four small blocks for
// one signature, which no caller of it can avoid. Later ones do with fewer.
constexpr std::size_t openssl_allocations = 4;

costmark_str str(std::string_view text) {
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

void end(costmark_config* handle) {
  costmark_config_free(handle);
}
void end(costmark_client* handle) {
  costmark_client_release(handle);
}
void end(costmark_prepared* handle) {
  costmark_prepared_free(handle);
}
void end(costmark_observation* handle) {
  costmark_observation_free(handle);
}
void end(costmark_usage_report* handle) {
  costmark_usage_report_free(handle);
}
void end(costmark_signature* handle) {
  costmark_signature_free(handle);
}

template <class Handle>
using Owned = Owner<Handle, static_cast<void (*)(Handle*)>(end)>;

using Call = std::function<costmark_status(costmark_error**)>;

// One failing run: what it returned and whether the error object agrees.
costmark_status run(const Call& call, std::size_t n, bool all_after, std::size_t& asked) {
  costmark_error* error = nullptr;
  allocations::begin(n, all_after);
  const costmark_status status = call(&error);
  asked = allocations::end().all;
  EXPECT_EQ(status == COSTMARK_OK, error == nullptr) << "allocation " << n;
  if (error != nullptr) {
    EXPECT_EQ(costmark_error_status(error), status) << "allocation " << n;
    EXPECT_NE(*costmark_error_message(error, nullptr), '\0') << "allocation " << n;
  }
  costmark_error_free(error);
  return status;
}

// Fails allocation 1, 2, 3, ... of `call` until it has none left to fail. Every run gives
// `expected` or says that memory was short (or that a system library failed, which for want of
// memory is all that OpenSSL says). `fresh` sets up before every run.
void torture(
    const Call& call, costmark_status expected = COSTMARK_OK,
    const std::function<void()>& fresh = [] {}) {
  for (const bool all_after : {false, true}) {
    std::size_t n = 1, asked = 0, refused = 0;
    for (; n < most_allocations; ++n) {
      fresh();
      const costmark_status status = run(call, n, all_after, asked);
      const bool known =
          status == expected || status == COSTMARK_OUT_OF_MEMORY || status == COSTMARK_INTERNAL;
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

void set(costmark_config* config, std::string_view name, std::string_view value) {
  ASSERT_EQ(
      costmark_config_set(config, name.data(), name.size(), value.data(), value.size(), nullptr),
      COSTMARK_OK);
}

void configure(costmark_config* config, std::string_view carrier) {
  set(config, "access_key_id", "AKIDEXAMPLE");
  set(config, "secret_access_key", "not-a-real-secret-but-longer-than-a-short-string");
  set(config, "region", "us-east-1");
  set(config, "project", "proj_that_is_longer_than_a_short_string");
  set(config, "carrier", carrier);
}

class Faults : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"AWS_BEARER_TOKEN_BEDROCK", "AWS_REGION", "AWS_DEFAULT_REGION",
                             "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
                             "COSTMARK_PROJECT", "OPENAI_PROJECT_ID", "COSTMARK_REGION"}) {
      unsetenv(name);
    }
    ASSERT_EQ(costmark_config_new(config.out(), nullptr), COSTMARK_OK);
    configure(config, "body");
    ASSERT_EQ(costmark_client_new(config, client.out(), nullptr), COSTMARK_OK);
    ASSERT_EQ(costmark_prepared_new(prepared.out(), nullptr), COSTMARK_OK);
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

  void prepare() {
    ASSERT_EQ(costmark_client_prepare(client, &request, prepared, nullptr), COSTMARK_OK);
  }

  void observe() {
    prepare();
    ASSERT_EQ(costmark_observation_new(client, prepared, 1, observation.out(), nullptr),
              COSTMARK_OK);
  }

  void observe_with_head(std::string_view type) {
    observe();
    ASSERT_EQ(costmark_observation_head(observation, 200, type.data(), type.size(), nullptr),
              COSTMARK_OK);
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
  Owned<costmark_prepared> prepared;
  Owned<costmark_observation> observation;
};

TEST_F(Faults, ConfigNew) {
  Owned<costmark_config> made;
  torture([&](costmark_error** error) { return costmark_config_new(made.out(), error); });
}

TEST_F(Faults, ConfigSet) {
  const std::string value = "https://" + std::string(60, 'h') + ".example/v1";
  Owned<costmark_config> fresh;
  torture(
      [&](costmark_error** error) {
        return costmark_config_set(fresh, "base_url", 8, value.data(), value.size(), error);
      },
      COSTMARK_OK, [&] { ASSERT_EQ(costmark_config_new(fresh.out(), nullptr), COSTMARK_OK); });
  torture(
      [&](costmark_error** error) {
        return costmark_config_set(config, "regoin", 6, value.data(), value.size(), error);
      },
      COSTMARK_INVALID_OPTION);
}

TEST_F(Faults, ConfigSetHostApiKey) {
  const std::string key = "ABSK" + std::string(60, 'k');
  Owned<costmark_config> fresh;
  torture(
      [&](costmark_error** error) {
        return costmark_config_set_host_api_key(fresh, key.data(), key.size(), error);
      },
      COSTMARK_OK, [&] { ASSERT_EQ(costmark_config_new(fresh.out(), nullptr), COSTMARK_OK); });
}

TEST_F(Faults, OptionGet) {
  costmark_option_info info = COSTMARK_OPTION_INFO_INIT;
  torture([&](costmark_error** error) { return costmark_option_get(0, &info, error); });
  torture([&](costmark_error** error) { return costmark_option_get(9999, &info, error); },
          COSTMARK_INVALID_ARGUMENT);
}

int freed = 0;
void count_freed(void*) {
  ++freed;
}
void no_log(void*, costmark_log_level, const char*, size_t) {}

costmark_status give_credentials(void*, costmark_credentials_sink* sink) {
  costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  credentials.access_key_id = str("AKIDEXAMPLE-longer-than-a-short-string");
  credentials.secret_access_key = str("not-a-real-secret-but-longer-than-a-short-string");
  return costmark_credentials_put(sink, &credentials, nullptr);
}

costmark_status give_token(void*, costmark_bearer_token_sink* sink) {
  constexpr std::string_view token = "a-token-that-is-longer-than-a-short-string";
  return costmark_bearer_token_put(sink, token.data(), token.size(), nullptr);
}

// The finaliser runs once for each call, failed or not, when all is ended.
TEST_F(Faults, SetCallbacks) {
  int calls = 0;
  freed = 0;
  const auto torture_one = [&](auto set_one) {
    torture([&](costmark_error** error) {
      ++calls;
      return set_one(error);
    });
  };
  torture_one([&](costmark_error** error) {
    return costmark_config_set_log_callback(config, no_log, nullptr, count_freed, error);
  });
  torture_one([&](costmark_error** error) {
    return costmark_config_set_credentials_callback(config, give_credentials, nullptr, count_freed,
                                                    error);
  });
  torture_one([&](costmark_error** error) {
    return costmark_config_set_bearer_token_callback(config, give_token, nullptr, count_freed,
                                                     error);
  });
  config.out();
  EXPECT_EQ(freed, calls);
}

TEST_F(Faults, ClientNew) {
  Owned<costmark_client> made;
  torture([&](costmark_error** error) { return costmark_client_new(config, made.out(), error); });
}

TEST_F(Faults, ClientNewWithCallbacks) {
  freed = 0;
  set(config, "auth", "sigv4");
  ASSERT_EQ(costmark_config_set_log_callback(config, no_log, nullptr, count_freed, nullptr), 0);
  ASSERT_EQ(costmark_config_set_credentials_callback(config, give_credentials, nullptr, count_freed,
                                                     nullptr),
            0);
  Owned<costmark_client> made;
  torture([&](costmark_error** error) { return costmark_client_new(config, made.out(), error); });
  config.out();
  EXPECT_EQ(freed, 0);
  made.out();
  EXPECT_EQ(freed, 2);
}

TEST_F(Faults, ClientNewThatIsRefused) {
  set(config, "base_url", "https://bedrock-mantle.eu-west-1.api.aws/v1");
  Owned<costmark_client> made;
  torture([&](costmark_error** error) { return costmark_client_new(config, made.out(), error); },
          COSTMARK_ENDPOINT_MISMATCH);
}

TEST_F(Faults, PreparedNew) {
  Owned<costmark_prepared> made;
  torture([&](costmark_error** error) { return costmark_prepared_new(made.out(), error); });
}

TEST_F(Faults, Prepare) {
  torture(
      [&](costmark_error** error) {
        return costmark_client_prepare(client, &request, prepared, error);
      },
      COSTMARK_OK,
      [&] {
        ASSERT_EQ(costmark_client_new(config, client.out(), nullptr), COSTMARK_OK);
        ASSERT_EQ(costmark_prepared_new(prepared.out(), nullptr), COSTMARK_OK);
      });
  size_t len = 0;
  const char* edited = costmark_prepared_body(prepared, &len);
  EXPECT_NE(std::string_view(edited, len).find("proj_that_is"), std::string_view::npos);
}

TEST_F(Faults, PrepareThatIsRefused) {
  request.body = str("{\"a\":1,");
  torture(
      [&](costmark_error** error) {
        return costmark_client_prepare(client, &request, prepared, error);
      },
      COSTMARK_INVALID_JSON,
      [&] { ASSERT_EQ(costmark_prepared_new(prepared.out(), nullptr), COSTMARK_OK); });
}

// Inside of these prepares are costmark_credentials_put() and costmark_bearer_token_put().
TEST_F(Faults, PrepareWithCallbacks) {
  Owned<costmark_config> own;
  ASSERT_EQ(costmark_config_new(own.out(), nullptr), COSTMARK_OK);
  ASSERT_EQ(
      costmark_config_set_credentials_callback(own, give_credentials, nullptr, nullptr, nullptr),
      COSTMARK_OK);
  const auto fresh = [&] {
    ASSERT_EQ(costmark_client_new(own, client.out(), nullptr), COSTMARK_OK);
    ASSERT_EQ(costmark_prepared_new(prepared.out(), nullptr), COSTMARK_OK);
  };
  const Call call = [&](costmark_error** error) {
    return costmark_client_prepare(client, &request, prepared, error);
  };
  torture(call, COSTMARK_OK, fresh);

  ASSERT_EQ(costmark_config_new(own.out(), nullptr), COSTMARK_OK);
  set(own, "auth", "bearer");
  ASSERT_EQ(costmark_config_set_bearer_token_callback(own, give_token, nullptr, nullptr, nullptr),
            COSTMARK_OK);
  torture(call, COSTMARK_OK, fresh);
}

TEST_F(Faults, Check) {
  torture(
      [&](costmark_error** error) {
        return costmark_client_check(client, &request, prepared, error);
      },
      COSTMARK_OK, [&] { ASSERT_EQ(costmark_prepared_new(prepared.out(), nullptr), COSTMARK_OK); });
}

TEST_F(Faults, ObservationNew) {
  prepare();
  Owned<costmark_client> fresh;
  torture(
      [&](costmark_error** error) {
        return costmark_observation_new(client, prepared, 1, observation.out(), error);
      },
      COSTMARK_OK,
      [&] {
        observation.out();
        ASSERT_EQ(costmark_client_new(config, client.out(), nullptr), COSTMARK_OK);
        prepare();
      });
}

TEST_F(Faults, ObservationHead) {
  torture(
      [&](costmark_error** error) {
        return costmark_observation_head(observation, 200, "text/event-stream; charset=utf-8", 32,
                                         error);
      },
      COSTMARK_OK, [&] { observe(); });
}

constexpr std::string_view stream =
    "data: {\"id\":\"chatcmpl-with-a-long-identifier\",\"model\":\"a-model-with-a-long-name\","
    "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n"
    "data: {\"id\":\"chatcmpl-with-a-long-identifier\",\"choices\":[],"
    "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}\n\ndata: [DONE]\n\n";

TEST_F(Faults, ObservationFeed) {
  // Cut inside the second event, so that a part of it has to be held.
  torture(
      [&](costmark_error** error) {
        const char* out = nullptr;
        size_t len = 0;
        const costmark_status status =
            costmark_observation_feed(observation, stream.data(), 200, &out, &len, error);
        if (status != COSTMARK_OK) {
          EXPECT_EQ(out, stream.data());
          EXPECT_EQ(len, 200U);
        }
        return status;
      },
      COSTMARK_OK, [&] { observe_with_head("text/event-stream"); });
}

constexpr std::string_view answer =
    "{\"id\":\"chatcmpl-with-a-long-identifier\",\"model\":\"a-model-with-a-long-name\","
    "\"choices\":[{\"finish_reason\":\"stop\"}],"
    "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}";

TEST_F(Faults, ObservationFinish) {
  torture(
      [&](costmark_error** error) {
        return costmark_observation_finish(observation, nullptr, nullptr, error);
      },
      COSTMARK_OK,
      [&] {
        observe_with_head("application/json");
        ASSERT_EQ(costmark_observation_feed(observation, answer.data(), answer.size(), nullptr,
                                            nullptr, nullptr),
                  COSTMARK_OK);
      });
}

TEST_F(Faults, ObservationFail) {
  torture(
      [&](costmark_error** error) {
        return costmark_observation_fail(observation, COSTMARK_OUTCOME_ERROR, nullptr, nullptr,
                                         error);
      },
      COSTMARK_OK, [&] { observe_with_head("application/json"); });
  torture(
      [&](costmark_error** error) {
        return costmark_observation_fail(observation, 77, nullptr, nullptr, error);
      },
      COSTMARK_INVALID_ARGUMENT);
}

// Ending must work without memory: there is no status to say otherwise.
TEST_F(Faults, ObservationFree) {
  for (std::size_t n = 1, asked = n; asked >= n; ++n) {
    observe_with_head("application/json");
    ASSERT_EQ(costmark_observation_feed(observation, answer.data(), answer.size(), nullptr, nullptr,
                                        nullptr),
              COSTMARK_OK);
    allocations::begin(n, true);
    observation.out();
    asked = allocations::end().all;
  }
}

TEST_F(Faults, Usage) {
  observe();
  costmark_usage usage = COSTMARK_USAGE_INIT;
  torture([&](costmark_error** error) {
    return costmark_observation_usage(observation, &usage, error);
  });
  Owned<costmark_usage_report> report;
  torture(
      [&](costmark_error** error) { return costmark_client_usage(client, report.out(), error); });
  costmark_usage_totals totals = COSTMARK_USAGE_TOTALS_INIT;
  torture([&](costmark_error** error) {
    return costmark_usage_report_totals(report, 0, &totals, error);
  });
  EXPECT_EQ(totals.attempts, 1U);
}

TEST_F(Faults, Sign) {
  costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  credentials.access_key_id = str("AKIDEXAMPLE");
  credentials.secret_access_key = str("not-a-real-secret-but-longer-than-a-short-string");
  costmark_sign_request to_sign = COSTMARK_SIGN_REQUEST_INIT;
  to_sign.method = str("POST");
  to_sign.url = request.url;
  to_sign.region = str("us-east-1");
  to_sign.service = str("bedrock-mantle");
  to_sign.credentials = &credentials;
  to_sign.headers = headers;
  to_sign.header_count = 2;
  to_sign.body = str(body);
  to_sign.time_unix_s = 1'700'000'000;
  Owned<costmark_signature> signature;
  torture([&](costmark_error** error) { return costmark_signature_new(signature.out(), error); });
  torture([&](costmark_error** error) { return costmark_sign(&to_sign, signature, error); },
          COSTMARK_OK,
          [&] { ASSERT_EQ(costmark_signature_new(signature.out(), nullptr), COSTMARK_OK); });

  // Warm, it allocates nothing.
  allocations::begin(0, false);
  for (int i = 0; i < 100; ++i) {
    ++to_sign.time_unix_s;
    if (costmark_sign(&to_sign, signature, nullptr) != COSTMARK_OK) ADD_FAILURE();
  }
  const allocations::Counts counts = allocations::end();
  EXPECT_EQ(counts.cxx, 0U);
  EXPECT_LE(counts.all, 100 * openssl_allocations);
}

TEST_F(Faults, Json) {
  std::string buffer(2000, '#');
  size_t len = 0;
  torture([&](costmark_error** error) {
    return costmark_json_set(body.data(), body.size(), "metadata.project", 16, "\"p\"", 3,
                             COSTMARK_JSON_STRICT, buffer.data(), buffer.size(), &len, error);
  });
  torture([&](costmark_error** error) {
    return costmark_json_remove(body.data(), body.size(), "stream", 6, 0, buffer.data(),
                                buffer.size(), &len, error);
  });
  torture(
      [&](costmark_error** error) {
        return costmark_json_remove("[]", 2, "stream", 6, 0, buffer.data(), buffer.size(), &len,
                                    error);
      },
      COSTMARK_INVALID_JSON);
}

// The promise that a host on a hot path relies on.
TEST_F(Faults, APrepareAllocatesNothingInTheSteadyState) {
  for (const std::string_view carrier : {"body", "header", "body,header"}) {
    set(config, "carrier", carrier);
    ASSERT_EQ(costmark_client_new(config, client.out(), nullptr), COSTMARK_OK);
    for (int i = 0; i < 5; ++i) prepare();
    allocations::begin(0, false);
    for (int i = 0; i < 200; ++i) {
      if (costmark_client_prepare(client, &request, prepared, nullptr) != COSTMARK_OK)
        ADD_FAILURE();
    }
    const allocations::Counts counts = allocations::end();
    EXPECT_EQ(counts.cxx, 0U) << carrier;
    EXPECT_LE(counts.all, 200 * openssl_allocations) << carrier;
  }
}

}  // namespace
