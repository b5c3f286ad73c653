// The same for what goes over the network: sending and verifying, against a server in this process,
// whose threads have all the memory that they want. libcurl's allocations and those of its
// libraries fail as well: nobody hands it an allocator, so malloc is its own.
#include <cstring>

#include "faults.hpp"
#include "server.h"

namespace {

using namespace faults;  // NOLINT(google-build-using-namespace)

constexpr const char* events =
    "data: {\"id\":\"chatcmpl-7\",\"model\":\"a-model\",\"choices\":[{\"index\":0,\"delta\":{},"
    "\"finish_reason\":\"stop\"}]}\n\n"
    "data: {\"id\":\"chatcmpl-7\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,"
    "\"completion_tokens\":4}}\n\ndata: [DONE]\n\n";
constexpr const char* refusal = "{\"error\":{\"code\":\"not_found_error\",\"message\":\"Project '";

bool answer(void*, const server_request* asked, int connection) {
  if (std::strcmp(asked->target, "/refuse/chat/completions") == 0) {
    return server_answer(connection, 400, "application/json", "x-request-id: req_1\r\n", "{}");
  }
  if (std::strstr(asked->body, "\"stream\":true") != nullptr) {
    return server_begin(connection, 200, "text/event-stream") && server_chunk(connection, events) &&
           server_chunk(connection, "");
  }
  const char* named = std::strstr(asked->body, "\"project_id\":\"");
  const std::string project = named == nullptr ? "" : std::string(named + 14).substr(0, 8);
  const std::string body = std::string(refusal) + project + "' does not exist\"}}";
  return server_answer(connection, 404, "application/json", "x-request-id: req_2\r\n",
                       body.c_str());
}

costmark_status take_head(void*, const costmark_response*) {
  return COSTMARK_OK;
}
costmark_status take_piece(void*, const char*, size_t) {
  return COSTMARK_OK;
}

class FaultsOverTheNetwork : public Faults {
 protected:
  void SetUp() override {
    Faults::SetUp();
    peer = server_start(answer, nullptr);
    ASSERT_NE(peer, nullptr);
    char text[100];
    once.max_attempts = 1;
    url = server_url(peer, "/v1/chat/completions", text);
    request.url = str(url);
    set(config, "base_url", server_url(peer, "", text));
    fresh();
    send();
  }
  void TearDown() override { server_stop(peer); }

  void fresh() {
    ASSERT_EQ(costmark_client_new(config, client.out(), nullptr), COSTMARK_OK);
    begin();
  }
  costmark_response response() const {
    costmark_response out = COSTMARK_RESPONSE_INIT;
    costmark_operation_response(operation, &out);
    return out;
  }
  void send() {
    costmark_error* error = nullptr;
    const costmark_status status = costmark_operation_send(operation, nullptr, &error);
    EXPECT_EQ(status, COSTMARK_OK) << costmark_status_name(status);
    costmark_error_free(error);
  }

  server* peer = nullptr;
  std::string url;
  costmark_send_options once = COSTMARK_SEND_OPTIONS_INIT;
};

TEST_F(FaultsOverTheNetwork, CancelNew) {
  Owned<costmark_cancel> cancel;
  torture([&](costmark_error** error) { return costmark_cancel_new(cancel.out(), error); });
}

TEST_F(FaultsOverTheNetwork, OperationSend) {
  costmark_send_options options = COSTMARK_SEND_OPTIONS_INIT;
  options.max_attempts = 1;
  options.on_head = take_head;
  options.on_body = take_piece;
  torture(
      [&](costmark_error** error) { return costmark_operation_send(operation, &options, error); },
      COSTMARK_OK, [&] { fresh(); }, COSTMARK_TRANSPORT);
  EXPECT_EQ(response().http_status, 200);
}

TEST_F(FaultsOverTheNetwork, OperationSendOverAWarmConnection) {
  torture([&](costmark_error** error) { return costmark_operation_send(operation, &once, error); },
          COSTMARK_OK,
          [&] {
            begin();
            send();
          },
          COSTMARK_TRANSPORT);
}

TEST_F(FaultsOverTheNetwork, OperationSendThatIsRefused) {
  url.replace(url.find("/v1/"), 4, "/refuse/");
  request.url = str(url);
  torture([&](costmark_error** error) { return costmark_operation_send(operation, &once, error); },
          COSTMARK_SERVICE, [&] { fresh(); }, COSTMARK_TRANSPORT);
  EXPECT_EQ(response().http_status, 400);
}

TEST_F(FaultsOverTheNetwork, ClientVerify) {
  Owned<costmark_verification> verification;
  costmark_verify_request asked = COSTMARK_VERIFY_REQUEST_INIT;
  asked.project = str("proj_a");
  asked.url = str(url);
  asked.model = str("a-model");
  torture(
      [&](costmark_error** error) {
        return costmark_client_verify(client, &asked, verification.out(), error);
      },
      COSTMARK_OK, [&] { fresh(); }, COSTMARK_TRANSPORT);
}

TEST_F(FaultsOverTheNetwork, AVerificationIsReadWithoutMemory) {
  Owned<costmark_verification> verification;
  costmark_verify_request asked = COSTMARK_VERIFY_REQUEST_INIT;
  asked.project = str("proj_a");
  asked.url = str(url);
  asked.model = str("a-model");
  ASSERT_EQ(costmark_client_verify(client, &asked, verification.out(), nullptr), COSTMARK_OK);
  costmark_verification_view found = COSTMARK_VERIFICATION_VIEW_INIT;
  costmark_probe probe = COSTMARK_PROBE_INIT;
  allocations::begin(1, true);
  costmark_verification_read(verification, &found);
  costmark_verification_probe(verification, 0, &probe);
  EXPECT_EQ(found.verdict, COSTMARK_VERDICT_UNKNOWN);
  EXPECT_STREQ(found.carrier.data, "body");
  EXPECT_STREQ(found.project.data, "proj_a");
  EXPECT_STREQ(found.model.data, "a-model");
  EXPECT_GT(found.probe_count, 0U);
  EXPECT_GT(probe.finding.len, 0U);
  verification.out();
  EXPECT_EQ(allocations::end().all, 0U);
}

}  // namespace
