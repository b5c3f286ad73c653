// What budgets say to the calls of a client, and what calls tell them.
#include "client/operation/call_budgets.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/client/client_fixture.hpp"
#include "core/ledger/parsed_row.hpp"
#include "costmark/budgets.hpp"

namespace costmark::testing {
namespace {

namespace fs = std::filesystem;

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string chat_answer(int input, int output) {
  return R"({"id":"chatcmpl-1","object":"chat.completion","model":"m","choices":[],"usage":)"
         R"({"prompt_tokens":)" +
         std::to_string(input) + R"(,"completion_tokens":)" + std::to_string(output) +
         R"(,"total_tokens":)" + std::to_string(input + output) + "}}";
}

class CallBudgets : public ::testing::Test {
 protected:
  std::shared_ptr<Client> client(const std::string& budgets, OptionValues options = {}) {
    options.emplace("budgets", budgets);
    options.emplace("project", "proj_a");
    options.emplace("region", "us-east-1");
    ClientConfig config = config_of(options);
    config.log = [this](LogLevel level, std::string_view text) {
      EXPECT_EQ(level, LogLevel::warning);
      logged.emplace_back(text);
    };
    auto made = Client::create(std::move(config));
    EXPECT_TRUE(made.ok()) << made.error().message;
    return made.value();
  }
  static Post chat(const std::string& members = "") {
    return {std::string(custom_chat),
            R"({"model":"openai.gpt-oss-120b","messages":[])" + members + "}"};
  }
  static BudgetState state(const Client& client, std::size_t index = 0) {
    return client.budgets()->state(index, now_us());
  }
  static std::string told(const Client& client, std::size_t index = 0) {
    const BudgetState found = state(client, index);
    return std::to_string(found.spent) + " spent, " + std::to_string(found.reserved) + " reserved";
  }
  static void answer(Operation& operation, int status, std::string_view body) {
    operation.head(Head(status));
    operation.feed(body);
    operation.finish();
  }
  static std::string refusal(Client& client, const Request& request) {
    Operation operation = client.operation();
    const Status status = operation.begin(request);
    if (status.ok()) return "sent";
    EXPECT_EQ(status.error().code, Code::budget_exceeded);
    EXPECT_TRUE(operation.id().empty());
    return status.error().message;
  }

  std::vector<std::string> logged;
};

TEST_F(CallBudgets, ReserveWhatACallMayUseAndSettleWhatItUsed) {
  const auto client = this->client("t: all 10000tokens/day refuse; u: all 1usd/day refuse");
  const Post post = chat(R"(,"max_tokens":500)");
  const auto input = static_cast<std::int64_t>((post.body.size() + 3) / 4);
  Operation operation = client->operation();
  ASSERT_TRUE(operation.begin(post.request()).ok());
  // The body that is sent has the project, too, when a body carries it.
  EXPECT_GE(state(*client).reserved, 500 + input);
  EXPECT_LT(state(*client).reserved, 500 + 2 * input);
  const std::int64_t tokens = state(*client).reserved;
  EXPECT_EQ(state(*client, 1).reserved, (tokens - 500) * 150'000 + 500 * 600'000);
  ASSERT_TRUE(operation.prepare().ok());
  operation.sent();
  EXPECT_EQ(state(*client).reserved, tokens);
  answer(operation, 200, chat_answer(100, 20));
  EXPECT_EQ(told(*client), "120 spent, 0 reserved");
  EXPECT_EQ(told(*client, 1), std::to_string(100 * 150'000 + 20 * 600'000) + " spent, 0 reserved");
}

TEST_F(CallBudgets, TheLimitThatACallSetsItselfIsAsked) {
  const auto client = this->client("t: all 100000tokens/day refuse");
  const auto reserved = [&](const std::string& members, std::string_view url = custom_chat) {
    Post post = chat(members);
    post.url = url;
    Operation operation = client->operation();
    EXPECT_TRUE(operation.begin(post.request()).ok());
    const std::int64_t tokens = state(*client).reserved;
    return tokens / 100 * 100;  // less the little input
  };
  EXPECT_EQ(reserved(R"(,"max_tokens":300)"), 300);
  EXPECT_EQ(reserved(R"(,"max_completion_tokens":400)"), 400);
  EXPECT_EQ(reserved(R"(,"max_tokens":300,"max_completion_tokens":400,"n":3)"), 1200);
  EXPECT_EQ(reserved(R"(,"max_tokens":300,"n":-1)"), 300);
  EXPECT_EQ(reserved(R"(,"max_tokens":"300")"), 4100);  // 4096: no answer was seen so far
  EXPECT_EQ(reserved(R"(,"max_output_tokens":700)", "http://127.0.0.1:8080/v1/responses"), 700);
  EXPECT_EQ(reserved("", "http://127.0.0.1:8080/v1/embeddings"), 0);
  const std::string model = "http://127.0.0.1:8080/model/openai.gpt-oss-120b-1:0/";
  EXPECT_EQ(reserved(R"(,"inferenceConfig":{"maxTokens":600})", model + "converse"), 600);
  EXPECT_EQ(reserved(R"(,"max_tokens":300)", model + "converse-stream"), 4100);
  EXPECT_EQ(reserved(R"(,"max_tokens":300)", model + "invoke"), 4100);  // the body is not read
  EXPECT_EQ(told(*client), "0 spent, 0 reserved");
  const auto told_how_much =
      this->client("t: all 100000tokens/day refuse", {{"budget_output_tokens", "2000"}});
  Operation operation = told_how_much->operation();
  ASSERT_TRUE(operation.begin(chat().request()).ok());
  EXPECT_EQ(state(*told_how_much).reserved / 100, 20);
}

TEST_F(CallBudgets, WithoutALimitTheAnswersSoFarTell) {
  const auto client = this->client("t: all 1000000tokens/day refuse");
  for (int i = 0; i < 200; ++i) {
    Operation operation = sent_operation(*client, chat().request());
    answer(operation, 200, chat_answer(10, i < 198 ? 100 : 50'000));
  }
  Operation operation = client->operation();
  ASSERT_TRUE(operation.begin(chat().request()).ok());
  EXPECT_GE(state(*client).reserved, 100);
  EXPECT_LT(state(*client).reserved, 160);
}

TEST(OutputSizes, AreAQuarterTooLargeAtMost) {
  for (const std::uint64_t tokens : {0ULL, 1ULL, 3ULL, 4ULL, 7ULL, 8ULL, 9ULL, 100ULL, 4095ULL,
                                     4096ULL, 1'000'000ULL, 2'147'483'647ULL}) {
    client::OutputSizes sizes;
    EXPECT_EQ(sizes.percentile_99(), std::nullopt);
    sizes.add(tokens);
    EXPECT_GE(*sizes.percentile_99(), tokens);
    EXPECT_LE(*sizes.percentile_99(), tokens + tokens / 4);
  }
  client::OutputSizes sizes;
  sizes.add(~std::uint64_t{0});
  EXPECT_EQ(*sizes.percentile_99(), 2'147'483'647ULL);
}

TEST_F(CallBudgets, RefuseBeforeAnythingIsSent) {
  const auto client =
      this->client("mine: project=proj_a 2calls/day refuse; m: all 9calls/day warn");
  Operation first = sent_operation(*client, chat().request());
  Operation second = sent_operation(*client, chat().request());
  answer(first, 200, chat_answer(1, 1));
  const std::string message = refusal(*client, chat().request());
  EXPECT_EQ(message.substr(0, message.find("anew ") + 5),
            "budget 'mine' of 2 calls a day for project proj_a has no place for a call that may "
            "use 1 call: 1 call spent, 1 call reserved by calls in flight; it begins anew ");
  EXPECT_EQ(message.substr(message.size() - 10), "T00:00:00Z");
  EXPECT_EQ(told(*client, 1), "1 spent, 1 reserved");  // in all or in none
  Post other = chat();
  other.project = "proj_b";
  EXPECT_EQ(refusal(*client, other.request()), "sent");
}

TEST_F(CallBudgets, ACallThatFailsUsesNothing) {
  const auto client = this->client("c: all 1calls/day refuse", {{"max_attempts", "1"}});
  {
    Operation operation = client->operation();  // never sent
    ASSERT_TRUE(operation.begin(chat().request()).ok());
    EXPECT_NE(refusal(*client, chat().request()), "sent");
  }
  {
    Operation operation = sent_operation(*client, chat().request());
    answer(operation, 400, R"({"error":{"code":"bad"}})");
    EXPECT_EQ(told(*client), "0 spent, 0 reserved");
  }
  {
    Operation operation = sent_operation(*client, chat().request());
    operation.fail(Outcome::error);  // the connection
    EXPECT_EQ(told(*client), "0 spent, 0 reserved");
  }
  sent_operation(*client, chat().request());  // dropped without an answer
  EXPECT_EQ(told(*client), "0 spent, 0 reserved");
}

TEST_F(CallBudgets, ARetryIsNotReservedTwice) {
  const auto client = this->client("c: all 1calls/day refuse; t: all 100000tokens/day refuse");
  const Post post = chat();
  Operation operation = sent_operation(*client, post.request());
  const std::int64_t reserved = state(*client, 1).reserved;
  answer(operation, 500, "");
  EXPECT_EQ(operation.next().step, NextStep::after_pause);
  EXPECT_NE(refusal(*client, post.request()), "sent");  // its place is kept
  ASSERT_TRUE(operation.prepare(post.request()).ok());
  EXPECT_EQ(state(*client, 1).reserved, reserved);
  operation.sent();
  answer(operation, 200, chat_answer(5, 5));
  EXPECT_EQ(told(*client), "1 spent, 0 reserved");
  EXPECT_EQ(told(*client, 1), "10 spent, 0 reserved");
  // A further attempt of the same call spends tokens, and is not another call.
  ASSERT_TRUE(operation.prepare().ok());
  operation.sent();
  answer(operation, 200, chat_answer(5, 5));
  EXPECT_EQ(told(*client), "1 spent, 0 reserved");
  EXPECT_EQ(told(*client, 1), "20 spent, 0 reserved");
}

TEST_F(CallBudgets, WhatBeginsBesideACallReservesWhenItIsPrepared) {
  const auto client = this->client("c: all 2calls/day refuse; t: all 1000tokens/day refuse");
  const Post post = chat(R"(,"max_tokens":400)");
  Operation first = client->operation();
  Operation beside = client->operation();
  ASSERT_TRUE(first.begin(post.request()).ok());
  const std::int64_t once = state(*client, 1).reserved;
  ASSERT_TRUE(beside.begin_beside(first, post.request()).ok());
  EXPECT_EQ(state(*client, 1).reserved, once);
  ASSERT_TRUE(beside.prepare().ok());
  EXPECT_EQ(state(*client, 1).reserved, 2 * once);
  beside.sent();
  answer(beside, 200, chat_answer(10, 5));
  EXPECT_EQ(told(*client, 1), "15 spent, " + std::to_string(once) + " reserved");
}

TEST_F(CallBudgets, AnotherPayerIsAskedAnew) {
  const auto client =
      this->client("a: project=proj_a 9calls/day refuse; b: project=proj_b 1calls/day refuse");
  Operation operation = client->operation();
  ASSERT_TRUE(operation.begin(chat().request()).ok());
  const Post other = chat(R"(,"project_id":"proj_b")");
  ASSERT_TRUE(operation.prepare(other.request()).ok());
  EXPECT_EQ(told(*client, 0), "0 spent, 0 reserved");
  EXPECT_EQ(told(*client, 1), "0 spent, 1 reserved");
  Operation second = client->operation();
  ASSERT_TRUE(second.begin(chat().request()).ok());
  EXPECT_EQ(second.prepare(other.request()).error().code, Code::budget_exceeded);
}

TEST_F(CallBudgets, WhatWasCutShortIsTakenToBeAsExpected) {
  const auto client = this->client("t: all 10000tokens/day refuse");
  const Post post = chat(R"(,"max_tokens":500,"stream":true)");
  Operation operation = sent_operation(*client, post.request());
  const std::int64_t expected = state(*client).reserved;
  operation.head(Head(200, "text/event-stream"));
  operation.feed("data: {\"id\":\"chatcmpl-1\",\"choices\":[]}\n\n");
  operation.fail(Outcome::cancelled);
  EXPECT_EQ(told(*client), std::to_string(expected) + " spent, 0 reserved");
}

TEST_F(CallBudgets, WarnOnceAtAThreshold) {
  const auto client = this->client("c: all 4calls/day warn at=50,100");
  for (int i = 0; i < 5; ++i) {
    Operation operation = sent_operation(*client, chat().request());
    answer(operation, i % 2 == 0 ? 200 : 500, i % 2 == 0 ? chat_answer(1, 1) : "");
  }
  ASSERT_EQ(logged.size(), 1U);  // three were calls, and two passed the threshold for a while
  EXPECT_EQ(logged[0].substr(0, logged[0].find(':')),
            "50% of budget 'c' of 4 calls a day for all calls are used");
  Operation fourth = sent_operation(*client, chat().request());
  EXPECT_EQ(logged.size(), 2U);
}

TEST_F(CallBudgets, WhatHasNoPriceIsRefusedUnlessThatIsAllowed) {
  Post unknown = chat();
  unknown.body = R"({"model":"m-1","messages":[]})";
  const auto strict = client("u: all 1usd/day refuse");
  const std::string message = refusal(*strict, unknown.request());
  EXPECT_NE(message.find("there is none for model 'm-1'"), std::string::npos) << message;
  EXPECT_EQ(refusal(*strict, chat().request()), "sent");
  const auto lenient = client("u: all 1usd/day refuse", {{"budget_unpriced", "allow"}});
  EXPECT_EQ(refusal(*lenient, unknown.request()), "sent");
  const auto nowhere = client("u: all 1usd/day refuse", {{"region", ""}});
  const std::string without = refusal(*nowhere, chat().request());
  EXPECT_NE(without.find("without a Region"), std::string::npos) << without;
  EXPECT_NE(without.find("set option 'region'"), std::string::npos) << without;
}

TEST_F(CallBudgets, OneCallMayOverrideThem) {
  const auto client = this->client("c: all 0calls/day refuse");
  Request request;
  const Post post = chat();
  request = post.request();
  EXPECT_NE(refusal(*client, request), "sent");
  request.overrides_budgets = true;
  Operation operation = client->operation();
  ASSERT_TRUE(operation.begin(request).ok());
  ASSERT_TRUE(operation.prepare(post.request()).ok());  // it stays so
  operation.sent();
  answer(operation, 200, chat_answer(1, 1));
  EXPECT_EQ(told(*client), "1 spent, 0 reserved");
  EXPECT_NE(refusal(*client, post.request()), "sent");
}

TEST_F(CallBudgets, ABackgroundResponseStaysReservedUntilItsEnd) {
  const auto client = this->client("t: all 10000tokens/day refuse; c: all 5calls/day refuse",
                                   {{"base_url", "http://127.0.0.1:8080/v1"}});
  const Post create{"http://127.0.0.1:8080/v1/responses",
                    R"({"model":"m-1","input":"x","background":true,"max_output_tokens":400})"};
  {
    Operation operation = sent_operation(*client, create.request());
    answer(operation, 200,
           R"({"id":"resp_budget","object":"response","status":"queued","background":true})");
  }
  EXPECT_GE(state(*client).reserved, 400);
  EXPECT_EQ(told(*client, 1), "0 spent, 1 reserved");
  const auto later = now_us() + Budgets::longest_hold_us / 2;
  EXPECT_EQ(client->budgets()->state(1, later).reserved,
            later / 86'400'000'000 == now_us() / 86'400'000'000);
  const Post get{"http://127.0.0.1:8080/v1/responses/resp_budget", ""};
  Request poll = get.request();
  poll.method = "GET";
  for (int i = 0; i < 2; ++i) {
    Operation polling = sent_operation(*client, poll);
    answer(polling, 200,
           R"({"id":"resp_budget","object":"response","status":"completed","background":true,)"
           R"("model":"m-1","usage":{"input_tokens":4,"output_tokens":2,"total_tokens":6}})");
  }
  EXPECT_EQ(told(*client), "6 spent, 0 reserved");
  EXPECT_EQ(told(*client, 1), "1 spent, 0 reserved");
}

TEST_F(CallBudgets, CountWhatAnotherProcessBegan) {
  const auto client = this->client("t: all 10000tokens/day refuse; c: all 5calls/day refuse",
                                   {{"base_url", "http://127.0.0.1:8080/v1"}});
  const Post get{"http://127.0.0.1:8080/v1/responses/resp_elsewhere", ""};
  Request poll = get.request();
  poll.method = "GET";
  Operation polling = sent_operation(*client, poll);
  answer(polling, 200,
         R"({"id":"resp_elsewhere","object":"response","status":"completed","background":true,)"
         R"("model":"m-1","usage":{"input_tokens":4,"output_tokens":2,"total_tokens":6}})");
  EXPECT_EQ(told(*client), "6 spent, 0 reserved");
  EXPECT_EQ(told(*client, 1), "1 spent, 0 reserved");
}

TEST_F(CallBudgets, AreSharedByTheClientsOfAProcess) {
  const std::string text = "c: all 1calls/day refuse";
  const auto one = client(text);
  const auto other = client(text);
  Operation operation = sent_operation(*one, chat().request());
  EXPECT_NE(refusal(*other, chat().request()), "sent");
  EXPECT_EQ(refusal(*client("c: all 2calls/day refuse"), chat().request()), "sent");
}

TEST_F(CallBudgets, FindTagsAndLabelsAlsoThoseThatAreHashed) {
  const auto client =
      this->client("tag: tag.team=search 1calls/day refuse; user: label.user=ann 1calls/day refuse",
                   {{"tags", "proj_a: team=search"},
                    {"ledger_hash_labels", "user"},
                    {"ledger_hash_key", "0123456789abcdef"}});
  Post post = chat();
  post.project = "proj_b";
  Request request = post.request();
  const NameValue label{"user", "ann"};
  request.labels = {&label, 1};
  Operation labeled = sent_operation(*client, request);
  EXPECT_EQ(told(*client, 0), "0 spent, 0 reserved");
  EXPECT_EQ(told(*client, 1), "0 spent, 1 reserved");
  EXPECT_NE(refusal(*client, request), "sent");
  Operation tagged = sent_operation(*client, chat().request());
  EXPECT_NE(refusal(*client, chat().request()), "sent");
}

TEST_F(CallBudgets, NameAProjectByItsArnToo) {
  const auto client = this->client(
      "a: project=arn:aws:bedrock-mantle:us-east-1:111122223333:project/proj_a 1calls/day refuse");
  const Operation first = sent_operation(*client, chat().request());
  EXPECT_NE(refusal(*client, chat().request()), "sent");
}

TEST_F(CallBudgets, ABadTextOrFileIsAnErrorOfTheClient) {
  const auto refused = [](const std::string& budgets) {
    const auto made = Client::create(config_of({{"budgets", budgets}}));
    return made.ok() ? std::string() : made.error().message;
  };
  EXPECT_NE(refused("a: all 5eur/day warn").find("an unknown unit"), std::string::npos);
  EXPECT_NE(refused("a: project=proj/a 1calls/day refuse").find("option 'budgets'"),
            std::string::npos)
      << "no call would ever count";
  EXPECT_NE(refused("/none/such").find("/none/such cannot be read"), std::string::npos);
  const std::string path = (fs::temp_directory_path() / "budgetsXXXXXX").string();
  std::ofstream(path)
      << "# a comment; with a mark\n\na: all 1calls/day refuse\nb: all 5eur/day warn\n";
  EXPECT_NE(refused(path).find(path + ": budgets: an unknown unit"), std::string::npos);
  std::ofstream(path)
      << "# a comment; with a mark\n\na: all 1calls/day refuse\n b: all 5usd/day warn\n";
  EXPECT_EQ(client(path)->budgets()->all().size(), 2U);
  fs::remove(path);
}

TEST_F(CallBudgets, ARefusedCallHasARow) {
  std::string name = (fs::temp_directory_path() / "ledgerXXXXXX").string();
  const fs::path folder = ::mkdtemp(name.data());
  {
    const auto client = this->client("c: all 0calls/day refuse", {{"ledger", folder.string()}});
    EXPECT_NE(refusal(*client, chat().request()), "sent");
  }
  std::vector<ParsedRow> rows;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".jsonl") continue;
    std::ostringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    for (const std::string& line : lines_of(text.str())) {
      if (line.find(R"("kind":"refused")") != std::string::npos) rows.emplace_back(line);
    }
  }
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].text("error_code"), "budget_exceeded");
  EXPECT_EQ(rows[0].text("project"), "proj_a");
  EXPECT_EQ(rows[0].text("project_source"), "client");
  EXPECT_EQ(rows[0].text("model"), "openai.gpt-oss-120b");
  EXPECT_EQ(rows[0].text("url_host"), "127.0.0.1");
  fs::remove_all(folder);
}

}  // namespace
}  // namespace costmark::testing
