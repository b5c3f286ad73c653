// Option `lock`: the names of projects, wherever a project is named.
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>

#include "client/lock_file.hpp"
#include "core/client/client_fixture.hpp"
#include "costmark/budgets.hpp"
#include "costmark/projects.hpp"

namespace costmark::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view lock_text = R"({
  "version": 1,
  "projects": [
    {"partition": "aws", "account": "111122223333", "region": "us-east-1", "plane": "mantle",
     "name": "my-app-prod", "stack": "shop", "id": "proj_app", "tags": {"team": "platform"}},
    {"partition": "aws", "account": "111122223333", "region": "eu-west-1", "plane": "mantle",
     "name": "my-app-prod", "stack": "shop", "id": "proj_app_eu", "tags": null},
    {"account": "111122223333", "region": "us-east-1", "plane": "bedrock", "name": "my-app-prod",
     "id": "proj_app_runtime"},
    {"account": "111122223333", "region": "us-east-1", "name": "My \"app\" \u00fc", "id": "proj_u"},
    {"account": "111122223333", "region": "us-east-1", "name": "both", "id": "proj_1"},
    {"account": "444455556666", "region": "us-east-1", "name": "both", "id": "proj_2"}
  ],
  "history": [{"tag": "shop/my-app-prod", "until": null}]
}
)";

class Lock : public ::testing::Test {
 protected:
  Lock()
      : path((fs::temp_directory_path() / ("costmark-lock-" + std::to_string(::getpid())))
                 .string()) {
    write(lock_text);
  }
  ~Lock() override { fs::remove(path); }

  void write(std::string_view text) const {
    std::ofstream(path, std::ios::trunc | std::ios::binary) << text;
  }
  OptionValues with_lock(OptionValues options) const {
    options.emplace("lock", path);
    return with_keys(std::move(options));
  }
  std::string refused(const OptionValues& options = {}) const {
    const auto made = Client::create(config_of(with_lock(options)));
    return made.ok() ? std::string() : made.error().message;
  }

  const std::string path;
};

std::string paid(Client& client, const Post& post) {
  Prepared prepared;
  const Status status = client.prepare(post.request(), prepared);
  return status ? std::string(prepared.project()) : status.error().message;
}

Post chat_in(const std::string& region) {
  return {"https://bedrock-mantle." + region + ".api.aws/v1/chat/completions", R"({"model":"m"})"};
}

const std::string runtime = "https://bedrock-runtime.us-east-1.amazonaws.com";
const Post converse{runtime + "/model/m/converse", R"({"messages":[]})"};

TEST_F(Lock, ManyMembersAreReadInTheTimeThatTheirBytesTake) {
  std::string text = R"({"version": 1, "projects": [])";
  for (int i = 0; i < 60'000; ++i) text += ",\"member " + std::to_string(i) + "\": 0";
  const std::clock_t begin = std::clock();
  EXPECT_TRUE(client::parse_lock_file(text + "}", path));
  const auto twice = client::parse_lock_file(text + R"(,"member 7": 0})", path);
  EXPECT_LT(std::clock() - begin, 5 * CLOCKS_PER_SEC);
  ASSERT_FALSE(twice);
  EXPECT_NE(twice.error().message.find("'member 7' occurs twice"), std::string::npos);
}

TEST_F(Lock, ANameStandsForTheProjectWhereTheRequestGoes) {
  const auto client = client_of(with_lock({{"project", "my-app-prod"}}));
  EXPECT_EQ(paid(*client, chat_in("us-east-1")), "proj_app");
  EXPECT_EQ(paid(*client, chat_in("eu-west-1")), "proj_app_eu");
  EXPECT_EQ(paid(*client, converse), "proj_app_runtime");
  EXPECT_NE(paid(*client, chat_in("ap-south-1")).find("named 'my-app-prod' in ap-south-1, but"),
            std::string::npos);
  EXPECT_NE(paid(*client, {std::string(custom_chat), R"({"model":"m"})"}).find("may be"),
            std::string::npos)
      << "no region is known there";
  const auto at_home = client_of(with_lock({{"project", "my-app-prod"}, {"auth", "none"}}),
                                 {{"AWS_REGION", "eu-west-1"}});
  EXPECT_EQ(paid(*at_home, {std::string(custom_chat), R"({"model":"m"})"}), "proj_app_eu");
}

TEST_F(Lock, WhateverNamesAProjectMayUseIt) {
  const auto client = client_of(with_lock({}));
  const auto carried = [&](const Post& post) {
    Prepared prepared;
    const Status status = client->prepare(post.request(), prepared);
    EXPECT_TRUE(status.ok()) << status.error().message;
    EXPECT_EQ(prepared.project(), "proj_app");
    return std::string(prepared.body()) + " " + value_set(prepared, "OpenAI-Project");
  };
  Post post = chat_in("us-east-1");
  post.project = "my-app-prod";
  EXPECT_EQ(carried(post), R"({"model":"m"} proj_app)");
  post = chat_in("us-east-1");
  post.scope = "my-app-prod";
  EXPECT_EQ(carried(post), R"({"model":"m"} proj_app)");
  post = chat_in("us-east-1");
  post.headers.push_back({"openai-project", "my-app-prod"});
  EXPECT_EQ(carried(post), R"({"model":"m"} proj_app)");
  post = chat_in("us-east-1");
  post.body = R"({"model":"m","project_id":"my-app-prod"})";
  EXPECT_EQ(carried(post), R"({"model":"m"} proj_app)");

  const auto ruled = client_of(with_lock({{"rules", "my-app-prod: model=m"}}));
  EXPECT_EQ(paid(*ruled, chat_in("us-east-1")), "proj_app");
  const auto by_variable = client_of(with_lock({}), {{"COSTMARK_PROJECT", "my-app-prod"}});
  EXPECT_EQ(paid(*by_variable, chat_in("us-east-1")), "proj_app");
  const auto by_sdk = client_of(with_lock({}), {{"OPENAI_PROJECT_ID", "My \"app\" \xC3\xBC"}});
  EXPECT_EQ(paid(*by_sdk, chat_in("us-east-1")), "proj_u");
  const auto by_carrier = client_of(with_lock({{"carrier", "body"}, {"project", "my-app-prod"}}));
  Prepared prepared;
  post = chat_in("us-east-1");
  post.body = R"({"project_id":"my-app-prod","model":"m"})";
  ASSERT_TRUE(by_carrier->prepare(post.request(), prepared).ok());
  EXPECT_EQ(prepared.body(), R"({"project_id":"proj_app","model":"m"})");
}

TEST_F(Lock, AllowedProjectsAndBudgetsTakeNames) {
  const auto client = client_of(with_lock({{"allowed_projects", "my-app-*,proj_team_*"}}));
  Post post = chat_in("us-east-1");
  for (const auto& [named, payer] : {std::pair{"my-app-prod", "proj_app"},
                                     {"proj_app", "proj_app"},
                                     {"proj_team_1", "proj_team_1"}}) {
    post.project = named;
    EXPECT_EQ(paid(*client, post), payer);
  }
  post.project = "proj_u";
  EXPECT_NE(paid(*client, post).find("matches no pattern"), std::string::npos);
  const std::string odd = "My \"app\" \xC3\xBC";
  EXPECT_EQ(refused({{"allowed_projects", odd}, {"project", odd}}), "");
  EXPECT_NE(
      refused({{"allowed_projects", odd}, {"project", "my-app-prod"}, {"region", "us-east-1"}})
          .find("'proj_app' (from client)"),
      std::string::npos);
  EXPECT_NE(refused({{"allowed_projects", "my-app-prd"}}).find("did you mean 'my-app-prod'?"),
            std::string::npos);
  EXPECT_NE(refused({{"allowed_projects", "both"}}).find("may be proj_1"), std::string::npos);

  const std::string budget = "app: project=my-app-prod 1calls/day refuse";
  EXPECT_NE(refused({{"budgets", budget}}).find("option 'budgets': 'my-app-prod' may be"),
            std::string::npos);
  Options options;
  ASSERT_TRUE(options.set("budgets", budget).ok());
  ASSERT_TRUE(options.set("lock", path).ok());
  ASSERT_TRUE(options.set("base_url", std::string(chat_in("eu-west-1").url)).ok());
  EXPECT_EQ(configured_budgets(options).value()->all().front().value, "proj_app_eu");
}

TEST_F(Lock, WhatCannotBeIsAnErrorOfTheClient) {
  const OptionValues here{{"region", "us-east-1"}};
  const auto with = [&](const char* name, const char* value) {
    OptionValues options = here;
    options[name] = value;
    return refused(options);
  };
  EXPECT_EQ(with("project", "both"),
            "option 'project': 'both' may be proj_1 (account 111122223333, us-east-1) or proj_2 "
            "(account 444455556666, us-east-1), says " +
                path + "; name the id");
  EXPECT_NE(with("project", "my-app-pord").find("did you mean 'my-app-prod'?"), std::string::npos);
  EXPECT_NE(with("rules", "boht: model=*").find("did you mean 'both'?"), std::string::npos);
  EXPECT_NE(with("tags", "both: a=b").find("may be proj_1"), std::string::npos);
  EXPECT_EQ(with("tags", "my-app-prod: a=b; default: c=d; proj_x: e=f"), "");
  EXPECT_NE(refused({{"region", "ap-south-1"}, {"project", "my-app-prod"}}).find("in ap-south-1"),
            std::string::npos);
  EXPECT_NE(refused({{"base_url", runtime}, {"project", "both"}}).find("may be"),
            std::string::npos);
  EXPECT_EQ(refused({{"project", "my-app-prod"}}), "") << "the host will tell the region";
}

TEST_F(Lock, TheProjectsApiDoesWithoutIt) {
  fs::remove(path);
  ClientConfig config = config_of(with_lock({{"project", "My app"}, {"region", "us-east-1"}}));
  const auto projects = open_projects(std::move(config), ProjectPlane::mantle);
  EXPECT_TRUE(projects.ok()) << projects.error().message;
  EXPECT_NE(refused().find("cannot be read: No such file or directory; `costmark projects apply` "
                           "writes it"),
            std::string::npos);
}

TEST_F(Lock, WithoutItNothingChanges) {
  const auto client = client_of(with_keys({{"project", "my-app-prod"}}));
  EXPECT_EQ(paid(*client, chat_in("us-east-1")), "my-app-prod") << "spelled like an id";
  Post post = chat_in("us-east-1");
  post.project = "my app";
  EXPECT_NE(paid(*client, post).find("name in option 'lock' the file"), std::string::npos);
}

// --- Files
// ----------------------------------------------------------------------------------------

std::string fault(std::string_view text) {
  const auto lock = client::parse_lock_file(text, "f");
  return lock.ok() ? std::string() : lock.error().message;
}

TEST(LockFile, FaultsAreToldWithTheirPlaceAndWhatWouldBeRight) {
  const auto of_project = [](const std::string& members) {
    return "{\"projects\": [\n{\"id\": \"proj_a\"},\n{\"id\": \"proj_b\", " + members + "}]}";
  };
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "line 1, column 1: this is not JSON: Expecting value"},
      {"[]", "the lock is an array and not an object"},
      {"{}", "it has no array 'projects'"},
      {"{\"projects\":{}}", "'projects' is an object and not an array"},
      {"{\"projects\":[7]}", "project 1 is a number and not an object"},
      {"{\"projects\":[[]]}", "project 1 is an array and not an object"},
      {"{\"projects\":[{}]}", "line 1, column 14: project 1 has no project id in 'id'"},
      {"{\"projects\":[{} {}]}", "project 1 has no project id"},
      {"{\"projects\":[{\"id\":\"a\"} {}]}", "this is not JSON: Expecting ',' delimiter"},
      {"{\"projects\":[],\"projects\":[]}", "member 'projects' occurs twice"},
      {"{\"version\":2,\"projects\":[]}", "'version' is '2'; this costmark reads version 1"},
      {"{\"version\":\"1\",\"projects\":[]}", "'version' is '1'; this costmark reads version 1"},
      {"{\"projects\":[]}}", "something stands behind"},
      {"{\"x\":{\"y\":1,\"y\":2},\"projects\":[]}", "member 'y' occurs twice"},
      {"{\"x\":1.5,\"projects\":[]}", "a number that no lock has"},
      {"{\"x\":" + std::string(2000, '[') + std::string(2000, ']') + "}", "nested too deeply"},
      {"\xEF\xBB\xBF{\"projects\":[]}", "line 1, column 1: it begins with a byte order mark"},
      {"{\"projects\":[{\"name\":\"\xFF\"}]}", "line 1, column 23: it is not UTF-8"},
      {of_project("\"tags\": 5"), "line 3, column 26: project 2: 'tags' is a number and not an"},
      {of_project("\"tags\": [\"a\"]"), "project 2: 'tags' is an array and not an object"},
      {of_project("\"tags\": {\"a\": 5}"), "project 2: tag 'a' is a number and not a string"},
      {of_project("\"tags\": {\"a\": \"1\", \"\\u0061\": \"2\"}"), "member 'a' occurs twice"},
      {of_project("\"tags\": {\"\": \"1\"}"), "'tags': as labels of a row, the name of label 1 is"},
      {of_project("\"tags\": {\"a\": \"\\ud800\"}"), "tag 'a' has half a character"},
      {of_project("\"\\udc00\": 1"), "a name has half a character"},
      {of_project("\"id\": \"proj_c\""), "line 3, column 19: member 'id' occurs twice"},
      {of_project("\"name\": 7"), "project 2: 'name' is a number and not a string"},
      {of_project("\"name\": \"a\\u0007\""), "project 2: 'name': the project's name has a control"},
      {of_project("\"region\": \"us_east_1\""), "'region' is 'us_east_1', which is no region"},
      {of_project("\"plane\": \"moon\""), "'plane' is 'moon', which is no plane: mantle or"},
      {"{\"projects\":[{\"id\":\"a b\"}]}", "'id' is 'a b', which is no project id"},
      {"{\"projects\":[{\"id\":true}]}", "project 1: 'id' is true or false and not a string"},
      {"{\"projects\":[{\"id\":nul}]}", "this is not JSON: Expecting value"},
  };
  for (const auto& [text, why] : cases) {
    const std::string message = fault(text);
    EXPECT_NE(message.find(why), std::string::npos) << text << ": " << message;
    EXPECT_TRUE(message.starts_with("option 'lock': f, line ")) << message;
    EXPECT_TRUE(
        message.ends_with("; the file is a cache: remove it, and `costmark projects apply` "
                          "writes it anew"))
        << message;
  }
}

TEST(LockFile, ACutFileIsNeverTakenForAWholeOne) {
  const std::size_t whole = lock_text.rfind('}') + 1;
  for (std::size_t size = 0; size < whole; ++size) {
    const auto lock = client::parse_lock_file(lock_text.substr(0, size), "f");
    ASSERT_FALSE(lock.ok()) << size;
    EXPECT_EQ(lock.error().code, Code::invalid_option);
    EXPECT_LE(lock.error().offset.value_or(size + 1), size);
  }
  EXPECT_EQ(fault(lock_text.substr(0, whole)), "");
}

TEST(LockFile, ALargeFileIsReadAndATooLargeOneIsNot) {
  std::string text = R"({"projects":[)";
  std::size_t count = 0;
  while (text.size() < 10'000'000) {
    const std::string number = std::to_string(count++);
    text += (count == 1 ? R"({"id":"proj_)" : R"(,{"id":"proj_)") + number + R"(","name":"name )" +
            number + R"(","region":"us-east-1","tags":{"team":"platform"}})";
  }
  text += "]}";
  const auto lock = client::parse_lock_file(text, "f");
  ASSERT_TRUE(lock.ok());
  EXPECT_EQ(lock.value().projects.size(), count);
  EXPECT_EQ(lock.value().names().id_of("name 99", "it", {}).value(), "proj_99");

  const fs::path path =
      fs::temp_directory_path() / ("costmark-large-" + std::to_string(::getpid()));
  std::ofstream(path) << "{";
  fs::resize_file(path, (std::size_t{16} << 20U) + 1);
  Options options;
  ASSERT_TRUE(options.set("lock", path.string()).ok());
  EXPECT_NE(client::configured_lock_file(options).error().message.find("larger than 16 MiB"),
            std::string::npos);
  fs::remove(path);
  fs::create_directory(path);
  EXPECT_NE(client::configured_lock_file(options).error().message.find("not a regular file"),
            std::string::npos);
  fs::remove(path);
}

}  // namespace
}  // namespace costmark::testing
