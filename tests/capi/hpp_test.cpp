// costmark.hpp, from outside: what it promises beyond costmark.h, and that all of costmark.h is
// there.
#include <costmark/costmark.hpp>

#include "hpp_without_exceptions.hpp"
#include "net/loopback.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <vector>

namespace cm = costmark::c;
using costmark::net::answer_of;
using costmark::net::Loopback;
using costmark::net::Peer;
using namespace std::chrono_literals;
using namespace std::string_view_literals;

namespace {

constexpr std::string_view mantle = "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions";
constexpr std::string_view chat = R"({"model":"openai.gpt-oss-20b","messages":[]})";
constexpr std::string_view answer =
    R"({"id":"chatcmpl-1","object":"chat.completion","model":"m","usage":)"
    R"({"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}})";

struct Custom : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Hpp : public testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(cm::live_handles(), 0U); }

  static cm::Config config() {
    return cm::Config{{"project", "proj_abc123"},
                      {"region", "us-east-1"},
                      {"access_key_id", "AKIDEXAMPLE"},
                      {"secret_access_key", "not-a-real-secret"}};
  }
  // Of a client that sends to `origin` and does not try twice.
  static cm::Config sending_to(std::string_view origin) {
    cm::Config sending{{"project", "proj_abc123"}, {"max_attempts", "1"}};
    sending.set("base_url", origin);
    return sending;
  }
  static cm::Request request(std::string_view url = mantle) {
    cm::Request made;
    made.url = url;
    made.body = chat;
    return made;
  }
};

// The Error that a call throws; COSTMARK_OK without one.
template <class Call>
cm::Error error_of(Call&& call) {
  try {
    call();
  } catch (const cm::Error& error) {
    return error;
  }
  return {};
}

// --- Handles and errors -------------------------------------------------------------------------

static_assert(!std::is_copy_constructible_v<cm::Client>);
static_assert(std::is_nothrow_move_constructible_v<cm::Client>);
static_assert(std::is_nothrow_move_assignable_v<cm::Response>);
static_assert(std::is_nothrow_copy_constructible_v<cm::Error>);
static_assert(std::is_base_of_v<std::exception, cm::Error>);
static_assert(sizeof(cm::Client) == sizeof(void*));

TEST_F(Hpp, SaysItsVersion) {
  EXPECT_EQ(cm::version_number(), COSTMARK_VERSION_NUMBER);
  EXPECT_EQ(cm::abi_version(), COSTMARK_ABI_VERSION);
  EXPECT_EQ(std::string(cm::version()).substr(0, 2), "0.");
  EXPECT_TRUE(cm::has_feature("prepare"));
  EXPECT_FALSE(cm::has_feature("tea"));
  EXPECT_EQ(cm::status_name(COSTMARK_INVALID_JSON), "invalid_json"sv);
  EXPECT_EQ(cm::project_source_name(COSTMARK_SOURCE_SCOPE), "scope"sv);
  EXPECT_EQ(cm::api_name(COSTMARK_API_RESPONSES), "responses"sv);
  EXPECT_EQ(cm::outcome_name(COSTMARK_OUTCOME_OK), "ok"sv);
  EXPECT_EQ(cm::verdict_name(COSTMARK_VERDICT_HONOURED), "honoured"sv);
}

TEST_F(Hpp, MovesHandlesAndEndsThemOnce) {
  cm::Prepared first;
  costmark_prepared* raw = first.get();
  cm::Prepared second = std::move(first);
  EXPECT_EQ(second.get(), raw);
  EXPECT_FALSE(first);
  EXPECT_EQ(first.project(), "");
  EXPECT_TRUE(first.headers_to_set().empty());
  const cm::Client client(config());
  EXPECT_EQ(error_of([&] { client.prepare(request(), first); }).status(),
            COSTMARK_INVALID_ARGUMENT);
  EXPECT_EQ(cm::live_handles(), 2U);
  costmark_prepared_free(second.release());
  EXPECT_EQ(cm::live_handles(), 1U);
}

TEST_F(Hpp, SharesWhatIsShared) {
  cm::Prepared prepared;
  {
    std::optional<cm::Client> first(cm::Client::make(config()));
    const cm::Client second = first->share();
    first.reset();
    second.prepare(request(), prepared);
  }
  EXPECT_EQ(prepared.project(), "proj_abc123");
}

TEST_F(Hpp, ThrowsWhatTheLibrarySays) {
  cm::Config changed = config();
  const cm::Error error = error_of([&] { changed.set("conflict", "perhaps"); });
  EXPECT_EQ(error.status(), COSTMARK_INVALID_OPTION);
  EXPECT_EQ(error.status_name(), "invalid_option"sv);
  EXPECT_NE(error.message().find("conflict"), std::string_view::npos);
  EXPECT_EQ(error.what(), error.message());
  EXPECT_FALSE(error.offset());
  EXPECT_FALSE(error.retryable());
  EXPECT_EQ(error.http_status(), 0);
  EXPECT_EQ(error.request_id(), "");

  const cm::Error at =
      error_of([] { cm::json_set(R"({"a": nul})", "b", "1", COSTMARK_JSON_STRICT); });
  EXPECT_EQ(at.status(), COSTMARK_INVALID_JSON);
  EXPECT_TRUE(at.offset());
}

TEST_F(Hpp, CopiesOfAnErrorOutliveIt) {
  std::vector<cm::Error> copies;
  {
    const cm::Error error = error_of([] { cm::Config{{"no_such_option", "1"}}; });
    copies.assign(100, error);
  }
  EXPECT_EQ(cm::live_handles(), 1U);
  std::thread other([moved = std::move(copies)]() mutable {
    EXPECT_EQ(moved.back().status(), COSTMARK_INVALID_OPTION);
    moved.erase(moved.begin() + 1, moved.end());
    moved[0] = cm::Error(COSTMARK_CANCELLED);
    EXPECT_EQ(moved[0].message(), "cancelled");
  });
  other.join();
}

TEST_F(Hpp, ListsTheOptions) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < cm::option_count(); ++i) names.insert(cm::option(i).name);
  EXPECT_EQ(names.count("region"), 1U);
  EXPECT_EQ(names.size(), cm::option_count());
  EXPECT_EQ(error_of([] { cm::option(cm::option_count()); }).status(), COSTMARK_INVALID_ARGUMENT);
}

// --- Prepare and observe ------------------------------------------------------------------------

TEST_F(Hpp, PreparesARequest) {
  const cm::Client client(config());
  const cm::Headers headers{{"Content-Type", "application/json"}, {"X-Amz-Date", "old"}};
  cm::Request wanted = request();
  wanted.headers = headers;
  wanted.scope = "proj_scope";
  cm::Prepared prepared;
  client.check(wanted, prepared);
  client.prepare(wanted, prepared);

  EXPECT_EQ(prepared.project(), "proj_scope");
  EXPECT_EQ(prepared.project_source(), COSTMARK_SOURCE_SCOPE);
  EXPECT_EQ(prepared.api(), COSTMARK_API_CHAT_COMPLETIONS);
  EXPECT_EQ(prepared.body(), chat);
  EXPECT_FALSE(prepared.body_changed());
  EXPECT_FALSE(prepared.streamed());
  EXPECT_FALSE(prepared.hides_usage_chunk());
  EXPECT_TRUE(prepared.authorized());
  EXPECT_EQ(prepared.url(), "");
  EXPECT_EQ(prepared.hint(), "");

  const cm::HeaderView set = prepared.headers_to_set();
  EXPECT_EQ(set.find("OPENAI-PROJECT"), "proj_scope");
  EXPECT_EQ(set.find("none"), std::nullopt);
  EXPECT_EQ(set.end() - set.begin(), static_cast<std::ptrdiff_t>(set.size()));
  EXPECT_EQ(set[0].name, (*set.begin()).name);
  EXPECT_EQ(set.begin()[1].name, (*(set.begin() + 1)).name);
  std::vector<std::string> removed;
  for (const std::string_view name : prepared.headers_to_remove()) removed.emplace_back(name);
  EXPECT_EQ(prepared.headers_to_remove().size(), removed.size());

  prepared.clear();
  EXPECT_EQ(prepared.project(), "");
}

TEST_F(Hpp, ObservesAnAnswer) {
  std::vector<std::string> told;
  cm::Config telling = config();
  telling.on_usage([&told](const cm::UsageEvent& event) {
    told.push_back(std::string(event.project) + " " + std::to_string(event.usage.output_tokens) +
                   " " + std::to_string(event.http_status) + " " + cm::outcome_name(event.outcome) +
                   " " + std::to_string(event.attempt) + " " + std::string(event.response_id));
  });
  const cm::Client client(telling);
  cm::Prepared prepared;
  client.prepare(request(), prepared);
  cm::Observation observation(client, prepared);
  cm::AnswerHead head;
  head.http_status = 200;
  head.content_type = "application/json";
  observation.head(head);
  std::string read;
  for (const char piece : answer) read += observation.feed({&piece, 1});
  read += observation.finish();
  EXPECT_EQ(read, answer);
  EXPECT_EQ(observation.usage().input_tokens, 7U);
  EXPECT_EQ(observation.outcome(), COSTMARK_OUTCOME_OK);
  EXPECT_EQ(observation.response_id(), "chatcmpl-1");
  EXPECT_EQ(observation.model(), "m");
  EXPECT_EQ(observation.service_tier(), "");
  EXPECT_FALSE(observation.retry_advised());
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0], "proj_abc123 3 200 ok 1 chatcmpl-1");

  const cm::UsageReport report = client.usage();
  ASSERT_EQ(report.size(), 1U);
  EXPECT_EQ(report.project(0), "proj_abc123");
  EXPECT_EQ(report.totals(0).output_tokens, 3U);
  EXPECT_THROW(report.totals(1), cm::Error);

  cm::Observation second(client, prepared, 2);
  EXPECT_EQ(second.fail(COSTMARK_OUTCOME_CANCELLED), "");
  EXPECT_THROW(second.fail(COSTMARK_OUTCOME_OK), cm::Error);
}

TEST_F(Hpp, ADestructorThrowsNothing) {
  cm::Config telling = config();
  int told = 0;
  telling.on_usage([&told](const cm::UsageEvent&) {
    ++told;
    throw Custom("out of a usage lambda");
  });
  const cm::Client client(telling);
  cm::Prepared prepared;
  client.prepare(request(), prepared);
  {
    cm::Observation given_up(client, prepared);
  }
  EXPECT_EQ(told, 1);
  // The next call knows nothing of it.
  client.prepare(request(), prepared);
}

// --- Callbacks ----------------------------------------------------------------------------------

TEST_F(Hpp, AsksALambdaForCredentials) {
  cm::Config asking{{"project", "proj_abc123"}, {"region", "us-east-1"}};
  asking.on_credentials([](cm::CredentialsSink& sink) {
    cm::Credentials credentials;
    credentials.access_key_id = "AKIDLAMBDA";
    credentials.secret_access_key = "not-a-real-secret";
    sink.put(credentials);
  });
  const cm::Client client(asking);
  cm::Prepared prepared;
  client.prepare(request(), prepared);
  EXPECT_NE(prepared.headers_to_set().find("authorization")->find("AKIDLAMBDA"),
            std::string_view::npos);
}

// What comes out of prepare when the credentials lambda is this one.
template <class Function>
void prepare_with(Function&& function) {
  cm::Config asking{{"project", "proj_abc123"}, {"region", "us-east-1"}};
  asking.on_credentials(std::forward<Function>(function));
  const cm::Client client(asking);
  cm::Prepared prepared;
  cm::Request request;
  request.url = mantle;
  request.body = chat;
  client.prepare(request, prepared);
}

TEST_F(Hpp, ThrowsWhatACredentialsLambdaThrew) {
  EXPECT_THROW(prepare_with([](cm::CredentialsSink&) { throw Custom("mine"); }), Custom);
  EXPECT_THROW(prepare_with([](cm::CredentialsSink&) { throw 7; }), int);
  EXPECT_THROW(prepare_with([](cm::CredentialsSink&) { throw std::bad_alloc(); }), std::bad_alloc);
  // Of put(), which refuses credentials without a key.
  EXPECT_EQ(
      error_of([] { prepare_with([](cm::CredentialsSink& sink) { sink.put({}); }); }).status(),
      COSTMARK_NO_CREDENTIALS);
}

TEST_F(Hpp, WhatACredentialsLambdaThrewDoesNotComeOutOfACallThatWentOn) {
  std::int64_t now = 1700000000;
  int calls = 0;
  cm::Config asking{{"project", "proj_abc123"}, {"region", "us-east-1"}};
  asking.on_clock([&now] { return now; });
  asking.on_credentials([&](cm::CredentialsSink& sink) {
    if (++calls > 1) throw Custom("no others");
    sink.put({"AKIDEXAMPLE", "not-a-real-secret", "session", {}, 1700001000});
  });
  const cm::Client client(asking);
  cm::Prepared prepared;
  client.prepare(request(), prepared);
  now = 1700000995;  // those at hand are about to end, and still good
  client.prepare(request(), prepared);
  EXPECT_EQ(calls, 2);
  EXPECT_TRUE(prepared.authorized());
  now = 1700002000;
  EXPECT_THROW(client.prepare(request(), prepared), Custom);
}

TEST_F(Hpp, ALambdaMayAnswerWithABoolOrAStatus) {
  EXPECT_EQ(error_of([] { prepare_with([](cm::CredentialsSink&) { return false; }); }).status(),
            COSTMARK_STOPPED_BY_CALLBACK);
  const auto expired = [](cm::CredentialsSink&) -> costmark_status {
    return COSTMARK_EXPIRED_CREDENTIALS;
  };
  EXPECT_EQ(error_of([&] { prepare_with(expired); }).status(), COSTMARK_EXPIRED_CREDENTIALS);
}

TEST_F(Hpp, AsksALambdaForTokens) {
  cm::Config asking{{"project", "proj_abc123"}, {"auth", "bearer"}};
  asking.on_bearer_token([](cm::BearerTokenSink& sink) {
    sink.put("ABSKLAMBDA");
    return true;
  });
  cm::Prepared prepared;
  cm::Client(asking).prepare(request(), prepared);
  EXPECT_EQ(prepared.headers_to_set().find("authorization"), "Bearer ABSKLAMBDA");

  asking.on_bearer_token([](cm::BearerTokenSink&) { throw Custom("no token"); });
  const cm::Client failing(asking);
  EXPECT_THROW(failing.prepare(request(), prepared), Custom);
  EXPECT_TRUE(prepared.headers_to_set().empty());
}

TEST_F(Hpp, TakesTheTimeFromALambda) {
  cm::Config clocked = config();
  clocked.on_clock([] { return 1700000000; });
  cm::Prepared prepared;
  cm::Client(clocked).prepare(request(), prepared);
  EXPECT_EQ(prepared.headers_to_set().find("x-amz-date"), "20231114T221320Z");

  clocked.on_clock([]() -> std::int64_t { throw Custom("no clock"); });
  const cm::Client broken(clocked);
  EXPECT_THROW(broken.prepare(request(), prepared), Custom);
}

TEST_F(Hpp, KeepsALambdaAsLongAsTheLibraryNeedsIt) {
  auto token = std::make_shared<int>(1);
  {
    std::optional<cm::Config> logging(config());
    logging->on_log([token](costmark_log_level, std::string_view) {});
    EXPECT_EQ(token.use_count(), 2);
    logging->on_log([token](costmark_log_level, std::string_view) {});
    EXPECT_EQ(token.use_count(), 2);
    const cm::Client client(*logging);
    logging.reset();
    EXPECT_EQ(token.use_count(), 2);
  }
  EXPECT_EQ(token.use_count(), 1);
  cm::Config moved = config();
  const cm::Config elsewhere = std::move(moved);
  EXPECT_THROW(moved.on_log([token](costmark_log_level, std::string_view) {}), cm::Error);
  EXPECT_EQ(token.use_count(), 1);
}

// A client of this configuration has something to say when it prepares for a runtime host.
void let_it_warn(const cm::Config& config) {
  const cm::Client client(config);
  cm::Prepared prepared;
  cm::Request request;
  request.url = "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1/chat/completions";
  request.body = chat;
  client.prepare(request, prepared);
}

TEST_F(Hpp, TellsALambdaWhatThereIsToSay) {
  std::vector<std::string> lines;
  cm::Config logging = config();
  logging.on_log([&lines](costmark_log_level level, std::string_view line) {
    if (level == COSTMARK_LOG_WARNING) lines.emplace_back(line);
  });
  let_it_warn(logging);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("default project"), std::string::npos);

  logging.on_log([](costmark_log_level, std::string_view) { throw Custom("out of a log lambda"); });
  EXPECT_THROW(let_it_warn(logging), Custom);
}

TEST_F(Hpp, CallsInsideOfACallbackKeepTheirExceptionsApart) {
  cm::Config inner = config();
  inner.on_log([](costmark_log_level, std::string_view) { throw Custom("inner"); });
  int caught = 0;
  cm::Config outer = config();
  outer.on_log([&](costmark_log_level, std::string_view) {
    try {
      let_it_warn(inner);
    } catch (const Custom&) {
      ++caught;
    }
  });
  let_it_warn(outer);
  EXPECT_GE(caught, 1);

  outer.on_log([&](costmark_log_level, std::string_view) { let_it_warn(inner); });
  EXPECT_THROW(let_it_warn(outer), Custom);
}

// --- Send ---------------------------------------------------------------------------------------

TEST_F(Hpp, SendsAndGathers) {
  Loopback server(answer_of(200, answer, "content-type: application/json\r\nx-request-id: r1\r\n"));
  const cm::Client client(sending_to(server.origin()));
  cm::Response response;
  EXPECT_EQ(response.http_status(), 0);
  client.send(request(server.url("/v1/chat/completions")), response);
  EXPECT_EQ(response.http_status(), 200);
  EXPECT_EQ(response.body(), answer);
  EXPECT_EQ(response.header("Content-Type"), "application/json");
  EXPECT_EQ(response.headers().find("CONTENT-TYPE"), "application/json");
  EXPECT_EQ(response.request_id(), "r1");
  EXPECT_EQ(response.attempts(), 1U);
  EXPECT_EQ(response.usage().input_tokens, 7U);
  EXPECT_EQ(response.outcome(), COSTMARK_OUTCOME_OK);
  EXPECT_EQ(response.id(), "chatcmpl-1");
  EXPECT_EQ(response.model(), "m");
  EXPECT_EQ(response.service_tier(), "");
  EXPECT_EQ(response.project(), "proj_abc123");
  EXPECT_EQ(response.project_source(), COSTMARK_SOURCE_CLIENT);
  EXPECT_EQ(response.hint(), "");
  cm::Response moved = std::move(response);
  EXPECT_EQ(moved.body(), answer);
  EXPECT_EQ(response.body(), "");
}

TEST_F(Hpp, SendsAndStreams) {
  Loopback server(answer_of(200, answer, "content-type: application/json\r\n"));
  const cm::Client client(sending_to(server.origin()));
  cm::Response response;
  std::string order, body;
  client.send(request(server.url("/v1/chat/completions")), response,
              cm::SendOptions()
                  .on_head([&](const cm::ResponseView& head) {
                    order += "head " + std::to_string(head.http_status());
                    return true;
                  })
                  .on_body([&, pieces = 0](std::string_view piece) mutable {
                    if (++pieces == 1) order += ", body";
                    body += piece;
                  })
                  .timeout(10s)
                  .max_attempts(2));
  EXPECT_EQ(order, "head 200, body");
  EXPECT_EQ(body, answer);
  EXPECT_EQ(response.body(), "");
}

TEST_F(Hpp, ThrowsWhatASendLambdaThrew) {
  Loopback server(answer_of(200, answer));
  const cm::Client client(sending_to(server.origin()));
  const std::string url = server.url("/v1/chat/completions");
  const cm::Request wanted = request(url);
  cm::Response response;
  const auto with = [&](const cm::SendOptions& options) { client.send(wanted, response, options); };
  EXPECT_THROW(with(cm::SendOptions().on_body([](std::string_view) { throw Custom("body"); })),
               Custom);
  EXPECT_THROW(
      with(cm::SendOptions().on_head([](const cm::ResponseView&) { throw Custom("head"); })),
      Custom);
  EXPECT_EQ(error_of([&] {
              with(cm::SendOptions().on_body([](std::string_view) { return false; }));
            }).status(),
            COSTMARK_STOPPED_BY_CALLBACK);
  EXPECT_EQ(response.http_status(), 200);
}

TEST_F(Hpp, WhatAUsageLambdaThrowsComesOutWhenTheAnswerIsThere) {
  Loopback server(answer_of(200, answer, "content-type: application/json\r\n"));
  cm::Config telling = sending_to(server.origin());
  telling.on_usage([](const cm::UsageEvent&) { throw Custom("usage"); });
  const cm::Client client(telling);
  cm::Response response;
  EXPECT_THROW(client.send(request(server.url("/v1/chat/completions")), response), Custom);
  EXPECT_EQ(response.body(), answer);
}

TEST_F(Hpp, ARefusalIsThrownAndItsBodyIsThere) {
  Loopback server(answer_of(404, R"({"error":{"message":"no"}})", "x-request-id: r2\r\n"));
  const cm::Client client(sending_to(server.origin()));
  cm::Response response;
  const cm::Error error =
      error_of([&] { client.send(request(server.url("/v1/chat/completions")), response); });
  EXPECT_EQ(error.status(), COSTMARK_SERVICE);
  EXPECT_EQ(error.http_status(), 404);
  EXPECT_EQ(error.request_id(), "r2");
  EXPECT_EQ(response.body(), R"({"error":{"message":"no"}})");
}

TEST_F(Hpp, CancelsFromAnotherThread) {
  std::optional<cm::Cancel> keep{cm::Cancel::make()};
  const cm::Cancel cancel = keep->share();
  Loopback server([&](Peer& peer) {
    if (peer.read_request().empty()) return;
    cancel.request();
    peer.linger();
  });
  const cm::Client client(sending_to(server.origin()));
  cm::Response response;
  EXPECT_FALSE(cancel.requested());
  const auto send = [&] {
    client.send(request(server.url("/v1/chat/completions")), response,
                cm::SendOptions().cancel(cancel));
  };
  EXPECT_EQ(error_of(send).status(), COSTMARK_CANCELLED);
  EXPECT_TRUE(cancel.requested());
  keep.reset();
  EXPECT_EQ(error_of(send).status(), COSTMARK_CANCELLED);
}

TEST_F(Hpp, VerifiesAndSaysWhyItCannot) {
  Loopback server(answer_of(503, "{}"));
  const cm::Client client(sending_to(server.origin()));
  cm::VerifyRequest wanted;
  const std::string url = server.url("/v1/chat/completions");
  wanted.url = url;
  wanted.model = "openai.gpt-oss-20b";
  wanted.timeout = 5s;
  wanted.force = true;
  EXPECT_FALSE(client.may_verify(url));
  const cm::Verification found = client.verify(wanted);
  EXPECT_EQ(found.verdict(), COSTMARK_VERDICT_UNKNOWN);
  EXPECT_NE(found.reason(), "");
  EXPECT_EQ(found.endpoint(), url);
  EXPECT_EQ(found.carrier(), "body");
  EXPECT_EQ(found.project(), "proj_abc123");
  EXPECT_EQ(found.model(), "openai.gpt-oss-20b");
  EXPECT_TRUE(found.retryable());
  EXPECT_GT(found.checked_unix_s(), 1'600'000'000);
  ASSERT_GE(found.probe_count(), 1U);
  EXPECT_EQ(found.probe(0).http_status, 503);
  EXPECT_NE(found.probe(0).request, "");
  EXPECT_THROW(found.probe(found.probe_count()), cm::Error);
}

// --- The parts alone ----------------------------------------------------------------------------

TEST_F(Hpp, ProvidesCredentialsAlone) {
  const cm::CredentialsProvider provider(config());
  const cm::CredentialsProvider shared = provider.share();
  const cm::CredentialsSet set = shared.fetch();
  EXPECT_EQ(set.view().access_key_id, "AKIDEXAMPLE");
  EXPECT_EQ(set.view().session_token.data(), nullptr);
  EXPECT_NE(set.source(), "");
  EXPECT_TRUE(provider.refused(set));
  EXPECT_FALSE(provider.refused(cm::CredentialsSet()));

  const cm::CredentialsReport report(config());
  ASSERT_GT(report.size(), 0U);
  EXPECT_NE(report.source(0), "");
  EXPECT_EQ(report.source(report.size()), "");
  EXPECT_EQ(report.found(), report.failure(report.size() - 1).empty());
  EXPECT_EQ(report.region().empty(), report.region_origin().empty());
}

TEST_F(Hpp, MakesTokensAlone) {
  const cm::Credentials credentials{"AKIDEXAMPLE", "not-a-real-secret", {}, {}, 0};
  const cm::BearerToken token(credentials, "us-east-1", 1h, 1700000000);
  EXPECT_EQ(token.text().substr(0, 16), "bedrock-api-key-");
  EXPECT_EQ(token.expires_unix_s(), 1700003600);

  const cm::BearerTokenProvider provider(config(), 10min);
  const cm::BearerToken first = provider.share().fetch();
  EXPECT_EQ(first.text(), provider.fetch().text());
  EXPECT_TRUE(provider.refused(first.text()));
  EXPECT_FALSE(provider.refused({}));
}

TEST_F(Hpp, SignsAlone) {
  cm::SignRequest wanted;
  wanted.url = mantle;
  wanted.region = "us-east-1";
  wanted.service = "bedrock-mantle";
  wanted.credentials = {"AKIDEXAMPLE", "not-a-real-secret", {}, {}, 0};
  wanted.body = chat;
  wanted.time_unix_s = 1700000000;
  cm::Signature signature;
  signature.sign(wanted);
  EXPECT_EQ(signature.headers().find("x-amz-date"), "20231114T221320Z");
  EXPECT_EQ(signature.canonical_request().substr(0, 5), "POST\n");
  EXPECT_EQ(signature.url(), "");
  signature.presign(wanted, 5min);
  EXPECT_NE(signature.url().find("X-Amz-Expires=300"), std::string_view::npos);
  wanted.url = "nowhere";
  EXPECT_EQ(error_of([&] { signature.sign(wanted); }).status(), COSTMARK_INVALID_URL);
}

TEST_F(Hpp, EditsJsonAlone) {
  EXPECT_EQ(cm::json_set(R"({ "a" : 1 })", "b.c", "true"), R"({"b":{"c":true}, "a" : 1 })");
  EXPECT_EQ(cm::json_remove(R"({"a":1,"b":2})", "a"), R"({"b":2})");
  EXPECT_THROW(cm::json_set("", "a", "1"), cm::Error);
  EXPECT_THROW(cm::json_remove("[]", "a"), cm::Error);
}

// --- Both kinds in one program ------------------------------------------------------------------

TEST_F(Hpp, MeetsPartsOfTheProgramThatHaveNoExceptions) {
  Loopback server(
      costmark::net::keep_answering(answer_of(200, answer, "content-type: application/json\r\n")));
  EXPECT_STREQ(without_exceptions(server.origin().c_str()), "");
}

// --- Completeness -------------------------------------------------------------------------------

TEST_F(Hpp, HasEveryFunctionOfTheHeader) {
  const auto read = [](const char* path) {
    std::ifstream file(path);
    EXPECT_TRUE(file) << path;
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string wrapper = read(COSTMARK_HPP);
  std::ifstream symbols(COSTMARK_SYMBOLS);
  std::size_t count = 0;
  for (std::string line; std::getline(symbols, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::string name = line.substr(0, line.find(' '));
    std::size_t at = wrapper.find(name);
    while (at != std::string::npos &&
           (std::isalnum(wrapper[at + name.size()]) != 0 || wrapper[at + name.size()] == '_')) {
      at = wrapper.find(name, at + 1);
    }
    EXPECT_NE(at, std::string::npos) << name << " is not in costmark.hpp";
    ++count;
  }
  EXPECT_GT(count, 100U);
}

}  // namespace
