// TLS, and HTTP/2 with and without it.
#include <signal.h>

#include "core/client/send_fixture.hpp"
#include "core/forking.hpp"
#include "core/net/http2_peer.hpp"
#include "core/net/tls_peer.hpp"

namespace costmark::testing {
namespace {

using net::Certificate;
using net::Http2Peer;
using net::TlsPeer;

const std::string good = json_answer(200, chat_answer);

std::string https(const Loopback& server) {
  return "https" + server.origin().substr(4);
}

// Answers one request after the other, over TLS.
Loopback::Handle over_tls(const Certificate& own, int newest = TLS1_3_VERSION) {
  return [&own, newest](Peer& peer) {
    TlsPeer tls(peer, own, "http/1.1", newest);
    while (!tls.read_request().empty() && tls.write(good)) continue;
  };
}

TEST(Tls, TrustsTheBundleThatItIsGiven) {
  const Certificate own("IP:127.0.0.1");
  const Loopback server(over_tls(own));
  const auto of_option = sender({{"ca_bundle", own.path()}});
  const auto of_variable = sender({}, {{"AWS_CA_BUNDLE", own.path()}});
  for (const auto& client : {of_option, of_variable}) {
    Operation operation = client->operation();
    const Response& response = operation.response();
    for (int i = 0; i < 3; ++i) {
      const Status status = client->send(chat_to(https(server)).request(), {}, operation);
      ASSERT_TRUE(status.ok()) << message_of(status);
      EXPECT_EQ(response.body(), chat_answer);
    }
  }
  EXPECT_EQ(server.connections(), 2U);
}

TEST(Tls, RefusesWrongCertificates) {
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
    const Loopback server(over_tls(each.servers));
    const auto client = sender({{"ca_bundle", each.trusted}});
    Operation operation = client->operation();
    const Response& response = operation.response();
    const Status status = client->send(
        chat_to(https(server), "/v1/chat/completions?CANARY").request(), {}, operation);
    EXPECT_EQ(code_of(status), Code::transport) << each.what;
    EXPECT_FALSE(status.error().retryable) << each.what;
    EXPECT_EQ(response.attempts(), 1U);
    EXPECT_NE(message_of(status).find("certificate"), std::string::npos) << message_of(status);
    EXPECT_EQ(message_of(status).find("CANARY"), std::string::npos) << message_of(status);
  }
}

TEST(Tls, RefusesOldVersions) {
  const Certificate own("IP:127.0.0.1");
  const auto client = sender({{"ca_bundle", own.path()}, {"max_attempts", "1"}});
  Operation operation = client->operation();
  for (const auto& [newest, code] :
       {std::pair{TLS1_VERSION, Code::transport}, std::pair{TLS1_1_VERSION, Code::transport},
        std::pair{TLS1_2_VERSION, Code::ok}}) {
    const Loopback server(over_tls(own, newest));
    const Status status = client->send(chat_to(https(server)).request(), {}, operation);
    EXPECT_EQ(code_of(status), code) << newest << ": " << message_of(status);
  }
}

TEST(Tls, ABundleThatIsNoneIsSaidSo) {
  const Certificate own("IP:127.0.0.1");
  const Loopback server(over_tls(own));
  const auto client = sender({{"ca_bundle", "/no/such/bundle.pem"}});
  Operation operation = client->operation();
  const Response& response = operation.response();
  const Status status = client->send(chat_to(https(server)).request(), {}, operation);
  EXPECT_EQ(code_of(status), Code::invalid_option);
  EXPECT_NE(message_of(status).find("option 'ca_bundle' names /no/such/bundle.pem, which is not "
                                    "a readable file of PEM certificates"),
            std::string::npos)
      << message_of(status);
  EXPECT_EQ(response.attempts(), 1U);
  EXPECT_FALSE(status.error().retryable);

  const auto by_variable = sender({}, {{"AWS_CA_BUNDLE", "/no/such/bundle.pem"}});
  const Status of_variable = by_variable->send(chat_to(https(server)).request(), {}, response);
  EXPECT_EQ(code_of(of_variable), Code::invalid_option);
  EXPECT_NE(message_of(of_variable).find("AWS_CA_BUNDLE names /no/such/bundle.pem"),
            std::string::npos)
      << message_of(of_variable);
}

// The child says nothing on the parent's connection, not even goodbye.
TEST(Tls, AForkedChildOpensItsOwn) {
  SKIP_WHERE_A_CHILD_MAY_NOT_ALLOCATE();
  const Certificate own("IP:127.0.0.1");
  std::atomic<int> goodbyes{0};
  const Loopback server([&](Peer& peer) {
    TlsPeer tls(peer, own);
    while (!tls.read_request().empty() && tls.write(good)) continue;
    if (tls.said_goodbye()) ++goodbyes;
  });
  auto client = sender({{"ca_bundle", own.path()}});
  const auto works = [&] {
    Operation operation = client->operation();
    return client->send(chat_to(https(server)).request(), {}, operation).ok();
  };
  EXPECT_TRUE(works());
  expect_good_child([&] {
    client.reset();  // without having sent anything
    return true;
  });
  EXPECT_TRUE(works());
  EXPECT_EQ(server.connections(), 1U);
  EXPECT_EQ(goodbyes, 0);
  expect_good_child([&] {
    const bool ok = works();
    client.reset();
    return ok;
  });
  EXPECT_TRUE(works());
  EXPECT_EQ(server.connections(), 2U);
  while (goodbyes < 1) std::this_thread::yield();  // the child's, on its own connection
  EXPECT_EQ(goodbyes, 1);
}

TEST(Tls, BrokenPipesAreErrorsAndNoSignals) {
  SKIP_WHERE_A_CHILD_MAY_NOT_ALLOCATE();
  const Certificate own("IP:127.0.0.1");
  const Loopback server([&](Peer& peer) {
    TlsPeer tls(peer, own);
    tls.read_some();
    peer.reset_at_close();
  });
  const std::string body(8U << 20U, 'x');
  const std::string url = https(server) + "/v1/files";
  expect_good_child([&] {
    ::signal(SIGPIPE, SIG_DFL);
    const auto client = sender({{"ca_bundle", own.path()}, {"max_attempts", "1"}});
    Operation operation = client->operation();
    for (int i = 0; i < 5; ++i) {
      const Status status = client->send({"PUT", url, {}, body, {}, {}}, {}, operation);
      if (code_of(status) != Code::transport) return false;
    }
    return true;
  });
}

// Streams the usual events over HTTP/2, one request after the other.
template <class Channel>
void serve_http2(Channel& channel, std::atomic<int>& served) {
  Http2Peer peer(channel);
  while (const std::uint32_t stream = peer.read_request()) {
    peer.write_head(stream, "text/event-stream");
    peer.write_body(stream, first_event, false);
    ++served;
    if (!peer.write_body(stream, last_events, true)) return;
  }
}

TEST(Http2, IsSpokenWhereTlsAgreesOnIt) {
  const Certificate own("IP:127.0.0.1");
  std::atomic<int> served{0};
  std::atomic<int> old_served{0};
  const Loopback server([&](Peer& peer) {
    TlsPeer tls(peer, own, "h2");
    if (tls.speaks_protocol()) return serve_http2(tls, served);
    while (!tls.read_request().empty()) {
      ++old_served;
      tls.write(good);
    }
  });
  const std::string large = R"({"model":"m","x":")" + std::string(1U << 20U, 'x') + "\"}";
  for (const auto& [version, is_new] : {std::pair{"auto", true}, {"2", true}, {"1.1", false}}) {
    const auto client = sender({{"ca_bundle", own.path()}, {"http_version", version}});
    served = old_served = 0;
    const std::size_t before = server.connections();
    for (int i = 0; i < 10; ++i) {
      Post post = chat_to(https(server));
      if (i % 3 == 2) post.body = large;
      Operation operation = client->operation();
      const Response& response = operation.response();
      const Status status = client->send(post.request(), {}, operation);
      ASSERT_TRUE(status.ok()) << message_of(status);
      EXPECT_EQ(response.body(), is_new ? std::string(first_event) + std::string(last_events)
                                        : std::string(chat_answer));
      EXPECT_EQ(response.header("content-type"), is_new ? "text/event-stream" : "application/json");
    }
    EXPECT_EQ(served, is_new ? 10 : 0) << version;
    EXPECT_EQ(old_served, is_new ? 0 : 10) << version;
    EXPECT_EQ(server.connections() - before, 1U) << version;
  }
}

TEST(Http2, IsSpokenWithoutTlsWhenTold) {
  std::atomic<int> served{0};
  const Loopback server([&](Peer& peer) { serve_http2(peer, served); });
  const auto client = sender({{"http_version", "2"}});
  Operation operation = client->operation();
  const Response& response = operation.response();
  for (int i = 0; i < 10; ++i) {
    Gathered gathered;
    const Status status =
        client->send(chat_to(server.origin()).request(), gathered.options(), operation);
    ASSERT_TRUE(status.ok()) << message_of(status);
    EXPECT_EQ(gathered.body, std::string(first_event) + std::string(last_events));
    EXPECT_EQ(response.http_status(), 200);
  }
}

TEST(Http2, StreamsThatBreakAndOnesThatAreCancelled) {
  std::atomic<int> requests{0};
  const Certificate own("IP:127.0.0.1");
  const Loopback server([&](Peer& peer) {
    TlsPeer tls(peer, own, "h2");
    Http2Peer peer2(tls);
    while (const std::uint32_t stream = peer2.read_request()) {
      ++requests;
      peer2.write_head(stream, "text/event-stream");
      peer2.write_body(stream, first_event, false);
      if (requests == 1) peer2.write_reset(stream, 2);  // INTERNAL_ERROR
      if (requests == 3) peer2.write_body(stream, last_events, true);
    }
  });
  const auto client = sender({{"ca_bundle", own.path()}, {"max_attempts", "1"}});
  Operation operation = client->operation();
  const Response& response = operation.response();
  Status status = client->send(chat_to(https(server)).request(), {}, operation);
  EXPECT_EQ(code_of(status), Code::transport);
  EXPECT_TRUE(status.error().retryable);
  EXPECT_EQ(response.answer().outcome, Outcome::incomplete);

  Cancel cancel;
  SendOptions options;
  options.cancel = &cancel;
  options.on_body = [&](std::string_view) -> Status {
    cancel.request();
    return {};
  };
  status = client->send(chat_to(https(server)).request(), options, operation);
  EXPECT_EQ(code_of(status), Code::cancelled);

  status = client->send(chat_to(https(server)).request(), {}, operation);
  EXPECT_TRUE(status.ok()) << message_of(status);
}

}  // namespace
}  // namespace costmark::testing
