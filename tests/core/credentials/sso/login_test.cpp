#include "credentials/sso/login.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <initializer_list>
#include <memory>
#include <set>
#include <sstream>

#include "credentials/files.hpp"
#include "credentials/playback_transport.hpp"
#include "crypto/name_digest.hpp"
#include "json/reader.hpp"
#include "timestamp.hpp"

namespace costmark {
namespace {

constexpr UnixSeconds now = 1'800'000'000;  // 2027-01-15T08:00:00Z
constexpr UnixSeconds minute = 60;

// Nothing of these may stand in an error. The last one is the inside of the key.
constexpr const char* canaries[] = {"CANARY", "BEGIN EC", "MHcCAQEEII6bEJ5xkJi"};

// The key of RFC 7515, appendix A.3, on one line as the AWS CLI writes it.
constexpr const char* key_pem =
    "-----BEGIN EC PRIVATE KEY-----\\n"
    "MHcCAQEEII6bEJ5xkJi/mASH3x9dd+nLKWBuvtImO19XwhPfhPSyoAoGCCqGSM49"
    "AwEHoUQDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72b"
    "focs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\\n-----END EC PRIVATE KEY-----\\n";

constexpr const char* renewed =
    R"({"accessToken":{"accessKeyId":"AKIDNEW","secretAccessKey":"CANARY-secret-new",)"
    R"("sessionToken":"CANARY-token-new"},"tokenType":"aws_sigv4","expiresIn":900,)"
    R"("refreshToken":"CANARY-refresh-new"})";

std::string session_file(UnixSeconds expires_in, std::string_view more = {}) {
  return R"({"accessToken": {"accessKeyId": "AKIDOLD", "secretAccessKey": "CANARY-secret-old",
    "sessionToken": "CANARY-token-old", "accountId": "111122223333", "expiresAt": ")" +
         format_timestamp(now + expires_in) + R"("},
  "tokenType": "aws_sigv4", "refreshToken": "CANARY-refresh-old",
  "clientId": "arn:aws:signin:::devtools/same-device", "idToken": "CANARY-id",
  "dpopKey": ")" +
         key_pem + '"' + std::string(more) + "}\n";
}

std::string decoded(std::string_view text) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string bytes;
  unsigned int bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto value = alphabet.find(c);
    EXPECT_NE(value, std::string_view::npos) << text;
    bits = (bits << 6U) | static_cast<unsigned int>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>((bits >> static_cast<unsigned int>(count)) & 0xFFU);
  }
  return bytes;
}

class Login : public testing::Test {
 protected:
  Login() {
    settings_ = {.session = "arn:aws:sts::111122223333:assumed-role/Admin/me",
                 .region = "eu-west-1",
                 .profile = "dev",
                 .where = "/home/me/.aws/config:3",
                 .source = "profile 'dev', aws login"};
    start_anew();
  }

  // What a new process would begin with.
  void start_anew(Variables variables = {}) {
    folder_ = variables.contains("AWS_LOGIN_CACHE_DIRECTORY") ? "elsewhere" : ".aws/login/cache";
    std::filesystem::create_directories(home_.path(folder_));
    transport_ = std::make_shared<PlaybackTransport>();
    context_ = SourceContext{home_.environment(std::move(variables)), transport_};
  }
  std::string name() const {
    return folder_ + "/" + crypto::sha256_hex(settings_.session).value() + ".json";
  }
  void write(std::string_view text) const { home_.write(name(), text); }
  std::string file() const {
    std::ifstream stream(home_.path(name()), std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
  }

  Result<CredentialsPtr> resolve(UnixSeconds at = now) {
    auto result = login_credentials(context_, settings_, at);
    if (!result.ok()) {
      const std::string& message = result.error().message;
      for (const char* canary : canaries) {
        EXPECT_EQ(message.find(canary), std::string::npos) << message;
      }
      EXPECT_EQ(message.find('\n'), std::string::npos) << message;
      EXPECT_TRUE(message.starts_with("aws login (/home/me/.aws/config:3): ")) << message;
    }
    return result;
  }
  void expect_key(const Result<CredentialsPtr>& result, const char* id) {
    ASSERT_TRUE(result.ok()) << result.error().message;
    EXPECT_EQ(result.value()->access_key_id(), id);
    EXPECT_EQ(result.value()->account_id(), "111122223333");
    EXPECT_EQ(result.value()->source(), "profile 'dev', aws login");
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
  std::string folder_;
  LoginSettings settings_;
  std::shared_ptr<PlaybackTransport> transport_;
  SourceContext context_;
};

TEST_F(Login, CachedCredentialsServeUntilFiveMinutesBeforeTheirEnd) {
  write(session_file(5 * minute + 1));
  const auto result = resolve();
  expect_key(result, "AKIDOLD");
  EXPECT_EQ(result.value()->secret_access_key(), "CANARY-secret-old");
  EXPECT_EQ(result.value()->session_token(), "CANARY-token-old");
  EXPECT_EQ(result.value()->expires_at(), now + 5 * minute + 1);
  EXPECT_TRUE(transport_->requests.empty());
  for (const UnixSeconds left : {5 * minute, UnixSeconds{1}, UnixSeconds{0}, -5 * minute}) {
    start_anew();
    write(session_file(left));
    transport_->then(200, renewed);
    expect_key(resolve(), "AKIDNEW");
  }
}

TEST_F(Login, RenewedCredentialsAreWrittenBack) {
  write(session_file(-1));
  ::chmod(home_.path(name()).c_str(), 0644);
  transport_->then(200, renewed);
  const auto result = resolve();
  expect_key(result, "AKIDNEW");
  EXPECT_EQ(result.value()->secret_access_key(), "CANARY-secret-new");
  EXPECT_EQ(result.value()->session_token(), "CANARY-token-new");
  EXPECT_EQ(result.value()->expires_at(), now + 15 * minute);

  std::string expected = session_file(15 * minute);
  const std::pair<std::string, std::string> changes[] = {{"AKIDOLD", "AKIDNEW"},
                                                         {"secret-old", "secret-new"},
                                                         {"token-old", "token-new"},
                                                         {"refresh-old", "refresh-new"}};
  for (const auto& [old, fresh] : changes) expected.replace(expected.find(old), old.size(), fresh);
  EXPECT_EQ(file(), expected);
  struct stat status{};
  ASSERT_EQ(::stat(home_.path(name()).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
}

TEST_F(Login, TheRequestCarriesAProofOfTheKey) {
  write(session_file(-1));
  transport_->then(500).then(200, renewed);
  expect_key(resolve(), "AKIDNEW");
  ASSERT_EQ(transport_->requests.size(), 2U);
  std::set<std::string> ids;
  for (const auto& request : transport_->requests) {
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.url, "https://eu-west-1.signin.aws.amazon.com/v1/token");
    EXPECT_EQ(request.header("content-type"), "application/json");
    EXPECT_EQ(request.body, R"({"clientId":"arn:aws:signin:::devtools/same-device",)"
                            R"("refreshToken":"CANARY-refresh-old","grantType":"refresh_token"})");
    const std::string proof = request.header("DPoP");
    const auto first = proof.find('.');
    const auto second = proof.rfind('.');
    ASSERT_LT(first, second);
    EXPECT_EQ(decoded(proof.substr(0, first)),
              R"({"typ":"dpop+jwt","alg":"ES256","jwk":{"kty":"EC",)"
              R"("x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
              R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","crv":"P-256"}})");
    const std::string claims = decoded(proof.substr(first + 1, second - first - 1));
    const std::string begins =
        R"({"htm":"POST","htu":"https://eu-west-1.signin.aws.amazon.com/v1/token",)"
        R"("iat":1800000000,"jti":")";
    EXPECT_TRUE(claims.starts_with(begins)) << claims;
    const std::string id = claims.substr(begins.size());
    EXPECT_EQ(id.size(), 38U);  // with the end of the string and of the object
    EXPECT_EQ(id[14], '4');
    EXPECT_TRUE(ids.insert(id).second) << "a proof is good for one attempt";
    EXPECT_EQ(decoded(proof.substr(second + 1)).size(), 64U);
  }
}

TEST_F(Login, RegionFolderAndEndpoint) {
  const struct {
    const char* region;
    const char* more;
    Variables variables;
    const char* url;
  } cases[] = {
      {"", "", {}, "https://us-east-1.signin.aws.amazon.com/v1/token"},
      {"us-gov-west-1", "", {}, "https://us-gov-west-1.signin.amazonaws-us-gov.com/v1/token"},
      {"eu-west-1",
       R"(, "signInRegion": "ap-south-1")",
       {},
       "https://ap-south-1.signin.aws.amazon.com/v1/token"},
      {"eu-west-1",
       R"(, "signInRegion": "")",
       {},
       "https://eu-west-1.signin.aws.amazon.com/v1/token"},
      {"eu-west-1",
       "",
       {{"AWS_ENDPOINT_URL_SIGNIN", "http://localhost:1/"}},
       "http://localhost:1/v1/token"},
      {"eu-west-1",
       "",
       {{"AWS_LOGIN_CACHE_DIRECTORY", "~/$PART"}, {"PART", "elsewhere"}},
       "https://eu-west-1.signin.aws.amazon.com/v1/token"},
  };
  for (const auto& c : cases) {
    start_anew(c.variables);
    settings_.region = c.region;
    write(session_file(-1, c.more));
    transport_->then(200, renewed);
    expect_key(resolve(), "AKIDNEW");
    EXPECT_EQ(transport_->requests[0].url, c.url);
  }
}

TEST_F(Login, WhatSignInRefusesSaysWhatToRun) {
  const struct {
    int status;
    const char* body;
    const char* says;
  } cases[] = {
      {400, R"({"error":"TOKEN_EXPIRED","message":"CANARY"})", "the session has expired"},
      {403, R"({"error":"USER_CREDENTIALS_CHANGED"})", "the user's credentials have changed"},
      {400, R"({"error":"INSUFFICIENT_PERMISSIONS"})", "signin:CreateOAuth2Token"},
      {400, R"({"error":"invalid_request"})", "AWS Sign-In refused (HTTP status 400)"},
      {400, R"({"error":"CANARY"})", "AWS Sign-In refused (HTTP status 400)"},
      {403, "CANARY <html>", "AWS Sign-In refused (HTTP status 403)"},
      {401, "", "AWS Sign-In refused (HTTP status 401)"},
  };
  for (const auto& c : cases) {
    start_anew();
    write(session_file(-1));
    transport_->then(c.status, c.body);
    const auto result = resolve();
    expect_error(result, Code::expired_credentials,
                 {"valid until 2027-01-15T07:59:59Z, could not be renewed: ", c.says,
                  "run 'aws login --profile dev'"});
    EXPECT_EQ(result.error().http_status, c.status);
    expect_error(resolve(now + minute - 1), Code::expired_credentials, {c.says});
    EXPECT_EQ(transport_->requests.size(), 1U);
    // While the old credentials are valid they serve.
    start_anew();
    write(session_file(5 * minute));
    const std::string before = file();
    transport_->then(c.status, c.body);
    expect_key(resolve(), "AKIDOLD");
    expect_key(resolve(now + minute - 1), "AKIDOLD");
    EXPECT_EQ(file(), before);
    transport_->then(200, renewed);
    expect_key(resolve(now + minute), "AKIDNEW");
  }
}

TEST_F(Login, TransientFailures) {
  const struct {
    PlaybackTransport::Answer answer;
    Code code;
    bool again = true;
  } cases[] = {
      {PlaybackTransport::status(429, R"({"error":"rate_exceeded"})"), Code::throttled},
      {PlaybackTransport::status(500, "CANARY"), Code::service},
      {PlaybackTransport::failure(Code::timeout, "no answer"), Code::timeout},
      {PlaybackTransport::failure(Code::transport, "refused"), Code::transport},
      {PlaybackTransport::status(200, "CANARY"), Code::service, false},
      {PlaybackTransport::status(200, R"({"expiresIn":900,"refreshToken":"CANARY"})"),
       Code::service, false},
      {PlaybackTransport::status(
           200, R"({"accessToken":{"accessKeyId":"A\n","secretAccessKey":"CANARY",)"
                R"("sessionToken":"CANARY"},"expiresIn":900,"refreshToken":"CANARY"})"),
       Code::service, false},
      {PlaybackTransport::status(200,
                                 R"({"accessToken":{"accessKeyId":"A","secretAccessKey":"CANARY",)"
                                 R"("sessionToken":"CANARY"},"expiresIn":900})"),
       Code::service, false},
      {PlaybackTransport::status(
           200, R"({"accessToken":{"accessKeyId":"A","secretAccessKey":"CANARY",)"
                R"("sessionToken":"CANARY"},"expiresIn":"900","refreshToken":"CANARY"})"),
       Code::service, false},
  };
  for (const auto& c : cases) {
    start_anew();
    write(session_file(-1));
    transport_->times(c.again ? 3 : 1, c.answer);
    expect_error(resolve(), c.code, {"if that persists, run 'aws login --profile dev'"});
    start_anew();
    write(session_file(1));
    transport_->then(c.answer);
    expect_key(resolve(), "AKIDOLD");
    EXPECT_TRUE(transport_->pauses.empty());
  }
}

TEST_F(Login, WhatAnotherProcessRenewedMeanwhileIsTaken) {
  write(session_file(-1));
  transport_->then([&](const auto& sent) {
    write(session_file(14 * minute));
    return PlaybackTransport::status(400, R"({"error":"TOKEN_EXPIRED"})")(sent);
  });
  const auto result = resolve();
  expect_key(result, "AKIDOLD");
  EXPECT_EQ(result.value()->expires_at(), now + 14 * minute);
}

// As where ~/.aws is mounted for reading only: the rotated refresh token must not be lost.
TEST_F(Login, WhatCannotBeWrittenServesFromMemory) {
  write(session_file(-1));
  transport_->then([&](const auto& sent) {
    std::filesystem::rename(home_.path(".aws/login"), home_.path("gone"));
    return PlaybackTransport::status(200, renewed)(sent);
  });
  expect_key(resolve(), "AKIDNEW");
  expect_key(resolve(now + 9 * minute), "AKIDNEW");
  transport_->then(200, renewed);
  expect_key(resolve(now + 11 * minute), "AKIDNEW");
  EXPECT_NE(transport_->requests.back().body.find("CANARY-refresh-new"), std::string::npos);
}

TEST_F(Login, AFileThatCannotBeUsedSaysWhatToRun) {
  const std::string valid = session_file(60 * minute);
  const auto without = [&](const char* from, const char* to) {
    std::string text = valid;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, std::string_view(from).size(), to);
  };
  const struct {
    std::string text;
    const char* says;
  } cases[] = {
      {"", "is not one JSON object"},
      {valid.substr(0, valid.size() / 2), "is not one JSON object"},
      {"[]", "is not one JSON object"},
      {"{\"accessToken\": \"CANARY\xFF\"}", "is not one JSON object"},
      {std::string(2U << 20U, 'x'), "is larger than 1 MiB"},
      {"{}", "has no refreshToken"},
      {without("\"refreshToken\"", "\"other\""), "has no refreshToken"},
      {without("\"CANARY-refresh-old\"", "7"), "has no refreshToken"},
      {without("\"dpopKey\"", "\"other\""), "has no dpopKey"},
      {without("\"clientId\"", "\"other\""), "has no clientId"},
      {without("\"expiresAt\"", "\"other\""), "has no accessToken with an expiresAt"},
      {without("2027-", "in "), "has no accessToken with an expiresAt"},
      {without("\"accessToken\"", "\"other\""), "has no accessToken with an expiresAt"},
      {without("\"AKIDOLD\"", "null"), "has no accessToken with keys"},
      {without("\"CANARY-secret-old\"", "\"\""), "has no accessToken with keys"},
      {without("\"CANARY-secret-old\"", "{}"), "has no accessToken with keys"},
      {without("CANARY-token-old", "CANARY\\n"), "has no accessToken with keys"},
      {without("\"sessionToken\"", "\"other\""), "has no accessToken with keys"},
  };
  for (const auto& c : cases) {
    write(c.text);
    expect_error(resolve(), Code::unusable_credentials,
                 {".aws/login/cache/", c.says, "run 'aws login --profile dev'"});
  }
  std::filesystem::remove(home_.path(name()));
  expect_error(resolve(), Code::unusable_credentials,
               {".json does not exist", "run 'aws login --profile dev'"});
}

TEST_F(Login, AKeyThatCannotSignFailsOnlyWhenItIsNeeded) {
  std::string text = session_file(-1);
  const auto at = text.find("MHcCAQEE");
  text.replace(at, 8, "CANARY==");
  write(text);
  expect_error(resolve(), Code::unusable_credentials,
               {"has a dpopKey that is no P-256 private key", "run 'aws login --profile dev'"});
  text.replace(text.find("07:59:59"), 8, "09:00:00");
  write(text);
  expect_key(resolve(), "AKIDOLD");
}

TEST_F(Login, WithoutAHomeThereIsNoSession) {
  context_.environment = environment_of({});
  expect_error(resolve(), Code::unusable_credentials, {"HOME is not set"});
}

}  // namespace
}  // namespace costmark
