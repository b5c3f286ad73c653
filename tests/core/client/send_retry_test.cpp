// When an attempt is made again, and how long it waits.
#include <mutex>

#include "core/client/send_fixture.hpp"

namespace costmark::testing {
namespace {

// Gives the answers in turn, the last one for ever, one connection or many.
class Script {
 public:
  explicit Script(std::vector<std::string> answers)
      : answers_(std::move(answers)), server_([this](Peer& peer) { play(peer); }) {}

  const std::string& origin() const { return server_.origin(); }
  std::vector<std::string> requests() const { return server_.requests(); }

 private:
  void play(Peer& peer) {
    while (server_.note(peer.read_request())) {
      const std::string& answer = answers_[std::min(next_++, answers_.size() - 1)];
      if (answer.empty()) return peer.reset_at_close();
      peer.write(answer);
      if (answer.find("Content-Length: 9999") != std::string::npos) return;
    }
  }

  const std::vector<std::string> answers_;
  std::atomic<std::size_t> next_{0};
  Loopback server_;
};

const std::string good = json_answer(200, chat_answer);
const std::string at_once = "Retry-After: 0\r\n";

TEST(SendAgain, UntilItWorks) {
  struct Case {
    std::vector<std::string> answers;
    std::uint32_t attempts;
    Code code;
  };
  const Case cases[] = {
      {{json_answer(429, "", at_once), good}, 2, Code::ok},
      {{json_answer(503, "", "retry-after-ms: 1\r\n"), json_answer(500, "", at_once), good},
       3,
       Code::ok},
      {{json_answer(408, "", at_once), json_answer(409, "", at_once), good}, 3, Code::ok},
      {{json_answer(503, "", at_once)}, 3, Code::service},
      {{json_answer(503, "", at_once), json_answer(429, "", at_once)}, 3, Code::throttled},
      {{json_answer(503, "", at_once), json_answer(400, "", at_once), good}, 2, Code::service},
      {{json_answer(400, "", at_once), good}, 1, Code::service},
      {{answer_of(302, "", at_once), good}, 1, Code::service},
  };
  for (const Case& each : cases) {
    const Script server(each.answers);
    const auto client = sender();
    Post post = chat_to(server.origin());
    post.headers.push_back({"Idempotency-Key", "key-1"});
    Operation operation = client->operation();
    const Response& response = operation.response();
    const Status status = client->send(post.request(), {}, operation);
    EXPECT_EQ(code_of(status), each.code) << message_of(status);
    EXPECT_EQ(response.attempts(), each.attempts);
    const auto requests = server.requests();
    EXPECT_EQ(requests.size(), each.attempts);
    for (const auto& request : requests) EXPECT_EQ(request, requests.front());
    EXPECT_EQ(response.body(), each.code == Code::ok ? chat_answer : "");
    const UsageTotals totals = client->usage().at("proj_a");
    EXPECT_EQ(totals.operations, 1U);
    EXPECT_EQ(totals.attempts, each.attempts);
    EXPECT_EQ(totals.failed_attempts + totals.incomplete_attempts,
              each.attempts - (each.code == Code::ok ? 1 : 0));
  }
}

TEST(SendAgain, AfterAConnectionThatBreaks) {
  const std::string broken =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
      "Content-Length: 9999\r\n\r\n{\"id\":";
  for (const std::string& first : {std::string(), broken}) {
    const Script server({first, good});
    const auto client = sender();
    Operation operation = client->operation();
    const Response& response = operation.response();
    const Stopwatch watch;
    const Status status = client->send(chat_to(server.origin()).request(), {}, operation);
    EXPECT_TRUE(status.ok()) << message_of(status);
    EXPECT_EQ(response.attempts(), 2U);
    EXPECT_EQ(response.body(), chat_answer);
    EXPECT_GE(watch.elapsed(), milliseconds(375));
    const UsageTotals totals = client->usage().at("proj_a");
    EXPECT_EQ(totals.attempts, 2U);
    EXPECT_EQ(totals.failed_attempts + totals.incomplete_attempts, 1U);
    EXPECT_EQ(totals.incomplete_attempts, first.empty() ? 0U : 1U);
  }
}

TEST(SendAgain, NotOnceAHandlerHasSeenSomething) {
  const std::string broken =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n";
  const auto client = sender();
  Operation operation = client->operation();
  const Response& response = operation.response();
  {
    const Script server({broken + "{\"id\":", good});
    Gathered gathered;
    const Status status =
        client->send(chat_to(server.origin()).request(), gathered.options(), operation);
    EXPECT_EQ(code_of(status), Code::transport);
    EXPECT_TRUE(status.error().retryable);
    EXPECT_EQ(gathered.body, "{\"id\":");
    EXPECT_EQ(response.attempts(), 1U);
    EXPECT_EQ(response.http_status(), 200);
    EXPECT_EQ(response.answer().outcome, Outcome::incomplete);
  }
  {
    const Script server({broken, good});
    SendOptions options;
    options.on_head = [](const Response&) { return Status(); };
    const Status status = client->send(chat_to(server.origin()).request(), options, operation);
    EXPECT_EQ(code_of(status), Code::transport);
    EXPECT_EQ(response.attempts(), 1U);
  }
  {
    const Script server({broken, good});  // the body broke off before any of it was handed on
    Gathered gathered;
    const Status status =
        client->send(chat_to(server.origin()).request(), gathered.options(), operation);
    EXPECT_TRUE(status.ok()) << message_of(status);
    EXPECT_EQ(gathered.body, chat_answer);
    EXPECT_EQ(response.attempts(), 2U);
  }
}

TEST(SendAgain, HowOftenIsAnOptionOrTheCalls) {
  const Script server({json_answer(503, "", at_once)});
  const auto client = sender({{"max_attempts", "5"}});
  Operation operation = client->operation();
  const Response& response = operation.response();
  SendOptions options;
  EXPECT_EQ(code_of(client->send(chat_to(server.origin()).request(), options, operation)),
            Code::service);
  EXPECT_EQ(response.attempts(), 5U);
  options.max_attempts = 2;
  EXPECT_EQ(code_of(client->send(chat_to(server.origin()).request(), options, operation)),
            Code::service);
  EXPECT_EQ(response.attempts(), 2U);
}

// A pause that would outlast the deadline is not begun; the answer that asked for it is the result.
TEST(SendAgain, NotAfterTheDeadline) {
  const Script server({json_answer(429, R"({"error":{"code":"slow"}})", "Retry-After: 60\r\n")});
  const auto client = sender({{"timeout_ms", "20000"}});
  Operation operation = client->operation();
  const Response& response = operation.response();
  SendOptions options;
  for (const milliseconds timeout : {milliseconds(0), milliseconds(5000)}) {
    options.timeout = timeout;
    const Stopwatch watch;
    const Status status = client->send(chat_to(server.origin()).request(), options, operation);
    EXPECT_EQ(code_of(status), Code::throttled);
    EXPECT_EQ(response.http_status(), 429);
    EXPECT_EQ(response.attempts(), 1U);
    EXPECT_LT(watch.elapsed(), promptly);
  }
}

TEST(SendAgain, IsLogged) {
  const Script server({json_answer(503, "", at_once), good});
  std::vector<std::string> lines;
  ClientConfig config = config_of({{"project", "proj_a"}});
  config.log = [&](LogLevel level, std::string_view line) {
    EXPECT_EQ(level, LogLevel::debug);
    lines.emplace_back(line);
  };
  const auto client = Client::create(std::move(config)).value();
  Operation operation = client->operation();
  const Post post = chat_to(server.origin(), "/v1/chat/completions?CANARY");
  ASSERT_TRUE(client->send(post.request(), {}, operation).ok());
  EXPECT_EQ(lines, std::vector<std::string>{"POST " + server.origin() +
                                            "/v1/chat/completions: status 503; attempt 2 begins in "
                                            "0 ms"});
}

// Dates are read by the clock of the server that wrote them.
TEST(SendAgain, ADateIsTakenFromTheServersOwn) {
  const Script server({json_answer(503, "",
                                   "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                   "Retry-After: Sun, 06 Nov 1994 08:49:38 GMT\r\n"),
                       good});
  const auto client = sender();
  Operation operation = client->operation();
  const Stopwatch watch;
  EXPECT_TRUE(client->send(chat_to(server.origin()).request(), {}, operation).ok());
  EXPECT_GE(watch.elapsed(), milliseconds(990));
}

CredentialsProviderPtr keys_numbered(std::atomic<int>& fetched) {
  return callback_credentials([&fetched] {
    Credentials::Fields fields;
    fields.access_key_id = "AKID" + std::to_string(++fetched);
    fields.secret_access_key = secret_key;
    fields.session_token = "token";
    fields.expires_at = test_time + 3600;
    return Credentials::create(std::move(fields));
  });
}

const std::string expired = answer_of(
    403, R"({"__type":"ExpiredTokenException","message":"The security token has expired"})",
    "Content-Type: application/json\r\nx-amzn-errortype: ExpiredTokenException\r\n");

TEST(SendAgain, OnceAtOnceWithNewCredentials) {
  for (const bool is_cured : {true, false}) {
    const Script server({expired, is_cured ? good : expired});
    std::atomic<int> fetched{0};
    ClientConfig config = config_of({{"project", "proj_a"},
                                     {"auth", "sigv4"},
                                     {"region", "us-east-1"},
                                     {"service", "bedrock"},
                                     {"base_url", server.origin()}});
    config.credentials = keys_numbered(fetched);
    const auto client = Client::create(std::move(config)).value();
    Operation operation = client->operation();
    const Response& response = operation.response();
    const Stopwatch watch;
    const Status status = client->send(chat_to(server.origin()).request(), {}, operation);
    EXPECT_EQ(code_of(status), is_cured ? Code::ok : Code::service) << message_of(status);
    EXPECT_EQ(response.attempts(), 2U);
    EXPECT_LT(watch.elapsed(), promptly);
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 2U);
    EXPECT_NE(requests[0].find("Credential=AKID1/"), std::string::npos);
    EXPECT_NE(requests[1].find("Credential=AKID2/"), std::string::npos);
  }
}

TEST(SendAgain, NotWithTheTokenThatWasRefused) {
  for (const bool has_another : {true, false}) {
    const Script server({expired, good});
    std::atomic<int> asked{0};
    ClientConfig config =
        config_of({{"project", "proj_a"}, {"auth", "bearer"}, {"base_url", server.origin()}});
    config.bearer_token = [&]() -> Result<std::string> {
      return "token-" + std::to_string(has_another ? ++asked : 1);
    };
    const auto client = Client::create(std::move(config)).value();
    Operation operation = client->operation();
    const Response& response = operation.response();
    const Status status = client->send(chat_to(server.origin()).request(), {}, operation);
    EXPECT_EQ(code_of(status), has_another ? Code::ok : Code::service) << message_of(status);
    EXPECT_EQ(response.http_status(), has_another ? 200 : 403);
    EXPECT_EQ(response.attempts(), has_another ? 2U : 1U);
    EXPECT_EQ(server.requests().size(), has_another ? 2U : 1U);
  }
}

TEST(SendAgain, EachAttemptIsSignedAnew) {
  const Script server({json_answer(503, "", at_once), good});
  UnixSeconds now = test_time;
  ClientConfig config = config_of(with_keys({{"project", "proj_a"},
                                             {"auth", "sigv4"},
                                             {"region", "us-east-1"},
                                             {"service", "bedrock"},
                                             {"base_url", server.origin()}}));
  config.clock = [&now] { return now++; };
  const auto client = Client::create(std::move(config)).value();
  Operation operation = client->operation();
  ASSERT_TRUE(client->send(chat_to(server.origin()).request(), {}, operation).ok());
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_NE(requests[0], requests[1]);
  for (const auto& request : requests) {
    EXPECT_NE(request.find("AWS4-HMAC-SHA256 Credential="), std::string::npos);
  }
}

TEST(SendAgain, NamesAClockThatIsMoreThanADayOff) {
  for (const bool far_off : {true, false}) {
    Loopback server(
        keep_answering(json_answer(403, R"({"__type":"SignatureDoesNotMatch","message":"no"})",
                                   far_off ? "Date: Thu, 02 Jan 2098 03:04:50 GMT\r\n" : "")));
    const auto client = sender(with_keys({{"auth", "sigv4"},
                                          {"region", "us-east-1"},
                                          {"service", "bedrock"},
                                          {"base_url", server.origin()}}));
    Operation operation = client->operation();
    const Status status = client->send(chat_to(server.origin()).request(), {}, operation);
    EXPECT_EQ(code_of(status), Code::service);
    EXPECT_EQ(message_of(status).find("the service's 2098-01-02T03:04:50Z: set the local clock") !=
                  std::string::npos,
              far_off)
        << message_of(status);
  }
}

}  // namespace
}  // namespace costmark::testing
