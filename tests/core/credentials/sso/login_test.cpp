#include "credentials/sso/login.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <initializer_list>
#include <memory>
#include <set>
#include <sstream>

#include "base/timestamp.hpp"
#include "credentials/files.hpp"
#include "credentials/playback_transport.hpp"
#include "crypto/name_digest.hpp"
#include "login_key.hpp"

namespace costmark {
namespace {

constexpr UnixSeconds now = 1'800'000'000;  // 2027-01-15T08:00:00Z
constexpr UnixSeconds minute = 60;

// Nothing of these may stand in an error. The last one is the inside of the key.
constexpr const char* canaries[] = {"CANARY", "BEGIN EC", "MHcCAQEEII6bEJ5xkJi"};

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

TEST_F(Login, CachedCredentialsServeAsTheFileHasThem) {
  write(session_file(5 * minute + 1));
  const auto result = resolve();
  expect_key(result, "AKIDOLD");
  EXPECT_EQ(result.value()->secret_access_key(), "CANARY-secret-old");
  EXPECT_EQ(result.value()->session_token(), "CANARY-token-old");
  EXPECT_EQ(result.value()->expires_at(), now + 5 * minute + 1);
  EXPECT_TRUE(transport_->requests.empty());
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

}  // namespace
}  // namespace costmark
