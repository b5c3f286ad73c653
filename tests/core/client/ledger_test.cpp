// The rows that operations leave in the ledger.
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/client/client_fixture.hpp"
#include "core/ledger/parsed_row.hpp"
#include "costmark/project_tags.hpp"

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

TEST_F(LedgerOfClient, AnAttemptHasItsEstimate) {
  const auto client = this->client({{"region", "us-east-1"}});
  Post known = post;
  known.body = R"({"model":"openai.gpt-oss-120b","messages":[]})";
  for (const Post& each : {known, post}) {
    Operation operation = sent_operation(*client, each.request());
    answer(operation, 200, chat_answer);
  }
  const auto found = rows();
  EXPECT_EQ(found[0].text("cost_state"), "(absent)");
  EXPECT_EQ(found[1].text("serving"), "in-region");
  EXPECT_EQ(found[1].text("cost_state"), "priced");
  EXPECT_EQ(found[1].number("cost_pico"), 9 * 150'000 + 3 * 600'000);
  EXPECT_EQ(found[1].text("price_book"), PriceBook::shipped().value().hash());
  EXPECT_EQ(found[3].text("cost_state"), "unpriced");
  EXPECT_EQ(found[3].number("cost_pico"), std::nullopt);
}

TEST_F(LedgerOfClient, ABadPriceBookIsAnErrorOfTheClient) {
  std::ofstream(folder / "book") << "nonsense";
  ClientConfig config =
      config_of({{"ledger", folder.string()}, {"prices", (folder / "book").string()}});
  const auto made = Client::create(std::move(config));
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.error().message.find("book:1"), std::string::npos) << made.error().message;
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

TEST_F(LedgerOfClient, WhatAForkedChildDropsIsItsParents) {
  const auto client = this->client({{"ledger_begin", "false"}});
  Operation operation = sent_operation(*client, post.request());
  operation.head(Head(200));
  const pid_t child = ::fork();
  ASSERT_NE(child, -1);
  if (child == 0) {
    operation.reset();
    ::_exit(0);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  operation.feed(chat_answer);
  operation.finish();
  EXPECT_EQ(told(), "attempt 1 ok");
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

TEST_F(LedgerOfClient, EveryRowHasTheLabelsOfItsCall) {
  const auto client = this->client({{"base_url", "http://127.0.0.1:8080/v1"}});
  const Post create{"http://127.0.0.1:8080/v1/responses",
                    R"({"model":"m-1","input":"x","background":true})"};
  Request request = create.request();
  std::string value = "search";
  const NameValue labels[] = {{"feature", value}, {"user", "ann"}};
  request.labels = labels;
  Operation operation = client->operation();
  ASSERT_TRUE(operation.begin(request).ok());
  value = "gone!!";                                       // they were copied
  ASSERT_TRUE(operation.prepare(create.request()).ok());  // which does not change them
  operation.sent();
  answer(operation, 200,
         R"({"id":"resp_labels","object":"response","status":"queued","background":true})");
  // A poll has labels of its own, and the settlement those of the call.
  const Post get{"http://127.0.0.1:8080/v1/responses/resp_labels", ""};
  Request poll = get.request();
  poll.method = "GET";
  const NameValue of_poll{"feature", "poll"};
  poll.labels = {&of_poll, 1};
  Operation polling = sent_operation(*client, poll);
  answer(polling, 200,
         R"({"id":"resp_labels","object":"response","status":"completed","background":true})");
  ASSERT_EQ(told(), "begin 1, attempt 1 open, settle ok");
  for (const ParsedRow& row : rows()) {
    EXPECT_EQ(row.raw("labels"), R"({"feature":"search","user":"ann"})");
    EXPECT_EQ(row.text("labels_key"), "(absent)");
  }
  // The next call of the handle has none.
  ASSERT_TRUE(operation.begin(create.request()).ok());
  operation.sent();
  answer(operation, 500, "");
  EXPECT_EQ(rows().back().raw("labels"), "(absent)");
}

TEST_F(LedgerOfClient, BadLabelsAreAnErrorOfTheCall) {
  const auto client = this->client({});
  Request request = post.request();
  const NameValue bad{"user", "a\x1B[2J"};
  request.labels = {&bad, 1};
  Operation operation = client->operation();
  const Status status = operation.begin(request);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::invalid_argument);
  EXPECT_EQ(status.error().message, "the value of label 'user' has control characters");
  EXPECT_TRUE(operation.id().empty());
}

TEST_F(LedgerOfClient, LabelsThatAreHashedAreNotThereInClear) {
  const auto client = this->client(
      {{"ledger_hash_labels", "user,session"}, {"ledger_hash_key", "0123456789abcdef"}});
  Request request = post.request();
  const NameValue labels[] = {{"feature", "search"}, {"user", "ann"}};
  request.labels = labels;
  Operation operation = sent_operation(*client, request);
  answer(operation, 200, chat_answer);
  const auto found = rows();
  ASSERT_EQ(found.size(), 2U);
  for (const ParsedRow& row : found) {
    // printf ann | openssl dgst -sha256 -hmac 0123456789abcdef
    EXPECT_EQ(row.raw("labels"),
              R"({"feature":"search","user":"hmac-sha256:)"
              R"(fb385915a0623c0be3e7b0a7134dbb620a2771faff45e92eb8647d11aa2947cf"})");
    EXPECT_EQ(row.text("labels_key"), "529729c487724a71");
  }
  const NameValue plain{"feature", "search"};
  request.labels = {&plain, 1};
  Operation other = sent_operation(*client, request);
  EXPECT_EQ(rows().back().text("labels_key"), "(absent)");
}

TEST_F(LedgerOfClient, LabelsAreHashedWithAKeyOrNotAtAll) {
  const auto refused = [](const OptionValues& options) {
    const auto made = Client::create(config_of(options));
    return made.ok() ? std::string() : made.error().message;
  };
  EXPECT_EQ(refused({{"ledger_hash_labels", "user"}}),
            "option 'ledger_hash_key' is missing: the labels of option 'ledger_hash_labels' are "
            "hashed with it");
  EXPECT_EQ(refused({{"ledger_hash_labels", "user"}, {"ledger_hash_key", "short-key"}}),
            "option 'ledger_hash_key' is too short: it needs 16 bytes");
  EXPECT_EQ(refused({{"ledger_hash_key", "short-key"}}), "");
  // A hash is longer than what it stands for.
  const auto client =
      this->client({{"ledger_hash_labels", "user"}, {"ledger_hash_key", "0123456789abcdef"}});
  const std::string long_value(2000, 'x');
  const NameValue labels[] = {{"feature", long_value}, {"user", "ann"}};
  Request request = post.request();
  request.labels = labels;
  Operation operation = client->operation();
  EXPECT_EQ(operation.begin(request).error().message,
            "the labels have 2087 bytes, names and values together; they may have 2048");
}

TEST_F(LedgerOfClient, EveryRowHasTheTagsOfItsProject) {
  std::ofstream(folder / "costmark.lock") << R"({"version": 1, "projects": [
      {"id": "proj_a", "region": "eu-west-1", "tags": {"team": "elsewhere"}},
      {"id": "proj_a", "region": "us-east-1", "name": "search", "tags": {"team": "search"}},
      {"id": "proj_b", "tags": {"team": "ops", "env": "prod"}}, {"id": "proj_c"}]})";
  const auto client = this->client({{"lock", (folder / "costmark.lock").string()},
                                    {"tags",
                                     "arn:aws:bedrock:us-east-1:111122223333:project/proj_d: "
                                     "team=x y, cost-center = 12; proj_b: team=1"},
                                    {"region", "us-east-1"},
                                    {"ledger_begin", "false"}});
  const auto tags_of = [&](const std::string& project) {
    Post other = post;
    other.project = project;
    Operation operation = sent_operation(*client, other.request());
    answer(operation, 200, chat_answer);
    return rows().back().raw("tags");
  };
  EXPECT_EQ(tags_of(""), R"({"team":"search"})");
  EXPECT_EQ(tags_of("proj_b"), R"({"team":"1"})");  // the option comes first
  EXPECT_EQ(tags_of("proj_c"), "(absent)");
  EXPECT_EQ(tags_of("proj_d"), R"({"team":"x y","cost-center":"12"})");
  EXPECT_EQ(tags_of("proj_e"), "(absent)");
}

TEST_F(LedgerOfClient, TagsThatTheProcessToldComeAfterThoseOfOptions) {
  const auto client =
      this->client({{"tags", "proj_told_a: team=option"}, {"ledger_begin", "false"}});
  const auto tags_of = [&](const std::string& project) {
    Post other = post;
    other.project = project;
    Operation operation = sent_operation(*client, other.request());
    answer(operation, 200, chat_answer);
    return rows().back().raw("tags");
  };
  EXPECT_EQ(tags_of("proj_told_b"), "(absent)");
  const auto tell = [](std::string_view project, std::string_view team) {
    const NameValue tag{"team", team};
    return tell_project_tags(project, {&tag, 1});
  };
  ASSERT_TRUE(tell("proj_told_a", "told"));
  ASSERT_TRUE(tell("proj_told_b", "told"));
  EXPECT_EQ(tags_of("proj_told_a"), R"({"team":"option"})");
  EXPECT_EQ(tags_of("proj_told_b"), R"({"team":"told"})");
  ASSERT_TRUE(tell("proj_told_b", "later"));
  EXPECT_EQ(tags_of("proj_told_b"), R"({"team":"later"})");
  EXPECT_EQ(tags_of("proj_told_c"), "(absent)");
  EXPECT_EQ(tell("proj_told_b", "a\nb").error().code, Code::invalid_argument);
}

TEST_F(LedgerOfClient, OnMantleAModelIsServedAsTheBookHasIt) {
  const auto client = this->client(
      {{"region", "us-east-1"}, {"ledger_begin", "false"}, {"bearer_token", "ABSKtoken"}});
  const auto row_of = [&](const std::string& url) {
    Post claude = post;
    claude.url = url;
    claude.body = R"({"model":"anthropic.claude-opus-4-8","messages":[]})";
    Operation operation = sent_operation(*client, claude.request());
    answer(operation, 200, chat_answer);
    const auto found = rows();
    const auto& row = found.back();
    return row.text("serving") + " " + row.text("cost_state");
  };
  EXPECT_EQ(row_of("https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions"),
            "global priced");
  EXPECT_EQ(row_of("https://gateway.internal/v1/chat/completions"), "global priced");
  // There the name would say it.
  EXPECT_EQ(row_of("https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1/chat/completions"),
            "in-region unpriced");
}

TEST_F(LedgerOfClient, BadTagsAreAnErrorOfTheClient) {
  const auto refused = [](const OptionValues& options) {
    const auto made = Client::create(config_of(options));
    return made.ok() ? std::string() : made.error().message;
  };
  EXPECT_NE(refused({{"tags", "team=search"}}).find("a project without ':' at byte 0"),
            std::string::npos);
  EXPECT_NE(refused({{"tags", "proj_a: team"}}).find("a tag without '=' at byte 7"),
            std::string::npos);
  EXPECT_NE(refused({{"tags", "arn:aws:bedrock:us-east-1:11112222333:project/proj_a: a=b"}})
                .find("not one of a project"),
            std::string::npos);
  EXPECT_NE(refused({{"tags", "my project: a=b"}}).find("looks like a project's name"),
            std::string::npos);
  EXPECT_NE(refused({{"tags", "proj_a: a=1, a=2"}}).find("'a' is given twice"), std::string::npos);
  const std::string lock = (folder / "lock").string();
  EXPECT_NE(refused({{"lock", lock}}).find("cannot be read"), std::string::npos);
}

TEST_F(LedgerOfClient, WhoListensIsToldWhatTheRowsSay) {
  std::vector<std::string> told;
  ClientConfig config =
      config_of({{"project", "proj_a"}, {"region", "us-east-1"}, {"tags", "proj_a: team=search"}});
  config.on_usage = [&](const AttemptReport& report) {
    ASSERT_EQ(report.tags.size(), 1U);
    ASSERT_EQ(report.labels.size(), 1U);
    told.push_back(std::string(report.tags[0].value) + " " + std::string(report.labels[0].value) +
                   " " + std::string(report.serving) + " " +
                   std::string(to_string(report.cost_state)) + " " +
                   std::to_string(report.cost_pico.value_or(-1)));
    EXPECT_EQ(report.price_book, PriceBook::shipped().value().hash());
  };
  const auto client = Client::create(std::move(config)).value();
  Post known = post;
  known.body = R"({"model":"openai.gpt-oss-120b","messages":[]})";
  Request request = known.request();
  const NameValue label{"user", "ann"};
  request.labels = {&label, 1};
  Operation operation = sent_operation(*client, request);
  answer(operation, 200, chat_answer);
  EXPECT_EQ(told, std::vector<std::string>{"search ann in-region priced 3150000"});
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
