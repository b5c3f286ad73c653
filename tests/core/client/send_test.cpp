// What `send` sends, what it brings back, and what it counts.
#include <array>
#include <mutex>
#include <span>

#include "core/client/send_fixture.hpp"

namespace costmark::testing {
namespace {

TEST(Send, GathersAnAnswerAndCountsIt) {
  const Loopback server(keep_answering(json_answer(200, chat_answer, "x-request-id: req_1\r\n")));
  const auto client = sender();
  const Post post = chat_to(server.origin());
  Operation operation = client->operation();
  const Response& response = operation.response();
  for (int i = 0; i < 3; ++i) {
    const Status status = client->send(post.request(), {}, operation);
    ASSERT_TRUE(status.ok()) << status.error().message;
    EXPECT_EQ(response.http_status(), 200);
    EXPECT_EQ(response.body(), chat_answer);
    EXPECT_EQ(response.header("content-type"), "application/json");
    EXPECT_EQ(response.header("none"), "");
    EXPECT_EQ(response.headers().size(), 3U);
    EXPECT_EQ(response.request_id(), "req_1");
    EXPECT_EQ(response.attempts(), 1U);
    EXPECT_EQ(response.answer().outcome, Outcome::ok);
    EXPECT_EQ(response.answer().response_id, "chatcmpl-1");
    EXPECT_EQ(response.answer().usage.input_tokens, 10U);
    EXPECT_EQ(response.prepared().project(), "proj_a");
  }
  EXPECT_EQ(server.connections(), 1U);
  const UsageTotals totals = client->usage().at("proj_a");
  EXPECT_EQ(totals.operations, 3U);
  EXPECT_EQ(totals.attempts, 3U);
  EXPECT_EQ(totals.input_tokens, 30U);
}

TEST(Send, StreamsToTheHandlersAsItComes) {
  std::atomic<bool> has_first{false};
  const Loopback server([&](Peer& peer) {
    peer.read_request();
    peer.write(event_head);
    peer.write(first_event);
    while (!has_first) std::this_thread::yield();
    peer.write(last_events);
  });
  const auto client = sender();
  Operation operation = client->operation();
  const Response& response = operation.response();
  Gathered gathered;
  int heads = 0;
  SendOptions options = gathered.options();
  options.on_head = [&](const Response& head) -> Status {
    ++heads;
    EXPECT_EQ(head.http_status(), 200);
    EXPECT_EQ(head.header("Content-Type"), "text/event-stream");
    EXPECT_EQ(head.attempts(), 1U);
    EXPECT_EQ(gathered.pieces, 0U);
    return {};
  };
  options.on_body = [&, inner = options.on_body](std::string_view piece) -> Status {
    has_first = true;
    return inner(piece);
  };
  const Status status = client->send(chat_to(server.origin()).request(), options, operation);
  ASSERT_TRUE(status.ok()) << status.error().message;
  EXPECT_EQ(heads, 1);
  EXPECT_EQ(gathered.body, std::string(first_event) + std::string(last_events));
  EXPECT_EQ(response.body(), "");
  EXPECT_EQ(response.answer().outcome, Outcome::ok);
  EXPECT_EQ(response.answer().usage.output_tokens, 5U);
}

TEST(Send, HidesTheUsageChunkThatNobodyAskedFor) {
  const std::string chunk =
      "data: {\"id\":\"chatcmpl-1\",\"choices\":[],\"usage\":{\"prompt_tokens\":7,"
      "\"completion_tokens\":1}}\n\n";
  Loopback server([&](Peer& peer) {
    server.note(peer.read_request());
    peer.write(std::string(event_head) + std::string(first_event) + chunk + "data: [DONE]\n\n");
  });
  const auto client = sender();
  Post post = chat_to(server.origin());
  post.body = R"({"model":"m","stream":true})";
  Operation operation = client->operation();
  const Response& response = operation.response();
  Gathered gathered;
  ASSERT_TRUE(client->send(post.request(), gathered.options(), operation).ok());
  EXPECT_EQ(gathered.body, std::string(first_event) + "data: [DONE]\n\n");
  EXPECT_EQ(response.answer().usage.input_tokens, 7U);
  EXPECT_NE(server.requests().at(0).find("include_usage"), std::string::npos);
  ASSERT_TRUE(client->send(post.request(), {}, operation).ok());
  EXPECT_EQ(response.body(), std::string(first_event) + "data: [DONE]\n\n");
}

// The bytes on the wire: the caller's, the project, and what HTTP needs.
TEST(Send, SendsWhatItIsGivenAndLittleElse) {
  Loopback server([&](Peer& peer) {
    while (server.note(peer.read_request())) peer.write(answer_of(200, ""));
  });
  const std::string host = "Host: " + server.origin().substr(7) + "\r\n";
  const auto client = sender({{"carrier", "header"}, {"conflict", "override"}});
  Operation operation = client->operation();
  Post post = chat_to(server.origin(), "/v1/a/../chat/completions?q=%20#fragment");
  post.headers = {{"content-type", "application/json"}, {"Content-Length", "9999"},
                  {"Transfer-Encoding", "chunked"},     {"OpenAI-Project", "proj_other"},
                  {"Idempotency-Key", "key-1"},         {"X-Empty", ""}};
  post.scope = "proj_scope";
  Status status = client->send(post.request(), {}, operation);
  ASSERT_TRUE(status.ok()) << status.error().message;
  post.headers = {{"user-agent", "mine"}, {"accept", "text/plain"}, {"Host", "other.example"}};
  post.scope = {};
  status = client->send(post.request(), {}, operation);
  ASSERT_TRUE(status.ok()) << status.error().message;

  const auto seen = server.requests();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0], "POST /v1/a/../chat/completions?q=%20 HTTP/1.1\r\n" + host +
                         "User-Agent: costmark/" COSTMARK_VERSION
                         "\r\ncontent-type: application/json\r\nIdempotency-Key: key-1\r\n"
                         "X-Empty:\r\nOpenAI-Project: proj_scope\r\nContent-Length: 13\r\n\r\n"
                         R"({"model":"m"})");
  EXPECT_EQ(seen[1],
            "POST /v1/a/../chat/completions?q=%20 HTTP/1.1\r\nHost: other.example\r\n"
            "user-agent: mine\r\naccept: text/plain\r\nOpenAI-Project: proj_a\r\n"
            "Content-Length: 13\r\n\r\n"
            R"({"model":"m"})");
}

TEST(Send, EveryMethodAndSizeOverOneConnection) {
  Loopback server([&](Peer& peer) {
    while (server.note(peer.read_request())) {
      const bool is_head = server.requests().back().starts_with("HEAD");
      peer.write(is_head ? "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" : answer_of(200, "x"));
    }
  });
  const auto client = sender();
  const std::string url = server.url("/v1/models");
  const std::string large(3U << 20U, 'x');  // libcurl asks "Expect: 100-continue" from 1 MiB on
  Operation operation = client->operation();
  const Response& response = operation.response();
  std::vector<std::string> lines;
  for (const std::string_view method : {"GET", "POST", "HEAD", "DELETE", "GET", "PUT", "PATCH"}) {
    for (const std::string_view body : {std::string_view(), std::string_view(large)}) {
      if (method == "HEAD" && !body.empty()) continue;
      const Request request{method, url, {}, body, {}, {}};
      const Status status = client->send(request, {}, operation);
      ASSERT_TRUE(status.ok()) << method << ": " << status.error().message;
      EXPECT_EQ(response.body(), method == "HEAD" ? "" : "x");
      const std::string seen = server.requests().back();
      EXPECT_TRUE(seen.starts_with(std::string(method) + " /v1/models HTTP/1.1\r\n")) << method;
      EXPECT_EQ(seen.find("Expect"), std::string::npos);
      EXPECT_EQ(seen.ends_with(large), !body.empty());
      const bool says_length = seen.find("Content-Length") != std::string::npos;
      EXPECT_EQ(says_length, !body.empty() || (method != "GET" && method != "HEAD")) << method;
    }
  }
  EXPECT_EQ(server.connections(), 1U);
}

TEST(Send, AnErrorOfTheServiceIsReported) {
  struct Case {
    int status;
    const char* more;
    const char* body;
    Code code;
    bool retryable;
    const char* says;
  };
  const Case cases[] = {
      {404, "x-request-id: r-1\r\n", R"({"error":{"code":"model_not_found","message":"CANARY"}})",
       Code::service, false, "status 404 (model_not_found), request r-1"},
      {400, "x-amzn-RequestId: a-1\r\nx-request-id: r-1\r\n", R"({"error":{"code":"CA NARY"}})",
       Code::service, false, "status 400, request a-1"},
      {403, "x-amzn-ErrorType: com.amazon#AccessDeniedException:http://CANARY\r\n", "CANARY",
       Code::service, false,
       "status 403 (AccessDeniedException); the request carried no authorization: set option "
       "'auth' "
       "to sigv4 or bearer"},
      {401, "request-id: CAN ARY\r\n",
       R"({"type":"error","error":{"type":"authentication_error"}})", Code::service, false,
       "status 401 (authentication_error); the request carried no authorization: set option 'auth' "
       "to sigv4 or bearer"},
      {302, "Location: http://127.0.0.1:1/CANARY\r\n", "", Code::service, false, "status 302"},
      {304, "", "", Code::service, false, "status 304"},
      {429, "", R"({"__type":"ThrottlingException"})", Code::throttled, true,
       "status 429 (ThrottlingException)"},
      {503, "", "<html>CANARY</html>", Code::service, true, "status 503"},
  };
  for (const Case& each : cases) {
    const std::string answer = each.status == 304 ? "HTTP/1.1 304 Not Modified\r\n\r\n"
                                                  : answer_of(each.status, each.body, each.more);
    const Loopback server(keep_answering(answer));
    const auto client = sender({{"max_attempts", "1"}});
    Operation operation = client->operation();
    const Response& response = operation.response();
    Gathered gathered;
    SendOptions options = gathered.options();
    options.on_head = [](const Response&) -> Status {
      ADD_FAILURE() << "the head of an error";
      return {};
    };
    const Post post = chat_to(server.origin(), "/v1/chat/completions?key=CANARY");
    const Status status = client->send(post.request(), options, operation);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, each.code) << each.status;
    EXPECT_EQ(status.error().http_status, each.status);
    EXPECT_EQ(status.error().request_id, response.request_id());
    EXPECT_EQ(status.error().retryable, each.retryable);
    EXPECT_EQ(status.error().message,
              "POST " + server.url("/v1/chat/completions") + ": " + each.says);
    EXPECT_EQ(response.http_status(), each.status);
    EXPECT_EQ(response.body(), each.body);
    EXPECT_EQ(response.attempts(), 1U);
    EXPECT_EQ(gathered.pieces, 0U);
    EXPECT_EQ(server.connections(), 1U);
  }
}

TEST(Send, WhoWasAuthorizedIsToldNothingOfIt) {
  const Loopback server(keep_answering(answer_of(401, "")));
  const std::string refused = "POST " + server.url("/v1/chat/completions") + ": status 401";
  const auto message = [&server](OptionValues options, std::span<const Header> headers) {
    const auto client = sender(std::move(options));
    const Post post = chat_to(server.origin());
    Request request = post.request();
    if (!headers.empty()) request.headers = headers;
    Operation operation = client->operation();
    return message_of(client->send(request, {}, operation));
  };
  const std::array own{Header{"authorization", "Bearer of-the-gateway"}};
  EXPECT_EQ(message({}, own), refused);
  const std::array key{Header{"X-Api-Key", "of-the-gateway"}};
  EXPECT_EQ(message({}, key), refused);
  EXPECT_EQ(message({{"auth", "bearer"}, {"bearer_token", "t"}, {"base_url", server.origin()}}, {}),
            refused);
  EXPECT_NE(message({}, {}), refused);
}

TEST(Send, AHintIsPartOfTheError) {
  const Loopback server(keep_answering(answer_of(404, "")));
  const auto client = sender({{"endpoint", "mantle"}, {"base_url", server.origin()}});
  Post post{server.url("/v1/chat/completions"), R"({"model":"openai.gpt-5.4"})"};
  Operation operation = client->operation();
  const Response& response = operation.response();
  const Status status = client->send(post.request(), {}, operation);
  ASSERT_FALSE(status.ok());
  ASSERT_FALSE(response.prepared().hint().empty());
  EXPECT_TRUE(
      status.error().message.ends_with("status 404; " + std::string(response.prepared().hint())))
      << status.error().message;
}

TEST(Send, OfALongErrorTheBeginningIsKept) {
  const Loopback server([](Peer& peer) {
    peer.read_request();
    peer.write("HTTP/1.1 400 Bad\r\n\r\n");
    const std::string piece(1U << 16U, 'e');
    while (peer.write(piece)) continue;
  });
  const auto client = sender();
  Operation operation = client->operation();
  const Response& response = operation.response();
  const Status status = client->send(chat_to(server.origin()).request(), {}, operation);
  EXPECT_EQ(code_of(status), Code::service);
  EXPECT_EQ(response.body().size(), largest_error_body);
  EXPECT_EQ(response.answer().outcome, Outcome::error);
}

TEST(Send, RefusesWhatItCannotSend) {
  Loopback server(answer_of(200, ""));
  const auto client = sender();
  Operation operation = client->operation();
  const Response& response = operation.response();
  const auto code_with = [&](const Post& post, const SendOptions& options = {}) {
    const Status status = client->send(post.request(), options, operation);
    EXPECT_EQ(message_of(status).find("CANARY"), std::string::npos) << message_of(status);
    EXPECT_EQ(response.http_status(), 0);
    return code_of(status);
  };
  EXPECT_EQ(code_with(chat_to("ftp://CANARY")), Code::invalid_url);
  EXPECT_EQ(code_with(chat_to("http://a:CANARY@h")), Code::invalid_url);
  Post post = chat_to(server.origin());
  post.headers = {{"X", "CANARY\r\nY: z"}};
  EXPECT_EQ(code_with(post), Code::invalid_argument);
  post.headers = {{"X Y", "CANARY"}};
  EXPECT_EQ(code_with(post), Code::invalid_argument);
  post = chat_to(server.origin());
  post.project = "no project at all";
  EXPECT_EQ(code_with(post), Code::invalid_project);
  EXPECT_EQ(response.attempts(), 0U);

  SendOptions options;
  options.timeout = milliseconds(-1);
  EXPECT_EQ(code_with(chat_to(server.origin()), options), Code::invalid_argument);
  options.timeout = std::chrono::hours(25);
  EXPECT_EQ(code_with(chat_to(server.origin()), options), Code::invalid_argument);
  options.timeout = {};
  options.max_attempts = most_attempts + 1;
  EXPECT_EQ(code_with(chat_to(server.origin()), options), Code::invalid_argument);
  EXPECT_TRUE(server.requests().empty());
}

TEST(Send, AHandlersErrorStopsIt) {
  const Loopback server([](Peer& peer) {
    while (!peer.read_request().empty()) {
      peer.write(std::string(event_head) + std::string(first_event));
      peer.linger();
    }
  });
  const auto client = sender();
  Operation operation = client->operation();
  const Response& response = operation.response();
  int bodies = 0;
  SendOptions options;
  options.on_body = [&](std::string_view) -> Status {
    ++bodies;
    Error error{Code::stopped_by_callback, "enough"};
    error.retryable = true;  // as far as the handler is concerned
    return error;
  };
  Status status = client->send(chat_to(server.origin()).request(), options, operation);
  EXPECT_EQ(code_of(status), Code::stopped_by_callback);
  EXPECT_EQ(message_of(status), "enough");
  EXPECT_EQ(bodies, 1);
  EXPECT_EQ(response.attempts(), 1U);
  EXPECT_EQ(response.http_status(), 200);
  EXPECT_EQ(response.answer().outcome, Outcome::cancelled);

  options.on_head = [](const Response&) -> Status { return {Code::internal, "not this one"}; };
  status = client->send(chat_to(server.origin()).request(), options, operation);
  EXPECT_EQ(message_of(status), "not this one");
  EXPECT_EQ(bodies, 1);
  const UsageTotals totals = client->usage().at("proj_a");
  EXPECT_EQ(totals.operations, 2U);
  EXPECT_EQ(totals.incomplete_attempts, 2U);
}

TEST(Send, AHandlersExceptionComesThrough) {
  const Loopback server([](Peer& peer) {
    peer.read_request();
    peer.write(std::string(event_head) + std::string(first_event));
    peer.linger();
  });
  const Loopback good(keep_answering(json_answer(200, chat_answer)));
  const auto client = sender();
  Operation operation = client->operation();
  struct Mine {};
  SendOptions options;
  options.on_body = [](std::string_view) -> Status { throw Mine(); };
  EXPECT_THROW(
      static_cast<void>(client->send(chat_to(server.origin()).request(), options, operation)),
      Mine);
  options.on_head = [](const Response&) -> Status { throw Mine(); };
  EXPECT_THROW(
      static_cast<void>(client->send(chat_to(server.origin()).request(), options, operation)),
      Mine);
  const UsageTotals totals = client->usage().at("proj_a");
  EXPECT_EQ(totals.operations, 2U);
  EXPECT_EQ(totals.incomplete_attempts, 2U);
  EXPECT_TRUE(client->send(chat_to(good.origin()).request(), {}, operation).ok());
}

TEST(Send, AHandlerMaySendAsWell) {
  const Loopback server(keep_answering(json_answer(200, chat_answer)));
  const auto client = sender();
  Operation outer = client->operation();
  Operation inner = client->operation();
  SendOptions options;
  options.on_body = [&](std::string_view) {
    return client->send(chat_to(server.origin()).request(), {}, inner);
  };
  const Status status = client->send(chat_to(server.origin()).request(), options, outer);
  ASSERT_TRUE(status.ok()) << status.error().message;
  EXPECT_EQ(inner.response().body(), chat_answer);
  EXPECT_EQ(server.connections(), 2U);
}

TEST(Send, InvalidEventsPassThrough) {
  std::string stream = "data: {not json}\n\n\xff\xfe\0:::\r\r\n\ndata\n\ndata: [DONE]\n\n";
  stream[18] = '\0';
  const Loopback server(std::string(event_head) + stream);
  const auto client = sender();
  Operation operation = client->operation();
  const Response& response = operation.response();
  Gathered gathered;
  const Status status =
      client->send(chat_to(server.origin()).request(), gathered.options(), operation);
  EXPECT_TRUE(status.ok()) << message_of(status);
  EXPECT_EQ(gathered.body, stream);
  EXPECT_NE(response.answer().outcome, Outcome::ok);
}

TEST(Send, TellsOfTheUsage) {
  const Loopback server([](Peer& peer) {
    peer.read_request();
    peer.write(json_answer(503, "", "Retry-After: 0\r\n"));
    peer.read_request();
    peer.write(json_answer(200, chat_answer));
  });
  std::vector<std::string> told;
  ClientConfig config = config_of({{"project", "proj_a"}});
  config.on_usage = [&](const AttemptReport& event) {
    told.push_back(std::string(event.project) + " " + std::string(to_string(event.api)) + " " +
                   std::to_string(event.attempt) + " " + std::to_string(event.http_status) + " " +
                   std::string(to_string(event.answer.outcome)) + " " +
                   std::to_string(event.answer.usage.input_tokens.value_or(0)));
  };
  const auto client = Client::create(std::move(config)).value();
  Operation operation = client->operation();
  ASSERT_TRUE(client->send(chat_to(server.origin()).request(), {}, operation).ok());
  EXPECT_EQ(told, (std::vector<std::string>{"proj_a chat_completions 1 503 error 0",
                                            "proj_a chat_completions 2 200 ok 10"}));
}

// 204 of them have no body; what was in a response before is gone.
TEST(Send, AResponseIsFilledAnew) {
  const Loopback server([](Peer& peer) {
    peer.read_request();
    peer.write(json_answer(200, chat_answer, "X-Old: 1\r\n"));
    peer.read_request();
    peer.write("HTTP/1.1 204 No Content\r\n\r\n");
    peer.read_request();
  });
  const auto client = sender({{"max_attempts", "1"}});
  const Post post = chat_to(server.origin());
  Operation operation = client->operation();
  const Response& response = operation.response();
  ASSERT_TRUE(client->send(post.request(), {}, operation).ok());
  ASSERT_TRUE(client->send(post.request(), {}, operation).ok());
  EXPECT_EQ(response.http_status(), 204);
  EXPECT_TRUE(response.headers().empty());
  EXPECT_EQ(response.body(), "");
  EXPECT_EQ(response.answer().response_id, "");
  EXPECT_EQ(code_of(client->send(chat_to("http://127.0.0.1:1").request(), {}, operation)),
            Code::transport);
  EXPECT_EQ(response.http_status(), 0);
  EXPECT_EQ(response.attempts(), 1U);
  EXPECT_EQ(response.answer().outcome, Outcome::error);
  const Operation moved = std::move(operation);
  EXPECT_EQ(moved.attempts(), 1U);
}

}  // namespace
}  // namespace costmark::testing
