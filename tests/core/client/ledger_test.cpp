// The rows that operations leave in the ledger.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/client/client_fixture.hpp"
#include "core/ledger/parsed_row.hpp"

namespace costmark::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view chat_answer =
    R"({"id":"chatcmpl-1","object":"chat.completion","model":"gpt-x","service_tier":"default",)"
    R"("choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}})";

class LedgerOfClient : public ::testing::Test {
 protected:
  LedgerOfClient() {
    std::string name = (fs::temp_directory_path() / "ledgerXXXXXX").string();
    folder = ::mkdtemp(name.data());
  }
  ~LedgerOfClient() override {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }

  std::shared_ptr<Client> client(OptionValues options) const {
    options.emplace("ledger", folder.string());
    options.emplace("project", "proj_a");
    return client_of(options);
  }
  // Rows of operations, without the writer's notes.
  std::vector<ParsedRow> rows() const {
    std::vector<ParsedRow> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.path().extension() != ".jsonl") continue;
      std::ostringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      for (const std::string& line : lines_of(text.str())) {
        if (line.find(R"("kind":"note")") == std::string::npos) found.emplace_back(line);
      }
    }
    return found;
  }
  // "begin 1, attempt 1 ok": kind, attempt and outcome of each row.
  std::string told() const {
    std::string all;
    for (const ParsedRow& row : rows()) {
      all += (all.empty() ? "" : ", ") + row.text("kind");
      if (const auto attempt = row.number("attempt")) all += " " + std::to_string(*attempt);
      if (row.text("outcome") != "(absent)") all += " " + row.text("outcome");
      if (row.text("kind") == "refused") all += " " + row.text("error_code");
    }
    return all;
  }
  static void answer(Operation& operation, int status, std::string_view body) {
    operation.head(Head(status));
    operation.feed(body);
    operation.finish();
  }

  const Post post{
      std::string(custom_chat),
      R"({"model":"m-1","messages":[]})",
      {{"Content-Type", "application/json"}, {"User-Agent", "OpenAI/Python 3.1.0 (linux; x86)"}}};
  fs::path folder;
};

TEST_F(LedgerOfClient, EachAttemptHasItsBeginAndItsEnd) {
  const auto client = this->client({{"region", "eu-west-1"}});
  Operation operation = sent_operation(*client, post.request());
  answer(operation, 500, R"({"error":{"code":"busy"}})");
  ASSERT_TRUE(operation.prepare().ok());
  operation.sent();
  answer(operation, 200, chat_answer);
  EXPECT_EQ(told(), "begin 1, attempt 1 error, begin 2, attempt 2 ok");
  const auto found = rows();
  for (const ParsedRow& row : found) {
    EXPECT_EQ(row.text("op"), operation.id());
    EXPECT_EQ(row.text("project"), "proj_a");
    EXPECT_EQ(row.text("project_source"), "client");
    EXPECT_EQ(row.text("api"), "chat_completions");
    EXPECT_EQ(row.text("model"), "m-1");
    EXPECT_EQ(row.text("region"), "eu-west-1");
    EXPECT_EQ(row.text("url_host"), "127.0.0.1");
    EXPECT_EQ(row.text("sdk"), "OpenAI/Python 3.1.0");
  }
  EXPECT_EQ(found[1].number("status"), 500);
  EXPECT_EQ(found[1].text("error_code"), "busy");
  EXPECT_EQ(found[1].number("input"), std::nullopt);
  const ParsedRow& last = found[3];
  EXPECT_EQ(last.number("input"), 9);
  EXPECT_EQ(last.number("output"), 3);
  EXPECT_EQ(last.number("total"), 12);
  EXPECT_EQ(last.text("model_answered"), "gpt-x");
  EXPECT_EQ(last.text("tier"), "default");
  EXPECT_EQ(last.text("response_id"), "chatcmpl-1");
  EXPECT_EQ(last.text("usage"), R"({"prompt_tokens":9,"completion_tokens":3,"total_tokens":12})");
  EXPECT_EQ(last.number("end_us"), *last.number("start_us") + *last.number("latency_us"));
  EXPECT_LE(*last.number("ttfb_us"), *last.number("latency_us"));
}

TEST_F(LedgerOfClient, WhatIsPreparedAndNotSentLeavesNoTrace) {
  const auto client = this->client({});
  {
    Operation operation = client->operation();
    ASSERT_TRUE(operation.begin(post.request()).ok());
    ASSERT_TRUE(operation.prepare().ok());
  }
  EXPECT_TRUE(fs::is_empty(folder));
}

TEST_F(LedgerOfClient, WhatIsDroppedIsCancelledOrFailed) {
  const auto client = this->client({{"ledger_begin", "false"}});
  {
    sent_operation(*client, post.request());
  }
  {
    Operation operation = sent_operation(*client, post.request());
    operation.head(Head(503));
  }
  EXPECT_EQ(told(), "attempt 1 cancelled, attempt 1 error");
}

TEST_F(LedgerOfClient, RefusedCallsHaveARow) {
  const auto client = this->client({{"allowed_projects", "proj_a,proj_b"}});
  Post other = post;
  other.project = "proj_c";
  Operation operation = client->operation();
  EXPECT_EQ(operation.begin(other.request()).error().code, Code::project_not_allowed);
  const Post broken{std::string(custom_chat), "{"};
  EXPECT_FALSE(operation.begin(broken.request()).ok());  // a fault of the request, not a policy
  EXPECT_EQ(told(), "refused project_not_allowed");
  EXPECT_EQ(rows()[0].text("project"), "proj_c");
  EXPECT_EQ(rows()[0].text("op"), "(absent)");
}

TEST_F(LedgerOfClient, ABackgroundResponseIsSettledOnce) {
  const auto client = this->client({{"base_url", "http://127.0.0.1:8080/v1"}});
  const Post create{"http://127.0.0.1:8080/v1/responses",
                    R"({"model":"m-1","input":"x","background":true})"};
  Operation operation = sent_operation(*client, create.request());
  answer(operation, 200,
         R"({"id":"resp_ledger","object":"response","status":"queued","background":true})");
  const Post get{"http://127.0.0.1:8080/v1/responses/resp_ledger", ""};
  Request poll = get.request();
  poll.method = "GET";
  for (int i = 0; i < 2; ++i) {
    Operation polling = sent_operation(*client, poll);
    answer(polling, 200,
           R"({"id":"resp_ledger","object":"response","status":"completed","background":true,)"
           R"("model":"m-1","usage":{"input_tokens":4,"output_tokens":2,"total_tokens":6}})");
  }
  EXPECT_EQ(told(), "begin 1, attempt 1 open, settle ok");
  const auto found = rows();
  EXPECT_EQ(found[2].text("op"), found[0].text("op"));
  EXPECT_EQ(found[2].number("input"), 4);
  EXPECT_EQ(found[2].text("response_id"), "resp_ledger");
  EXPECT_EQ(found[1].raw("background"), "true");
}

TEST_F(LedgerOfClient, OtherRequestsHaveNoRow) {
  const auto client = this->client({});
  const Post get{"http://127.0.0.1:8080/v1/models", ""};
  Request request = get.request();
  request.method = "GET";
  Operation operation = sent_operation(*client, request);
  answer(operation, 200, "{}");
  EXPECT_TRUE(fs::is_empty(folder));
}

TEST_F(LedgerOfClient, AFolderThatCannotBeIsSaidOnceAndFailsNoCall) {
  std::vector<std::string> log;
  std::ofstream(folder / "file") << "not a folder";
  ClientConfig config =
      config_of({{"project", "proj_a"}, {"ledger", (folder / "file/ledger").string()}});
  config.log = [&](LogLevel, std::string_view line) { log.emplace_back(line); };
  const auto client = Client::create(std::move(config)).value();
  for (int i = 0; i < 3; ++i) {
    Operation operation = sent_operation(*client, post.request());
    answer(operation, 200, chat_answer);
  }
  ASSERT_EQ(log.size(), 1U);
  EXPECT_NE(log[0].find("cannot be written (Not a directory)"), std::string::npos) << log[0];
  EXPECT_EQ(client->ledger_counters().rows_waiting, 6U);
  EXPECT_FALSE(client->flush_ledger());
  fs::remove(folder / "file");
  EXPECT_TRUE(client->flush_ledger());
  EXPECT_EQ(client->ledger_counters().rows_waiting, 0U);
}

TEST_F(LedgerOfClient, ATargetThatCannotBeIsAnErrorOfTheClient) {
  ClientConfig config = config_of({{"ledger", "fd:x"}});
  EXPECT_EQ(Client::create(std::move(config)).error().code, Code::invalid_option);
}

}  // namespace
}  // namespace costmark::testing
