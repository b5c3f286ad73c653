#include "credentials/metadata/container.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "credentials/files.hpp"
#include "credentials/scripted_transport.hpp"

namespace costmark {
namespace {

constexpr const char* relative = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
constexpr const char* full = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
constexpr const char* token = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
constexpr const char* token_file = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";

constexpr const char* good =
    R"({"AccessKeyId":"AKID","SecretAccessKey":"CANARY-s","Token":"CANARY-t",)"
    R"("Expiration":"2025-01-02T03:04:05Z","AccountId":"111122223333"})";

struct Container {
  explicit Container(Variables variables, ScriptedTransport::Answer answer = always(200, good))
      : transport(std::make_shared<ScriptedTransport>(std::move(answer))),
        provider(container_credentials({environment_of(std::move(variables)), transport})) {}

  static ScriptedTransport::Answer always(int status, std::string body) {
    return [=](const ScriptedTransport::Sent&) { return answer_of(status, body); };
  }

  Result<CredentialsPtr> resolve() { return provider->resolve(1'700'000'000); }
  Error failure() {
    const auto result = resolve();
    if (result.ok()) {
      ADD_FAILURE() << "there are credentials";
      return {};
    }
    EXPECT_EQ(result.error().message.find("CANARY"), std::string::npos) << result.error().message;
    EXPECT_EQ(result.error().message.find('\n'), std::string::npos);
    return result.error();
  }

  std::shared_ptr<ScriptedTransport> transport;
  CredentialsProviderPtr provider;
};

TEST(Container, NothingIsSet) {
  for (const Variables& variables : {Variables{}, Variables{{relative, ""}, {full, ""}}}) {
    Container container(variables);
    EXPECT_EQ(container.failure().code, Code::no_credentials);
    EXPECT_TRUE(container.transport->sent.empty());
  }
}

TEST(Container, AsksEcs) {
  Container container(
      Variables{{relative, "/v2/credentials/id?a=b"}, {full, "http://localhost/not-this"}});
  const auto result = container.resolve();
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result.value()->access_key_id(), "AKID");
  EXPECT_EQ(result.value()->secret_access_key(), "CANARY-s");
  EXPECT_EQ(result.value()->session_token(), "CANARY-t");
  EXPECT_EQ(result.value()->expires_at(), 1735787045);
  EXPECT_EQ(result.value()->account_id(), "111122223333");
  EXPECT_EQ(result.value()->source(), "container");
  ASSERT_EQ(container.transport->sent.size(), 1U);
  const auto& sent = container.transport->sent[0];
  EXPECT_EQ(sent.method, "GET");
  EXPECT_EQ(sent.url, "http://169.254.170.2/v2/credentials/id?a=b");
  EXPECT_EQ(sent.headers, (std::map<std::string, std::string>{{"Accept", "application/json"}}));
  EXPECT_EQ(sent.timeout, std::chrono::seconds(2));
  EXPECT_FALSE(sent.proxied);
}

TEST(Container, AsksHostsThatAreAllowed) {
  for (const char* url :
       {"https://anybody.example/x", "HTTPS://1.2.3.4", "http://127.0.0.1:80/x", "http://127.9.8.7",
        "http://localhost:1/x", "http://LocalHost", "http://[::1]:2", "http://[0:0:0:0:0:0:0:1]",
        "http://169.254.170.2/x", "http://169.254.170.23/v1/credentials",
        "http://[fd00:ec2::23]/v1/credentials", "http://[FD00:EC2::23]"}) {
    Container container(Variables{{full, url}});
    EXPECT_TRUE(container.resolve().ok()) << url;
    ASSERT_EQ(container.transport->sent.size(), 1U);
    EXPECT_EQ(container.transport->sent[0].url, url);
  }
}

TEST(Container, AsksNoOtherHost) {
  for (const char* url :
       {"http://anybody.example/CANARY", "http://169.254.170.3/CANARY", "http://169.254.169.254",
        "http://localhost.example", "http://localhost.", "http://127.1", "http://127.0.0.1.example",
        "http://0.0.0.0", "http://10.0.0.1", "http://2130706433", "http://0x7f.0.0.1",
        "http://0177.0.0.1", "http://[::ffff:127.0.0.1]", "http://[::]", "http://[fd00:ec2::24]"}) {
    Container container(Variables{{full, url}});
    const Error error = container.failure();
    EXPECT_EQ(error.code, Code::unusable_credentials) << url;
    EXPECT_NE(error.message.find("only a loopback address, localhost, 169.254.170.2"),
              std::string::npos)
        << error.message;
    EXPECT_TRUE(error.message.starts_with(std::string(full) + " (http://")) << error.message;
    EXPECT_TRUE(container.transport->sent.empty());
  }
  // What is appended to an address can make another host of it.
  for (const char* path : {".example/CANARY", "4/CANARY"}) {
    Container container(Variables{{relative, path}});
    EXPECT_EQ(container.failure().code, Code::unusable_credentials) << path;
    EXPECT_TRUE(container.transport->sent.empty());
  }
}

TEST(Container, RefusesWhatIsNoUrl) {
  for (const auto& [name, value] : Variables{{full, "CANARY"},
                                             {full, "/CANARY"},
                                             {full, "ftp://localhost/CANARY"},
                                             {full, "http://u:CANARY@localhost/"},
                                             {full, "http://localhost/CANARY\r\nX: y"},
                                             {relative, "@localhost/CANARY"},
                                             {relative, "/CANARY path"}}) {
    Container container(Variables{{name, value}});
    const Error error = container.failure();
    EXPECT_EQ(error.code, Code::unusable_credentials) << value;
    EXPECT_TRUE(error.message.starts_with(name + ": URL ")) << error.message;
    EXPECT_TRUE(container.transport->sent.empty());
  }
}

TEST(Container, SendsTheToken) {
  const Home home;
  home.write("token", "from file");
  Container variable(Variables{{full, "http://localhost"}, {token, "from variable"}});
  ASSERT_TRUE(variable.resolve().ok());
  EXPECT_EQ(variable.transport->sent[0].headers["Authorization"], "from variable");

  Container file(Variables{
      {full, "http://localhost"}, {token, "from variable"}, {token_file, home.path("token")}});
  ASSERT_TRUE(file.resolve().ok());
  EXPECT_EQ(file.transport->sent[0].headers["Authorization"], "from file");
  home.write("token", "rotated");
  ASSERT_TRUE(file.resolve().ok());
  EXPECT_EQ(file.transport->sent[1].headers["Authorization"], "rotated");
  std::filesystem::remove(home.path("token"));
  EXPECT_EQ(file.failure().code, Code::unusable_credentials);  // never the variable's instead
  EXPECT_EQ(file.transport->sent.size(), 2U);
}

TEST(Container, RefusesTokensThatAreNoHeader) {
  using std::string_literals::operator""s;
  const Home home;
  for (const std::string& text : {"CANARY\n"s, "CANARY\r\nHost: x"s, "CANARY\r"s, "CANARY\0x"s,
                                  "\x7F"s, ""s, std::string(65537, 'x')}) {
    home.write("token", text);
    Container file(Variables{{full, "http://localhost"}, {token_file, home.path("token")}});
    const Error error = file.failure();
    EXPECT_EQ(error.code, Code::unusable_credentials);
    EXPECT_TRUE(error.message.starts_with(token_file)) << error.message;
    if (text.empty() || text.size() > 1000) continue;
    Container variable(Variables{{full, "http://localhost"}, {token, text}});
    EXPECT_EQ(variable.failure().code, Code::unusable_credentials);
    EXPECT_TRUE(file.transport->sent.empty() && variable.transport->sent.empty());
  }
  home.write("token", std::string(65536, 'x'));
  EXPECT_TRUE(Container(Variables{{full, "http://localhost"}, {token_file, home.path("token")}})
                  .resolve()
                  .ok());
  for (const std::string& path : {home.path("nothing"), home.path(".aws"), "/dev/null"s}) {
    Container container(Variables{{full, "http://localhost"}, {token_file, path}});
    const Error error = container.failure();
    EXPECT_EQ(error.code, Code::unusable_credentials);
    EXPECT_NE(error.message.find(path), std::string::npos) << error.message;
  }
}

TEST(Container, TriesThreeTimes) {
  const struct {
    const char* what;
    ScriptedTransport::Answer answer;
    Code code;
    int status;
  } cases[] = {
      {"500", Container::always(500, "CANARY"), Code::service, 500},
      {"503", Container::always(503, "CANARY"), Code::service, 503},
      {"429", Container::always(429, "CANARY"), Code::throttled, 429},
      {"302", Container::always(302, "CANARY"), Code::service, 302},
      {"204", Container::always(204, ""), Code::service, 204},
      {"no text", Container::always(200, ""), Code::unusable_credentials, 0},
      {"no JSON", Container::always(200, "CANARY"), Code::unusable_credentials, 0},
      {"half", Container::always(200, R"({"AccessKeyId":"CANARY)"), Code::unusable_credentials, 0},
      {"transport", [](const ScriptedTransport::Sent&) { return network_error(Code::transport); },
       Code::transport, 0},
      {"timeout", [](const ScriptedTransport::Sent&) { return network_error(Code::timeout); },
       Code::timeout, 0},
  };
  for (const auto& each : cases) {
    Container container(Variables{{full, "http://localhost:7"}}, each.answer);
    const Error error = container.failure();
    EXPECT_EQ(error.code, each.code) << each.what;
    EXPECT_EQ(error.http_status, each.status) << each.what;
    EXPECT_TRUE(error.retryable) << each.what;
    EXPECT_TRUE(error.message.starts_with(full)) << error.message;
    EXPECT_EQ(container.transport->sent.size(), 3U) << each.what;
    EXPECT_EQ(container.transport->pauses,
              std::vector<std::chrono::milliseconds>(2, std::chrono::seconds(1)));
  }
}

TEST(Container, TheThirdAttemptMaySucceed) {
  int asked = 0;
  Container container(Variables{{full, "http://localhost"}},
                      [&](const ScriptedTransport::Sent&) -> Result<http::Response> {
                        if (++asked == 1) return network_error(Code::timeout);
                        if (asked == 2) return answer_of(500);
                        return answer_of(200, good);
                      });
  EXPECT_TRUE(container.resolve().ok());
  EXPECT_EQ(asked, 3);
}

TEST(Container, AClientErrorIsFinal) {
  for (const int status : {400, 401, 403, 404}) {
    Container container(Variables{{full, "http://localhost"}}, Container::always(status, "CANARY"));
    const Error error = container.failure();
    EXPECT_EQ(error.code, Code::service);
    EXPECT_EQ(error.http_status, status);
    EXPECT_FALSE(error.retryable);
    EXPECT_EQ(container.transport->sent.size(), 1U);
  }
  Error certificate = network_error(Code::transport);
  certificate.retryable = false;
  Container container(Variables{{full, "https://localhost"}},
                      [&](const ScriptedTransport::Sent&) { return certificate; });
  EXPECT_EQ(container.failure().code, Code::transport);
  EXPECT_EQ(container.transport->sent.size(), 1U);
}

TEST(Container, AnswersThatAreIncomplete) {
  const std::string rest = R"("SecretAccessKey":"CANARY","Token":"CANARY")";
  const std::string time = R"("Expiration":"2025-01-02T03:04:05Z")";
  const struct {
    std::string answer;
    const char* message;
  } cases[] = {
      {R"(["CANARY"])", "is JSON and no object"},
      {"{}", "has no AccessKeyId"},
      {"{" + rest + "," + time + "}", "has no AccessKeyId"},
      {R"({"AccessKeyId":"A","Token":"CANARY",)" + time + "}", "has no SecretAccessKey"},
      {R"({"AccessKeyId":"A","SecretAccessKey":"CANARY",)" + time + "}", "has no Token"},
      {R"({"AccessKeyId":"A",)" + rest + "}", "has no Expiration"},
      {R"({"AccessKeyId":7,)" + rest + "," + time + "}", "has no AccessKeyId that is a string"},
      {R"({"AccessKeyId":null,)" + rest + "," + time + "}", "has no AccessKeyId that is a string"},
      {R"({"AccessKeyId":"A",)" + rest + R"(,"Expiration":null})", "has no Expiration that is"},
      {R"({"AccessKeyId":"A",)" + rest + R"(,"Expiration":"CANARY"})", "that is no time such as"},
      {R"({"AccessKeyId":"A",)" + rest + R"(,"AccountId":[],)" + time + "}", "has no AccountId"},
      {R"({"AccessKeyId":"",)" + rest + "," + time + "}", "have no access key id"},
      {R"({"AccessKeyId":"A\n",)" + rest + "," + time + "}", "holds a control character"},
      {R"({"Code":"AccessDenied","Message":"CANARY"})", "has Code AccessDenied"},
      {R"({"Code":"CANARY 1","Message":"CANARY"})", "has Code other than Success"},
  };
  for (const auto& each : cases) {
    Container container(Variables{{full, "http://localhost:7/CANARY"}},
                        Container::always(200, each.answer));
    const Error error = container.failure();
    EXPECT_EQ(error.code, Code::unusable_credentials) << each.answer;
    EXPECT_NE(error.message.find(each.message), std::string::npos)
        << error.message << " for " << each.answer;
    EXPECT_TRUE(error.message.starts_with(std::string(full) + " (http://localhost:7): "));
    EXPECT_EQ(container.transport->sent.size(), 1U) << each.answer;
  }
}

TEST(Container, TokenMayBeNull) {
  Container container(
      Variables{{full, "http://localhost"}},
      Container::always(200, R"({"AccessKeyId":"A","SecretAccessKey":"s",)"
                             R"("Token":null,"Expiration":"2025-01-02T03:04:05Z"})"));
  const auto result = container.resolve();
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result.value()->session_token(), "");
  EXPECT_EQ(result.value()->account_id(), "");
}

}  // namespace
}  // namespace costmark
