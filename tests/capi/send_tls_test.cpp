// TLS behind the C ABI: a wrong certificate is refused before anything of the request is sent.
#include <costmark/costmark.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <string_view>

#include "core/net/loopback.hpp"
#include "core/net/tls_peer.hpp"

namespace {

using costmark::net::answer_of;
using costmark::net::Certificate;
using costmark::net::Loopback;
using costmark::net::Peer;
using costmark::net::TlsPeer;

constexpr std::string_view answer = R"({"id":"chatcmpl-1","model":"m","choices":[]})";

costmark_str view(std::string_view text) {
  return {text.data(), text.size()};
}

void set(costmark_config* config, std::string_view name, std::string_view value) {
  ASSERT_EQ(
      costmark_config_set(config, name.data(), name.size(), value.data(), value.size(), nullptr),
      COSTMARK_OK);
}

// A server whose certificate is `own`, and how many requests it could read.
class Server {
 public:
  explicit Server(const Certificate& own)
      : loopback_([this, &own](Peer& peer) {
          TlsPeer tls(peer, own);
          while (!tls.read_request().empty()) {
            ++requests_;
            tls.write(answer_of(200, answer, "Content-Type: application/json\r\n"));
          }
        }) {}

  std::string url() const {
    return "https" + loopback_.origin().substr(4) + "/v1/chat/completions";
  }
  int requests() const { return requests_; }

 private:
  std::atomic<int> requests_ = 0;
  Loopback loopback_;
};

// What comes of one request to `server`, for which `trusted` is the bundle, if it is not empty.
class Sent {
 public:
  Sent(const Server& server, const std::string& trusted) {
    costmark_config* config = nullptr;
    EXPECT_EQ(costmark_config_new(&config, nullptr), COSTMARK_OK);
    set(config, "access_key_id", "AKIDEXAMPLE");
    set(config, "secret_access_key", "not-a-real-secret");
    set(config, "region", "us-east-1");
    if (!trusted.empty()) set(config, "ca_bundle", trusted);
    costmark_client* client = nullptr;
    EXPECT_EQ(costmark_client_new(config, &client, nullptr), COSTMARK_OK);
    EXPECT_EQ(costmark_operation_new(client, &operation_, nullptr), COSTMARK_OK);
    const std::string url = server.url();
    costmark_request request = COSTMARK_REQUEST_INIT;
    request.method = view("POST");
    request.url = view(url);
    request.body = view(R"({"model":"m"})");
    EXPECT_EQ(costmark_operation_begin(operation_, &request, nullptr), COSTMARK_OK);
    status_ = costmark_operation_send(operation_, nullptr, &error_);
    costmark_operation_response(operation_, &response_);
    costmark_error_read(error_, &why_);
    costmark_client_release(client);
    costmark_config_free(config);
  }
  Sent(const Sent&) = delete;
  Sent& operator=(const Sent&) = delete;
  ~Sent() {
    costmark_error_free(error_);
    costmark_operation_free(operation_);
  }

  costmark_status status() const { return status_; }
  const costmark_error_view& error() const { return why_; }
  std::string message() const { return error_ == nullptr ? "" : why_.message.data; }
  std::string_view body() const { return {response_.body.data, response_.body.len}; }
  std::uint32_t attempts() const { return response_.attempts; }

 private:
  costmark_status status_ = COSTMARK_INTERNAL;
  costmark_error* error_ = nullptr;
  costmark_error_view why_ = COSTMARK_ERROR_VIEW_INIT;
  costmark_operation* operation_ = nullptr;
  costmark_response response_ = COSTMARK_RESPONSE_INIT;
};

TEST(CapiTls, TrustsTheBundleThatItIsGiven) {
  const Certificate own("IP:127.0.0.1");
  const Server server(own);
  const Sent sent(server, own.path());
  EXPECT_EQ(sent.status(), COSTMARK_OK) << sent.message();
  EXPECT_EQ(sent.body(), answer);
  EXPECT_EQ(server.requests(), 1);
}

TEST(CapiTls, RefusesWrongCertificates) {
  const Certificate own("IP:127.0.0.1");
  const Certificate other("IP:127.0.0.1");
  const Certificate of_another_host("DNS:bedrock.example,IP:127.0.0.2");
  const Certificate too_old("IP:127.0.0.1", -1);
  struct Case {
    const char* what;
    const Certificate& servers;
    std::string trusted;
  };
  const Case cases[] = {{"self-signed", own, ""},
                        {"not the one that is trusted", own, other.path()},
                        {"of another host", of_another_host, of_another_host.path()},
                        {"expired", too_old, too_old.path()}};
  for (const Case& each : cases) {
    const Server server(each.servers);
    const Sent sent(server, each.trusted);
    EXPECT_EQ(sent.status(), COSTMARK_TRANSPORT) << each.what;
    EXPECT_EQ(sent.error().retryable, 0U) << each.what;
    EXPECT_EQ(sent.error().http_status, 0) << each.what;
    EXPECT_NE(sent.message().find("certificate"), std::string::npos) << sent.message();
    EXPECT_EQ(sent.attempts(), 1U) << each.what;
    EXPECT_EQ(server.requests(), 0) << each.what;
  }
}

}  // namespace
