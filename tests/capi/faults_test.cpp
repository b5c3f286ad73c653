// Fails each allocation of each function in turn: a status comes back, nothing leaks, handles go
// on. Options, clients, preparing and observing.
#include "faults.hpp"

namespace {

using namespace faults;  // NOLINT(google-build-using-namespace)

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

// The finaliser runs once for each call, failed or not, when all is ended.
template <class Set>
void torture_callback(Owned<costmark_config>& config, Set set_one) {
  int calls = 0;
  freed = 0;
  torture([&](costmark_error** error) {
    ++calls;
    return set_one(config, error);
  });
  config.out();
  EXPECT_EQ(freed, calls);
}

TEST_F(Faults, ConfigSetLogCallback) {
  torture_callback(config, [](costmark_config* to, costmark_error** error) {
    return costmark_config_set_log_callback(to, no_log, nullptr, count_freed, error);
  });
}

TEST_F(Faults, ConfigSetCredentialsCallback) {
  torture_callback(config, [](costmark_config* to, costmark_error** error) {
    return costmark_config_set_credentials_callback(to, give_credentials, nullptr, count_freed,
                                                    error);
  });
}

TEST_F(Faults, ConfigSetBearerTokenCallback) {
  torture_callback(config, [](costmark_config* to, costmark_error** error) {
    return costmark_config_set_bearer_token_callback(to, give_token, nullptr, count_freed, error);
  });
}

TEST_F(Faults, ConfigSetClockCallback) {
  torture_callback(config, [](costmark_config* to, costmark_error** error) {
    return costmark_config_set_clock_callback(to, a_time, nullptr, count_freed, error);
  });
}

TEST_F(Faults, ConfigSetUsageCallback) {
  torture_callback(config, [](costmark_config* to, costmark_error** error) {
    return costmark_config_set_usage_callback(to, no_usage, nullptr, count_freed, error);
  });
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

TEST_F(Faults, ClientPrepare) {
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

TEST_F(Faults, ClientPrepareThatIsRefused) {
  request.body = str("{\"a\":1,");
  torture(
      [&](costmark_error** error) {
        return costmark_client_prepare(client, &request, prepared, error);
      },
      COSTMARK_INVALID_JSON,
      [&] { ASSERT_EQ(costmark_prepared_new(prepared.out(), nullptr), COSTMARK_OK); });
}

TEST_F(Faults, ClientPrepareWithCallbacks) {
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

TEST_F(Faults, CredentialsPut) {
  const auto torture_inside = [](void*, costmark_credentials_sink* sink) -> costmark_status {
    costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
    credentials.access_key_id = str("AKIDEXAMPLE-longer-than-a-short-string");
    credentials.secret_access_key = str("not-a-real-secret-but-longer-than-a-short-string");
    torture([&](costmark_error** error) {
      return costmark_credentials_put(sink, &credentials, error);
    });
    return COSTMARK_OK;
  };
  ASSERT_EQ(costmark_config_new(config.out(), nullptr), COSTMARK_OK);
  ASSERT_EQ(
      costmark_config_set_credentials_callback(config, torture_inside, nullptr, nullptr, nullptr),
      COSTMARK_OK);
  ASSERT_EQ(costmark_client_new(config, client.out(), nullptr), COSTMARK_OK);
  prepare();
}

TEST_F(Faults, BearerTokenPut) {
  const auto torture_inside = [](void*, costmark_bearer_token_sink* sink) -> costmark_status {
    const std::string token(1U << 20U, 't');
    std::size_t size = 40;  // more each time, so that it always needs memory
    torture([&](costmark_error** error) {
      return costmark_bearer_token_put(sink, token.data(), size *= 2, error);
    });
    return COSTMARK_OK;
  };
  ASSERT_EQ(costmark_config_new(config.out(), nullptr), COSTMARK_OK);
  set(config, "auth", "bearer");
  ASSERT_EQ(
      costmark_config_set_bearer_token_callback(config, torture_inside, nullptr, nullptr, nullptr),
      COSTMARK_OK);
  ASSERT_EQ(costmark_client_new(config, client.out(), nullptr), COSTMARK_OK);
  prepare();
}

TEST_F(Faults, ClientCheck) {
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
  costmark_answer_head head = COSTMARK_ANSWER_HEAD_INIT;
  head.http_status = 200;
  head.content_type = COSTMARK_STR("text/event-stream; charset=utf-8");
  torture(
      [&](costmark_error** error) { return costmark_observation_head(observation, &head, error); },
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

TEST_F(Faults, ObservationUsage) {
  observe();
  costmark_usage usage = COSTMARK_USAGE_INIT;
  torture([&](costmark_error** error) {
    return costmark_observation_usage(observation, &usage, error);
  });
}

TEST_F(Faults, ClientUsage) {
  observe();
  Owned<costmark_usage_report> report;
  torture(
      [&](costmark_error** error) { return costmark_client_usage(client, report.out(), error); });
}

TEST_F(Faults, UsageReportTotals) {
  observe();
  Owned<costmark_usage_report> report;
  ASSERT_EQ(costmark_client_usage(client, report.out(), nullptr), COSTMARK_OK);
  costmark_usage_totals totals = COSTMARK_USAGE_TOTALS_INIT;
  torture([&](costmark_error** error) {
    return costmark_usage_report_totals(report, 0, &totals, error);
  });
  EXPECT_EQ(totals.attempts, 1U);
  torture(
      [&](costmark_error** error) {
        return costmark_usage_report_totals(report, 1, &totals, error);
      },
      COSTMARK_INVALID_ARGUMENT);
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
