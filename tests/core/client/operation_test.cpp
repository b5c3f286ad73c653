// Every call of an operation in every state, and what becomes of its attempts.
#include <map>
#include <set>
#include <thread>

#include "client/operation/operation_impl.hpp"
#include "core/client/client_fixture.hpp"

namespace costmark::testing {
namespace {

using State = Operation::Impl::State;

constexpr std::string_view usage_answer =
    R"({"id":"chatcmpl-1","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5}})";

std::string_view name_of(State state) {
  switch (state) {
    case State::idle:
      return "idle";
    case State::decided:
      return "decided";
    case State::prepared:
      return "prepared";
    case State::answering:
      return "answering";
    case State::ended:
      return "ended";
  }
  return "?";
}

// --- The table -----------------------------------------------------------------------------------

// What can be seen of an operation: its state, its attempts, and what was counted of them.
struct Seen {
  std::string state;
  std::uint32_t attempts = 0;
  std::uint64_t counted = 0;
  std::uint64_t failed = 0;
  std::uint64_t incomplete = 0;
  bool error = false;  // of the call

  friend bool operator==(const Seen&, const Seen&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Seen& seen) {
    return out << seen.state << " attempts=" << seen.attempts << " counted=" << seen.counted
               << " failed=" << seen.failed << " incomplete=" << seen.incomplete
               << (seen.error ? " error" : "");
  }
};

class Table : public ::testing::Test {
 protected:
  Table() {
    client = client_of(with_keys({{"project", "proj_a"}, {"auth", "sigv4"}}));
    operation.emplace(client->operation());
  }

  void bring_to(std::string_view state) {
    if (state == "idle") return;
    ASSERT_TRUE(operation->begin(post.request()).ok());
    if (state == "decided") return;
    ASSERT_TRUE(operation->prepare().ok());
    if (state == "prepared") return;
    operation->sent();
    if (state == "answering") return;
    operation->head(Head(state == "refused" ? 500 : 200));
    if (state == "reading" || state == "refused") return;
    operation->feed(usage_answer);
    operation->finish();
  }

  bool call(std::string_view name) {
    if (name == "begin") return operation->begin(post.request()).ok();
    if (name == "ready") return operation->ready().ok();
    if (name == "prepare") return operation->prepare().ok();
    if (name == "prepare with") return operation->prepare(post.request()).ok();
    if (name == "sent") operation->sent();
    if (name == "head") operation->head(Head(200));
    if (name == "interim head") operation->head(Head(103));
    if (name == "feed") {
      EXPECT_EQ(operation->feed("{}").data(), std::string_view("{}").data());
    }
    if (name == "finish") operation->finish();
    if (name == "fail") operation->fail(Outcome::error);
    if (name == "next") operation->next();
    if (name == "reset") operation->reset();
    if (name == "drop") operation.reset();
    return true;
  }

  Seen seen(bool ok) {
    const auto usage = client->usage();
    const auto found = usage.find("proj_a");
    const UsageTotals totals = found == usage.end() ? UsageTotals() : found->second;
    return {operation ? std::string(name_of(operation->impl().state)) : "gone",
            operation ? operation->attempts() : 0,
            totals.attempts,
            totals.failed_attempts,
            totals.incomplete_attempts,
            !ok};
  }

  Post post{std::string(mantle_chat), R"({"model":"m"})"};
  std::shared_ptr<Client> client;
  std::optional<Operation> operation;
};

struct Cell {
  const char* state;
  const char* call;
  Seen expected;
};

const std::vector<Cell>& cells() {
  static const std::vector<Cell> all{
      {"idle", "begin", {"decided"}},
      {"idle", "ready", {.state = "idle", .error = true}},
      {"idle", "prepare", {.state = "idle", .error = true}},
      {"idle", "prepare with", {.state = "idle", .error = true}},
      {"idle", "sent", {"idle"}},
      {"idle", "head", {"idle"}},
      {"idle", "interim head", {"idle"}},
      {"idle", "feed", {"idle"}},
      {"idle", "finish", {"idle"}},
      {"idle", "fail", {"idle"}},
      {"idle", "next", {"idle"}},
      {"idle", "drop", {"gone"}},
      {"idle", "reset", {"idle"}},

      {"decided", "begin", {"decided"}},
      {"decided", "ready", {"decided"}},
      {"decided", "prepare", {"prepared"}},
      {"decided", "prepare with", {"prepared"}},
      {"decided", "sent", {"answering", 1, 1}},
      {"decided", "head", {"decided"}},
      {"decided", "interim head", {"decided"}},
      {"decided", "feed", {"decided"}},
      {"decided", "finish", {"decided"}},
      {"decided", "fail", {"decided"}},
      {"decided", "next", {"decided"}},
      {"decided", "drop", {"gone"}},
      {"decided", "reset", {"idle"}},

      {"prepared", "begin", {"decided"}},
      {"prepared", "ready", {"prepared"}},
      {"prepared", "prepare", {"prepared"}},
      {"prepared", "prepare with", {"prepared"}},
      {"prepared", "sent", {"answering", 1, 1}},
      {"prepared", "head", {"answering", 1, 1}},
      {"prepared", "interim head", {"answering", 1, 1}},
      {"prepared", "feed", {"prepared"}},
      {"prepared", "finish", {"prepared"}},
      {"prepared", "fail", {"decided"}},
      {"prepared", "next", {"prepared"}},
      {"prepared", "drop", {"gone"}},
      {"prepared", "reset", {"idle"}},

      {"answering", "begin", {"decided", 0, 1, 0, 1}},
      {"answering", "ready", {"answering", 1, 1, 0, 0, true}},
      {"answering", "prepare", {"prepared", 1, 1, 0, 1}},
      {"answering", "prepare with", {"prepared", 1, 1, 0, 1}},
      {"answering", "sent", {"answering", 1, 1}},
      {"answering", "head", {"answering", 1, 1}},
      {"answering", "interim head", {"answering", 1, 1}},
      {"answering", "feed", {"answering", 1, 1}},
      {"answering", "finish", {"ended", 1, 1, 0, 1}},
      {"answering", "fail", {"ended", 1, 1, 1}},
      {"answering", "next", {"answering", 1, 1}},
      {"answering", "drop", {"gone", 0, 1, 0, 1}},
      {"answering", "reset", {"idle", 0, 1, 0, 1}},

      {"reading", "begin", {"decided", 0, 1, 0, 1}},
      {"reading", "ready", {"answering", 1, 1, 0, 0, true}},
      {"reading", "prepare", {"prepared", 1, 1, 0, 1}},
      {"reading", "prepare with", {"prepared", 1, 1, 0, 1}},
      {"reading", "sent", {"answering", 1, 1}},
      {"reading", "head", {"answering", 1, 1}},
      {"reading", "interim head", {"answering", 1, 1}},
      {"reading", "feed", {"answering", 1, 1}},
      {"reading", "finish", {"ended", 1, 1, 0, 1}},
      {"reading", "fail", {"ended", 1, 1, 1}},
      {"reading", "next", {"answering", 1, 1}},
      {"reading", "drop", {"gone", 0, 1, 0, 1}},
      {"reading", "reset", {"idle", 0, 1, 0, 1}},

      {"refused", "begin", {"decided", 0, 1, 1}},
      {"refused", "prepare", {"prepared", 1, 1, 1}},
      {"refused", "prepare with", {"prepared", 1, 1, 1}},
      {"refused", "drop", {"gone", 0, 1, 1}},
      {"refused", "reset", {"idle", 0, 1, 1}},

      {"ended", "begin", {"decided", 0, 1}},
      {"ended", "ready", {"ended", 1, 1}},
      {"ended", "prepare", {"prepared", 1, 1}},
      {"ended", "prepare with", {"prepared", 1, 1}},
      {"ended", "sent", {"ended", 1, 1}},
      {"ended", "head", {"ended", 1, 1}},
      {"ended", "interim head", {"ended", 1, 1}},
      {"ended", "feed", {"ended", 1, 1}},
      {"ended", "finish", {"ended", 1, 1}},
      {"ended", "fail", {"ended", 1, 1}},
      {"ended", "next", {"ended", 1, 1}},
      {"ended", "drop", {"gone", 0, 1}},
      {"ended", "reset", {"idle", 0, 1}},
  };
  return all;
}

class OperationTable : public Table, public ::testing::WithParamInterface<Cell> {};

TEST_P(OperationTable, Cell) {
  bring_to(GetParam().state);
  const bool ok = call(GetParam().call);
  EXPECT_EQ(seen(ok), GetParam().expected) << GetParam().state << " × " << GetParam().call;
}

INSTANTIATE_TEST_SUITE_P(All, OperationTable, ::testing::ValuesIn(cells()), [](const auto& cell) {
  std::string name = std::string(cell.param.state) + "_" + cell.param.call;
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
});

TEST(OperationTable, HasEveryCell) {
  std::map<std::string, std::set<std::string>> calls;
  for (const Cell& cell : cells()) calls[cell.state].insert(cell.call);
  for (const char* state : {"idle", "decided", "prepared", "answering", "reading", "ended"}) {
    EXPECT_EQ(calls[state].size(), 13U) << state;
  }
}

// --- Attempts ------------------------------------------------------------------------------------

TEST(Operations, HaveIdsThatSortByTime) {
  const auto client = client_of({{"project", "proj_a"}});
  const Post post{std::string(custom_chat), "{}"};
  Operation operation = client->operation();
  EXPECT_EQ(operation.id(), "");
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(operation.begin(post.request()).ok());
    ids.emplace(operation.id());
  }
  EXPECT_EQ(ids.size(), 1000U);
  for (const std::string& id : {*ids.begin(), *ids.rbegin()}) {
    ASSERT_EQ(id.size(), 36U);
    EXPECT_EQ(id[8], '-');
    EXPECT_EQ(id[13], '-');
    EXPECT_EQ(id[14], '7') << "version";
    EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos) << "variant";
  }
}

TEST(Operations, EndOncePerAttemptWhateverIsCalledAfterwards) {
  const auto client = client_of({{"project", "proj_a"}});
  const Post post{std::string(custom_chat), "{}"};
  Operation operation = sent_operation(*client, post.request());
  operation.head(Head(200));
  operation.feed(usage_answer);
  operation.finish();
  operation.fail(Outcome::cancelled);
  operation.feed(usage_answer);
  operation.finish();
  const UsageTotals totals = client->usage().at("proj_a");
  EXPECT_EQ(totals.input_tokens, 10U);
  EXPECT_EQ(totals.failed_attempts + totals.incomplete_attempts, 0U);
}

TEST(Operations, KeepWhatWasNamedBesideTheRequest) {
  const auto client = client_of({});
  Post post{std::string(custom_chat), R"({"model":"m"})"};
  post.scope = "proj_scope";
  Operation operation = client->operation();
  ASSERT_TRUE(operation.begin(post.request()).ok());
  Post rebuilt{std::string(custom_chat), R"({"model":"other"})"};
  rebuilt.scope = "proj_elsewhere";  // of the thread that repeats
  ASSERT_TRUE(operation.prepare(rebuilt.request()).ok());
  EXPECT_EQ(operation.prepared().project(), "proj_scope");
  EXPECT_EQ(operation.prepared().project_source(), ProjectSource::scope);
  EXPECT_EQ(operation.prepared().model(), "other");
  operation.sent();
  operation.fail(Outcome::error);
  ASSERT_TRUE(operation.prepare(post.request()).ok());
  EXPECT_EQ(operation.report().model, "other") << "of the attempt that was sent last";
}

TEST(Operations, PrepareAnotherRequestUnderThePolicies) {
  const auto client = client_of({{"unattributed", "refuse"}, {"project", ""}});
  Post post{std::string(custom_chat), R"({"model":"m","project_id":"proj_a"})"};
  Operation operation = sent_operation(*client, post.request());
  operation.fail(Outcome::error);
  const std::string id(operation.id());
  const Post without{std::string(custom_chat), R"({"model":"m"})"};
  const Status status = operation.prepare(without.request());
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::unattributed);
  EXPECT_TRUE(operation.prepare(post.request()).ok());
  EXPECT_EQ(operation.id(), id);
}

TEST(Operations, NeedAnotherRequestAfterOneThatWasRefused) {
  const auto client = client_of(with_keys({{"project", "proj_a"}, {"auth", "sigv4"}}));
  const Post post{std::string(mantle_chat), "{}"};
  Operation operation = sent_operation(*client, post.request());
  operation.fail(Outcome::error);
  const Post broken{std::string(mantle_chat), "{"};
  EXPECT_EQ(operation.prepare(broken.request()).error().code, Code::invalid_json);
  EXPECT_EQ(operation.prepare().error().code, Code::invalid_argument);
  EXPECT_EQ(operation.ready().error().code, Code::invalid_argument);
  operation.sent();
  EXPECT_EQ(operation.attempts(), 1U);
  EXPECT_TRUE(operation.prepare(post.request()).ok());
}

TEST(Operations, SignTheSameRequestAnew) {
  UnixSeconds now = test_time;
  ClientConfig config = config_of(with_keys({{"project", "proj_a"}, {"carrier", "body,header"}}));
  config.clock = [&now] { return now; };
  const auto client = Client::create(std::move(config)).value();
  const Post post{std::string(mantle_chat), R"({"model":"m"})"};
  Operation operation = sent_operation(*client, post.request());
  const std::string body(operation.prepared().body());
  const std::string date = value_set(operation.prepared(), "x-amz-date");
  const std::size_t headers = operation.prepared().headers_to_set().size();
  operation.fail(Outcome::error);
  now += 5;
  ASSERT_TRUE(operation.prepare().ok());
  EXPECT_EQ(operation.prepared().body(), body);
  EXPECT_EQ(operation.prepared().headers_to_set().size(), headers);
  EXPECT_NE(value_set(operation.prepared(), "x-amz-date"), date);
}

TEST(Operations, RunBesideEachOther) {
  std::vector<std::string> told;
  ClientConfig config = config_of({{"project", "proj_a"}});
  config.on_usage = [&](const AttemptReport& report) {
    told.push_back(std::to_string(report.attempt) + (report.concurrent ? " beside" : ""));
  };
  const auto client = Client::create(std::move(config)).value();
  const Post post{std::string(custom_chat), "{}"};
  Operation first = sent_operation(*client, post.request());
  Operation second = client->operation();
  ASSERT_TRUE(second.begin_beside(first, post.request()).ok());
  EXPECT_EQ(second.id(), first.id());
  ASSERT_TRUE(second.prepare().ok());
  second.sent();
  second.head(Head(200));
  second.feed(usage_answer);
  second.finish();
  first.fail(Outcome::cancelled);
  const UsageTotals totals = client->usage().at("proj_a");
  EXPECT_EQ(totals.operations, 1U);
  EXPECT_EQ(totals.attempts, 2U);
  EXPECT_EQ(told, (std::vector<std::string>{"2 beside", "1"}));
  EXPECT_FALSE(client->operation().begin_beside(client->operation(), post.request()).ok());

  // The first one's next call is an operation of its own again.
  ASSERT_TRUE(first.begin(post.request()).ok());
  EXPECT_NE(second.id(), first.id());
}

TEST(Operations, MeasureTheTimeOfAnAttempt) {
  const auto client = client_of({{"project", "proj_a"}});
  const Post post{std::string(custom_chat), "{}"};
  Operation operation = sent_operation(*client, post.request());
  EXPECT_FALSE(operation.report().time_to_first_byte.has_value());
  operation.head(Head(200));
  operation.feed(usage_answer);
  operation.finish();
  const AttemptReport report = operation.report();
  ASSERT_TRUE(report.time_to_first_byte.has_value());
  EXPECT_GE(report.latency, *report.time_to_first_byte);
}

TEST(Operations, SayWhenTheyNeedTheBytesOfAStream) {
  const auto code_of = [](const OptionValues& options, const Post& post) {
    const auto client = client_of(options);
    Request request = post.request();
    request.body_is_stream = true;
    Operation operation = client->operation();
    Status status = operation.begin(request);
    if (status) status = operation.prepare();
    return status.ok() ? Code::ok : status.error().code;
  };
  const Post chat{std::string(mantle_chat), ""};
  const Post upload{"https://bedrock-mantle.us-east-1.api.aws/v1/files",
                    "",
                    {{"Content-Type", "multipart/form-data; boundary=x"}}};
  const OptionValues token{{"project", "proj_a"}, {"bearer_token", "t"}};
  EXPECT_EQ(code_of(token, chat), Code::body_needed);
  EXPECT_EQ(code_of(token, upload), Code::ok);
  EXPECT_EQ(code_of(with_keys({{"project", "proj_a"}}), upload), Code::body_needed);
}

// --- What comes next -----------------------------------------------------------------------------

struct Ending {
  const char* name;
  int status;  // 0: no answer
  std::string_view body;
  std::optional<Outcome> failure;
  Next next;
  std::vector<Header> more{};
};

Next pause_of(NextReason reason, int ms) {
  return {NextStep::after_pause, reason, std::chrono::milliseconds(ms)};
}

TEST(Operations, SayWhatComesNext) {
  const Next answered{NextStep::done, NextReason::answered};
  const Next final_answer{NextStep::done, NextReason::final_answer};
  const std::vector<Ending> endings{
      {"a complete answer", 200, usage_answer, {}, answered},
      {"an answer that cannot be read", 200, "nonsense", {}, answered},
      {"cancelled", 0, "", Outcome::cancelled, {NextStep::done, NextReason::cancelled}},
      {"cancelled while reading",
       200,
       "{",
       Outcome::cancelled,
       {NextStep::done, NextReason::cancelled}},
      {"a bad request", 400, "{}", {}, final_answer},
      {"no permission", 403, "{}", {}, final_answer},
      {"a redirect", 307, "", {}, final_answer},
      {"no answer", 0, "", Outcome::error, pause_of(NextReason::no_answer, -1)},
      {"cut short", 200, "{", Outcome::incomplete, pause_of(NextReason::cut_short, -1)},
      {"closed by its reader after the end",
       200,
       usage_answer,
       Outcome::cancelled,
       {NextStep::done, NextReason::answered}},
      {"a bad request, cut short", 400, "{", Outcome::incomplete, final_answer},
      {"overloaded", 503, "{}", {}, pause_of(NextReason::busy, -1)},
      {"throttled, with a pause",
       429,
       "{}",
       {},
       pause_of(NextReason::busy, 7000),
       {{"Retry-After", "7"}}},
      {"a pause in milliseconds wins",
       429,
       "{}",
       {},
       pause_of(NextReason::busy, 20),
       {{"retry-after", "7"}, {"Retry-After-Ms", "20"}}},
      {"a pause of a good answer", 200, usage_answer, {}, answered, {{"Retry-After", "7"}}},
  };
  const auto client = client_of({{"project", "proj_a"}, {"max_attempts", "2"}});
  const Post post{std::string(custom_chat), "{}"};
  for (const Ending& ending : endings) {
    Operation operation = sent_operation(*client, post.request());
    for (int attempt = 1; attempt <= 2; ++attempt) {
      EXPECT_EQ(operation.next(), Next()) << ending.name;
      if (ending.status != 0) {
        std::vector<Header> fields = ending.more;
        fields.push_back({"Content-Type", "application/json"});
        operation.head({ending.status, fields});
        operation.feed(ending.body);
      }
      if (ending.failure) {
        operation.fail(*ending.failure);
      } else {
        operation.finish();
      }
      Next next = operation.next();
      EXPECT_EQ(operation.next(), next) << "the same each time";
      if (attempt == 2 && ending.next.step == NextStep::after_pause) {
        EXPECT_EQ(next, (Next{NextStep::done, NextReason::exhausted})) << ending.name;
        break;
      }
      if (ending.next.pause.count() < 0) {  // a backoff, by chance
        EXPECT_GE(next.pause.count(), 375) << ending.name;
        EXPECT_LE(next.pause.count(), 500) << ending.name;
        next.pause = ending.next.pause;
      }
      EXPECT_EQ(next, ending.next)
          << ending.name << ": " << to_string(next.step) << ", " << to_string(next.reason);
      ASSERT_TRUE(operation.prepare().ok());
      operation.sent();
    }
  }
}

// --- Background responses ------------------------------------------------------------------------

class Background : public ::testing::Test {
 protected:
  Background() {
    ClientConfig config = config_of({{"project", "proj_a"}});
    config.on_usage = [this](const AttemptReport& report) {
      told.push_back(std::string(report.kind == AttemptReport::Kind::settlement ? "settled " : "") +
                     std::string(report.project) + " " + std::string(report.model) + " " +
                     std::string(to_string(report.answer.outcome)) +
                     (report.operation.empty() ? " of another process" : ""));
      ids.emplace_back(report.operation);
    };
    client = Client::create(std::move(config)).value();
  }

  void call(std::string_view method, std::string_view path, std::string_view body,
            std::string_view answer) {
    const std::string url = origin + std::string(path);
    const Request request{method, url, json_header, body, {}, {}};
    Operation operation = sent_operation(*client, request);
    operation.head(Head(200));
    EXPECT_EQ(operation.feed(answer), answer);
    operation.finish();
  }
  void create(std::string_view answer) {
    call("POST", "/v1/responses", R"({"model":"m","background":true})", answer);
  }
  void poll(std::string_view answer) { call("GET", "/v1/responses/" + id, {}, answer); }

  std::string answer(std::string_view status, std::string_view more = {}) const {
    return R"({"id":")" + id + R"(","object":"response","background":true,"status":")" +
           std::string(status) + R"(","model":"m-1")" + std::string(more) + "}";
  }
  static constexpr std::string_view usage =
      R"(,"usage":{"input_tokens":10,"output_tokens":5,"total_tokens":15})";

  // Each test has a host of its own: the responses are remembered by the process.
  std::string origin = std::string("http://") +
                       ::testing::UnitTest::GetInstance()->current_test_info()->name() + ":8080";
  std::string id = "resp_1";
  std::vector<Header> json_header{{"Content-Type", "application/json"}};
  std::vector<std::string> told;
  std::vector<std::string> ids;
  std::shared_ptr<Client> client;
};

TEST_F(Background, CountsWhenAPollShowsTheEndAndOnce) {
  create(answer("queued"));
  UsageTotals totals = client->usage().at("proj_a");
  EXPECT_EQ(totals.operations, 1U);
  EXPECT_EQ(totals.open_attempts, 1U);
  EXPECT_EQ(totals.input_tokens, 0U);
  poll(answer("in_progress"));
  poll(answer("completed", usage));
  poll(answer("completed", usage));
  call("POST", "/v1/responses/" + id + "/cancel", {}, answer("completed", usage));
  totals = client->usage().at("proj_a");
  EXPECT_EQ(totals.operations, 1U) << "polls are no operations";
  EXPECT_EQ(totals.attempts, 1U);
  EXPECT_EQ(totals.input_tokens, 10U);
  EXPECT_EQ(totals.output_tokens, 5U);
  EXPECT_EQ(told, (std::vector<std::string>{"proj_a m open", "settled proj_a m ok"}));
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_FALSE(ids[0].empty());
}

TEST_F(Background, CountsWhenItIsCancelled) {
  create(answer("in_progress"));
  call("POST", "/v1/responses/" + id + "/cancel", {}, answer("cancelled", usage));
  EXPECT_EQ(client->usage().at("proj_a").input_tokens, 10U);
}

TEST_F(Background, OfAnotherProcessCountsUnderThePollsProject) {
  poll(answer("in_progress"));
  EXPECT_TRUE(client->usage().empty());
  poll(answer("completed", usage));
  poll(answer("completed", usage));
  const UsageTotals totals = client->usage().at("proj_a");
  EXPECT_EQ(totals.operations, 0U);
  EXPECT_EQ(totals.input_tokens, 10U);
  EXPECT_EQ(told, (std::vector<std::string>{"settled proj_a m-1 ok of another process"}));
}

TEST_F(Background, RetrievingAForegroundResponseAddsNothing) {
  const std::string foreground =
      R"({"id":"resp_1","status":"completed","usage":{"input_tokens":3,"output_tokens":1}})";
  poll(foreground);  // of another process
  EXPECT_TRUE(client->usage().empty());
  create(foreground);
  poll(foreground);
  EXPECT_EQ(client->usage().at("proj_a").input_tokens, 3U);
}

TEST_F(Background, RetrievingAResponseThatWasCutShortAddsTheRest) {
  const std::string url = origin + "/v1/responses";
  const Request request{"POST", url, json_header, R"({"model":"m","stream":true})", {}, {}};
  Operation operation = sent_operation(*client, request);
  operation.head(Head(200, "text/event-stream"));
  operation.feed(
      "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":"
      "\"resp_1\",\"status\":\"in_progress\",\"usage\":{\"input_tokens\":4,"
      "\"output_tokens\":0}}}\n\n");
  operation.fail(Outcome::incomplete);
  const std::uint64_t seen = client->usage().at("proj_a").input_tokens;
  poll(R"({"id":"resp_1","status":"completed","usage":{"input_tokens":10,"output_tokens":5}})");
  poll(R"({"id":"resp_1","status":"completed","usage":{"input_tokens":10,"output_tokens":5}})");
  EXPECT_LE(seen, 10U);
  EXPECT_EQ(client->usage().at("proj_a").input_tokens, 10U);
  EXPECT_EQ(client->usage().at("proj_a").output_tokens, 5U);
}

TEST_F(Background, AnErrorOfAPollSettlesNothing) {
  create(answer("queued"));
  const std::string url = origin + "/v1/responses/" + id;
  Operation operation = sent_operation(*client, {"GET", url, {}, {}, {}, {}});
  operation.head(Head(404));
  operation.feed(R"({"error":{"code":"not_found"}})");
  operation.finish();
  poll(answer("completed", usage));
  EXPECT_EQ(client->usage().at("proj_a").input_tokens, 10U);
}

TEST_F(Background, ThreadsThatPollAtOnceCountItOnce) {
  create(answer("queued"));
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([this] {
      const std::string url = origin + "/v1/responses/" + id;
      for (int i = 0; i < 50; ++i) {
        Operation operation = client->operation();
        const Request request{"GET", url, {}, {}, {}, {}};
        if (!operation.begin(request).ok() || !operation.prepare().ok()) std::abort();
        operation.sent();
        operation.head(Head(200));
        operation.feed(answer("completed", usage));
        operation.finish();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(client->usage().at("proj_a").input_tokens, 10U);
}

// --- Not waiting ---------------------------------------------------------------------------------

TEST(Operations, DoNotWaitWhereThatIsNotAllowed) {
  UnixSeconds now = test_time;
  int fetches = 0;
  ClientConfig config = config_of({{"project", "proj_a"}});
  config.clock = [&now] { return now; };
  config.credentials = callback_credentials([&]() -> Result<CredentialsPtr> {
    ++fetches;
    Credentials::Fields fields;
    fields.access_key_id = "ASIA";
    fields.secret_access_key = secret_key;
    fields.expires_at = now + 3600;
    return Credentials::create(std::move(fields));
  });
  const auto client = Client::create(std::move(config)).value();
  const Post post{std::string(mantle_chat), "{}"};
  Operation operation = client->operation();
  ASSERT_TRUE(operation.begin(post.request()).ok());
  const Status status = operation.prepare(Wait{.no_wait = true});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::would_block);
  EXPECT_EQ(fetches, 0);
  ASSERT_TRUE(operation.ready().ok());
  EXPECT_EQ(fetches, 1);
  ASSERT_TRUE(operation.prepare(Wait{.no_wait = true}).ok());
  EXPECT_FALSE(operation.renewal_due());

  // Ahead of expiry one caller is told, and those at hand still serve.
  now += 3000;
  ASSERT_TRUE(operation.prepare(Wait{.no_wait = true}).ok());
  EXPECT_TRUE(operation.renewal_due());
  Operation other = client->operation();
  ASSERT_TRUE(other.begin(post.request()).ok());
  ASSERT_TRUE(other.prepare(Wait{.no_wait = true}).ok());
  EXPECT_FALSE(other.renewal_due());
  EXPECT_EQ(fetches, 1);
  now += 31;  // it never came back: another one is told
  ASSERT_TRUE(other.prepare(Wait{.no_wait = true}).ok());
  EXPECT_TRUE(other.renewal_due());
  ASSERT_TRUE(other.ready().ok());
  EXPECT_EQ(fetches, 2);
  ASSERT_TRUE(other.prepare(Wait{.no_wait = true}).ok());
  EXPECT_FALSE(other.renewal_due());
}

TEST(Operations, TakeATokenThatWasFetchedAhead) {
  ClientConfig config = config_of({{"project", "proj_a"}});
  int calls = 0;
  config.bearer_token = [&calls]() -> Result<std::string> {
    return "token" + std::to_string(++calls);
  };
  const auto client = Client::create(std::move(config)).value();
  const Post post{std::string(mantle_chat), "{}"};
  Operation operation = client->operation();
  ASSERT_TRUE(operation.begin(post.request()).ok());
  EXPECT_EQ(operation.prepare(Wait{.no_wait = true}).error().code, Code::would_block);
  ASSERT_TRUE(operation.ready().ok());
  ASSERT_TRUE(operation.prepare(Wait{.no_wait = true}).ok());
  EXPECT_EQ(value_set(operation.prepared(), "authorization"), "Bearer token1");
  EXPECT_EQ(operation.prepare(Wait{.no_wait = true}).error().code, Code::would_block)
      << "used once";
  ASSERT_TRUE(operation.prepare().ok());
  EXPECT_EQ(calls, 2);

  // A host that rebuilds its request for each call, as HTTP clients do, gets on as well.
  EXPECT_EQ(operation.prepare(post.request(), Wait{.no_wait = true}).error().code,
            Code::would_block);
  ASSERT_TRUE(operation.ready().ok());
  ASSERT_TRUE(operation.prepare(post.request(), Wait{.no_wait = true}).ok());
  EXPECT_EQ(value_set(operation.prepared(), "authorization"), "Bearer token3");

  // What was fetched for one operation is not used in the next one.
  ASSERT_TRUE(operation.ready().ok());
  ASSERT_TRUE(operation.begin(post.request()).ok());
  EXPECT_EQ(operation.prepare(Wait{.no_wait = true}).error().code, Code::would_block);
}

TEST(Operations, KeepATokenThatWasFetchedAheadForAnotherRequest) {
  ClientConfig config = config_of({{"project", "proj_a"}});
  int calls = 0;
  config.bearer_token = [&calls]() -> Result<std::string> {
    return "token" + std::to_string(++calls);
  };
  const auto client = Client::create(std::move(config)).value();
  const Post post{std::string(mantle_chat), "{}"};
  const Post changed{std::string(mantle_chat), R"({"model":"m"})"};
  Operation operation = client->operation();
  ASSERT_TRUE(operation.begin(post.request()).ok());
  EXPECT_EQ(operation.ready(Wait{.no_wait = true}).error().code, Code::would_block);
  ASSERT_TRUE(operation.ready().ok());
  ASSERT_TRUE(operation.prepare(changed.request(), Wait{.no_wait = true}).ok());
  EXPECT_EQ(value_set(operation.prepared(), "authorization"), "Bearer token1");
  // Not for the next operation.
  ASSERT_TRUE(operation.ready().ok());
  operation.reset();
  EXPECT_TRUE(operation.id().empty());
  ASSERT_TRUE(operation.begin(post.request()).ok());
  ASSERT_TRUE(operation.prepare().ok());
  EXPECT_EQ(value_set(operation.prepared(), "authorization"), "Bearer token3");
}

TEST(Operations, FindTheErrorsOfPrepareWhenTheyGetReady) {
  struct Case {
    OptionValues options;
    std::string url;
    bool streams;
    Code code;
  };
  const OptionValues keys = with_keys({{"auth", "sigv4"}});
  const std::string upload = "https://bedrock-mantle.us-east-1.api.aws/v1/files";
  const Case cases[] = {
      {keys, upload, true, Code::body_needed},
      {keys, "https://sts.amazonaws.com/", false, Code::endpoint_mismatch},
      {{{"bearer_token", "a b"}}, std::string(mantle_chat), false, Code::no_credentials},
      {{{"auth", "bearer"}}, std::string(mantle_chat), false, Code::no_credentials},
      {{{"auth", "sigv4"}}, std::string(mantle_chat), false, Code::no_credentials},
  };
  for (const Case& each : cases) {
    const auto client = client_of(each.options);
    const Post post{each.url, "{}"};
    Request request = post.request();
    request.body_is_stream = each.streams;
    Operation operation = client->operation();
    ASSERT_TRUE(operation.begin(request).ok()) << each.url;
    const Status ready = operation.ready();
    const Status prepared = operation.prepare();
    ASSERT_FALSE(ready.ok()) << each.url;
    ASSERT_FALSE(prepared.ok()) << each.url;
    EXPECT_EQ(ready.error().code, each.code) << ready.error().message;
    EXPECT_EQ(ready.error().message, prepared.error().message);
  }
}

TEST(Operations, ReadARefusalAheadOnlyWhereThatMayHelp) {
  const Post post{std::string(mantle_chat), "{}"};
  const auto plan_of = [&post](const OptionValues& options, int status) {
    const auto client = client_of(options);
    Operation operation = sent_operation(*client, post.request());
    return operation.head(Head(status));
  };
  EXPECT_EQ(plan_of(with_keys({}), 401).read_ahead_bytes, 64U << 10U);
  EXPECT_EQ(plan_of(with_keys({}), 403).read_ahead_time.count(), 100);
  EXPECT_EQ(plan_of(with_keys({}), 400).read_ahead_bytes, 0U);
  EXPECT_EQ(plan_of(with_keys({}), 200).read_ahead_bytes, 0U);
  EXPECT_EQ(plan_of({{"bearer_token", "fixed"}}, 401).read_ahead_bytes, 0U);
  EXPECT_EQ(plan_of({{"auth", "none"}}, 401).read_ahead_bytes, 0U);
}

}  // namespace
}  // namespace costmark::testing
