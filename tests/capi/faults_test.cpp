// Fails each allocation of each function in turn: a status comes back, nothing leaks, handles go
// on. Options, clients and operations.
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

// The finalizer runs once for each call, failed or not, when all is ended.
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
    return costmark_config_set_bearer_token_callback(to, give_token, nullptr, nullptr, count_freed,
                                                     error);
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

TEST_F(Faults, ProjectCheck) {
  torture([](costmark_error** error) { return costmark_project_check("proj_a", 6, error); });
  torture([](costmark_error** error) { return costmark_project_check("no id", 5, error); },
          COSTMARK_INVALID_PROJECT);
}

TEST_F(Faults, LabelsCheck) {
  const costmark_label good[] = {{COSTMARK_STR("feature"), COSTMARK_STR("search")},
                                 {COSTMARK_STR("user"), COSTMARK_STR("ann")}};
  torture([&](costmark_error** error) { return costmark_labels_check(good, 2, error); });
  const costmark_label bad = {COSTMARK_STR("user"), COSTMARK_STR("\n")};
  torture([&](costmark_error** error) { return costmark_labels_check(&bad, 1, error); },
          COSTMARK_INVALID_ARGUMENT);
}

TEST_F(Faults, OperationBeginWithLabels) {
  const costmark_label label = {COSTMARK_STR("user"), COSTMARK_STR("ann")};
  request.labels = &label;
  request.label_count = 1;
  torture(
      [&](costmark_error** error) { return costmark_operation_begin(operation, &request, error); },
      COSTMARK_OK, [&] { make(); });
}

TEST_F(Faults, OperationNew) {
  torture([&](costmark_error** error) {
    return costmark_operation_new(client, operation.out(), error);
  });
}

TEST_F(Faults, OperationBegin) {
  torture(
      [&](costmark_error** error) { return costmark_operation_begin(operation, &request, error); },
      COSTMARK_OK, [&] { make(); });
  request.body = str("{\"a\":1,");
  torture(
      [&](costmark_error** error) { return costmark_operation_begin(operation, &request, error); },
      COSTMARK_INVALID_JSON, [&] { make(); });
}

TEST_F(Faults, OperationBeginBeside) {
  Owned<costmark_operation> other;
  torture(
      [&](costmark_error** error) {
        return costmark_operation_begin_beside(other, operation, &request, error);
      },
      COSTMARK_OK,
      [&] {
        send_off();
        ASSERT_EQ(costmark_operation_new(client, other.out(), nullptr), COSTMARK_OK);
      });
}

TEST_F(Faults, OperationReady) {
  Owned<costmark_config> own;
  ASSERT_EQ(costmark_config_new(own.out(), nullptr), COSTMARK_OK);
  ASSERT_EQ(
      costmark_config_set_credentials_callback(own, give_credentials, nullptr, nullptr, nullptr),
      COSTMARK_OK);
  torture(
      [&](costmark_error** error) { return costmark_operation_ready(operation, nullptr, error); },
      COSTMARK_OK,
      [&] {
        ASSERT_EQ(costmark_client_new(own, client.out(), nullptr), COSTMARK_OK);
        begin();
      });
}

TEST_F(Faults, OperationPrepare) {
  const Call call = [&](costmark_error** error) {
    const costmark_status status =
        costmark_operation_prepare(operation, nullptr, nullptr, &prepared, error);
    EXPECT_EQ(status == COSTMARK_OK, prepared.set_header_count > 0);
    return status;
  };
  torture(call, COSTMARK_OK, [&] {
    ASSERT_EQ(costmark_client_new(config, client.out(), nullptr), COSTMARK_OK);
    begin();
  });
  EXPECT_NE(std::string_view(prepared.body.data, prepared.body.len).find("proj_that_is"),
            std::string_view::npos);
  torture(
      [&](costmark_error** error) {
        return costmark_operation_prepare(operation, &request, nullptr, &prepared, error);
      },
      COSTMARK_OK, [&] { begin(); });
}

TEST_F(Faults, OperationPrepareWithCallbacks) {
  Owned<costmark_config> own;
  ASSERT_EQ(costmark_config_new(own.out(), nullptr), COSTMARK_OK);
  ASSERT_EQ(
      costmark_config_set_credentials_callback(own, give_credentials, nullptr, nullptr, nullptr),
      COSTMARK_OK);
  const auto fresh = [&] {
    ASSERT_EQ(costmark_client_new(own, client.out(), nullptr), COSTMARK_OK);
    begin();
  };
  const Call call = [&](costmark_error** error) {
    return costmark_operation_prepare(operation, nullptr, nullptr, &prepared, error);
  };
  torture(call, COSTMARK_OK, fresh);

  ASSERT_EQ(costmark_config_new(own.out(), nullptr), COSTMARK_OK);
  set(own, "auth", "bearer");
  ASSERT_EQ(costmark_config_set_bearer_token_callback(own, give_token, nullptr, nullptr, nullptr,
                                                      nullptr),
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
  ASSERT_EQ(costmark_config_set_bearer_token_callback(config, torture_inside, nullptr, nullptr,
                                                      nullptr, nullptr),
            COSTMARK_OK);
  ASSERT_EQ(costmark_client_new(config, client.out(), nullptr), COSTMARK_OK);
  prepare();
}

// The functions that read an answer have no place for an error.
template <class Run>
void torture_reading(Run run, const std::function<void()>& fresh) {
  for (const bool all_after : {false, true}) {
    std::size_t n = 1, asked = n;
    for (; asked >= n && n < most_allocations; ++n) {
      fresh();
      allocations::begin(n, all_after);
      const costmark_status status = run();
      asked = allocations::end().all;
      ASSERT_TRUE(status == COSTMARK_OK || status == COSTMARK_OUT_OF_MEMORY)
          << costmark_status_name(status) << " when allocation " << n << " fails";
    }
    ASSERT_LT(n, most_allocations);
    fresh();
    EXPECT_EQ(run(), COSTMARK_OK);
  }
}

TEST_F(Faults, OperationHead) {
  const costmark_header field{COSTMARK_STR("content-type"),
                              COSTMARK_STR("text/event-stream; charset=utf-8")};
  costmark_answer_head head = COSTMARK_ANSWER_HEAD_INIT;
  costmark_answer_plan plan = COSTMARK_ANSWER_PLAN_INIT;
  head.http_status = 200;
  head.headers = &field;
  head.header_count = 1;
  torture_reading([&] { return costmark_operation_head(operation, &head, &plan); },
                  [&] { send_off(); });
}

constexpr std::string_view stream =
    "data: {\"id\":\"chatcmpl-with-a-long-identifier\",\"model\":\"a-model-with-a-long-name\","
    "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n"
    "data: {\"id\":\"chatcmpl-with-a-long-identifier\",\"choices\":[],"
    "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}\n\ndata: [DONE]\n\n";

TEST_F(Faults, OperationFeed) {
  // Cut inside the second event, so that a part of it has to be held.
  torture_reading(
      [&] {
        costmark_str piece{};
        const costmark_status status =
            costmark_operation_feed(operation, stream.data(), 200, &piece);
        if (status != COSTMARK_OK) {
          EXPECT_EQ(piece.data, stream.data());
          EXPECT_EQ(piece.len, 200U);
        }
        return status;
      },
      [&] { begin_answer("text/event-stream"); });
}

constexpr std::string_view answer =
    "{\"id\":\"chatcmpl-with-a-long-identifier\",\"model\":\"a-model-with-a-long-name\","
    "\"choices\":[{\"finish_reason\":\"stop\"}],"
    "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}";

TEST_F(Faults, OperationFinish) {
  costmark_next next = COSTMARK_NEXT_INIT;
  torture_reading([&] { return costmark_operation_finish(operation, nullptr, &next); },
                  [&] {
                    begin_answer("application/json");
                    ASSERT_EQ(
                        costmark_operation_feed(operation, answer.data(), answer.size(), nullptr),
                        COSTMARK_OK);
                  });
}

TEST_F(Faults, OperationFail) {
  torture_reading(
      [&] { return costmark_operation_fail(operation, COSTMARK_OUTCOME_ERROR, nullptr, nullptr); },
      [&] { begin_answer("application/json"); });
}

// Ending must work without memory: there is no status to say otherwise. The same for an attempt
// that is on its way.
TEST_F(Faults, OperationFree) {
  for (std::size_t n = 1, asked = n; asked >= n; ++n) {
    begin_answer("application/json");
    ASSERT_EQ(costmark_operation_feed(operation, answer.data(), answer.size(), nullptr),
              COSTMARK_OK);
    allocations::begin(n, true);
    operation.out();
    asked = allocations::end().all;
  }
}

TEST_F(Faults, OperationSent) {
  for (std::size_t n = 1, asked = n; asked >= n; ++n) {
    ASSERT_EQ(costmark_client_new(config, client.out(), nullptr), COSTMARK_OK);
    prepare();
    allocations::begin(n, true);
    costmark_operation_sent(operation);
    asked = allocations::end().all;
    costmark_answer shown = COSTMARK_ANSWER_INIT;
    costmark_operation_answer(operation, &shown);
    EXPECT_EQ(shown.attempt, 1U);
  }
}

TEST_F(Faults, ClientUsage) {
  send_off();
  Owned<costmark_usage_report> report;
  torture(
      [&](costmark_error** error) { return costmark_client_usage(client, report.out(), error); });
}

// The promise that a host on a hot path relies on: a whole call, over and over.
TEST_F(Faults, ACallAllocatesNothingInTheSteadyState) {
  const costmark_header field{COSTMARK_STR("content-type"), COSTMARK_STR("application/json")};
  costmark_answer_head head = COSTMARK_ANSWER_HEAD_INIT;
  costmark_answer_plan plan = COSTMARK_ANSWER_PLAN_INIT;
  costmark_next next = COSTMARK_NEXT_INIT;
  costmark_str piece{};
  head.http_status = 200;
  head.headers = &field;
  head.header_count = 1;
  const auto call = [&] {
    bool good = costmark_operation_begin(operation, &request, nullptr) == COSTMARK_OK;
    good &=
        costmark_operation_prepare(operation, nullptr, nullptr, &prepared, nullptr) == COSTMARK_OK;
    costmark_operation_sent(operation);
    good &= costmark_operation_head(operation, &head, &plan) == COSTMARK_OK;
    good &= costmark_operation_feed(operation, answer.data(), answer.size(), &piece) == COSTMARK_OK;
    good &= costmark_operation_finish(operation, &piece, &next) == COSTMARK_OK;
    costmark_answer shown = COSTMARK_ANSWER_INIT;
    costmark_operation_answer(operation, &shown);
    if (!good || shown.usage->input_tokens != 3) ADD_FAILURE();
  };
  for (const std::string_view carrier : {"body", "header", "body,header"}) {
    set(config, "carrier", carrier);
    ASSERT_EQ(costmark_client_new(config, client.out(), nullptr), COSTMARK_OK);
    make();
    for (int i = 0; i < 5; ++i) call();
    allocations::begin(0, false);
    for (int i = 0; i < 200; ++i) call();
    const allocations::Counts counts = allocations::end();
    EXPECT_EQ(counts.cxx, 0U) << carrier;
    EXPECT_LE(counts.all, 200 * openssl_allocations) << carrier;
  }
}

}  // namespace
