// Kept connections that the server closes on the next request. Whatever happens, the server sees no
// exchange that is not an attempt: libcurl on its own would send the request again.
#include <curl/curlver.h>

#include <algorithm>
#include <set>

#include "core/client/send_fixture.hpp"
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

// Signs, by a clock that goes on with each look at it.
std::shared_ptr<Client> signer(std::string_view origin, std::atomic<UnixSeconds>& now,
                               OptionValues options = {}) {
  options.merge(OptionValues{{"project", "proj_a"},
                             {"auth", "sigv4"},
                             {"region", "us-east-1"},
                             {"service", "bedrock"},
                             {"base_url", std::string(origin)}});
  ClientConfig config = config_of(with_keys(std::move(options)));
  config.clock = [&now] { return now++; };
  return Client::create(std::move(config)).value();
}

std::string_view signature_of(const std::string& request) {
  constexpr std::string_view name = "Signature=";
  const auto at = request.find(name);
  return at == std::string::npos ? std::string_view()
                                 : std::string_view(request).substr(at + name.size(), 64);
}

// On a connection of HTTP/1.1: answers the first request, and closes it on the second.
template <class Channel>
void answer_once(Loopback& server, Channel& channel) {
  if (server.note(channel.read_request()) && channel.write(good)) {
    server.note(channel.read_request());
  }
}

enum class How : std::uint8_t { hang_up, reset };

TEST(Stale, IsReplacedByAnAttemptThatIsSignedAnew) {
  for (const How how : {How::hang_up, How::reset}) {
    Loopback server([&](Peer& peer) {
      answer_once(server, peer);
      if (how == How::reset) peer.reset_at_close();
    });
    std::atomic<UnixSeconds> now{test_time};
    const auto client = signer(server.origin(), now, {{"max_attempts", "1"}});
    std::size_t attempts = 0;
    milliseconds shortest = promptly;
    for (int i = 0; i < 10; ++i) {
      Operation operation = client->operation();
      const Response& response = operation.response();
      const Stopwatch watch;
      const Status status = client->send(chat_to(server.origin()).request(), {}, operation);
      ASSERT_TRUE(status.ok()) << i << ": " << message_of(status);
      EXPECT_EQ(response.body(), chat_answer);
      EXPECT_EQ(response.attempts(), i == 0 ? 1U : 2U);
      if (i > 0) shortest = std::min(shortest, watch.elapsed());
      attempts += response.attempts();
    }
    const auto requests = server.requests();
    std::set<std::string_view> signatures;
    for (const std::string& request : requests) signatures.insert(signature_of(request));
    EXPECT_LT(shortest, milliseconds(350));  // no pause
    EXPECT_EQ(requests.size(), attempts);
    EXPECT_EQ(signatures.size(), attempts);
    EXPECT_EQ(server.connections(), 10U);
    const UsageTotals totals = client->usage().at("proj_a");
    EXPECT_EQ(totals.operations, 10U);
    EXPECT_EQ(totals.attempts, attempts);
    EXPECT_EQ(totals.failed_attempts, attempts - 10);
    EXPECT_EQ(totals.input_tokens, 100U);
  }
}

// libcurl does not try that again by itself.
TEST(Stale, AlsoInTheMiddleOfALargeRequest) {
  const Loopback server([&](Peer& peer) {
    if (peer.read_request().empty() || !peer.write(good)) return;
    peer.read_some();
    peer.reset_at_close();
  });
  const auto client = sender({{"max_attempts", "1"}});
  Post post = chat_to(server.origin());
  post.body = R"({"model":"m","x":")" + std::string(8U << 20U, 'x') + "\"}";
  for (int i = 0; i < 4; ++i) {
    Operation operation = client->operation();
    const Response& response = operation.response();
    const Status status = client->send(post.request(), {}, operation);
    EXPECT_TRUE(status.ok()) << i << ": " << message_of(status);
    EXPECT_EQ(response.attempts(), i == 0 ? 1U : 2U);
  }
}

// A server that answers once and never again.
TEST(Stale, IsReplacedOnceInAnOperation) {
  for (const std::uint32_t most : {1U, 2U}) {
    std::atomic<bool> answered{false};
    Loopback server([&](Peer& peer) {
      if (!server.note(peer.read_request()) || answered.exchange(true)) return;
      peer.write(good);
      server.note(peer.read_request());
    });
    const auto client = sender();
    SendOptions options;
    options.max_attempts = most;
    Operation operation = client->operation();
    const Response& response = operation.response();
    const Post post = chat_to(server.origin());
    EXPECT_TRUE(client->send(post.request(), options, operation).ok());
    EXPECT_EQ(response.attempts(), 1U);
    const Status status = client->send(post.request(), options, operation);
    EXPECT_EQ(code_of(status), Code::transport);
    EXPECT_TRUE(status.error().retryable);
    EXPECT_EQ(response.attempts(), most + 1);
    EXPECT_EQ(server.requests().size(), 1U + most + 1U);
    EXPECT_EQ(client->usage().at("proj_a").attempts, 1U + most + 1U);
  }
}

TEST(Stale, IsLogged) {
  Loopback server([&](Peer& peer) { answer_once(server, peer); });
  std::vector<std::string> lines;
  ClientConfig config = config_of({{"project", "proj_a"}});
  config.log = [&](LogLevel, std::string_view line) { lines.emplace_back(line); };
  const auto client = Client::create(std::move(config)).value();
  Operation operation = client->operation();
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(client->send(chat_to(server.origin()).request(), {}, operation).ok());
  }
  EXPECT_EQ(lines, std::vector<std::string>{
                       "POST " + server.origin() +
                       "/v1/chat/completions: the server closed the kept connection without an "
                       "answer; attempt 2 begins in 0 ms"});
}

// What was heard of an answer says that the connection was good.
TEST(Stale, IsNoneThatAnswered) {
  for (const std::string& begun :
       {std::string("HTTP/1.1 200 OK\r\n"), std::string("HTTP/1.1 103 Early Hints\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")}) {
    Loopback server([&](Peer& peer) {
      answer_once(server, peer);
      peer.write(begun);
    });
    const auto client = sender({{"max_attempts", "1"}});
    Operation operation = client->operation();
    const Response& response = operation.response();
    const Post post = chat_to(server.origin());
    EXPECT_TRUE(client->send(post.request(), {}, operation).ok());
    const Status status = client->send(post.request(), {}, operation);
    EXPECT_EQ(code_of(status), Code::transport) << begun;
    EXPECT_EQ(response.attempts(), 1U) << begun;
    EXPECT_EQ(server.requests().size(), 2U) << begun;
  }
}

TEST(Stale, IsNoneThatIsSilent) {
  Loopback server([&](Peer& peer) {
    answer_once(server, peer);
    peer.linger();
  });
  const auto client = sender({{"max_attempts", "1"}});
  Operation operation = client->operation();
  const Response& response = operation.response();
  EXPECT_TRUE(client->send(chat_to(server.origin()).request(), {}, operation).ok());
  SendOptions options;
  options.timeout = milliseconds(100);
  const Status status = client->send(chat_to(server.origin()).request(), options, operation);
  EXPECT_EQ(code_of(status), Code::timeout) << message_of(status);
  EXPECT_LE(response.attempts(), 1U);
  EXPECT_LE(server.requests().size(), 2U);
}

// To libcurl, status 417 means to send the request again without that field. Older ones cannot be
// kept from it.
#if LIBCURL_VERSION_NUM >= 0x075000
TEST(Stale, NoneThatRefusesAnExpectation) {
  Loopback server([&](Peer& peer) {
    for (std::string piece; !(piece = peer.read_some()).empty();) {
      if (!piece.starts_with("POST ")) continue;  // a body after all
      server.note(piece);
      peer.write(answer_of(417, "no"));
    }
  });
  const auto client = sender({{"max_attempts", "1"}});
  Post post = chat_to(server.origin());
  post.headers.push_back({"Expect", "100-continue"});
  for (std::size_t sent = 1; sent <= 3; ++sent) {
    Operation operation = client->operation();
    const Response& response = operation.response();
    const Status status = client->send(post.request(), {}, operation);
    EXPECT_EQ(code_of(status), Code::service) << message_of(status);
    EXPECT_EQ(response.http_status(), 417);
    EXPECT_EQ(response.attempts(), 1U);
    EXPECT_EQ(server.requests().size(), sent);
  }
}
#endif

// What a proxy is told is not the request.
TEST(Stale, OverTlsAndThroughATunnel) {
  const Certificate own("IP:127.0.0.1");
  for (const bool tunnel : {false, true}) {
    Loopback server([&](Peer& peer) {
      if (tunnel) {
        if (!peer.read_request().starts_with("CONNECT ")) return;
        peer.write("HTTP/1.1 200 Go Ahead\r\n\r\n");
      }
      TlsPeer tls(peer, own);
      answer_once(server, tls);
    });
    OptionValues options{{"max_attempts", "1"}, {"ca_bundle", own.path()}};
    if (tunnel) options.emplace("proxy", server.origin());
    const auto client = sender(options);
    std::size_t attempts = 0;
    for (int i = 0; i < 4; ++i) {
      Operation operation = client->operation();
      const Response& response = operation.response();
      const Status status = client->send(chat_to(https(server)).request(), {}, operation);
      ASSERT_TRUE(status.ok()) << message_of(status);
      EXPECT_EQ(response.attempts(), i == 0 ? 1U : 2U);
      attempts += response.attempts();
    }
    EXPECT_EQ(server.requests().size(), attempts);
    EXPECT_EQ(server.connections(), 4U);
  }
}

// Of RFC 9113, section 7.
constexpr char internal_error = 2;
constexpr char refused_stream = 7;

// The ways of HTTP/2 to leave a request without an answer.
enum class Leaves : std::uint8_t { by_hanging_up, by_going_away, by_refusing_the_stream };

// Answers the first request of each connection.
void answer_http2_once(TlsPeer& tls, Leaves how, std::atomic<std::size_t>& requests) {
  Http2Peer peer(tls);
  for (std::uint32_t answered = 0; const std::uint32_t stream = peer.read_request();) {
    ++requests;
    if (answered == 0) {
      answered = stream;
      peer.write_head(stream, "text/event-stream");
      peer.write_body(stream, last_events, true);
      continue;
    }
    if (how == Leaves::by_hanging_up) return;
    if (how == Leaves::by_going_away) return void(peer.write_go_away(answered));
    peer.write_reset(stream, refused_stream);
  }
}

TEST(Stale, OverHttp2) {
  const Certificate own("IP:127.0.0.1");
  for (const Leaves how :
       {Leaves::by_hanging_up, Leaves::by_going_away, Leaves::by_refusing_the_stream}) {
    std::atomic<std::size_t> requests{0};
    const Loopback server([&](Peer& peer) {
      TlsPeer tls(peer, own, "h2");
      if (tls.speaks_protocol()) answer_http2_once(tls, how, requests);
    });
    const auto client = sender({{"ca_bundle", own.path()}, {"max_attempts", "1"}});
    std::size_t attempts = 0;
    for (int i = 0; i < 4; ++i) {
      Operation operation = client->operation();
      const Response& response = operation.response();
      const Status status = client->send(chat_to(https(server)).request(), {}, operation);
      EXPECT_TRUE(status.ok()) << static_cast<int>(how) << ": " << message_of(status);
      EXPECT_EQ(response.attempts(), i == 0 ? 1U : 2U) << static_cast<int>(how);
      attempts += response.attempts();
    }
    EXPECT_EQ(requests, attempts) << static_cast<int>(how);
  }
}

// A stream is refused before anything was done about it, and reset for whatever reason.
TEST(Stale, AStreamThatHttp2RefusesAgainAndAgain) {
  const Certificate own("IP:127.0.0.1");
  for (const bool refused : {true, false}) {
    std::atomic<std::size_t> requests{0};
    const Loopback server([&](Peer& peer) {
      TlsPeer tls(peer, own, "h2");
      Http2Peer peer2(tls);
      while (const std::uint32_t stream = peer2.read_request()) {
        ++requests;
        peer2.write_reset(stream, refused ? refused_stream : internal_error);
      }
    });
    const auto client = sender({{"ca_bundle", own.path()}, {"max_attempts", "1"}});
    Operation operation = client->operation();
    const Response& response = operation.response();
    const Status status = client->send(chat_to(https(server)).request(), {}, operation);
    EXPECT_EQ(code_of(status), Code::transport);
    EXPECT_TRUE(status.error().retryable);
    EXPECT_EQ(response.attempts(), refused ? 2U : 1U) << message_of(status);
    EXPECT_EQ(requests, response.attempts());
  }
}

}  // namespace
}  // namespace costmark::testing
