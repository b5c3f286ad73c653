#include "net/connection.hpp"

#include <stdexcept>
#include <thread>

#include "core/forking.hpp"
#include "core/net/connection_fixture.hpp"

namespace costmark::net {
namespace {

// Closes each connection after one answer that promises to keep it.
Loopback::Handle answer_once(std::string answer) {
  return [answer = std::move(answer)](Peer& peer) {
    if (!peer.read_request().empty()) peer.write(answer);
  };
}

// Sends `head`, then `piece` for ever, or nothing more.
Loopback::Handle endless(std::string head, std::string piece = {}) {
  return [=](Peer& peer) {
    if (peer.read_request().empty()) return;
    peer.write(head);
    while (!piece.empty() && peer.write(piece)) std::this_thread::sleep_for(milliseconds(5));
    peer.linger();
  };
}

TEST(Connection, IsKeptForTheNextExchange) {
  const Loopback server(keep_answering(answer_of(200, "body", "A: b\r\n")));
  const std::string url = server.url();
  Client client;
  EXPECT_FALSE(client.connection.connected());
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(client.send(get(url)), Code::ok) << client.error.message;
    EXPECT_EQ(client.head.status(), 200);
    EXPECT_EQ(client.head.field("a"), "b");
    EXPECT_EQ(client.received.body, "body");
    EXPECT_EQ(client.received.heads, 1);
    EXPECT_TRUE(client.connection.connected());
  }
  EXPECT_EQ(server.connections(), 1U);
}

TEST(Connection, TalksToAnotherServerNext) {
  const Loopback one(keep_answering(answer_of(200, "one")));
  const Loopback other(keep_answering(answer_of(404, "other")));
  const std::string urls[] = {one.url(), other.url()};
  Client client;
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(client.send(get(urls[i % 2])), Code::ok) << client.error.message;
    EXPECT_EQ(client.received.body, i % 2 == 0 ? "one" : "other");
    EXPECT_EQ(client.head.status(), i % 2 == 0 ? 200 : 404);
  }
}

TEST(Connection, OneThatTheServerClosedBetweenExchangesIsReplaced) {
  const Loopback server(answer_once(answer_of(200, "body")));
  const std::string url = server.url();
  Client client;
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(client.send(get(url)), Code::ok) << client.error.message;
    EXPECT_FALSE(client.connection.found_stale());
    std::this_thread::sleep_for(milliseconds(200));  // until the close has come
  }
  EXPECT_EQ(server.connections(), 3U);
}

TEST(Connection, OneThatTheServerClosesInAnswerIsStaleOnlyIfItWasKept) {
  std::atomic<int> requests{0};
  const Loopback server([&](Peer& peer) {
    while (!peer.read_request().empty()) {
      if (++requests != 1) return;  // only the very first is answered
      peer.write(answer_of(200, "first"));
    }
  });
  const std::string url = server.url();
  Client client;
  ASSERT_EQ(client.send(get(url)), Code::ok) << client.error.message;
  EXPECT_EQ(client.send(get(url)), Code::transport);
  EXPECT_TRUE(client.error.retryable);
  EXPECT_TRUE(client.connection.found_stale());
  EXPECT_EQ(client.error.message, "the server closed the kept connection without an answer");
  EXPECT_EQ(requests, 2);  // nothing was sent twice
  EXPECT_EQ(client.send(get(url)), Code::transport);
  EXPECT_FALSE(client.connection.found_stale());
  EXPECT_EQ(requests, 3);
}

TEST(Connection, StopsWhereItsReceiverStops) {
  const Loopback server(endless("HTTP/1.1 200 OK\r\n\r\n", "piece"));
  const std::string url = server.url();
  Client client;
  client.received.on_body = [] { return Status(Code::cancelled, "enough"); };
  EXPECT_EQ(client.send(get(url)), Code::cancelled);
  EXPECT_EQ(client.error.message, "enough");
  client.received.on_head = [] { return Status(Code::service, "not this one"); };
  EXPECT_EQ(client.send(get(url)), Code::service);
  EXPECT_EQ(client.received.body, "");
  client.received.on_head = []() -> Status { throw std::runtime_error("thrown by the receiver"); };
  EXPECT_THROW(client.send(get(url)), std::runtime_error);

  const Loopback good(answer_of(200, "good"));  // and it can still be used
  client.received.on_head = client.received.on_body = nullptr;
  EXPECT_EQ(client.send(get(good.url())), Code::ok) << client.error.message;
  EXPECT_EQ(client.received.body, "good");
}

TEST(Connection, BrokenAnswersAreTransportErrors) {
  const struct {
    const char* answer;
    const char* repeated_never = "CANARY";
  } cases[] = {
      {""},
      {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nCANARY"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nCANARY\r\n"},
      {"HTTP/1.1 200 OK\r\nContent-Length: CANARY\r\n\r\nabc"},
      {"CANARY garbage\r\n\r\n"},
      {"HTTP/1.1 CANARY\r\n\r\n"},
      {"HTTP/7.1 200 CANARY\r\n\r\n"},
      {"HTTP/1.1 103 Early\r\n\r\n"},
  };
  for (const auto& each : cases) {
    const Loopback server{std::string(each.answer)};
    Client client;
    EXPECT_EQ(client.send(get(server.url())), Code::transport) << each.answer;
    EXPECT_TRUE(client.error.retryable) << each.answer;
    EXPECT_EQ(client.error.message.find(each.repeated_never), std::string::npos);
  }
}

TEST(Connection, HeadsAreLimited) {
  const std::string line = "A: " + std::string(1000, 'h') + "\r\n";
  const Loopback server(endless("HTTP/1.1 200 OK\r\n" + [&] {
    std::string lines;
    while (lines.size() <= http::largest_header) lines += line;
    return lines;
  }()));
  Client client;
  EXPECT_EQ(client.send(get(server.url())), Code::transport);
  EXPECT_EQ(client.error.message, "the answer's header is larger than 65536 bytes");
  EXPECT_EQ(client.received.heads, 0);
}

TEST(Connection, SaysWhichLimitWasReached) {
  const Loopback silent(endless(""));
  const Loopback trickles(endless("HTTP/1.1 200 OK\r\n\r\n", "x"));
  const std::string urls[] = {silent.url(), trickles.url()};
  for (const std::string& url : urls) {
    Client client;
    Request request = get(url);
    request.timeout = milliseconds(100);
    EXPECT_EQ(client.send(request), Code::timeout);
    EXPECT_EQ(client.error.message, "no complete answer within 100 ms");
    EXPECT_TRUE(client.error.retryable);
  }
  Client client;
  Request request = get(urls[0]);
  request.read_timeout = milliseconds(100);
  EXPECT_EQ(client.send(request), Code::timeout);
  EXPECT_EQ(client.error.message, "nothing came for 100 ms");
}

// The deadline is of an operation, whose time is what an error names.
TEST(Connection, EndsWithTheOperationThatItIsAPartOf) {
  const Loopback silent(endless(""));
  const std::string url = silent.url();
  Connection connection{{}};
  Head head;
  Gathered received;
  Request request = get(url);
  request.timeout = std::chrono::seconds(7);
  const auto deadline = SteadyClock::now() + milliseconds(100);
  const Status status = connection.exchange(request, {deadline}, head, received);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message, "no complete answer within 7000 ms");
  EXPECT_LT(SteadyClock::now() - deadline, std::chrono::seconds(3));
}

TEST(Connection, WithoutTimeFailsAtOnce) {
  const Loopback silent(endless(""));
  for (const int time : {0, -5}) {
    Client client;
    const std::string url = silent.url();
    Request request = get(url);
    request.timeout = milliseconds(time);
    EXPECT_EQ(client.send(request), Code::timeout) << time;
  }
}

TEST(Connection, DeadlinesStayWithinWhatLibcurlTakes) {
  const auto now = SteadyClock::now();
  EXPECT_GT(deadline_in(milliseconds::min()), now);
  EXPECT_LT(deadline_in(milliseconds::min()), now + std::chrono::seconds(3));
  EXPECT_GT(deadline_in(milliseconds::max()), now + std::chrono::hours(24));
}

TEST(Connection, IsCancelledFromAnotherThread) {
  const Loopback silent(endless(""));
  const std::string url = silent.url();
  Client client;
  Cancellation cancellation;
  std::thread other([&] {
    std::this_thread::sleep_for(milliseconds(50));
    cancellation.request();
  });
  EXPECT_EQ(client.send(get(url), &cancellation), Code::cancelled);
  other.join();
  EXPECT_FALSE(client.connection.pause(SteadyClock::now() + std::chrono::hours(1), &cancellation));
}

// libcurl may close a socket that was never connected without saying so, and its number may be
// anyone's by then.
TEST(Connection, ThatCouldNotBeMadeLeavesNothingBehind) {
  const Full full;
  const Loopback server(keep_answering(answer_of(200, "body")));
  Client client;
  Request request = get(full.origin());
  request.connect_timeout = milliseconds(20);
  ASSERT_EQ(client.send(request), Code::timeout);
  EXPECT_FALSE(client.connection.connected());
  EXPECT_TRUE(client.connection.intact());

  const std::string url = server.url();
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(client.send(get(url)), Code::ok) << client.error.message;
    EXPECT_TRUE(client.connection.connected());
    ASSERT_EQ(client.send(request), Code::timeout);
    EXPECT_TRUE(client.connection.intact());
  }
}

TEST(Connection, PausesForAsLongAsItIsAsked) {
  Client client;
  const auto start = SteadyClock::now();
  EXPECT_TRUE(client.connection.pause(start + milliseconds(50), nullptr));
  EXPECT_GE(SteadyClock::now() - start, milliseconds(50));
  EXPECT_TRUE(client.connection.pause(start, nullptr));
}

TEST(Connection, UndoesTheCodingsThatTheRequestAllows) {
  constexpr std::string_view zipped(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05"
      "\x00\x00\x00",
      25);
  const Loopback server(keep_answering(answer_of(200, zipped, "Content-Encoding: gzip\r\n")));
  const std::string url = server.url();
  const Header decodable{"Accept-Encoding", "gzip, identity"};
  const Header unknown{"Accept-Encoding", "gzip, unknown"};
  const struct {
    std::span<const Header> headers;
    bool decoded;
  } cases[] = {{{}, false}, {{&decodable, 1}, true}, {{&unknown, 1}, false}, {{}, false}};
  Client client;
  for (const auto& each : cases) {
    Request request = get(url);
    request.headers = each.headers;
    ASSERT_EQ(client.send(request), Code::ok) << client.error.message;
    EXPECT_EQ(client.received.body, each.decoded ? "hello" : zipped);
    EXPECT_EQ(client.received.encoded, !each.decoded);
  }
}

TEST(Connection, AsksThroughAProxyOrNotByTheRequest) {
  const Loopback proxy(keep_answering(answer_of(200, "from the proxy")));
  const Loopback server(keep_answering(answer_of(200, "from the server")));
  const std::string url = server.url();
  ConnectionConfig config;
  config.proxies.of_http = proxy.origin();
  Client client(config);
  for (const bool proxied : {true, false, true}) {
    Request request = get(url);
    request.proxied = proxied;
    ASSERT_EQ(client.send(request), Code::ok) << client.error.message;
    EXPECT_EQ(client.received.body, proxied ? "from the proxy" : "from the server");
  }
}

TEST(Connection, SaysThatAProxyRefused) {
  const Loopback proxy(answer_of(407, "CANARY"));
  ConnectionConfig config;
  config.proxies.of_https = proxy.origin();
  Client client(config);
  EXPECT_EQ(client.send(get("https://host.invalid/CANARY")), Code::transport);
  EXPECT_FALSE(client.error.retryable);
  EXPECT_EQ(client.error.message, "the proxy refused the connection with status 407");
}

TEST(Connection, RefusesWhatIsNoRequest) {
  Client client;
  Request request = get("http://127.0.0.1/");
  request.method = "G ET";
  EXPECT_EQ(client.send(request), Code::invalid_argument);
  EXPECT_EQ(client.send(get("file:///etc/hosts")), Code::invalid_url);
  EXPECT_EQ(client.send(get("")), Code::invalid_url);
}

TEST(Connection, BelongsToTheProcessThatMadeIt) {
  SKIP_WHERE_A_CHILD_MAY_NOT_ALLOCATE();
  const Loopback server(keep_answering(answer_of(200, "body")));
  const std::string url = server.url();
  auto client = std::make_unique<Client>();
  ASSERT_EQ(client->send(get(url)), Code::ok) << client->error.message;
  testing::expect_good_child([&] {
    if (!client->connection.inherited()) return false;
    client.reset();  // sends nothing to the parent's server
    Client own;
    return !own.connection.inherited() && own.send(get(url)) == Code::ok;
  });
  EXPECT_FALSE(client->connection.inherited());
  EXPECT_EQ(client->send(get(url)), Code::ok) << client->error.message;
  EXPECT_EQ(server.connections(), 2U);  // the child's and the parent's
}

TEST(Connection, InAChildThatAReceiverForkedEndsWithAnError) {
  SKIP_WHERE_A_CHILD_MAY_NOT_ALLOCATE();
  const Loopback server(answer_of(200, "body"));
  const std::string url = server.url();
  Client client;
  client.received.on_body = [&] {
    // What the child does here is over before the parent goes on.
    const pid_t child = ::fork();
    if (child != 0) {
      int status = 0;
      ::waitpid(child, &status, 0);
      EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << status;
    }
    return Status();
  };
  const pid_t parent = ::getpid();
  const Code code = client.send(get(url));
  if (::getpid() != parent) ::_exit(code == Code::transport && !client.error.retryable ? 7 : 1);
  EXPECT_EQ(code, Code::ok) << client.error.message;
  EXPECT_EQ(client.received.body, "body");
}

}  // namespace
}  // namespace costmark::net
