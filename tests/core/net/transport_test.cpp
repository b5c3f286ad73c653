#include "net/transport.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include <thread>

#include "capi/allocations.hpp"
#include "core/forking.hpp"
#include "core/net/loopback.hpp"

namespace costmark::net {
namespace {

using http::Request;
using http::Response;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// In a URL, a header and a body: none of it may come up in an error.
constexpr const char* canary_path = "/CANARY/path?CANARY=query";
const Header canary_header{"Authorization", "CANARY-header"};

Request request_to(std::string_view url) {
  Request request;
  request.url = url;
  request.timeout = std::chrono::seconds(10);
  request.proxied = false;
  return request;
}

Result<Response> get(std::string_view url) {
  return network_transport()->send(request_to(url));
}

// The error of a request full of canaries to `server`.
Error failure_of(const Loopback& server, milliseconds timeout = std::chrono::seconds(10)) {
  const std::string url = server.url(canary_path);
  Request request = request_to(url);
  request.method = "POST";
  request.headers = {&canary_header, 1};
  request.body = "CANARY-body";
  request.timeout = timeout;
  request.largest_answer = 1000;
  const auto result = network_transport()->send(request);
  if (result.ok()) {
    ADD_FAILURE() << "status " << result.value().status;
    return {};
  }
  Error error = result.error();
  EXPECT_TRUE(error.message.starts_with(server.origin() + ": ")) << error.message;
  EXPECT_EQ(error.message.find("CANARY"), std::string::npos) << error.message;
  EXPECT_EQ(error.message.find('\n'), std::string::npos) << error.message;
  return error;
}

TEST(Transport, AcceptsAnyStatus) {
  for (const int status : {200, 201, 400, 401, 403, 404, 407, 429, 500, 503}) {
    const Loopback server(answer_of(status, "body of it", "X-One: 1\r\nx-TWO:\t two words \r\n"));
    const auto result = get(server.url());
    ASSERT_TRUE(result.ok()) << result.error().message;
    EXPECT_EQ(result.value().status, status);
    EXPECT_EQ(result.value().body, "body of it");
    EXPECT_EQ(result.value().header("x-one"), "1");
    EXPECT_EQ(result.value().header("X-Two"), "two words");
    EXPECT_EQ(result.value().header("X-Three"), "");
  }
}

TEST(Transport, FollowsNoRedirect) {
  const Loopback elsewhere(answer_of(200, "elsewhere"));
  const Loopback server(answer_of(302, "", "Location: " + elsewhere.url() + "\r\n"));
  const auto result = get(server.url());
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result.value().status, 302);
  EXPECT_EQ(result.value().header("location"), elsewhere.url());
  EXPECT_TRUE(elsewhere.requests().empty());
}

TEST(Transport, ReadsAnAnswerByteByByte) {
  const std::string answer = answer_of(200, "byte by byte", "A: b\r\n");
  const Loopback server([&](Peer& peer) {
    peer.read_request();
    for (const char& byte : answer) {
      peer.write({&byte, 1});
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  });
  const auto result = get(server.url());
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result.value().body, "byte by byte");
  EXPECT_EQ(result.value().header("a"), "b");
}

TEST(Transport, ReadsEveryFraming) {
  const struct {
    const char* answer;
    const char* body;
  } cases[] = {
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n",
       "abcd"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nT: u\r\n\r\n", "a"},
      {"HTTP/1.1 200 OK\r\n\r\nuntil the end", "until the end"},
      {"HTTP/1.0 200 OK\r\n\r\nold", "old"},
      {"HTTP/1.1 204 No Content\r\n\r\n", ""},
      {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", ""},
      {"HTTP/1.1 100 Continue\r\nA: no\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: nor\r\n\r\n"
       "HTTP/1.1 200 OK\r\nA: yes\r\nContent-Length: 2\r\n\r\nok",
       "ok"},
  };
  for (const auto& each : cases) {
    const Loopback server{std::string(each.answer)};
    const auto result = get(server.url());
    ASSERT_TRUE(result.ok()) << result.error().message << " for " << each.answer;
    EXPECT_EQ(result.value().body, each.body);
    EXPECT_EQ(result.value().header("A"), std::string_view(each.body) == "ok" ? "yes" : "");
  }
}

TEST(Transport, SendsWhatItIsGivenAndLittleElse) {
  Loopback server(answer_of(200, ""));
  const auto transport = network_transport();
  const Header headers[] = {{"X-Text", "a  b;c"}, {"X-Empty", ""}, {"X-Blank", "  "}};
  const std::string url = server.url("/a/../b//c%2Fd?q=1&r=%20#fragment");
  Request request = request_to(url);
  request.headers = headers;
  ASSERT_TRUE(transport->send(request).ok());

  const std::string large(3U << 20U, 'x');  // libcurl asks "Expect: 100-continue" from 1 MiB on
  const std::string_view nul("a\0b", 3);
  for (const std::string_view body : {nul, std::string_view(), std::string_view(large)}) {
    for (const std::string_view method : {"POST", "PUT", "DELETE"}) {
      Request sent = request_to(server.origin());
      sent.method = method;
      sent.body = body;
      ASSERT_TRUE(transport->send(sent).ok());
    }
  }

  const auto seen = server.requests();
  ASSERT_EQ(seen.size(), 10U);
  const std::string host = "Host: " + server.origin().substr(7) + "\r\nUser-Agent: costmark/" +
                           COSTMARK_VERSION + "\r\n";
  EXPECT_EQ(seen[0], "GET /a/../b//c%2Fd?q=1&r=%20 HTTP/1.1\r\n" + host +
                         "X-Text: a  b;c\r\nX-Empty:\r\nX-Blank:\r\n\r\n");
  EXPECT_EQ(seen[1], "POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\n\r\n" + std::string(nul));
  EXPECT_EQ(seen[2], "PUT / HTTP/1.1\r\n" + host + "Content-Length: 3\r\n\r\n" + std::string(nul));
  EXPECT_EQ(seen[5], "PUT / HTTP/1.1\r\n" + host + "Content-Length: 0\r\n\r\n");
  EXPECT_EQ(seen[9].size(), seen[6].size() + 6 + large.size());
  EXPECT_EQ(seen[9].find("Expect"), std::string::npos);
}

TEST(Transport, CallersHeadersReplaceItsOwn) {
  Loopback server(answer_of(200, ""));
  const Header headers[] = {{"user-agent", "mine"}, {"accept", "a/b"}, {"content-type", "c/d"}};
  Request request = request_to(server.origin());
  request.method = "POST";
  request.headers = headers;
  request.body = "x";
  ASSERT_TRUE(network_transport()->send(request).ok());
  const std::string seen = server.requests().at(0);
  EXPECT_NE(seen.find("user-agent: mine\r\naccept: a/b\r\ncontent-type: c/d\r\n"), seen.npos);
  for (const char* own : {"User-Agent", "Accept", "Content-Type"}) {
    EXPECT_EQ(seen.find(own), seen.npos);
  }
}

TEST(Transport, HeadHasNoBody) {
  Loopback server("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
  Request request = request_to(server.origin());
  request.method = "HEAD";
  const auto result = network_transport()->send(request);
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result.value().body, "");
}

TEST(Transport, RefusesWhatIsNoRequest) {
  Loopback server(answer_of(200, ""));
  const auto code_of = [&](const Request& request) {
    const auto result = network_transport()->send(request);
    if (result.ok()) return Code::ok;
    EXPECT_EQ(result.error().message.find("CANARY"), std::string::npos) << result.error().message;
    return result.error().code;
  };
  for (const char* method : {"", "GET / HTTP/1.1\r\nX:", "G ET"}) {
    Request request = request_to(server.origin());
    request.method = method;
    EXPECT_EQ(code_of(request), Code::invalid_argument) << method;
  }
  using std::string_view_literals::operator""sv;
  const Header headers[] = {{"A", "CANARY\r\nB: c"}, {"A", "CANARY\n"}, {"A", "CANARY\0"sv},
                            {"A:", "CANARY"},        {"A B", "CANARY"}, {"", "CANARY"},
                            {"A\r\nB", "CANARY"}};
  for (const Header& header : headers) {
    Request request = request_to(server.origin());
    request.headers = {&header, 1};
    EXPECT_EQ(code_of(request), Code::invalid_argument) << header.name;
  }
  for (const char* url : {"", "CANARY", "ftp://CANARY/", "file:///CANARY", "http://a:CANARY@h/",
                          "http://h/CANARY\r\n", "http://h:0/CANARY", "http:///CANARY"}) {
    EXPECT_EQ(code_of(request_to(url)), Code::invalid_url) << url;
  }
  EXPECT_TRUE(server.requests().empty());
}

TEST(Transport, BrokenAnswersAreTransportErrors) {
  const char* answers[] = {
      "",
      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nCANARY",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nCANARY\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nCANARY",
      "HTTP/1.1 200 OK\r\nContent-Length: CANARY\r\n\r\nabc",
      "CANARY garbage\r\n\r\n",
      "SSH-2.0-CANARY\r\n",
      "\0\0\0\0",
      "HTTP/1.1 CANARY\r\n\r\n",
      "HTTP/7.1 200 CANARY\r\n\r\n",
  };
  for (const char* answer : answers) {
    const Loopback server{std::string(answer)};
    const Error error = failure_of(server);
    EXPECT_EQ(error.code, Code::transport) << answer;
    EXPECT_TRUE(error.retryable);
  }
}

TEST(Transport, NobodyThere) {
  std::string origin;
  {
    origin = Loopback(answer_of(200, "")).origin();
  }
  const auto result = get(origin + canary_path);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::transport);
  EXPECT_TRUE(result.error().retryable);
  EXPECT_EQ(result.error().message, origin + ": Couldn't connect to server (Connection refused)");

  const auto unknown = get("http://host.invalid/");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, Code::transport);
}

TEST(Transport, TimeIsLimited) {
  const auto pieces = [](std::string_view head, std::string_view piece) {
    return [=](Peer& peer) {
      peer.read_request();
      peer.write(head);
      while (!piece.empty() && peer.write(piece)) {
        std::this_thread::sleep_for(milliseconds(5));
      }
      peer.linger();
    };
  };
  const Loopback silent(pieces("", ""));
  const Loopback stops(pieces("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n12", ""));
  const Loopback trickles(pieces("HTTP/1.1 200 OK\r\n\r\n", "x"));
  const Loopback never_ends(pieces("HTTP/1.1 200 OK\r\n", "A: b\r\n"));
  for (const Loopback* server : {&silent, &stops, &trickles, &never_ends}) {
    const auto start = Clock::now();
    const Error error = failure_of(*server, milliseconds(150));
    const auto took = Clock::now() - start;
    EXPECT_EQ(error.code, Code::timeout);
    EXPECT_TRUE(error.retryable);
    EXPECT_NE(error.message.find("no complete answer within 150 ms"), std::string::npos)
        << error.message;
    EXPECT_GE(took, milliseconds(140));
    EXPECT_LT(took, std::chrono::seconds(3));
  }
  // No time at all is not taken for all the time there is.
  EXPECT_EQ(failure_of(silent, milliseconds(0)).code, Code::timeout);
  EXPECT_EQ(failure_of(silent, milliseconds(-5)).code, Code::timeout);
}

TEST(Transport, SizesAreLimited) {
  const auto transport = network_transport();
  const std::string thousand(1000, 'b');
  for (const bool chunked : {false, true}) {
    const auto server_of = [&](const std::string& body) {
      return chunked ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e7\r\n" +
                           body.substr(0, 999) + "\r\n" + (body.size() == 1000 ? "1" : "2") +
                           "\r\n" + body.substr(999) + "\r\n0\r\n\r\n"
                     : answer_of(200, body);
    };
    const Loopback fits(server_of(thousand));
    Request request = request_to(fits.origin());
    request.largest_answer = 1000;
    const auto result = transport->send(request);
    ASSERT_TRUE(result.ok()) << result.error().message;
    EXPECT_EQ(result.value().body, thousand);

    const Loopback too_large(server_of(thousand + 'b'));
    const Error error = failure_of(too_large);
    EXPECT_EQ(error.code, Code::transport);
    EXPECT_NE(error.message.find("larger than 1000 bytes"), std::string::npos) << error.message;
  }
}

TEST(Transport, HeadersAreLimited) {
  const std::string line = "A: " + std::string(1000, 'h') + "\r\n";
  const auto endless = [](std::string_view head, std::string piece) {
    return [=](Peer& peer) {
      peer.read_request();
      if (!peer.write(head)) return;
      while (peer.write(piece)) continue;
    };
  };
  const Loopback many(endless("HTTP/1.1 200 OK\r\n", line));
  const Loopback long_one(endless("HTTP/1.1 200 OK\r\nA: ", "xxxxxxxxxxxxxxxx"));
  const Loopback interim(endless("", "HTTP/1.1 103 Early Hints\r\n" + line + "\r\n"));
  const Loopback trailers(
      endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", line));
  for (const Loopback* server : {&many, &long_one, &interim, &trailers}) {
    EXPECT_EQ(failure_of(*server).code, Code::transport);
  }

  std::string fitting = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
  while (fitting.size() + line.size() + 2 < http::largest_header) fitting += line;
  const Loopback fits(fitting + "\r\n");
  EXPECT_TRUE(get(fits.origin()).ok());
}

// Every allocation on this thread fails once, libcurl's own too where no sanitizer has malloc.
TEST(Transport, OutOfMemoryIsAnError) {
  const Loopback server(answer_of(200, std::string(100'000, 'b'), "A: b\r\n"));
  const std::string url = server.url();
  const auto transport = network_transport();
  const Header header{"Authorization", "a token that is long enough for the heap"};
  Request request = request_to(url);
  request.headers = {&header, 1};
  std::size_t failed = 0;
  for (std::size_t n = 1, asked = n; n <= asked; ++n) {
    allocations::begin(n, false);
    const auto result = transport->send(request);
    asked = allocations::end().all;
    if (result.ok()) {
      EXPECT_EQ(result.value().body.size(), 100'000U);
      continue;
    }
    const Code code = result.error().code;
    EXPECT_TRUE(code == Code::out_of_memory || code == Code::transport) << to_string(code);
    ++failed;
  }
  EXPECT_GT(failed, 5U);
  EXPECT_TRUE(transport->send(request).ok());
}

TEST(Transport, GoesThroughTheProxyThatItIsGivenAndNoOther) {
  Loopback proxy(answer_of(200, "from the proxy"));
  Loopback server(answer_of(200, "from the server"));
  ::setenv("http_proxy", proxy.origin().c_str(), 1);
  ::setenv("all_proxy", proxy.origin().c_str(), 1);
  ConnectionConfig config;
  Request request = request_to(server.origin());
  const auto body_of = [&] {
    const auto result = network_transport(config)->send(request);
    return result.ok() ? result.value().body : result.error().message;
  };
  EXPECT_EQ(body_of(), "from the server");
  request.proxied = true;
  EXPECT_EQ(body_of(), "from the server");
  ::unsetenv("http_proxy");
  ::unsetenv("all_proxy");

  config.proxies.of_https = proxy.origin();
  EXPECT_EQ(body_of(), "from the server");
  config.proxies.of_http = proxy.origin();
  EXPECT_EQ(body_of(), "from the proxy");
  EXPECT_TRUE(proxy.requests().at(0).starts_with("GET " + server.origin() + "/ HTTP/1.1\r\n"));
  config.proxies.no_proxy = "127.0.0.1";
  EXPECT_EQ(body_of(), "from the server");
  config.proxies.no_proxy.clear();
  request.proxied = false;
  EXPECT_EQ(body_of(), "from the server");
}

TEST(Transport, SaysNothingOfAProxysPassword) {
  Loopback server(answer_of(200, "from the server"));
  Request request = request_to(server.origin());
  request.proxied = true;
  for (const char* bad : {"ftp://user:CANARY@127.0.0.1:1", "http://user:CANARY@127.0.0.1:1",
                          "http://user:CANARY@host.invalid:1", "http://user:CANARY@:x"}) {
    ConnectionConfig config;
    config.proxies.of_http = bad;
    const auto result = network_transport(config)->send(request);
    ASSERT_FALSE(result.ok());
    EXPECT_TRUE(result.error().message.starts_with(server.origin() + ": "));
    EXPECT_EQ(result.error().message.find("CANARY"), std::string::npos) << result.error().message;
  }
  EXPECT_TRUE(server.requests().empty());
}

TEST(Transport, ThreadsShareOne) {
  const Loopback server([](Peer& peer) {
    const std::string request = peer.read_request();
    peer.write(answer_of(200, request.substr(5, request.find(' ', 5) - 5)));
  });
  const auto transport = network_transport();
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        const std::string name = std::to_string(t) + "-" + std::to_string(i);
        const std::string url = server.url("/" + name);
        const auto result = transport->send(request_to(url));
        if (result.ok() && result.value().body == name) ++good;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 800);
}

TEST(Transport, WorksInAForkedChild) {
  SKIP_WHERE_A_CHILD_OF_BUSY_THREADS_MAY_NOT_ALLOCATE();
  const Loopback server(answer_of(200, "hello"));
  const std::string url = server.url();
  const auto transport = network_transport();
  const auto works = [&] {
    const auto result = transport->send(request_to(url));
    return result.ok() && result.value().body == "hello";
  };
  testing::expect_good_child(works);  // also libcurl's first start
  EXPECT_TRUE(works());
  std::atomic<bool> over{false};
  std::thread busy([&] {
    while (!over) works();
  });
  for (int i = 0; i < 10; ++i) testing::expect_good_child(works);
  over = true;
  busy.join();
}

TEST(Transport, SignalsDoNotDisturb) {
  struct sigaction quiet{};
  quiet.sa_handler = [](int) {};  // and no SA_RESTART
  struct sigaction before{};
  ::sigaction(SIGUSR1, &quiet, &before);
  const Loopback server([](Peer& peer) {
    peer.read_request();
    std::this_thread::sleep_for(milliseconds(100));
    peer.write(answer_of(200, "in the end"));
  });
  std::atomic<bool> over{false};
  std::thread pest([&, victim = ::pthread_self()] {
    while (!over) {
      ::pthread_kill(victim, SIGUSR1);
      std::this_thread::sleep_for(milliseconds(1));
    }
  });
  const auto transport = network_transport();
  const auto result = transport->send(request_to(server.origin()));
  const auto start = Clock::now();
  transport->pause(milliseconds(50));
  EXPECT_GE(Clock::now() - start, milliseconds(50));
  over = true;
  pest.join();
  ::sigaction(SIGUSR1, &before, nullptr);
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result.value().body, "in the end");
}

TEST(Transport, BrokenPipeIsAnErrorAndNoSignal) {
  SKIP_WHERE_A_CHILD_MAY_NOT_ALLOCATE();
  const Loopback server([](Peer& peer) { peer.reset_at_close(); });
  const std::string url = server.url();
  const std::string body(8U << 20U, 'x');
  Request request = request_to(url);
  request.method = "POST";
  request.body = body;
  testing::expect_good_child([&] {
    ::signal(SIGPIPE, SIG_DFL);
    for (int i = 0; i < 5; ++i) {
      const auto result = network_transport()->send(request);
      if (result.ok() || result.error().code != Code::transport) return false;
    }
    sigset_t blocked;  // the mask is as it was
    ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    return sigismember(&blocked, SIGPIPE) == 0;
  });
}

}  // namespace
}  // namespace costmark::net
