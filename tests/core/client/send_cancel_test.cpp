// What stops a send: a Cancel, a deadline, silence.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <latch>
#include <optional>
#include <utility>

#include "core/client/send_fixture.hpp"

namespace costmark::testing {
namespace {

// Sends on this thread and requests the cancellation from another one, after `moment`.
template <typename Moment>
Status send_and_cancel(Client& client, const Post& post, Operation& operation, SendOptions options,
                       const Moment& moment) {
  Cancel cancel;
  options.cancel = &cancel;
  std::optional<Stopwatch> watch;
  std::thread other([&] {
    moment();
    watch.emplace();
    cancel.request();
  });
  Status status = client.send(post.request(), options, operation);
  other.join();
  EXPECT_LT(watch->elapsed(), promptly);
  return status;
}

// For a moment that nothing here sees: longer than a busy machine takes to come there.
void after_a_while() {
  std::this_thread::sleep_for(milliseconds(500));
}

// A moment that another thread sees.
class Seen {
 public:
  void now() { seen_.count_down(); }
  void operator()() const { seen_.wait(); }

 private:
  std::latch seen_{1};
};

void silent(Peer& peer) {
  while (!peer.read_request().empty()) peer.linger();
}

TEST(Cancel, BeforeAnythingBegins) {
  Loopback server(answer_of(200, ""));
  const auto client = sender();
  Cancel cancel;
  EXPECT_FALSE(cancel.requested());
  cancel.request();
  cancel.request();
  EXPECT_TRUE(cancel.requested());
  SendOptions options;
  options.cancel = &cancel;
  Operation operation = client->operation();
  const Response& response = operation.response();
  const Status status = client->send(chat_to(server.origin()).request(), options, operation);
  EXPECT_EQ(code_of(status), Code::cancelled);
  EXPECT_EQ(message_of(status), "POST " + server.url("/v1/chat/completions") + ": cancelled");
  EXPECT_FALSE(status.error().retryable);
  EXPECT_EQ(response.attempts(), 0U);
  EXPECT_TRUE(server.requests().empty());
  EXPECT_TRUE(client->usage().empty());
}

TEST(Cancel, WhileConnecting) {
  const net::Full server;
  const auto client = sender();
  Operation operation = client->operation();
  const Response& response = operation.response();
  EXPECT_EQ(
      code_of(send_and_cancel(*client, chat_to(server.origin()), operation, {}, after_a_while)),
      Code::cancelled);
  EXPECT_EQ(response.attempts(), 1U);
  EXPECT_EQ(response.answer().outcome, Outcome::cancelled);
  EXPECT_EQ(client->usage().at("proj_a").incomplete_attempts, 1U);
}

TEST(Cancel, WhileTheServerThinks) {
  Seen asked;
  const Loopback server([&](Peer& peer) {
    peer.read_request();
    asked.now();
    peer.linger();
  });
  const auto client = sender();
  Operation operation = client->operation();
  const Response& response = operation.response();
  EXPECT_EQ(code_of(send_and_cancel(*client, chat_to(server.origin()), operation, {}, asked)),
            Code::cancelled);
  EXPECT_EQ(response.http_status(), 0);
}

TEST(Cancel, InTheMiddleOfAStream) {
  const Loopback server([](Peer& peer) {
    peer.read_request();
    peer.write(std::string(event_head) + std::string(first_event));
    peer.linger();
  });
  const auto client = sender();
  Operation operation = client->operation();
  const Response& response = operation.response();
  Seen event;
  std::string body;
  SendOptions options;
  options.on_body = [&](std::string_view piece) -> Status {
    body += piece;
    if (body.size() == first_event.size()) event.now();
    return {};
  };
  EXPECT_EQ(code_of(send_and_cancel(*client, chat_to(server.origin()), operation, options, event)),
            Code::cancelled);
  EXPECT_EQ(body, first_event);
  EXPECT_EQ(response.http_status(), 200);
  EXPECT_EQ(response.answer().outcome, Outcome::cancelled);
}

TEST(Cancel, InAStreamThatNeverPauses) {
  const Loopback server([](Peer& peer) {
    peer.read_request();
    peer.write(event_head);
    const std::string piece(1U << 16U, '\n');
    while (peer.write(piece)) continue;
  });
  const auto client = sender();
  Operation operation = client->operation();
  Seen some;
  SendOptions options;
  options.on_body = [&, seen = false](std::string_view) mutable {
    if (!std::exchange(seen, true)) some.now();
    return Status();
  };
  EXPECT_EQ(code_of(send_and_cancel(*client, chat_to(server.origin()), operation, options, some)),
            Code::cancelled);
}

TEST(Cancel, DuringAPause) {
  const Loopback server(keep_answering(json_answer(503, "busy", "Retry-After: 60\r\n")));
  const auto client = sender();
  Operation operation = client->operation();
  const Response& response = operation.response();
  EXPECT_EQ(
      code_of(send_and_cancel(*client, chat_to(server.origin()), operation, {}, after_a_while)),
      Code::cancelled);
  EXPECT_EQ(response.attempts(), 1U);
  const UsageTotals totals = client->usage().at("proj_a");
  EXPECT_EQ(totals.attempts, 1U);
  EXPECT_EQ(totals.failed_attempts, 1U);
}

TEST(Cancel, FromInsideAHandler) {
  const Loopback server([](Peer& peer) {
    peer.read_request();
    peer.write(std::string(event_head) + std::string(first_event));
    peer.linger();
  });
  const auto client = sender();
  Cancel cancel;
  Gathered gathered;
  SendOptions options = gathered.options();
  options.cancel = &cancel;
  options.on_body = [&, inner = options.on_body](std::string_view piece) -> Status {
    cancel.request();
    return inner(piece);
  };
  Operation operation = client->operation();
  EXPECT_EQ(code_of(client->send(chat_to(server.origin()).request(), options, operation)),
            Code::cancelled);
  EXPECT_EQ(gathered.body, first_event);
}

TEST(Cancel, StopsEveryCallThatWasGivenIt) {
  const Loopback server(silent);
  const auto client = sender();
  Cancel cancel;
  std::atomic<int> cancelled{0};
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      SendOptions options;
      options.cancel = &cancel;
      Operation operation = client->operation();
      const Status status = client->send(chat_to(server.origin()).request(), options, operation);
      if (code_of(status) == Code::cancelled) ++cancelled;
    });
  }
  while (server.connections() < 8) std::this_thread::yield();
  const Stopwatch watch;
  cancel.request();
  for (auto& thread : threads) thread.join();
  EXPECT_LT(watch.elapsed(), promptly);
  EXPECT_EQ(cancelled, 8);
}

// One that came too late changes nothing, and its call's line serves the next.
TEST(Cancel, AfterTheEnd) {
  const Loopback server(keep_answering(json_answer(200, chat_answer)));
  const auto client = sender();
  Operation operation = client->operation();
  for (int i = 0; i < 3; ++i) {
    Cancel cancel;
    SendOptions options;
    options.cancel = &cancel;
    EXPECT_TRUE(client->send(chat_to(server.origin()).request(), options, operation).ok());
    cancel.request();
  }
  EXPECT_EQ(server.connections(), 1U);
}

TEST(Deadline, IsOfTheWholeOperation) {
  const auto pieces = [](std::string_view head, std::string_view piece) {
    return [=](Peer& peer) {
      peer.read_request();
      peer.write(head);
      while (!piece.empty() && peer.write(piece)) std::this_thread::sleep_for(milliseconds(5));
      peer.linger();
    };
  };
  const Loopback no_answer(pieces("", ""));
  const Loopback slow_head(pieces("HTTP/1.1 200 OK\r\n", "A: b\r\n"));
  const Loopback slow_line(pieces("HTTP/1.1 200 OK\r\nA: ", "b"));
  const Loopback slow_body(pieces("HTTP/1.1 200 OK\r\n\r\n", "x"));
  const Loopback slow_error(pieces("HTTP/1.1 500 No\r\nContent-Length: 9999999\r\n\r\n", "x"));
  const auto client = sender();
  for (const Loopback* server : {&no_answer, &slow_head, &slow_line, &slow_body, &slow_error}) {
    Operation operation = client->operation();
    const Response& response = operation.response();
    SendOptions options;
    options.timeout = milliseconds(400);
    const Stopwatch watch;
    const Status status = client->send(chat_to(server->origin()).request(), options, operation);
    if (server == &slow_error) {
      EXPECT_EQ(code_of(status), Code::service);  // that much is known
    } else {
      EXPECT_EQ(code_of(status), Code::timeout);
      EXPECT_EQ(message_of(status), "POST " + server->url("/v1/chat/completions") +
                                        ": no complete answer within 400 ms");
    }
    EXPECT_TRUE(status.error().retryable);
    EXPECT_EQ(response.attempts(), 1U);
    EXPECT_GE(watch.elapsed(), milliseconds(395));
    EXPECT_LT(watch.elapsed(), promptly);
  }
}

TEST(Deadline, OfConnecting) {
  const net::Full server;
  const auto client = sender({{"connect_timeout_ms", "100"}, {"max_attempts", "1"}});
  Operation operation = client->operation();
  const Stopwatch watch;
  const Status status = client->send(chat_to(server.origin()).request(), {}, operation);
  EXPECT_EQ(code_of(status), Code::timeout);
  EXPECT_TRUE(message_of(status).ends_with(": no connection within 100 ms")) << message_of(status);
  EXPECT_GE(watch.elapsed(), milliseconds(95));
  EXPECT_LT(watch.elapsed(), promptly);
}

TEST(Deadline, OfSilence) {
  const Loopback silent_server(silent);
  const Loopback stops([](Peer& peer) {
    peer.read_request();
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
    for (int i = 0; i < 5; ++i) {  // together longer than one silence may be
      peer.write("x");
      std::this_thread::sleep_for(milliseconds(100));
    }
    peer.linger();
  });
  const auto client = sender({{"read_timeout_ms", "400"}, {"max_attempts", "1"}});
  for (const Loopback* server : {&silent_server, &stops}) {
    Operation operation = client->operation();
    const Stopwatch watch;
    const Status status = client->send(chat_to(server->origin()).request(), {}, operation);
    EXPECT_EQ(code_of(status), Code::timeout);
    EXPECT_TRUE(message_of(status).ends_with(": nothing came for 400 ms")) << message_of(status);
    EXPECT_GE(watch.elapsed(), milliseconds(server == &stops ? 790 : 395));
    EXPECT_LT(watch.elapsed(), promptly);
  }
}

// Nor is a handler that takes its time.
TEST(Deadline, AHandlerMayBeSlow) {
  Seen first;
  const Loopback server([&](Peer& peer) {
    peer.read_request();
    peer.write(event_head);
    peer.write(first_event);
    first();
    peer.write(last_events);
    peer.linger();
  });
  const auto client = sender({{"read_timeout_ms", "200"}, {"max_attempts", "1"}});
  Operation operation = client->operation();
  SendOptions options;
  std::string body;
  options.on_body = [&](std::string_view piece) -> Status {
    if (body.empty()) {
      first.now();
      std::this_thread::sleep_for(milliseconds(300));
    }
    body += piece;
    if (body.size() < first_event.size() + last_events.size()) return {};
    return {Code::stopped_by_callback, "all of it is there"};
  };
  EXPECT_EQ(message_of(client->send(chat_to(server.origin()).request(), options, operation)),
            "all of it is there");
}

// A server that takes its time to read is not silent as long as it reads.
TEST(Deadline, SendingIsNoSilence) {
  const Loopback server([](Peer& peer) {
    std::size_t got = 0;
    while (got < (8U << 20U)) {
      const std::string piece = peer.read_some();
      if (piece.empty()) return;
      got += piece.size();
      if (got % 64 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    peer.write(answer_of(200, "done"));
    peer.linger();
  });
  const auto client = sender({{"read_timeout_ms", "300"}, {"max_attempts", "1"}});
  const std::string body(8U << 20U, 'x');
  const std::string url = server.url("/v1/files");
  Operation operation = client->operation();
  const Status status = client->send({"PUT", url, {}, body, {}, {}}, {}, operation);
  EXPECT_TRUE(status.ok()) << message_of(status);
}

}  // namespace
}  // namespace costmark::testing
