#include "credentials/sso/sso.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <initializer_list>
#include <memory>
#include <sstream>

#include "base/timestamp.hpp"
#include "costmark/credentials_cache.hpp"
#include "credentials/files.hpp"
#include "credentials/playback_transport.hpp"
#include "crypto/name_digest.hpp"
#include "json/reader.hpp"

namespace costmark {
namespace {

constexpr UnixSeconds now = 1'800'000'000;  // 2027-01-15T08:00:00Z
constexpr UnixSeconds minute = 60;
constexpr UnixSeconds hour = 3600;

// Nothing of these may stand in an error.
constexpr const char* canaries[] = {
    "CANARY-access-old",    "CANARY-access-new",  "CANARY-client-id",
    "CANARY-client-secret", "CANARY-refresh-old", "CANARY-refresh-new",
    "CANARY-secret-key",    "CANARY-session",     "CANARY"};

constexpr const char* role_credentials =
    R"({"roleCredentials":{"accessKeyId":"AKIDROLE","secretAccessKey":"CANARY-secret-key",)"
    R"("sessionToken":"CANARY-session","expiration":1800007200999}})";
constexpr const char* new_token =
    R"({"accessToken":"CANARY-access-new","tokenType":"Bearer","expiresIn":3600,)"
    R"("refreshToken":"CANARY-refresh-new","idToken":null})";

struct TokenFile {
  UnixSeconds expires_in = hour;
  std::optional<UnixSeconds> registration_expires_in = 90 * 24 * hour;
  bool refreshable = true;

  std::string text() const {
    std::string json = R"({"startUrl": "https://d-1.awsapps.com/start", "region": "eu-west-1",
  "accessToken": "CANARY-access-old", "expiresAt": ")" +
                       format_timestamp(now + expires_in) + '"';
    if (refreshable) {
      json += R"(, "clientId": "CANARY-client-id", "clientSecret": "CANARY-client-secret",
  "refreshToken": "CANARY-refresh-old")";
    }
    if (registration_expires_in) {
      json += R"(, "registrationExpiresAt": ")" + format_timestamp(now + *registration_expires_in) +
              '"';
    }
    return json + ", \"custom\": {\"kept\": [1, 2.50]}}\n";
  }
};

class Sso : public testing::Test {
 protected:
  Sso() {
    std::filesystem::create_directories(home_.path(".aws/sso/cache"));
    settings_ = {.session = "corp",
                 .start_url = "https://d-1.awsapps.com/start",
                 .region = "eu-west-1",
                 .account_id = "111122223333",
                 .role_name = "Ops+Lead=a@b.c",
                 .profile = "dev",
                 .where = "/home/me/.aws/config:3",
                 .source = "profile 'dev', SSO"};
    start_anew();
  }

  // What a new process would begin with.
  void start_anew(Variables variables = {}) {
    transport_ = std::make_shared<PlaybackTransport>();
    context_ = SourceContext{home_.environment(std::move(variables)), transport_};
  }

  void use_legacy_form() { settings_.session.clear(); }
  std::string name() const {
    const std::string& key = settings_.session.empty() ? settings_.start_url : settings_.session;
    return ".aws/sso/cache/" + crypto::sha1_hex(key).value() + ".json";
  }
  void write_token(const TokenFile& token = {}) const { home_.write(name(), token.text()); }
  std::string file() const {
    std::ifstream stream(home_.path(name()), std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
  }
  std::string member(std::string_view path) const {
    json::Reader reader;
    std::string value;
    EXPECT_TRUE(reader.open(file(), {&path, 1}).ok());
    reader.string(0, value);
    return value;
  }

  Result<CredentialsPtr> resolve(UnixSeconds at = now) {
    auto result = sso_credentials(context_, settings_, at);
    if (!result.ok()) {
      const std::string& message = result.error().message;
      for (const char* canary : canaries) {
        EXPECT_EQ(message.find(canary), std::string::npos) << message;
      }
      EXPECT_EQ(message.find('\n'), std::string::npos) << message;
      EXPECT_TRUE(message.starts_with("SSO (/home/me/.aws/config:3): ")) << message;
    }
    return result;
  }
  void expect_role(const Result<CredentialsPtr>& result, const char* token) {
    ASSERT_TRUE(result.ok()) << result.error().message;
    EXPECT_EQ(result.value()->access_key_id(), "AKIDROLE");
    EXPECT_EQ(transport_->requests.back().header("x-amz-sso_bearer_token"), token);
    EXPECT_TRUE(transport_->played());
  }
  void expect_error(const Result<CredentialsPtr>& result, Code code,
                    std::initializer_list<const char*> says) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, code) << result.error().message;
    for (const char* word : says) {
      EXPECT_NE(result.error().message.find(word), std::string::npos)
          << "no '" << word << "' in: " << result.error().message;
    }
    EXPECT_TRUE(transport_->played());
  }

  Home home_;
  SsoSettings settings_;
  std::shared_ptr<PlaybackTransport> transport_;
  SourceContext context_;
};

TEST_F(Sso, AValidTokenIsTradedForTheRole) {
  write_token();
  transport_->then(200, role_credentials);
  const auto result = resolve();
  expect_role(result, "CANARY-access-old");
  EXPECT_EQ(result.value()->secret_access_key(), "CANARY-secret-key");
  EXPECT_EQ(result.value()->session_token(), "CANARY-session");
  EXPECT_EQ(result.value()->expires_at(), now + 2 * hour);
  EXPECT_EQ(result.value()->account_id(), "111122223333");
  EXPECT_EQ(result.value()->source(), "profile 'dev', SSO");
  ASSERT_EQ(transport_->requests.size(), 1U);
  EXPECT_EQ(transport_->requests[0].method, "GET");
  EXPECT_EQ(transport_->requests[0].url,
            "https://portal.sso.eu-west-1.amazonaws.com/federation/credentials"
            "?role_name=Ops%2BLead%3Da%40b.c&account_id=111122223333");
}

TEST_F(Sso, TheLegacyFormGoesByTheStartUrlAndIsNeverRenewed) {
  use_legacy_form();
  write_token({.expires_in = 1});
  transport_->then(200, role_credentials);
  expect_role(resolve(), "CANARY-access-old");
  expect_error(resolve(now + 1), Code::expired_credentials,
               {"expired at 2027-01-15T08:00:01Z", "run 'aws sso login --profile dev'"});
  EXPECT_EQ(transport_->requests.size(), 1U);
}

TEST_F(Sso, ATokenNearItsEndIsRenewedAndWrittenBack) {
  write_token({.expires_in = 15 * minute - 1});
  ::chmod(home_.path(name()).c_str(), 0644);
  transport_->then(200, new_token).then(200, role_credentials);
  expect_role(resolve(), "CANARY-access-new");

  ASSERT_EQ(transport_->requests.size(), 2U);
  const auto& request = transport_->requests[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://oidc.eu-west-1.amazonaws.com/token");
  EXPECT_EQ(request.header("content-type"), "application/json");
  EXPECT_EQ(request.body, R"({"clientId":"CANARY-client-id","clientSecret":"CANARY-client-secret",)"
                          R"("grantType":"refresh_token","refreshToken":"CANARY-refresh-old"})");

  EXPECT_EQ(file(), R"({"startUrl": "https://d-1.awsapps.com/start", "region": "eu-west-1",
  "accessToken": "CANARY-access-new", "expiresAt": "2027-01-15T09:00:00Z", "clientId": "CANARY-client-id", "clientSecret": "CANARY-client-secret",
  "refreshToken": "CANARY-refresh-new", "registrationExpiresAt": "2027-04-15T08:00:00Z", "custom": {"kept": [1, 2.50]}}
)");
  struct stat status{};
  ASSERT_EQ(::stat(home_.path(name()).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
}

TEST_F(Sso, WithoutANewRefreshTokenTheOldOneStays) {
  write_token({.expires_in = 0});
  transport_->then(200, R"({"accessToken":"CANARY-access-new","expiresIn":3600})")
      .then(200, role_credentials);
  expect_role(resolve(), "CANARY-access-new");
  EXPECT_EQ(member("refreshToken"), "CANARY-refresh-old");
}

TEST_F(Sso, OlderFilesSayUtc) {
  std::string text = TokenFile{}.text();
  for (auto at = text.find("Z\""); at != std::string::npos; at = text.find("Z\"")) {
    text.replace(at, 2, "UTC\"");
  }
  home_.write(name(), text);
  transport_->then(200, role_credentials);
  expect_role(resolve(), "CANARY-access-old");
}

// What a renewal cannot be tried with, while the token serves and when it no longer does.
TEST_F(Sso, WhatCannotBeRenewedServesToItsEnd) {
  const struct {
    TokenFile token;
    const char* says;
  } cases[] = {
      {{.refreshable = false}, "as it came without a refresh token"},
      {{.registration_expires_in = 0}, "as the client's registration has expired"},
      {{.registration_expires_in = -1}, "as the client's registration has expired"},
      {{.registration_expires_in = std::nullopt}, "as the client's registration has expired"},
  };
  for (const auto& c : cases) {
    start_anew();
    TokenFile token = c.token;
    token.expires_in = 1;
    write_token(token);
    transport_->then(200, role_credentials);
    expect_role(resolve(), "CANARY-access-old");
    token.expires_in = 0;
    write_token(token);
    expect_error(resolve(), Code::expired_credentials,
                 {"expired at 2027-01-15T08:00:00Z and cannot be renewed, ", c.says,
                  "run 'aws sso login --profile dev'"});
  }
}

TEST_F(Sso, TheAdviceFitsTheSettings) {
  settings_.profile = "team one";
  expect_error(resolve(), Code::unusable_credentials,
               {"run 'aws sso login --profile \"team one\"'"});
  settings_.profile = "";
  expect_error(resolve(), Code::unusable_credentials, {"run 'aws sso login --sso-session corp'"});
}

TEST_F(Sso, ThePortalsRefusals) {
  const struct {
    int status;
    Code code;
    const char* says;
  } cases[] = {
      {401, Code::expired_credentials, "the session has ended; run 'aws sso login --profile dev'"},
      {403, Code::unusable_credentials, "check sso_account_id and sso_role_name"},
      {403, Code::unusable_credentials, "or run 'aws sso login --profile dev'"},
      {404, Code::unusable_credentials, "role 'Ops+Lead=a@b.c' of account '111122223333'"},
      {400, Code::unusable_credentials, "(HTTP status 400)"},
      {302, Code::service, "(HTTP status 302)"},
  };
  for (const auto& c : cases) {
    start_anew();
    write_token();
    transport_->then(c.status, R"({"message":"CANARY-access-old is not allowed"})");
    const auto result = resolve();
    expect_error(result, c.code, {c.says});
    EXPECT_EQ(result.error().http_status, c.status);
    EXPECT_FALSE(result.error().retryable);
  }
}

TEST_F(Sso, ABusyPortalIsAskedAgain) {
  write_token();
  transport_->then(429).then(500).then(200, role_credentials);
  expect_role(resolve(), "CANARY-access-old");
  ASSERT_EQ(transport_->pauses.size(), 2U);
  EXPECT_LT(transport_->pauses[0], transport_->pauses[1]);

  const struct {
    PlaybackTransport::Answer answer;
    Code code;
  } cases[] = {{PlaybackTransport::status(429), Code::throttled},
               {PlaybackTransport::status(503, "CANARY"), Code::service},
               {PlaybackTransport::failure(Code::timeout, "no answer"), Code::timeout},
               {PlaybackTransport::failure(Code::transport, "refused"), Code::transport}};
  for (const auto& c : cases) {
    start_anew();
    transport_->times(3, c.answer);
    const auto result = resolve();
    expect_error(result, c.code, {});
    EXPECT_TRUE(result.error().retryable);
  }
}

TEST_F(Sso, AnErrorThatWouldComeAgainIsNotTriedAgain) {
  write_token();
  transport_->then([](const auto&) -> Result<http::Response> {
    return Error{Code::transport, "the certificate does not verify"};
  });
  expect_error(resolve(), Code::transport, {"the certificate does not verify"});
  EXPECT_TRUE(transport_->pauses.empty());
}

TEST_F(Sso, ThePortalsGarbage) {
  const struct {
    const char* body;
    const char* says;
  } cases[] = {
      {"", "is not one JSON object"},
      {"CANARY <html>", "is not one JSON object"},
      {"null", "is not one JSON object"},
      {"{}", "has no expiration"},
      {R"({"roleCredentials":null})", "has no expiration"},
      {R"({"roleCredentials":{"expiration":"1800003600000"}})", "has no expiration"},
      {R"({"roleCredentials":{"expiration":1800003600000}})", "has no accessKeyId"},
      {R"({"roleCredentials":{"expiration":1800003600000,"accessKeyId":"A"}})",
       "has no secretAccessKey"},
      {R"({"roleCredentials":{"expiration":1800003600000,"accessKeyId":"A",)"
       R"("secretAccessKey":"CANARY","sessionToken":7}})",
       "has no sessionToken"},
      {R"({"roleCredentials":{"expiration":1800003600000,"accessKeyId":"A\n",)"
       R"("secretAccessKey":"CANARY","sessionToken":"CANARY"}})",
       "cannot be used"},
      {R"({"roleCredentials":{"expiration":1800000000000,"accessKeyId":"A",)"
       R"("secretAccessKey":"CANARY","sessionToken":"CANARY"}})",
       "expired at 2027-01-15T08:00:00Z; is this clock right?"},
  };
  for (const auto& c : cases) {
    start_anew();
    write_token();
    transport_->then(200, c.body);
    expect_error(resolve(), Code::service, {"the portal's answer ", c.says});
  }
}

TEST_F(Sso, ConfiguredEndpoints) {
  start_anew({{"AWS_ENDPOINT_URL_SSO", "http://localhost:1/portal/"},
              {"AWS_ENDPOINT_URL_SSO_OIDC", "http://localhost:2"}});
  write_token({.expires_in = 0});
  transport_->then(200, new_token).then(200, role_credentials);
  expect_role(resolve(), "CANARY-access-new");
  EXPECT_EQ(transport_->requests[0].url, "http://localhost:2/token");
  EXPECT_TRUE(transport_->requests[1].url.starts_with(
      "http://localhost:1/portal/federation/credentials?role_name="));

  start_anew({{"AWS_ENDPOINT_URL", "nonsense"}});
  expect_error(resolve(), Code::unusable_credentials, {"AWS_ENDPOINT_URL is no URL"});
  start_anew();
  settings_.region = "eu west";
  expect_error(resolve(), Code::unusable_credentials, {"'eu west' is no region"});
}

// The whole of the way: what the cache does with this source as time goes by.
TEST_F(Sso, ADayBehindTheCache) {
  write_token({.expires_in = hour});
  class Provider final : public CredentialsProvider {
   public:
    Provider(const SourceContext& context, const SsoSettings& settings)
        : context_(context), settings_(settings) {}
    std::string_view name() const noexcept override { return "SSO"; }
    Result<CredentialsPtr> resolve(UnixSeconds at, const Wait&) override {
      return sso_credentials(context_, settings_, at);
    }

   private:
    const SourceContext& context_;
    const SsoSettings& settings_;
  };
  UnixSeconds clock = now;
  int renewals = 0;
  transport_->times(1000, [&](const auto& sent) {
    const bool token = sent.method == "POST";
    if (token) ++renewals;
    return PlaybackTransport::status(
        200, token ? std::string(new_token)
                   : R"({"roleCredentials":{"accessKeyId":"AKIDROLE","secretAccessKey":"s",)"
                     R"("sessionToken":"t","expiration":)" +
                         std::to_string((clock + hour) * 1000) + "}}")(sent);
  });
  CredentialsCache cache(std::make_unique<Provider>(context_, settings_));
  for (; clock < now + 24 * hour; clock += 7) {
    const auto result = cache.get(clock);
    ASSERT_TRUE(result.ok()) << result.error().message;
    ASSERT_FALSE(result.value()->expired(clock));
  }
  EXPECT_GE(renewals, 24);
  EXPECT_LE(transport_->requests.size(), 70U);
}

}  // namespace
}  // namespace costmark
