#include "credentials/metadata/instance.hpp"

#include <gtest/gtest.h>

#include <set>

#include "costmark/credentials_cache.hpp"
#include "credentials/files.hpp"
#include "credentials/scripted_transport.hpp"

namespace costmark {
namespace {

using Sent = ScriptedTransport::Sent;
using Script = ScriptedTransport::Answer;

constexpr UnixSeconds now = 1'700'000'000;
constexpr const char* later = "2023-11-15T00:00:00Z";  // an hour and three quarters after `now`
constexpr UnixSeconds later_s = 1'700'006'400;
constexpr const char* before = "2023-11-14T20:00:00Z";

std::string credentials_until(std::string_view time, std::string_view id = "AKID") {
  return R"({"Code":"Success","Type":"AWS-HMAC","AccessKeyId":")" + std::string(id) +
         R"(","SecretAccessKey":"CANARY-s","Token":"CANARY-t","Expiration":")" + std::string(time) +
         R"("})";
}

// An IMDS whose three answers can be changed one by one.
struct Imds {
  Script token = [](const Sent&) { return answer_of(200, "CANARY-imds"); };
  Script role = [](const Sent&) { return answer_of(200, "my-role"); };
  Script credentials = [](const Sent&) { return answer_of(200, credentials_until(later)); };

  explicit Imds(Variables variables = {}, std::string profile = {}, Home* home = nullptr) {
    transport = std::make_shared<ScriptedTransport>([this](const Sent& sent) {
      if (sent.method == "PUT") return token(sent);
      return sent.url.ends_with('/') ? role(sent) : credentials(sent);
    });
    Environment environment = home == nullptr ? environment_of(std::move(variables))
                                              : home->environment(std::move(variables));
    provider = instance_credentials({std::move(environment), transport}, std::move(profile));
  }
  Imds(const Imds&) = delete;
  Imds& operator=(const Imds&) = delete;

  Result<CredentialsPtr> resolve(UnixSeconds at = now) { return provider->resolve(at); }
  Error failure(UnixSeconds at = now) {
    const auto result = resolve(at);
    if (result.ok()) {
      ADD_FAILURE() << "there are credentials";
      return {};
    }
    EXPECT_EQ(result.error().message.find("CANARY"), std::string::npos) << result.error().message;
    EXPECT_EQ(result.error().message.find('\n'), std::string::npos);
    return result.error();
  }
  std::string methods() const {
    std::string text;
    for (const Sent& each : transport->sent) text += each.method[0];
    return text;
  }

  std::shared_ptr<ScriptedTransport> transport;
  CredentialsProviderPtr provider;
};

Script always(int status, std::string body = "CANARY") {
  return [=](const Sent&) { return answer_of(status, body); };
}

Script failing(Code code) {
  return [=](const Sent&) { return network_error(code); };
}

TEST(Instance, AsksWithAToken) {
  Imds imds;
  const auto result = imds.resolve();
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result.value()->access_key_id(), "AKID");
  EXPECT_EQ(result.value()->secret_access_key(), "CANARY-s");
  EXPECT_EQ(result.value()->session_token(), "CANARY-t");
  EXPECT_EQ(result.value()->expires_at(), later_s);
  EXPECT_EQ(result.value()->source(), "EC2 instance metadata");
  const auto& sent = imds.transport->sent;
  ASSERT_EQ(sent.size(), 3U);
  using Headers = std::map<std::string, std::string>;
  EXPECT_EQ(sent[0].method, "PUT");
  EXPECT_EQ(sent[0].url, "http://169.254.169.254/latest/api/token");
  EXPECT_EQ(sent[0].headers, (Headers{{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}}));
  const std::string roles = "http://169.254.169.254/latest/meta-data/iam/security-credentials/";
  EXPECT_EQ(sent[1].url, roles);
  EXPECT_EQ(sent[2].url, roles + "my-role");
  for (const int i : {1, 2}) {
    const Sent& get = sent[static_cast<std::size_t>(i)];
    EXPECT_EQ(get.method, "GET");
    EXPECT_EQ(get.headers, (Headers{{"x-aws-ec2-metadata-token", "CANARY-imds"}}));
  }
  for (const Sent& each : sent) {
    EXPECT_EQ(each.timeout, std::chrono::seconds(1));
    EXPECT_FALSE(each.proxied);
    EXPECT_EQ(each.body, "");
  }
}

TEST(Instance, Disabled) {
  for (const char* value : {"true", "TRUE", "True"}) {
    Imds imds(Variables{{"AWS_EC2_METADATA_DISABLED", value},
                        {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "nonsense"}});
    EXPECT_EQ(imds.failure().code, Code::no_credentials);
    EXPECT_EQ(imds.methods(), "");
  }
  for (const char* value : {"false", "1", "yes", ""}) {
    EXPECT_TRUE(Imds(Variables{{"AWS_EC2_METADATA_DISABLED", value}}).resolve().ok()) << value;
  }
}

TEST(Instance, Endpoints) {
  const char* endpoint = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
  const char* mode = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";
  const struct {
    Variables variables;
    const char* url;  // of the token; null: an error
  } cases[] = {
      {{{endpoint, "http://127.0.0.1:8080"}}, "http://127.0.0.1:8080/latest/api/token"},
      {{{endpoint, "http://h//"}}, "http://h/latest/api/token"},
      {{{endpoint, "https://h/below/"}}, "https://h/below/latest/api/token"},
      {{{endpoint, "http://[::1]:1"}, {mode, "ipv6"}}, "http://[::1]:1/latest/api/token"},
      {{{mode, "ipv6"}}, "http://[fd00:ec2::254]/latest/api/token"},
      {{{mode, "IPv6"}}, "http://[fd00:ec2::254]/latest/api/token"},
      {{{mode, "IPV4"}}, "http://169.254.169.254/latest/api/token"},
      {{{"AWS_IMDS_USE_IPV6", "true"}}, "http://[fd00:ec2::254]/latest/api/token"},
      {{{"AWS_IMDS_USE_IPV6", "true"}, {mode, "ipv4"}}, "http://169.254.169.254/latest/api/token"},
      {{{mode, "ipv7"}}, nullptr},
      {{{mode, "ip v6"}, {endpoint, "http://h"}}, nullptr},
      {{{endpoint, "CANARY"}}, nullptr},
      {{{endpoint, "ftp://CANARY"}}, nullptr},
      {{{endpoint, "http://u:CANARY@h"}}, nullptr},
      {{{endpoint, "http://h/?CANARY"}}, nullptr},
      {{{endpoint, "http://h/#CANARY"}}, nullptr},
  };
  for (const auto& each : cases) {
    Imds imds(each.variables);
    if (each.url != nullptr) {
      ASSERT_TRUE(imds.resolve().ok());
      EXPECT_EQ(imds.transport->sent[0].url, each.url);
    } else {
      const Error error = imds.failure();
      EXPECT_EQ(error.code, Code::unusable_credentials);
      EXPECT_TRUE(error.message.starts_with("AWS_EC2_METADATA_SERVICE_ENDPOINT")) << error.message;
      EXPECT_EQ(imds.methods(), "");
    }
  }
}

TEST(Instance, TimeoutAndAttempts) {
  const char* timeout = "AWS_METADATA_SERVICE_TIMEOUT";
  const char* attempts = "AWS_METADATA_SERVICE_NUM_ATTEMPTS";
  Imds imds(Variables{{timeout, "7"}, {attempts, "3"}});
  imds.token = imds.role = failing(Code::transport);
  EXPECT_EQ(imds.failure().code, Code::no_credentials);
  EXPECT_EQ(imds.methods(), "PPPGGG");
  EXPECT_EQ(imds.transport->sent[0].timeout, std::chrono::seconds(7));
  EXPECT_TRUE(imds.transport->pauses.empty());  // it must not take longer than it has to
  for (const char* name : {timeout, attempts}) {
    for (const char* value : {"0", "-1", "1.5", "x", "1x", " ", "99999999999999999999"}) {
      Imds broken(Variables{{name, value}});
      const Error error = broken.failure();
      EXPECT_EQ(error.code, Code::unusable_credentials) << value;
      EXPECT_TRUE(error.message.starts_with(std::string(name) + ": not a whole number from 1 to "))
          << error.message;
    }
  }
}

TEST(Instance, KeysOfTheProfile) {
  Home home;
  home.write_config(
      "[default]\nec2_metadata_service_endpoint = http://127.0.0.1:1\n"
      "[profile p]\nec2_metadata_service_endpoint = http://127.0.0.1:2/\n"
      "metadata_service_timeout = 3\nmetadata_service_num_attempts = 2\n"
      "ec2_metadata_v1_disabled = true\n"
      "[profile six]\nimds_use_ipv6 = True\n"
      "[profile mode]\nec2_metadata_service_endpoint_mode = ipv6\n"
      "[profile bad]\nmetadata_service_timeout = soon\n");
  const auto first = [&](Variables variables, std::string profile) {
    Imds imds(std::move(variables), std::move(profile), &home);
    const auto result = imds.resolve();
    return imds.transport->sent.empty() ? result.error().message : imds.transport->sent[0].url;
  };
  EXPECT_EQ(first({}, ""), "http://127.0.0.1:1/latest/api/token");
  EXPECT_EQ(first({{"AWS_PROFILE", "p"}}, ""), "http://127.0.0.1:2/latest/api/token");
  EXPECT_EQ(first({{"AWS_PROFILE", "p"}}, "six"), "http://[fd00:ec2::254]/latest/api/token");
  EXPECT_EQ(first({}, "mode"), "http://[fd00:ec2::254]/latest/api/token");
  EXPECT_EQ(first({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://h"}}, "p"),
            "http://h/latest/api/token");
  EXPECT_EQ(first({}, "bad"), home.config() + ":13: not a whole number from 1 to 3600");

  Imds imds({}, "p", &home);
  imds.token = failing(Code::transport);
  const Error error = imds.failure();
  EXPECT_EQ(error.code, Code::no_credentials);
  EXPECT_NE(error.message.find("IMDSv1 is disabled (" + home.config() + ":7)"), std::string::npos)
      << error.message;
  EXPECT_EQ(imds.methods(), "PP");
  EXPECT_EQ(imds.transport->sent[0].timeout, std::chrono::seconds(3));
}

TEST(Instance, FallsBackToVersionOne) {
  const struct {
    const char* what;
    Script token;
    bool falls_back;
  } cases[] = {
      {"403", always(403), true},
      {"404", always(404), true},
      {"405", always(405), true},
      {"401", always(401), true},
      {"500", always(500), true},
      {"timeout", failing(Code::timeout), true},
      {"transport", failing(Code::transport), true},
      {"400", always(400), false},
      {"empty", always(200, ""), false},
      {"no token", always(200, "CANARY\r\nX: y"), false},
      {"a page", always(200, "<html> CANARY"), false},
  };
  for (const auto& each : cases) {
    Imds imds;
    imds.token = each.token;
    const auto result = imds.resolve();
    EXPECT_EQ(result.ok(), each.falls_back) << each.what;
    EXPECT_EQ(imds.methods(), each.falls_back ? "PGG" : "P") << each.what;
    if (each.falls_back) {
      EXPECT_TRUE(imds.transport->sent[1].headers.empty()) << each.what;
    }

    for (const char* disabled : {"true", "True"}) {
      Imds strict(Variables{{"AWS_EC2_METADATA_V1_DISABLED", disabled}});
      strict.token = each.token;
      const Error error = strict.failure();
      EXPECT_EQ(strict.methods(), "P") << each.what;
      EXPECT_EQ(error.message.find("IMDSv1 is disabled (AWS_EC2_METADATA_V1_DISABLED)") !=
                    std::string::npos,
                each.falls_back)
          << error.message;
    }
  }
}

TEST(Instance, NoServiceOrNoRole) {
  const Script none[] = {failing(Code::transport),
                         failing(Code::timeout),
                         always(404),
                         always(403),
                         always(401),
                         always(302),
                         always(200, ""),
                         always(200, "<html>CANARY</html>"),
                         always(200, "../CANARY"),
                         always(200, "CANARY role")};
  for (const Script& role : none) {
    Imds imds;
    imds.role = role;
    const Error error = imds.failure();
    EXPECT_EQ(error.code, Code::no_credentials) << error.message;
    EXPECT_FALSE(error.retryable);
    EXPECT_EQ(imds.methods(), "PG");
  }
  for (const int status : {429, 500, 503}) {
    Imds imds;
    imds.token = imds.role = always(status);
    const Error error = imds.failure();
    EXPECT_EQ(error.code, status == 429 ? Code::throttled : Code::service);
    EXPECT_EQ(error.http_status, status);
    EXPECT_TRUE(error.retryable);
  }
}

TEST(Instance, WhereNobodyAnswersItIsNotAskedOnEveryCall) {
  Imds imds;
  const Script answers = imds.token;
  imds.token = imds.role = failing(Code::timeout);
  const Error first = imds.failure();
  EXPECT_EQ(first.code, Code::no_credentials);
  const std::size_t asked = imds.transport->sent.size();
  EXPECT_EQ(imds.failure(now + 9).message, first.message);
  EXPECT_EQ(imds.transport->sent.size(), asked);

  imds.token = answers;
  imds.role = always(200, "my-role");
  EXPECT_TRUE(imds.resolve(now - 1).ok()) << "a clock that was set back must not put it off";
  Imds late;
  late.token = late.role = failing(Code::timeout);
  late.failure();
  late.token = answers;
  late.role = always(200, "my-role");
  EXPECT_TRUE(late.resolve(now + 10).ok());
}

TEST(Instance, WhoRefusesAtOnceIsAskedAgain) {
  Imds imds;
  const Script role = imds.role;
  imds.role = always(404);
  EXPECT_EQ(imds.failure().code, Code::no_credentials);
  imds.role = role;
  EXPECT_TRUE(imds.resolve().ok());
}

TEST(Instance, ARoleWithoutCredentials) {
  const struct {
    Script answer;
    Code code;
    const char* message;
  } cases[] = {
      {always(404), Code::service, "HTTP status 404"},
      {always(500), Code::service, "HTTP status 500"},
      {failing(Code::timeout), Code::timeout, "it failed"},
      {failing(Code::transport), Code::transport, "it failed"},
      {always(200, ""), Code::unusable_credentials, "are no JSON"},
      {always(200, "CANARY"), Code::unusable_credentials, "are no JSON"},
      {always(200, R"(["CANARY"])"), Code::unusable_credentials, "is JSON and no object"},
      {always(200, R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"CANARY"})"),
       Code::unusable_credentials, "has Code AssumeRoleUnauthorizedAccess"},
      {always(200, R"({"AccessKeyId":"CANARY"})"), Code::unusable_credentials,
       "has no SecretAccessKey"},
  };
  for (const auto& each : cases) {
    Imds imds;
    imds.credentials = each.answer;
    const Error error = imds.failure();
    EXPECT_EQ(error.code, each.code) << error.message;
    EXPECT_NE(error.message.find(each.message), std::string::npos) << error.message;
  }
}

TEST(Instance, AsksAgainForWhatIsGarbled) {
  Imds imds(Variables{{"AWS_METADATA_SERVICE_NUM_ATTEMPTS", "2"}});
  int asked = 0;
  imds.token = [&](const Sent&) { return answer_of(++asked % 2 == 1 ? 500 : 200, "t"); };
  imds.role = [&](const Sent&) { return answer_of(200, ++asked % 2 == 1 ? "" : "my-role\nother"); };
  imds.credentials = [&](const Sent&) {
    return answer_of(200, ++asked % 2 == 1 ? "{" : credentials_until(later));
  };
  EXPECT_TRUE(imds.resolve().ok());
  EXPECT_EQ(imds.methods(), "PPGGGG");
  EXPECT_TRUE(imds.transport->sent[5].url.ends_with("/my-role"));
}

void expect_extended(const CredentialsPtr& credentials, UnixSeconds at) {
  ASSERT_TRUE(credentials->expires_at());
  EXPECT_GE(*credentials->expires_at(), at + 5 * 60);
  EXPECT_LE(*credentials->expires_at(), at + 10 * 60);
}

TEST(Instance, ExpiredAnswersServeOn) {
  Imds imds;
  imds.credentials = always(200, credentials_until(before));
  std::set<UnixSeconds> ends;
  for (int i = 0; i < 50; ++i) {
    const auto result = imds.resolve();
    ASSERT_TRUE(result.ok()) << result.error().message;
    expect_extended(result.value(), now);
    ends.insert(*result.value()->expires_at());
  }
  EXPECT_GT(ends.size(), 10U);  // not all at once
}

TEST(Instance, AnOutageDoesNotEndTheCredentials) {
  for (const Script& outage : {failing(Code::timeout), failing(Code::transport), always(503),
                               always(429), always(200, "CANARY {")}) {
    Imds imds;
    ASSERT_TRUE(imds.resolve().ok());
    imds.credentials = outage;
    // Valid still: the cache keeps them and hears of the failure.
    EXPECT_NE(imds.failure(later_s - 60).code, Code::no_credentials);
    const auto result = imds.resolve(later_s);
    ASSERT_TRUE(result.ok()) << result.error().message;
    EXPECT_EQ(result.value()->access_key_id(), "AKID");
    EXPECT_EQ(result.value()->session_token(), "CANARY-t");
    EXPECT_EQ(result.value()->source(), "EC2 instance metadata");
    expect_extended(result.value(), later_s);
    const auto again = imds.resolve(later_s + 3600);
    ASSERT_TRUE(again.ok());
    expect_extended(again.value(), later_s + 3600);
    imds.credentials = always(200, credentials_until("2023-11-15T04:00:00Z", "AKIDNEW"));
    EXPECT_EQ(imds.resolve(later_s + 3601).value()->access_key_id(), "AKIDNEW");
  }
}

TEST(Instance, TheWholeServiceMayBeDown) {
  Imds imds;
  ASSERT_TRUE(imds.resolve().ok());
  imds.token = imds.role = failing(Code::transport);
  const Error error = imds.failure(later_s - 1);
  EXPECT_EQ(error.code, Code::transport);
  EXPECT_TRUE(error.retryable);
  EXPECT_TRUE(imds.resolve(later_s + 1).ok());
}

TEST(Instance, ARoleThatIsGoneEndsThem) {
  Imds imds;
  ASSERT_TRUE(imds.resolve().ok());
  imds.role = always(404);
  EXPECT_EQ(imds.failure(later_s + 1).code, Code::service);
  imds.role = always(200, "my-role");
  imds.credentials = always(200, R"({"Code":"Failed"})");
  EXPECT_EQ(imds.failure(later_s + 1).code, Code::unusable_credentials);
}

TEST(Instance, UnderTheCacheAnOutageIsNotSeen) {
  auto imds = std::make_unique<Imds>();
  std::vector<std::string> failures;
  CredentialsCache cache(std::move(imds->provider),
                         [&](const Error& error) { failures.push_back(error.message); });
  ASSERT_TRUE(cache.get(now).ok());
  imds->token = imds->role = imds->credentials = failing(Code::timeout);
  for (UnixSeconds at = now; at < later_s + 7200; at += 30) {
    const auto result = cache.get(at);
    ASSERT_TRUE(result.ok()) << at - now << ": " << result.error().message;
    EXPECT_FALSE(result.value()->expired(at));
  }
  EXPECT_FALSE(failures.empty());
  imds->token = always(200, "t");
  imds->role = always(200, "my-role");
  imds->credentials = always(200, credentials_until("2023-11-16T00:00:00Z", "AKIDNEW"));
  EXPECT_EQ(cache.get(later_s + 7200 + 600).value()->access_key_id(), "AKIDNEW");
}

}  // namespace
}  // namespace costmark
