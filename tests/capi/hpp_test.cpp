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

namespace cm = costmark::sdk;
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
  // Begins a call, and prepares its first attempt.
  static cm::Prepared prepared_by(cm::Operation& call, std::string_view url = mantle) {
    call.begin(request(url));
    return call.prepare();
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
static_assert(std::is_nothrow_move_assignable_v<cm::Operation>);
static_assert(std::is_nothrow_copy_constructible_v<cm::Error>);
static_assert(std::is_base_of_v<std::exception, cm::Error>);
static_assert(sizeof(cm::Client) == sizeof(void*));

TEST_F(Hpp, SaysItsVersion) {
  EXPECT_EQ(cm::version_number(), COSTMARK_VERSION_NUMBER);
  EXPECT_EQ(cm::abi_version(), COSTMARK_ABI_VERSION);
  EXPECT_EQ(std::string(cm::version()).substr(0, 2), "0.");
  EXPECT_TRUE(cm::has_feature("operation"));
  EXPECT_FALSE(cm::has_feature("tea"));
  EXPECT_EQ(cm::status_name(COSTMARK_INVALID_JSON), "invalid_json"sv);
  EXPECT_EQ(cm::project_source_name(COSTMARK_SOURCE_SCOPE), "scope"sv);
  EXPECT_EQ(cm::api_name(COSTMARK_API_RESPONSES), "responses"sv);
  EXPECT_EQ(cm::outcome_name(COSTMARK_OUTCOME_OK), "ok"sv);
  EXPECT_EQ(cm::step_name(COSTMARK_STEP_AGAIN), "again"sv);
  EXPECT_EQ(cm::reason_name(COSTMARK_REASON_REFUSED), "refused"sv);
  EXPECT_EQ(cm::verdict_name(COSTMARK_VERDICT_HONORED), "honored"sv);
}

TEST_F(Hpp, MovesHandlesAndEndsThemOnce) {
  const cm::Client client(config());
  cm::Operation first(client);
  costmark_operation* raw = first.get();
  cm::Operation second = std::move(first);
  EXPECT_EQ(second.get(), raw);
  EXPECT_FALSE(first);
  EXPECT_EQ(cm::live_handles(), 2U);
  costmark_operation_free(second.release());
  EXPECT_EQ(cm::live_handles(), 1U);
}

TEST_F(Hpp, AnEmptyHandleShowsNothingAndItsCallsFail) {
  cm::Operation empty(nullptr);
  EXPECT_EQ(error_of([&] { empty.begin(request()); }).status(), COSTMARK_INVALID_ARGUMENT);
  EXPECT_EQ(error_of([&] { empty.prepare(); }).status(), COSTMARK_INVALID_ARGUMENT);
  EXPECT_EQ(error_of([&] { empty.send(); }).status(), COSTMARK_INVALID_ARGUMENT);
  empty.sent();
  costmark_status status = COSTMARK_OK;
  EXPECT_EQ(empty.head({200, {}, false}, &status).read_ahead_len, 0U);
  EXPECT_EQ(status, COSTMARK_INVALID_ARGUMENT);
  status = COSTMARK_OK;
  EXPECT_EQ(empty.feed("as it is", &status), "as it is");  // the answer reaches its reader
  EXPECT_EQ(status, COSTMARK_INVALID_ARGUMENT);
  EXPECT_EQ(empty.finish().step, COSTMARK_STEP_NONE);
  EXPECT_EQ(empty.answer().project.data(), nullptr);
  EXPECT_EQ(empty.response().http_status, 0);
  EXPECT_EQ(cm::UsageReport()[0].attempts, 0U);
  EXPECT_EQ(cm::Verification().read().verdict, COSTMARK_VERDICT_UNKNOWN);
}

TEST_F(Hpp, SharesWhatIsShared) {
  std::optional<cm::Client> first(cm::Client::make(config()));
  const cm::Client second = first->share();
  first.reset();
  cm::Operation call(second);
  EXPECT_EQ(prepared_by(call).project, "proj_abc123");
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
      error_of([] { cm::json_set(R"({"a": nul})", "b", "1", cm::Strictness::strict); });
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
  EXPECT_EQ(cm::option(cm::option_count()).name.data(), nullptr);
  EXPECT_EQ(error_of([] { cm::check_project("proj abc"); }).status(), COSTMARK_INVALID_PROJECT);
}

// --- Prepare and read ---------------------------------------------------------------------------

TEST_F(Hpp, PreparesARequest) {
  const cm::Client client(config());
  cm::Operation call(client);
  const cm::Headers headers{{"Content-Type", "application/json"}, {"X-Amz-Date", "old"}};
  cm::Request wanted = request();
  wanted.headers = headers;
  wanted.scope = "proj_scope";
  call.begin(wanted);
  EXPECT_EQ(call.answer().project, "proj_scope");
  EXPECT_EQ(call.answer().attempt, 0U);
  EXPECT_EQ(call.answer().usage.known, 0U);
  call.ready();
  const cm::Prepared prepared = call.prepare();

  EXPECT_EQ(prepared.url, mantle);
  EXPECT_EQ(prepared.project, "proj_scope");
  EXPECT_EQ(prepared.project_source, COSTMARK_SOURCE_SCOPE);
  EXPECT_EQ(prepared.api, COSTMARK_API_CHAT_COMPLETIONS);
  EXPECT_EQ(prepared.model, "openai.gpt-oss-20b");
  EXPECT_EQ(prepared.body.data(), chat.data());
  EXPECT_FALSE(prepared.body_changed);
  EXPECT_FALSE(prepared.streamed);
  EXPECT_TRUE(prepared.authorized);
  EXPECT_FALSE(prepared.renewal_due);
  EXPECT_EQ(prepared.hint.data(), nullptr);

  const cm::HeaderView set = prepared.set_headers;
  EXPECT_EQ(set.find("OPENAI-PROJECT"), "proj_scope");
  EXPECT_EQ(set.find("none"), std::nullopt);
  EXPECT_EQ(set.end() - set.begin(), static_cast<std::ptrdiff_t>(set.size()));
  EXPECT_EQ(set[0].name, (*set.begin()).name);
  EXPECT_EQ(set.begin()[1].name, (*(set.begin() + 1)).name);
  std::vector<std::string> removed;
  for (const std::string_view name : prepared.remove_headers) removed.emplace_back(name);
  EXPECT_EQ(prepared.remove_headers.size(), removed.size());
}

TEST_F(Hpp, PreparesEachAttemptWithTheRequestThatItHas) {
  const cm::Client client(config());
  cm::Operation call(client);
  cm::Request wanted = request();
  wanted.project = "proj_call";
  call.begin(wanted);
  const std::string id(call.answer().operation);
  EXPECT_EQ(id.size(), 36U);
  const cm::Headers headers{{"X-Stainless-Retry-Count", "1"}};
  wanted.headers = headers;
  EXPECT_EQ(call.prepare(wanted).project, "proj_call");
  call.sent();
  EXPECT_EQ(call.answer().attempt, 1U);
  EXPECT_EQ(call.answer().operation, id);
}

TEST_F(Hpp, ABodyThatIsAStreamIsAskedForWhereItIsNeeded) {
  cm::Config with_body = config();
  with_body.set("carrier", "body");
  const cm::Client client(with_body);
  cm::Operation call(client);
  cm::Request wanted = request();
  wanted.body = {};
  wanted.body_is_stream = true;
  EXPECT_EQ(error_of([&] {
              call.begin(wanted);
              call.prepare();
            }).status(),
            COSTMARK_BODY_NEEDED);
}

TEST_F(Hpp, CarriesLabelsAndTagsAndCountsRows) {
  cm::Config with_ledger = config();
  with_ledger.set("tags", "proj_abc123: team=search");
  const cm::Client client(with_ledger);
  const cm::Labels labels{{"feature", "search"}, {"user", "ann"}};
  EXPECT_NO_THROW(labels.check());
  cm::Request wanted = request();
  wanted.labels = labels;
  cm::Operation call(client);
  call.begin(wanted);
  const cm::Answer begun = call.answer();
  ASSERT_EQ(begun.labels.size(), 2U);
  EXPECT_EQ(begun.labels[1].name, "user");
  EXPECT_EQ(begun.labels[1].value, "ann");
  ASSERT_EQ(begun.tags.size(), 1U);
  EXPECT_EQ(begun.tags[0].value, "search");
  EXPECT_EQ(begun.meters.size(), 0U);
  EXPECT_FALSE(begun.cost_pico_usd);
  EXPECT_EQ(client.ledger_counts().rows_written, 0U);  // there is no ledger
  EXPECT_TRUE(client.flush_ledger());
  const cm::Labels bad{{"user", "a\nb"}};
  EXPECT_EQ(error_of([&] { bad.check(); }).status(), COSTMARK_INVALID_ARGUMENT);
}

TEST_F(Hpp, DoesNotWaitWhereItMustNot) {
  cm::Config asking{{"project", "proj_abc123"}, {"region", "us-east-1"}};
  int calls = 0;
  asking.on_credentials([&calls](cm::CredentialsSink& sink) {
    ++calls;
    sink.put({"AKIDEXAMPLE", "not-a-real-secret", {}, {}, 0});
  });
  const cm::Client client(asking);
  cm::Operation call(client);
  call.begin(request());
  EXPECT_EQ(error_of([&] { call.prepare(cm::Wait{true}); }).status(), COSTMARK_WOULD_BLOCK);
  EXPECT_EQ(calls, 0);
  call.ready();
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(call.prepare(cm::Wait{true}).authorized);

  const cm::Client another(asking);
  cm::Operation stopped(another);
  stopped.begin(request());
  const cm::Cancel cancel;
  cancel.stop();
  const cm::Wait wait{false, std::chrono::hours(1), &cancel};
  EXPECT_EQ(error_of([&] { stopped.ready(wait); }).status(), COSTMARK_CANCELLED);
  EXPECT_EQ(calls, 1);
}

TEST_F(Hpp, ReadsAnAnswer) {
  std::vector<std::string> told;
  cm::Config telling = config();
  telling.on_usage([&told](const cm::Answer& ended) {
    told.push_back(std::string(ended.project) + " " + std::to_string(ended.usage.output_tokens) +
                   " " + std::to_string(ended.http_status) + " " + cm::outcome_name(ended.outcome) +
                   " " + std::to_string(ended.attempt) + " " + std::string(ended.response_id));
  });
  const cm::Client client(telling);
  cm::Operation call(client);
  prepared_by(call);
  call.sent();
  const cm::Headers headers{{"Content-Type", "application/json"}, {"X-Request-Id", "r1"}};
  cm::AnswerHead head;
  head.http_status = 200;
  head.headers = headers;
  costmark_status status = COSTMARK_INTERNAL;
  const cm::AnswerPlan plan = call.head(head, &status);
  EXPECT_EQ(status, COSTMARK_OK);
  EXPECT_EQ(plan.read_ahead_len, 0U);
  EXPECT_FALSE(plan.body_may_change);
  std::string read;
  for (const char piece : answer) read += call.feed({&piece, 1});
  const cm::End end = call.finish();
  read += end.piece;
  EXPECT_EQ(read, answer);
  EXPECT_EQ(end.step, COSTMARK_STEP_DONE);
  EXPECT_EQ(end.reason, COSTMARK_REASON_ANSWERED);
  EXPECT_EQ(end.pause, 0ms);
  EXPECT_EQ(call.finish().reason, COSTMARK_REASON_ANSWERED);

  const cm::Answer ended = call.answer();
  EXPECT_EQ(ended.usage.input_tokens, 7U);
  EXPECT_EQ(ended.usage.known & COSTMARK_USAGE_REASONING, 0U);
  EXPECT_EQ(ended.outcome, COSTMARK_OUTCOME_OK);
  EXPECT_EQ(ended.kind, COSTMARK_ANSWER_ATTEMPT);
  EXPECT_EQ(ended.response_id, "chatcmpl-1");
  EXPECT_EQ(ended.request_id, "r1");
  EXPECT_EQ(ended.model, "openai.gpt-oss-20b");
  EXPECT_EQ(ended.model_answered, "m");
  EXPECT_EQ(ended.service_tier, "");
  EXPECT_GE(ended.latency_us, ended.first_byte_us);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0], "proj_abc123 3 200 ok 1 chatcmpl-1");

  const cm::UsageReport report = client.usage();
  ASSERT_EQ(report.size(), 1U);
  EXPECT_EQ(report[0].project, "proj_abc123");
  EXPECT_EQ(report[0].output_tokens, 3U);
  EXPECT_EQ(report[1].project.data(), nullptr);
  client.reset_usage();
  EXPECT_EQ(cm::UsageReport(client.usage()).size(), 0U);
}

TEST_F(Hpp, ARefusalIsReadAheadAndSaysWhetherToTryAgain) {
  cm::Config asking{{"project", "proj_abc123"}, {"auth", "bearer"}};
  int tokens = 0;
  std::string refused;
  asking.on_bearer_token(
      [&tokens](cm::BearerTokenSink& sink) { sink.put("ABSK" + std::to_string(++tokens)); },
      [&refused](std::string_view token) { refused += token; });
  const cm::Client client(asking);
  cm::Operation call(client);
  prepared_by(call);
  call.sent();
  const cm::Headers headers{{"x-amzn-errortype", "ExpiredTokenException"}};
  EXPECT_GT(call.head({401, headers, false}).read_ahead_len, 0U);
  const std::string_view refusal = R"({"message":"The security token has expired"})";
  EXPECT_EQ(call.feed(refusal), refusal);
  const cm::End end = call.finish();
  EXPECT_EQ(end.step, COSTMARK_STEP_AGAIN);
  EXPECT_EQ(end.reason, COSTMARK_REASON_REFUSED);
  EXPECT_EQ(call.prepare().set_headers.find("authorization"), "Bearer ABSK2");
  EXPECT_EQ(refused, "ABSK1");
}

TEST_F(Hpp, WhatCannotBeReadIsNoError) {
  const cm::Client client(config());
  cm::Operation call(client);
  prepared_by(call);
  call.sent();
  costmark_status status = COSTMARK_OK;
  call.head({99, {}, false}, &status);
  EXPECT_EQ(status, COSTMARK_INVALID_ARGUMENT);
  call.fail(COSTMARK_OUTCOME_OK, &status);
  EXPECT_EQ(status, COSTMARK_INVALID_ARGUMENT);
  EXPECT_EQ(call.fail(COSTMARK_OUTCOME_CANCELLED, &status).reason, COSTMARK_REASON_CANCELLED);
  EXPECT_EQ(status, COSTMARK_OK);
}

TEST_F(Hpp, TwoHandlesShareAnOperation) {
  const cm::Client client(config());
  cm::Operation call(client), beside(client);
  prepared_by(call);
  call.sent();
  beside.begin_beside(call, request());
  beside.prepare();
  beside.sent();
  EXPECT_EQ(beside.answer().operation, call.answer().operation);
  EXPECT_EQ(beside.answer().attempt, 2U);
  EXPECT_TRUE(beside.answer().concurrent);
  EXPECT_EQ(error_of([&] { beside.begin_beside(beside, request()); }).status(),
            COSTMARK_INVALID_ARGUMENT);
}

TEST_F(Hpp, ADestructorThrowsNothing) {
  cm::Config telling = config();
  int told = 0;
  telling.on_usage([&told](const cm::Answer&) {
    ++told;
    throw Custom("out of a usage lambda");
  });
  const cm::Client client(telling);
  {
    cm::Operation given_up(client);
    prepared_by(given_up);
    given_up.sent();
  }
  EXPECT_EQ(told, 1);
  // The next call knows nothing of it, and its end throws.
  cm::Operation call(client);
  prepared_by(call);
  call.sent();
  EXPECT_THROW(call.fail(COSTMARK_OUTCOME_ERROR), Custom);
  EXPECT_EQ(call.finish().step, COSTMARK_STEP_AFTER_PAUSE);
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
  cm::Operation call(client);
  EXPECT_NE(prepared_by(call).set_headers.find("authorization")->find("AKIDLAMBDA"),
            std::string_view::npos);
}

// What comes out of prepare when the credentials lambda is this one.
template <class Function>
void prepare_with(Function&& function) {
  cm::Config asking{{"project", "proj_abc123"}, {"region", "us-east-1"}};
  asking.on_credentials(std::forward<Function>(function));
  const cm::Client client(asking);
  cm::Operation call(client);
  cm::Request request;
  request.url = mantle;
  request.body = chat;
  call.begin(request);
  call.prepare();
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
  cm::Operation call(client);
  prepared_by(call);
  now = 1700000995;  // those at hand are about to end, and still good
  EXPECT_TRUE(call.prepare().authorized);
  EXPECT_EQ(calls, 2);
  now = 1700002000;
  EXPECT_THROW(call.prepare(), Custom);
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
  const cm::Client client(asking);
  cm::Operation call(client);
  EXPECT_EQ(prepared_by(call).set_headers.find("authorization"), "Bearer ABSKLAMBDA");

  asking.on_bearer_token([](cm::BearerTokenSink&) { throw Custom("no token"); });
  const cm::Client failing(asking);
  call = cm::Operation(failing);
  EXPECT_THROW(prepared_by(call), Custom);
}

TEST_F(Hpp, TakesTheTimeFromALambda) {
  cm::Config clocked = config();
  clocked.on_clock([] { return 1700000000; });
  const cm::Client client(clocked);
  cm::Operation call(client);
  EXPECT_EQ(prepared_by(call).set_headers.find("x-amz-date"), "20231114T221320Z");

  clocked.on_clock([]() -> std::int64_t { throw Custom("no clock"); });
  const cm::Client broken(clocked);
  call = cm::Operation(broken);
  EXPECT_THROW(prepared_by(call), Custom);
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
  cm::Operation call(client);
  cm::Request request;
  request.url = "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1/chat/completions";
  request.body = chat;
  call.begin(request);
  call.prepare();
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

// Sends one request with options.
void send(cm::Operation& call, const cm::Request& request, const cm::SendOptions& options = {}) {
  call.begin(request);
  call.send(options);
}

TEST_F(Hpp, SendsAndGathers) {
  Loopback server(answer_of(200, answer, "content-type: application/json\r\nx-request-id: r1\r\n"));
  const cm::Client client(sending_to(server.origin()));
  cm::Operation call(client);
  EXPECT_EQ(call.response().http_status, 0);
  send(call, request(server.url("/v1/chat/completions")));
  const cm::Response response = call.response();
  EXPECT_EQ(response.http_status, 200);
  EXPECT_EQ(response.body, answer);
  EXPECT_EQ(response.headers.find("CONTENT-TYPE"), "application/json");
  EXPECT_EQ(response.request_id, "r1");
  EXPECT_EQ(response.attempts, 1U);
  EXPECT_EQ(response.hint.data(), nullptr);
  const cm::Answer ended = call.answer();
  EXPECT_EQ(ended.usage.input_tokens, 7U);
  EXPECT_EQ(ended.outcome, COSTMARK_OUTCOME_OK);
  EXPECT_EQ(ended.response_id, "chatcmpl-1");
  EXPECT_EQ(ended.project, "proj_abc123");
  EXPECT_EQ(ended.project_source, COSTMARK_SOURCE_CLIENT);
  cm::Operation moved = std::move(call);
  EXPECT_EQ(moved.response().body, answer);
  EXPECT_EQ(call.response().body, "");
}

TEST_F(Hpp, SendsAndStreams) {
  Loopback server(answer_of(200, answer, "content-type: application/json\r\n"));
  const cm::Client client(sending_to(server.origin()));
  cm::Operation call(client);
  std::string order, body;
  send(call, request(server.url("/v1/chat/completions")),
       cm::SendOptions()
           .on_head([&](const cm::Response& head) {
             order += "head " + std::to_string(head.http_status);
             return head.headers.find("content-type") == "application/json";
           })
           .on_body([&, pieces = 0](std::string_view piece) mutable {
             if (++pieces == 1) order += ", body";
             body += piece;
           })
           .timeout(10s)
           .max_attempts(2));
  EXPECT_EQ(order, "head 200, body");
  EXPECT_EQ(body, answer);
  EXPECT_EQ(call.response().body, "");
}

TEST_F(Hpp, ThrowsWhatASendLambdaThrew) {
  Loopback server(answer_of(200, answer));
  const cm::Client client(sending_to(server.origin()));
  const std::string url = server.url("/v1/chat/completions");
  cm::Operation call(client);
  const auto with = [&](const cm::SendOptions& options) { send(call, request(url), options); };
  EXPECT_THROW(with(cm::SendOptions().on_body([](std::string_view) { throw Custom("body"); })),
               Custom);
  EXPECT_THROW(with(cm::SendOptions().on_head([](const cm::Response&) { throw Custom("head"); })),
               Custom);
  EXPECT_EQ(error_of([&] {
              with(cm::SendOptions().on_body([](std::string_view) { return false; }));
            }).status(),
            COSTMARK_STOPPED_BY_CALLBACK);
  EXPECT_EQ(call.response().http_status, 200);
}

TEST_F(Hpp, WhatAUsageLambdaThrowsComesOutWhenTheAnswerIsThere) {
  Loopback server(answer_of(200, answer, "content-type: application/json\r\n"));
  cm::Config telling = sending_to(server.origin());
  telling.on_usage([](const cm::Answer&) { throw Custom("usage"); });
  const cm::Client client(telling);
  cm::Operation call(client);
  EXPECT_THROW(send(call, request(server.url("/v1/chat/completions"))), Custom);
  EXPECT_EQ(call.response().body, answer);
}

TEST_F(Hpp, ARefusalIsThrownAndItsBodyIsThere) {
  Loopback server(answer_of(404, R"({"error":{"message":"no"}})", "x-request-id: r2\r\n"));
  const cm::Client client(sending_to(server.origin()));
  cm::Operation call(client);
  const cm::Error error =
      error_of([&] { send(call, request(server.url("/v1/chat/completions"))); });
  EXPECT_EQ(error.status(), COSTMARK_SERVICE);
  EXPECT_EQ(error.http_status(), 404);
  EXPECT_EQ(error.request_id(), "r2");
  EXPECT_EQ(call.response().body, R"({"error":{"message":"no"}})");
}

TEST_F(Hpp, CancelsFromAnotherThread) {
  std::optional<cm::Cancel> keep{cm::Cancel::make()};
  const cm::Cancel cancel = keep->share();
  Loopback server([&](Peer& peer) {
    if (peer.read_request().empty()) return;
    cancel.stop();
    peer.linger();
  });
  const cm::Client client(sending_to(server.origin()));
  const std::string url = server.url("/v1/chat/completions");
  cm::Operation call(client);
  EXPECT_FALSE(cancel.stopped());
  const auto stopped = [&] { send(call, request(url), cm::SendOptions().cancel(cancel)); };
  EXPECT_EQ(error_of(stopped).status(), COSTMARK_CANCELLED);
  EXPECT_TRUE(cancel.stopped());
  keep.reset();
  EXPECT_EQ(error_of(stopped).status(), COSTMARK_CANCELLED);
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
  const cm::Verification verification = client.verify(wanted);
  const cm::VerificationView found = verification.read();
  EXPECT_EQ(found.verdict, COSTMARK_VERDICT_UNKNOWN);
  EXPECT_NE(found.reason, "");
  EXPECT_EQ(found.endpoint, url);
  EXPECT_EQ(found.carrier, "body");
  EXPECT_EQ(found.project, "proj_abc123");
  EXPECT_EQ(found.model, "openai.gpt-oss-20b");
  EXPECT_TRUE(found.retryable);
  EXPECT_GT(found.checked_unix_s, 1'600'000'000);
  ASSERT_GE(found.probe_count, 1U);
  EXPECT_EQ(verification.probe(0).http_status, 503);
  EXPECT_NE(verification.probe(0).request, "");
  EXPECT_EQ(verification.probe(found.probe_count).request.data(), nullptr);
}

TEST_F(Hpp, FindsTheRouteOfAModel) {
  const cm::Client client(config());
  EXPECT_EQ(client.route("openai.gpt-oss-20b").path.substr(0, 1), "/");
  EXPECT_GT(client.route("openai.gpt-oss-20b").line, 0U);
  EXPECT_EQ(client.route("unknown.model").path.data(), nullptr);
}

// --- The parts alone ----------------------------------------------------------------------------

TEST_F(Hpp, KeepsCredentialsAlone) {
  const cm::CredentialsCache cache(config());
  const cm::CredentialsCache shared = cache.share();
  const cm::CredentialsSet set = shared.fetch();
  EXPECT_EQ(set.read().access_key_id, "AKIDEXAMPLE");
  EXPECT_EQ(set.read().session_token.data(), nullptr);
  EXPECT_NE(set.read().source, "");
  EXPECT_TRUE(cache.refused(set));
  EXPECT_FALSE(cache.refused(cm::CredentialsSet()));

  const cm::CredentialsReport report(config());
  ASSERT_GT(report.size(), 0U);
  EXPECT_NE(report[0].name, "");
  EXPECT_EQ(report[report.size()].name, "");
  EXPECT_EQ(report.found(), report[report.size() - 1].failure.empty());
  EXPECT_EQ(report.region().empty(), report.region_origin().empty());
}

TEST_F(Hpp, MakesTokensAlone) {
  const cm::Credentials credentials{"AKIDEXAMPLE", "not-a-real-secret", {}, {}, 0};
  const cm::BearerToken token(credentials, "us-east-1", 1h, 1700000000);
  EXPECT_EQ(token.text().substr(0, 16), "bedrock-api-key-");
  EXPECT_EQ(token.expires_unix_s(), 1700003600);

  const cm::BearerTokenCache cache(config(), 10min);
  const cm::BearerToken first = cache.share().fetch();
  EXPECT_EQ(first.text(), cache.fetch().text());
  EXPECT_TRUE(cache.refused(first.text()));
  EXPECT_FALSE(cache.refused({}));
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

// --- Prices --------------------------------------------------------------------------------------

TEST_F(Hpp, PricesUsage) {
  constexpr std::string_view text =
      "date 2026-09-30\n"
      "m r in-region standard input - - token - - USD 10 2026-09 its card\n"
      "m r in-region standard web_search - - request - - USD 7 2026-09 its card\n";
  const cm::PriceBook book = cm::PriceBook::parse(text, "book.txt");
  EXPECT_EQ(book.read().price_count, 2U);
  EXPECT_EQ(book.age_days(1'790'726'400), 0);
  costmark_usage usage = COSTMARK_USAGE_INIT;
  usage.input_tokens = 5;
  usage.known = COSTMARK_USAGE_INPUT | COSTMARK_USAGE_OUTPUT;
  cm::PricedCall call;
  call.model = "m";
  call.region = "r";
  call.serving = "in-region";
  call.tier = "default";
  call.usage = &usage;
  call.meters.push_back({COSTMARK_STR("web_search"), 2});
  const cm::Cost cost = book.cost(call);
  EXPECT_EQ(cost.state, cm::CostState::priced);
  EXPECT_EQ(cost.pico_usd, 64);
  EXPECT_EQ(cm::price_flag_name(cost.flags), "parts_absent");
  ASSERT_EQ(cost.parts.size(), 2U);
  EXPECT_EQ(book.price(cost.parts[1].price).pico_usd, 7);
  call.model = "other";
  EXPECT_EQ(cm::name_of(cm::Cost(book.cost(call)).state), "unpriced");
  EXPECT_THROW(cm::PriceBook::parse("x", "book.txt"), cm::Error);
  EXPECT_THROW(cm::PriceBook::load("/nowhere"), cm::Error);
  EXPECT_GT(cm::PriceBook(cm::PriceBook::shipped()).read().price_count, 50U);
}

// --- Both kinds in one program ------------------------------------------------------------------

TEST_F(Hpp, MeetsPartsOfTheProgramThatHaveNoExceptions) {
  Loopback server(
      costmark::net::keep_answering(answer_of(200, answer, "content-type: application/json\r\n")));
  EXPECT_STREQ(without_exceptions(server.origin().c_str()), "");
}

// --- Projects -----------------------------------------------------------------------------------

TEST_F(Hpp, ManagesProjects) {
  constexpr std::string_view shown =
      R"({"id":"proj_a","arn":"","name":"my app","status":"active","created_at":5,)"
      R"("tags":{"team":"x"},"data_retention":{"mode":"inherit"}})";
  Loopback server(
      costmark::net::keep_answering(answer_of(200, shown, "content-type: application/json\r\n")));
  cm::Config reaching = sending_to(server.origin());
  reaching.set("auth", "none");
  const cm::Projects projects(reaching, COSTMARK_PROJECT_PLANE_MANTLE);
  EXPECT_EQ(projects.place().base_url, server.origin());
  EXPECT_EQ(projects.place().plane, COSTMARK_PROJECT_PLANE_MANTLE);
  const cm::Labels tags{{"team", "x"}};
  cm::ProjectChange change;
  change.name = "my app";
  change.tags = tags;
  const cm::ProjectList made = projects.create(change);
  ASSERT_EQ(made.size(), 1U);
  EXPECT_EQ(made[0].name, "my app");
  EXPECT_EQ(made[0].created_unix_s, 5);
  EXPECT_TRUE(made[0].knows_tags);
  ASSERT_EQ(made[0].tags.size(), 1U);
  EXPECT_EQ(made[0].tags[0].value, "x");
  EXPECT_TRUE(made[1].id.empty());
  change.tags = {};
  const cm::ProjectList renamed = projects.update("proj_a", change);
  EXPECT_EQ(renamed[0].id, "proj_a");
  EXPECT_EQ(cm::ProjectList(projects.get_project("proj_a"))[0].status, "active");
  EXPECT_EQ(cm::ProjectList(projects.archive("proj_a"))[0].data_retention, "inherit");
  EXPECT_EQ(cm::ProjectList(projects.read_tags("proj_a"))[0].tags.size(), 1U);
  projects.add_tags("proj_a", tags);
  projects.set_tags("proj_a", tags);
  projects.remove_tags("proj_a", {"env", "cost center"});
  EXPECT_THROW(projects.list(true), cm::Error);  // that is no list
  EXPECT_THROW(projects.get_project("no id"), cm::Error);
}

// --- Completeness -------------------------------------------------------------------------------

TEST_F(Hpp, HasEveryFunctionOfTheHeader) {
  std::string wrapper;
  for (const char* part : {"costmark.hpp", "sdk/bearer_token.hpp", "sdk/credentials.hpp",
                           "sdk/detail.hpp", "sdk/error.hpp", "sdk/json.hpp", "sdk/prices.hpp",
                           "sdk/projects.hpp", "sdk/signature.hpp"}) {
    std::ifstream file(std::string(COSTMARK_HEADERS) + "/" + part);
    ASSERT_TRUE(file) << part;
    wrapper.append(std::istreambuf_iterator<char>(file), {});
  }
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
  EXPECT_GT(count, 80U);
}

}  // namespace
