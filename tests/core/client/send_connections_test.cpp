// Connections: kept, shared, lost, broken, forked away.
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>

#include <cstdlib>
#include <fstream>
#include <random>

#include "core/client/send_fixture.hpp"
#include "core/forking.hpp"

namespace costmark::testing {
namespace {

const std::string good = json_answer(200, chat_answer);

TEST(Connections, AsManyAsThereAreThreadsAtMost) {
  const Loopback server(keep_answering(good));
  const auto client = sender();
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  threads.reserve(16);
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      const Post post = chat_to(server.origin());
      Operation operation = client->operation();
      const Response& response = operation.response();
      for (int n = 0; n < 50; ++n) {
        if (!client->send(post.request(), {}, operation).ok()) ++failures;
        if (response.body() != chat_answer) ++failures;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_LE(server.connections(), 16U);
  EXPECT_EQ(client->usage().at("proj_a").operations, 800U);
}

TEST(Connections, OneForEachOrigin) {
  const Loopback one(keep_answering(good));
  const Loopback two(keep_answering(good));
  const auto client = sender();
  Operation operation = client->operation();
  for (int i = 0; i < 5; ++i) {
    for (const Loopback* server : {&one, &two}) {
      EXPECT_TRUE(client->send(chat_to(server->origin()).request(), {}, operation).ok());
    }
  }
  EXPECT_EQ(one.connections(), 1U);
  EXPECT_EQ(two.connections(), 1U);
}

TEST(Connections, NotMoreAreKeptThanMayBe) {
  for (const std::size_t most : {0U, 1U, 2U}) {
    const Loopback one(keep_answering(good));
    const Loopback two(keep_answering(good));
    const auto client = sender({{"max_idle_connections", std::to_string(most)}});
    Operation operation = client->operation();
    for (int i = 0; i < 4; ++i) {
      for (const Loopback* server : {&one, &two}) {
        EXPECT_TRUE(client->send(chat_to(server->origin()).request(), {}, operation).ok());
      }
    }
    EXPECT_EQ(one.connections(), most == 2 ? 1U : 4U) << most;
  }
}

TEST(Connections, OfTheProcessAreSharedByClients) {
  const Loopback server(keep_answering(good));
  for (const char* version : {"auto", "auto", "1.1", "1.1"}) {
    const auto client = sender({{"connection_pool", "process"}, {"http_version", version}});
    Operation operation = client->operation();
    EXPECT_TRUE(client->send(chat_to(server.origin()).request(), {}, operation).ok());
  }
  EXPECT_EQ(server.connections(), 2U);  // one for each version
  for (int i = 0; i < 2; ++i) {
    const auto client = sender();
    Operation operation = client->operation();
    EXPECT_TRUE(client->send(chat_to(server.origin()).request(), {}, operation).ok());
  }
  EXPECT_EQ(server.connections(), 4U);  // a client's own
}

// The server hangs up while nobody sends, or at the very moment somebody does.
TEST(Connections, OneThatWasClosedMeanwhileIsReplaced) {
  for (const bool in_time : {true, false}) {
    std::atomic<bool> closed{false};
    const Loopback server([&](Peer& peer) {
      if (peer.read_request().empty()) return;
      peer.write(good);
      if (!in_time && peer.read_request().empty()) return;
      peer.reset_at_close();
      closed = true;
    });
    const auto client = sender({{"max_attempts", "1"}});
    Operation operation = client->operation();
    const Response& response = operation.response();
    for (int i = 0; i < 4; ++i) {
      closed = false;
      const Status status = client->send(chat_to(server.origin()).request(), {}, operation);
      ASSERT_TRUE(status.ok()) << i << ": " << message_of(status);
      EXPECT_EQ(response.attempts(), in_time || i == 0 ? 1U : 2U);
      while (in_time && !closed) std::this_thread::yield();
      if (in_time) std::this_thread::sleep_for(milliseconds(5));
    }
  }
}

TEST(Connections, ByteByByte) {
  const std::string answer =
      std::string(event_head) + std::string(first_event) + std::string(last_events);
  const Loopback server([&](Peer& peer) {
    peer.read_request();
    for (const char& byte : answer) {
      if (!peer.write({&byte, 1})) return;
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  });
  const auto client = sender();
  Operation operation = client->operation();
  const Response& response = operation.response();
  Gathered gathered;
  const Status status =
      client->send(chat_to(server.origin()).request(), gathered.options(), operation);
  EXPECT_TRUE(status.ok()) << message_of(status);
  EXPECT_EQ(gathered.body, answer.substr(event_head.size()));
  EXPECT_GT(gathered.pieces, 10U);
  EXPECT_EQ(response.answer().usage.input_tokens, 10U);
}

std::size_t resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::size_t kib = 0;
    if (word == "VmHWM:" && status >> kib) return kib;
  }
  return 0;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t stream_mb = 8;  // their own memory is not measured
#else
constexpr std::size_t stream_mb = 128;
#endif

// TEST_STREAM_MB=1000 for one of a gigabyte.
TEST(Connections, AStreamOfAnyLengthNeedsNoMemory) {
  const char* const wanted = std::getenv("TEST_STREAM_MB");
  const std::size_t size = (wanted == nullptr ? stream_mb : std::strtoul(wanted, nullptr, 10))
                           << 20U;
  std::string piece;
  while (piece.size() < (1U << 18U)) piece += first_event;
  const std::size_t rounds = size / piece.size();
  const Loopback server([&](Peer& peer) {
    peer.read_request();
    peer.write(event_head);
    for (std::size_t i = 0; i < rounds; ++i) peer.write(piece);
    peer.write(last_events);
  });
  const auto client = sender();
  Operation operation = client->operation();
  const Response& response = operation.response();
  std::size_t got = 0;
  std::size_t peak_at_start = 0;
  SendOptions options;
  options.on_body = [&](std::string_view bytes) -> Status {
    got += bytes.size();
    if (peak_at_start == 0 && got > (1U << 20U)) peak_at_start = resident_kib();
    return {};
  };
  const Status status = client->send(chat_to(server.origin()).request(), options, operation);
  EXPECT_TRUE(status.ok()) << message_of(status);
  EXPECT_EQ(got, rounds * piece.size() + last_events.size());
  EXPECT_EQ(response.answer().outcome, Outcome::ok);
  EXPECT_EQ(response.answer().usage.input_tokens, 10U);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(resident_kib(), peak_at_start + 2048);
#endif
}

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(Connections, ManySendsNeedNoMoreMemoryThanOne) {
  const Loopback server(keep_answering(good));
  const auto client = sender();
  const Post post = chat_to(server.origin());
  Operation operation = client->operation();
  const auto send = [&](int times) {
    for (int i = 0; i < times; ++i) {
      if (!client->send(post.request(), {}, operation).ok()) ADD_FAILURE();
    }
    return ::mallinfo2().uordblks;
  };
  const std::size_t before = send(100);
  EXPECT_LT(send(1000), before + 4096);
}
#endif

TEST(Connections, BrokenAnswersAreErrors) {
  const std::string line = "A: " + std::string(1000, 'h') + "\r\n";
  const auto endless = [](std::string head, std::string piece) {
    return [=](Peer& peer) {
      peer.read_request();
      if (!peer.write(head)) return;
      while (peer.write(piece)) continue;
    };
  };
  const auto only = [](std::string answer) {
    return [=](Peer& peer) {
      peer.read_request();
      peer.write(answer);
    };
  };
  const Loopback::Handle handles[] = {
      endless("HTTP/1.1 200 OK\r\n", line),
      endless("HTTP/1.1 200 OK\r\nA: ", "xxxxxxxxxxxxxxxx"),
      endless("", "HTTP/1.1 103 Early Hints\r\n" + line + "\r\n"),
      endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", line),
      only(""),
      only("CANARY garbage\r\n\r\n"),
      only("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nCANARY"),
      only("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nCANARY\r\n"),
      only("HTTP/1.1 101 Switching Protocols\r\nUpgrade: CANARY\r\n\r\nCANARY"),
      only("HTTP/1.1 100 Continue\r\n\r\n"),
      only("HTTP/9.9 200 CANARY\r\n\r\n"),
  };
  const auto client = sender({{"max_attempts", "1"}});
  for (const auto& handle : handles) {
    const Loopback server(handle);
    Operation operation = client->operation();
    const Status status = client->send(
        chat_to(server.origin(), "/v1/chat/completions?CANARY").request(), {}, operation);
    EXPECT_EQ(code_of(status), Code::transport);
    EXPECT_TRUE(status.error().retryable) << message_of(status);
    EXPECT_TRUE(message_of(status).starts_with("POST " + server.url("/v1/chat/completions: ")))
        << message_of(status);
    EXPECT_EQ(message_of(status).find("CANARY"), std::string::npos) << message_of(status);
  }
}

TEST(Connections, Proxies) {
  Loopback proxy(answer_of(200, "from the proxy"));
  Loopback server(answer_of(200, "from the server"));
  const auto body_with = [&](const OptionValues& options, const OptionValues& variables = {}) {
    const auto client = sender(options, variables);
    Operation operation = client->operation();
    const Status status = client->send(chat_to(server.origin()).request(), {}, operation);
    return status.ok() ? std::string(operation.response().body()) : status.error().message;
  };
  EXPECT_EQ(body_with({}), "from the server");
  EXPECT_EQ(body_with({{"proxy", proxy.origin()}}), "from the proxy");
  EXPECT_EQ(body_with({{"proxy", proxy.origin().substr(7)}}), "from the proxy");
  EXPECT_EQ(body_with({}, {{"http_proxy", proxy.origin()}}), "from the proxy");
  EXPECT_EQ(body_with({}, {{"all_proxy", proxy.origin()}}), "from the proxy");
  EXPECT_EQ(body_with({}, {{"HTTP_PROXY", proxy.origin()}}), "from the server");
  EXPECT_EQ(body_with({}, {{"https_proxy", proxy.origin()}}), "from the server");
  EXPECT_EQ(body_with({{"proxy", proxy.origin()}, {"no_proxy", "example.com, 127.0.0.1"}}),
            "from the server");
  EXPECT_EQ(body_with({{"proxy", proxy.origin()}}, {{"no_proxy", "*"}}), "from the server");
  EXPECT_EQ(body_with({{"proxy", proxy.origin()}, {"no_proxy", "h"}}, {{"no_proxy", "*"}}),
            "from the proxy");
  EXPECT_TRUE(
      proxy.requests().at(0).starts_with("POST " + server.url("/v1/chat/completions HTTP/1.1")));

  const auto refused = [](const char* proxy_url) {
    const auto client = Client::create(config_of({{"proxy", proxy_url}}));
    if (client.ok()) return std::string("taken");
    EXPECT_EQ(client.error().code, Code::invalid_option);
    EXPECT_EQ(client.error().message.find("CANARY"), std::string::npos);
    return client.error().message.substr(0, 14);
  };
  for (const char* bad : {"ftp://user:CANARY@h:1", "http://", "http://user:CANARY@", "h:99999",
                          "http://user:CANARY@h h", "://h"}) {
    EXPECT_EQ(refused(bad), "option 'proxy'") << bad;
  }
  for (const char* taken :
       {"h:1", "h", "socks5h://user:pass@h:1/", "HTTPS://h", "http://[::1]:1"}) {
    EXPECT_EQ(refused(taken), "taken") << taken;
  }
  const std::string nobody =
      body_with({{"proxy", "http://user:CANARY@127.0.0.1:1"}, {"max_attempts", "1"}});
  EXPECT_EQ(nobody.find("CANARY"), std::string::npos) << nobody;
  EXPECT_TRUE(nobody.starts_with("POST " + server.origin())) << nobody;
}

TEST(Connections, AVerificationGoesTheSameWay) {
  Loopback proxy(answer_of(502, ""));
  Loopback server(answer_of(200, ""));
  const std::string url = server.url("/v1/chat/completions");
  VerifyRequest request;
  request.url = url;
  request.model = "m";
  const auto verification = sender({{"proxy", proxy.origin()}})->verify(request);
  ASSERT_TRUE(verification.ok()) << verification.error().message;
  EXPECT_FALSE(proxy.requests().empty());
  EXPECT_TRUE(server.requests().empty());
}

TEST(Connections, EncodingsThatWereAskedForAreUndone) {
  // gzip of "hello"
  const std::string packed(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05"
      "\x00\x00\x00",
      25);
  Loopback server([&](Peer& peer) {
    while (server.note(peer.read_request())) {
      peer.write(answer_of(200, packed, "Content-Encoding: gzip\r\n"));
    }
  });
  const auto client = sender();
  Operation operation = client->operation();
  const Response& response = operation.response();
  const auto body_for = [&](std::string_view accepted) {
    Post post = chat_to(server.origin());
    if (!accepted.empty()) post.headers.push_back({"Accept-Encoding", accepted});
    const Status status = client->send(post.request(), {}, operation);
    EXPECT_TRUE(status.ok()) << message_of(status);
    const std::string seen = server.requests().back();
    EXPECT_EQ(seen.find("Accept-Encoding: " + std::string(accepted) + "\r\n") != seen.npos,
              !accepted.empty());
    return std::string(response.body());
  };
  EXPECT_EQ(body_for("gzip"), "hello");
  EXPECT_EQ(body_for("gzip;q=0.5, deflate ,identity"), "hello");
  EXPECT_EQ(body_for(""), packed);
  EXPECT_EQ(body_for("gzip, sdch"), packed);
  EXPECT_EQ(body_for("*"), packed);
  EXPECT_EQ(body_for("gzip"), "hello");
  EXPECT_EQ(server.connections(), 1U);
}

// What stays encoded is passed on, and not read; what is only called encoded is read.
TEST(Connections, AnEncodedAnswerIsNotObserved) {
  const std::string encoded("\x1F\x8B\x08\0\0\0", 6);
  const Loopback server(json_answer(200, encoded, "Content-Encoding: other\r\n"));
  const auto client = sender();
  Operation operation = client->operation();
  const Response& response = operation.response();
  EXPECT_TRUE(client->send(chat_to(server.origin()).request(), {}, operation).ok());
  EXPECT_EQ(response.body(), encoded);
  EXPECT_EQ(response.answer().outcome, Outcome::unknown);
  EXPECT_FALSE(response.answer().usage.any());
  EXPECT_TRUE(response.answer().usage.flags.has(UsageFlag::unread));

  const Loopback plain(json_answer(200, chat_answer, "Content-Encoding: none\r\n"));
  EXPECT_TRUE(client->send(chat_to(plain.origin()).request(), {}, operation).ok());
  EXPECT_EQ(response.body(), chat_answer);
  EXPECT_EQ(response.answer().outcome, Outcome::ok);
  EXPECT_TRUE(response.answer().usage.any());
}

// A timer's signal every millisecond, with and without interrupted system calls begun anew.
TEST(Connections, SignalsDoNotDisturb) {
  const Loopback server([](Peer& peer) {
    peer.read_request();
    peer.write(json_answer(503, "", "retry-after-ms: 100\r\n"));
    peer.read_request();
    std::this_thread::sleep_for(milliseconds(100));
    peer.write(event_head);
    peer.write(first_event);
    std::this_thread::sleep_for(milliseconds(100));
    peer.write(last_events);
  });
  const auto client = sender();
  for (const int flags : {0, SA_RESTART}) {
    static std::atomic<int> signals{0};
    signals = 0;
    struct sigaction quiet{};
    quiet.sa_handler = [](int) { ++signals; };
    quiet.sa_flags = flags;
    struct sigaction before{};
    ::sigaction(SIGALRM, &quiet, &before);
    // To this thread alone: the server's are not what is tested.
    std::atomic<bool> over{false};
    std::thread pest([&, victim = ::pthread_self()] {
      while (!over) {
        ::pthread_kill(victim, SIGALRM);
        std::this_thread::sleep_for(milliseconds(1));
      }
    });
    Operation operation = client->operation();
    const Response& response = operation.response();
    Gathered gathered;
    const Stopwatch watch;
    const Status status =
        client->send(chat_to(server.origin()).request(), gathered.options(), operation);
    EXPECT_GE(watch.elapsed(), milliseconds(295));
    over = true;
    pest.join();
    ::sigaction(SIGALRM, &before, nullptr);
    EXPECT_TRUE(status.ok()) << message_of(status);
    EXPECT_EQ(response.attempts(), 2U);
    EXPECT_EQ(gathered.body, std::string(first_event) + std::string(last_events));
    EXPECT_GT(signals, 50);
  }
}

TEST(Connections, AForkedChildOpensItsOwn) {
  SKIP_WHERE_A_CHILD_MAY_NOT_ALLOCATE();
  const Loopback server(keep_answering(good));
  for (const char* pool : {"client", "process"}) {
    const std::size_t before = server.connections();
    const auto client = sender({{"connection_pool", pool}});
    const auto works = [&] {
      Operation operation = client->operation();
      const Response& response = operation.response();
      const Status status = client->send(chat_to(server.origin()).request(), {}, operation);
      return status.ok() && response.body() == chat_answer;
    };
    EXPECT_TRUE(works());
    expect_good_child([&] { return works() && works(); });
    EXPECT_TRUE(works());
    EXPECT_TRUE(works());
    EXPECT_EQ(server.connections() - before, 2U);  // one each

    std::atomic<bool> over{false};
    std::atomic<int> failures{0};
    std::thread busy([&] {
      while (!over) {
        if (!works()) ++failures;
      }
    });
    for (int i = 0; i < 10; ++i) expect_good_child(works);
    over = true;
    busy.join();
    EXPECT_EQ(failures, 0);
  }
}

// The child that a handler forks has no part in the exchange that the handler was called from.
TEST(Connections, AHandlerMayFork) {
  SKIP_WHERE_A_CHILD_MAY_NOT_ALLOCATE();
  std::atomic<int> hung_up{0};
  const Loopback server([&](Peer& peer) {
    peer.read_request();
    peer.write(std::string(event_head) + std::string(first_event));
    std::this_thread::sleep_for(milliseconds(100));
    peer.write(last_events);
  });
  const auto client = sender();
  Gathered gathered;
  SendOptions options = gathered.options();
  pid_t child = -1;
  options.on_body = [&, inner = options.on_body](std::string_view piece) -> Status {
    if (child == -1) child = ::fork();
    return inner(piece);
  };
  Operation operation = client->operation();
  const Status status = client->send(chat_to(server.origin()).request(), options, operation);
  if (child == 0) {
    const bool is_told = code_of(status) == Code::transport && !status.error().retryable;
    Operation own = client->operation();
    const bool works = client->send(chat_to(server.origin()).request(), {}, own).ok();
    ::_exit(is_told && works ? 0 : 1);
  }
  EXPECT_TRUE(status.ok()) << message_of(status);
  EXPECT_EQ(gathered.body, std::string(first_event) + std::string(last_events));
  int child_status = -1;
  EXPECT_EQ(::waitpid(child, &child_status, 0), child);
  EXPECT_TRUE(WIFEXITED(child_status) && WEXITSTATUS(child_status) == 0) << child_status;
}

// TEST_STREAMS=10000 for as many streams.
TEST(Connections, ManyStreamsWithRandomCancels) {
  const char* const wanted = std::getenv("TEST_STREAMS");
  const int streams = wanted == nullptr ? 400 : std::atoi(wanted);
  const Loopback server([](Peer& peer) {
    const std::string head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
        "Transfer-Encoding: chunked\r\n\r\n";
    const auto chunk = [](std::string_view text) {
      char size[16];
      std::snprintf(size, sizeof size, "%zx\r\n", text.size());
      return size + std::string(text) + "\r\n";
    };
    while (!peer.read_request().empty()) {
      bool ok = peer.write(head);
      for (int i = 0; ok && i < 5; ++i) ok = peer.write(chunk(first_event));
      if (!ok || !peer.write(chunk(last_events) + "0\r\n\r\n")) return;
    }
  });
  const auto client = sender();
  std::atomic<int> left{streams};
  std::atomic<int> done{0};
  std::atomic<int> cancelled{0};
  std::atomic<int> other{0};
  std::vector<std::thread> threads;
  threads.reserve(16);
  for (unsigned seed = 0; seed < 16; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937 random(seed);
      Operation operation = client->operation();
      while (left-- > 0) {
        Cancel cancel;
        std::size_t pieces = 0;
        const std::size_t stop_at = random() % 4 == 0 ? random() % 6 : 1000;
        SendOptions options;
        options.cancel = &cancel;
        options.on_body = [&](std::string_view) -> Status {
          if (pieces++ == stop_at) cancel.request();
          return {};
        };
        std::thread pest;
        if (random() % 16 == 0) pest = std::thread([&] { cancel.request(); });
        const Status status = client->send(chat_to(server.origin()).request(), options, operation);
        ++(status.ok() ? done : code_of(status) == Code::cancelled ? cancelled : other);
        if (pest.joinable()) pest.join();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(done + cancelled, streams);
  EXPECT_GT(done, 0);
  EXPECT_GT(cancelled, 0);
  EXPECT_EQ(other, 0);
  const UsageTotals totals = client->usage().at("proj_a");
  EXPECT_LE(totals.operations, static_cast<std::uint64_t>(streams));  // less those never begun
  EXPECT_EQ(totals.operations, totals.attempts);
  EXPECT_GE(totals.input_tokens, 10U * static_cast<std::uint64_t>(done));
  EXPECT_LE(server.connections(), 16U + static_cast<std::size_t>(cancelled));
}

}  // namespace
}  // namespace costmark::testing
