// What the tokens of `aws sso login` and of `aws login` have in common: both are tested by one
// body.
#include "credentials/sso/cached_token.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "base/timestamp.hpp"
#include "credentials/files.hpp"
#include "credentials/playback_transport.hpp"
#include "credentials/sso/login.hpp"
#include "credentials/sso/sso_token.hpp"
#include "crypto/name_digest.hpp"
#include "login_key.hpp"

namespace costmark {
namespace {

using Answer = PlaybackTransport::Answer;

constexpr UnixSeconds now = 1'800'000'000;  // 2027-01-15T08:00:00Z
constexpr UnixSeconds minute = 60;

// Nothing of these may stand in an error. The last one is the inside of the key.
constexpr const char* canaries[] = {"CANARY", "BEGIN EC", "MHcCAQEEII6bEJ5xkJi"};

struct Refused {
  int status;
  const char* body;
  const char* says;
};

// A file that cannot be used, and why.
struct BadFile {
  std::string text;
  const char* says;
};

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string upper(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<char>(c - 'a' + 'A');
  return out;
}

// The token of `aws sso login`.
struct Sso {
  static constexpr const char* cli_folder = ".aws/sso";
  static constexpr const char* folder = ".aws/sso/cache/";
  static constexpr const char* begins = "SSO (/home/me/.aws/config:3): ";
  static constexpr const char* advice = "run 'aws sso login --profile dev'";
  static constexpr UnixSeconds due_s = 15 * minute - 1;  // the most that is left when it is renewed

  static std::string name() { return folder + crypto::sha1_hex("corp").value() + ".json"; }

  // `which`: "old" or "new".
  static std::string file(UnixSeconds expires_in, const std::string& which = "old") {
    return R"({"accessToken": "CANARY-access-)" + which + R"(", "expiresAt": ")" +
           format_timestamp(now + expires_in) + R"(",
  "clientId": "CANARY-client-id", "clientSecret": "CANARY-client-secret",
  "refreshToken": "CANARY-refresh-)" +
           which + R"(", "registrationExpiresAt": "2027-04-15T08:00:00Z"})";
  }

  static std::string renewed(UnixSeconds lifetime_s) {
    return R"({"accessToken":"CANARY-access-new","tokenType":"Bearer","expiresIn":)" +
           std::to_string(lifetime_s) + R"(,"refreshToken":"CANARY-refresh-new"})";
  }

  // "old" or "new".
  static Result<std::string> find(const SourceContext& context, UnixSeconds at) {
    const SsoSettings settings{.session = "corp",
                               .start_url = "https://d-1.awsapps.com/start",
                               .region = "eu-west-1",
                               .account_id = "111122223333",
                               .role_name = "Ops",
                               .profile = "dev",
                               .where = "/home/me/.aws/config:3",
                               .source = "profile 'dev', SSO"};
    Secret token;
    if (Status status = find_sso_token(context, settings, at, token); !status) return status;
    EXPECT_TRUE(token.text.starts_with("CANARY-access-")) << token.text;
    return token.text.substr(token.text.rfind('-') + 1);
  }

  static std::vector<Refused> refusals() {
    return {
        {400, R"({"error":"invalid_grant","error_description":"CANARY"})", "saying invalid_grant"},
        {400, R"({"error":"expired_token"})", "saying expired_token"},
        {401, R"({"error":"invalid_client"})", "saying invalid_client (HTTP status 401)"},
        {400, R"({"error":"CANARY-refresh-old"})", "refused to renew it (HTTP status 400)"},
        {400, "CANARY garbage", "refused to renew it (HTTP status 400)"},
        {302, "", "refused to renew it (HTTP status 302)"},
        {403, "", "expired at 2027-01-15T07:59:59Z, and the OIDC endpoint refused to renew it"},
    };
  }

  // Not asked again at once.
  static std::vector<Answer> useless_answers() {
    const auto status = PlaybackTransport::status;
    return {status(400, R"({"error":"slow_down"})"),
            status(200, "CANARY"),
            status(200, R"({"accessToken":"CANARY-access-new"})"),
            status(200, R"({"accessToken":"","expiresIn":3600})"),
            status(200, R"({"accessToken":"CANARY\r\nx: y","expiresIn":3600})"),
            status(200, R"({"accessToken":"CANARY-access-new","expiresIn":0})"),
            status(200, R"({"accessToken":"CANARY-access-new","expiresIn":-5})"),
            status(200, R"({"accessToken":"CANARY-access-new","expiresIn":1e3})"),
            status(200, R"({"accessToken":"CANARY-access-new","expiresIn":1e300})"),
            status(200, R"({"accessToken":"CANARY","expiresIn":18446744073709551615})")};
  }

  static std::vector<BadFile> bad_files() {
    return {
        {"{}", "has no accessToken"},
        {R"({"accessToken":"CANARY"})", "has no expiresAt"},
        {R"({"expiresAt":"2027-01-15T09:00:00Z"})", "has no accessToken"},
        {R"({"accessToken":null,"expiresAt":"2027-01-15T09:00:00Z"})", "has no accessToken"},
        {R"({"accessToken":7,"expiresAt":"2027-01-15T09:00:00Z"})", "has no accessToken"},
        {R"({"accessToken":"","expiresAt":"2027-01-15T09:00:00Z"})", "has no accessToken"},
        {R"({"accessToken":{"a":"CANARY"},"expiresAt":"2027-01-15T09:00:00Z"})",
         "has no accessToken"},
        {R"({"accessToken":"CANARY\r\nx-evil: 1","expiresAt":"2027-01-15T09:00:00Z"})",
         "has no accessToken"},
        {R"({"accessToken":"CANARY\u00e9","expiresAt":"2027-01-15T09:00:00Z"})",
         "has no accessToken"},
        {R"({"accessToken":"CANARY","expiresAt":1800003600})", "has no expiresAt"},
        {R"({"accessToken":"CANARY","expiresAt":"tomorrow"})", "has no expiresAt"},
        {R"({"accessToken":"CANARY","expiresAt":"2027-01-15T09:00:00"})", "has no expiresAt"},
    };
  }
};

// The session of `aws login`.
struct Login {
  static constexpr const char* cli_folder = ".aws/login";
  static constexpr const char* folder = ".aws/login/cache/";
  static constexpr const char* begins = "aws login (/home/me/.aws/config:3): ";
  static constexpr const char* advice = "run 'aws login --profile dev'";
  static constexpr UnixSeconds due_s = 5 * minute;
  static constexpr const char* session = "arn:aws:sts::111122223333:assumed-role/Admin/me";

  static std::string name() { return folder + crypto::sha256_hex(session).value() + ".json"; }

  static std::string file(UnixSeconds expires_in, const std::string& which = "old") {
    return R"({"accessToken": {"accessKeyId": "AKID)" + upper(which) +
           R"(", "secretAccessKey": "CANARY-secret", "sessionToken": "CANARY-token",
    "accountId": "111122223333", "expiresAt": ")" +
           format_timestamp(now + expires_in) + R"("}, "refreshToken": "CANARY-refresh-)" + which +
           R"(", "clientId": "arn:aws:signin:::devtools/same-device", "dpopKey": ")" + key_pem +
           "\"}";
  }

  static std::string renewed(UnixSeconds lifetime_s) {
    return R"({"accessToken":{"accessKeyId":"AKIDNEW","secretAccessKey":"CANARY-secret",)"
           R"("sessionToken":"CANARY-token"},"expiresIn":)" +
           std::to_string(lifetime_s) + R"(,"refreshToken":"CANARY-refresh-new"})";
  }

  static Result<std::string> find(const SourceContext& context, UnixSeconds at) {
    const LoginSettings settings{.session = session,
                                 .region = "eu-west-1",
                                 .profile = "dev",
                                 .where = "/home/me/.aws/config:3",
                                 .source = "profile 'dev', aws login"};
    const auto result = login_credentials(context, settings, at);
    if (!result) return result.error();
    return std::string(result.value()->access_key_id() == "AKIDOLD" ? "old" : "new");
  }

  static std::vector<Refused> refusals() {
    return {
        {400, R"({"error":"TOKEN_EXPIRED","message":"CANARY"})", "the session has expired"},
        {403, R"({"error":"USER_CREDENTIALS_CHANGED"})", "the user's credentials have changed"},
        {400, R"({"error":"INSUFFICIENT_PERMISSIONS"})", "signin:CreateOAuth2Token"},
        {400, R"({"error":"invalid_request"})", "AWS Sign-In refused (HTTP status 400)"},
        {400, R"({"error":"CANARY"})", "AWS Sign-In refused (HTTP status 400)"},
        {403, "CANARY <html>", "AWS Sign-In refused (HTTP status 403)"},
        {401, "", "valid until 2027-01-15T07:59:59Z, could not be renewed: AWS Sign-In refused"},
    };
  }

  static std::vector<Answer> useless_answers() {
    const std::string good = renewed(900);
    const auto with = [&](std::string_view from, std::string_view to) {
      return PlaybackTransport::status(200, replaced(good, from, to));
    };
    return {PlaybackTransport::status(200, "CANARY"),
            with(R"("AKIDNEW")", R"("A\n")"),
            with(R"("accessToken")", R"("other")"),
            with(R"("CANARY-token")", "7"),
            with(R"("expiresIn")", R"("other")"),
            with("900", "0"),
            with("900", R"("900")"),
            with("900", "18446744073709551615"),
            with(R"("refreshToken")", R"("other")")};
  }

  static std::vector<BadFile> bad_files() {
    const std::string good = file(60 * minute);
    const auto with = [&](std::string_view from, std::string_view to) {
      return replaced(good, from, to);
    };
    return {
        {"{}", "has no refreshToken"},
        {with(R"("refreshToken")", R"("other")"), "has no refreshToken"},
        {with(R"("CANARY-refresh-old")", "7"), "has no refreshToken"},
        {with(R"("dpopKey")", R"("other")"), "has no dpopKey"},
        {with(R"("clientId")", R"("other")"), "has no clientId"},
        {with(R"("expiresAt")", R"("other")"), "has no accessToken with an expiresAt"},
        {with("2027-", "in "), "has no accessToken with an expiresAt"},
        {with(R"("accessToken")", R"("other")"), "has no accessToken with an expiresAt"},
        {with(R"("AKIDOLD")", "null"), "has no accessToken with keys"},
        {with(R"("CANARY-secret")", R"("")"), "has no accessToken with keys"},
        {with(R"("CANARY-secret")", "{}"), "has no accessToken with keys"},
        {with("CANARY-token", "CANARY\\n"), "has no accessToken with keys"},
        {with(R"("sessionToken")", R"("other")"), "has no accessToken with keys"},
    };
  }
};

template <class Kind>
class CachedTokens : public testing::Test {
 protected:
  CachedTokens() {
    std::filesystem::create_directories(home_.path(Kind::folder));
    start_anew();
  }

  // What a new process would begin with.
  void start_anew() {
    transport_ = std::make_shared<PlaybackTransport>();
    context_ = SourceContext{home_.environment({}), transport_};
  }
  void write(std::string_view text) const { home_.write(Kind::name(), text); }
  std::string file() const {
    std::ifstream stream(home_.path(Kind::name()), std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
  }
  void answer_with_new(UnixSeconds lifetime_s = 60 * minute) {
    transport_->then(200, Kind::renewed(lifetime_s));
  }

  Result<std::string> find(UnixSeconds at = now) const {
    auto result = Kind::find(context_, at);
    EXPECT_TRUE(transport_->played());
    if (result.ok()) return result;
    const std::string& message = result.error().message;
    for (const char* canary : canaries) {
      EXPECT_EQ(message.find(canary), std::string::npos) << message;
    }
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_TRUE(message.starts_with(Kind::begins)) << message;
    return result;
  }
  static void expect(const Result<std::string>& result, const char* which) {
    ASSERT_TRUE(result.ok()) << result.error().message;
    EXPECT_EQ(result.value(), which);
  }
  static void expect_error(const Result<std::string>& result, Code code,
                           std::initializer_list<std::string_view> says) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, code) << result.error().message;
    for (const std::string_view words : says) {
      EXPECT_NE(result.error().message.find(words), std::string::npos)
          << "no '" << words << "' in: " << result.error().message;
    }
  }

  Home home_;
  std::shared_ptr<PlaybackTransport> transport_;
  SourceContext context_;
};

struct KindName {
  template <class Kind>
  static std::string GetName(int) {
    return Kind::cli_folder == Sso::cli_folder ? "Sso" : "Login";
  }
};
using Kinds = testing::Types<Sso, Login>;
TYPED_TEST_SUITE(CachedTokens, Kinds, KindName);

struct Transient {
  Answer answer;
  Code code;
};

std::vector<Transient> transient_failures() {
  return {{PlaybackTransport::status(429, R"({"error":"rate_exceeded"})"), Code::throttled},
          {PlaybackTransport::status(500, "CANARY"), Code::service},
          {PlaybackTransport::status(503), Code::service},
          {PlaybackTransport::failure(Code::timeout, "no answer"), Code::timeout},
          {PlaybackTransport::failure(Code::transport, "refused"), Code::transport}};
}

TYPED_TEST(CachedTokens, AreRenewedWhenLittleIsLeft) {
  this->write(TypeParam::file(TypeParam::due_s + 1));
  this->expect(this->find(), "old");
  EXPECT_TRUE(this->transport_->requests.empty());
  for (const UnixSeconds left : {TypeParam::due_s, UnixSeconds{1}, UnixSeconds{0}, -5 * minute}) {
    this->start_anew();
    this->write(TypeParam::file(left));
    this->answer_with_new();
    this->expect(this->find(), "new");
    this->expect(this->find(now + minute), "new");  // from the file
    EXPECT_EQ(this->transport_->requests.size(), 1U);
  }
}

TYPED_TEST(CachedTokens, AFailedRenewalLeavesTheOldOneInUseWhileItIsValid) {
  std::vector<Answer> failures = TypeParam::useless_answers();
  for (const auto& failure : transient_failures()) failures.push_back(failure.answer);
  for (const auto& refused : TypeParam::refusals()) {
    failures.push_back(PlaybackTransport::status(refused.status, refused.body));
  }
  for (const auto& failure : failures) {
    this->start_anew();
    this->write(TypeParam::file(5 * minute));
    const std::string before = this->file();
    this->transport_->then(failure);
    this->expect(this->find(), "old");
    EXPECT_TRUE(this->transport_->pauses.empty()) << "a call waited though the old one is valid";
    EXPECT_EQ(this->file(), before);
    // Asked again a minute later at the earliest.
    this->expect(this->find(now + minute - 1), "old");
    this->answer_with_new();
    this->expect(this->find(now + minute), "new");
  }
}

TYPED_TEST(CachedTokens, ARefusalAfterTheEndSaysWhatToRun) {
  for (const auto& c : TypeParam::refusals()) {
    this->start_anew();
    this->write(TypeParam::file(-1));
    this->transport_->then(c.status, c.body);
    const auto result = this->find();
    this->expect_error(result, Code::expired_credentials,
                       {"2027-01-15T07:59:59Z", c.says, TypeParam::advice});
    EXPECT_EQ(result.error().http_status, c.status);
    EXPECT_FALSE(result.error().retryable);
    // The service is left alone for a minute; a new login ends that at once.
    this->expect_error(this->find(now + minute - 1), Code::expired_credentials, {c.says});
    EXPECT_EQ(this->transport_->requests.size(), 1U);
    this->write(TypeParam::file(60 * minute, "new"));
    this->expect(this->find(now + minute - 1), "new");
  }
}

TYPED_TEST(CachedTokens, ATransientFailureAfterTheEndIsTriedAgainAndReported) {
  for (const auto& c : transient_failures()) {
    this->start_anew();
    this->write(TypeParam::file(-1));
    this->transport_->times(3, c.answer);
    const auto result = this->find();
    this->expect_error(result, c.code,
                       {"valid until 2027-01-15T07:59:59Z, could not be renewed: ",
                        std::string("if that persists, ") + TypeParam::advice});
    EXPECT_TRUE(result.error().retryable);
    const auto& pauses = this->transport_->pauses;
    ASSERT_EQ(pauses.size(), 2U);
    EXPECT_GE(pauses[0], std::chrono::milliseconds(100));
    EXPECT_LE(pauses[0], std::chrono::milliseconds(200));
    EXPECT_GE(pauses[1], std::chrono::milliseconds(400));
    EXPECT_LE(pauses[1], std::chrono::milliseconds(800));
    // Calls fail meanwhile, so the service is not left alone for a whole minute.
    this->expect_error(this->find(now + 4), c.code, {});
    EXPECT_EQ(this->transport_->requests.size(), 3U);
    this->transport_->then(c.answer);
    this->answer_with_new();
    this->expect(this->find(now + 5), "new");
  }
}

TYPED_TEST(CachedTokens, AnAnswerWithoutATokenIsNotAskedForAgainAtOnce) {
  for (const auto& answer : TypeParam::useless_answers()) {
    this->start_anew();
    this->write(TypeParam::file(-1));
    this->transport_->then(answer);
    const auto result = this->find();
    this->expect_error(result, Code::service, {"if that persists, ", TypeParam::advice});
    // Another process may have been faster: its file is waited for, and nothing else.
    EXPECT_EQ(this->transport_->pauses.size(), 1U);
    this->expect_error(this->find(now + minute - 1), Code::service, {});
    EXPECT_EQ(this->transport_->requests.size(), 1U);
  }
}

// The service hands out less than the time before the end at which it is asked.
TYPED_TEST(CachedTokens, AShortLifeDoesNotMakeEveryCallAsk) {
  this->write(TypeParam::file(1));
  this->answer_with_new(2 * minute);
  this->expect(this->find(), "new");
  this->expect(this->find(now + 1), "new");
  this->expect(this->find(now + minute - 1), "new");
  EXPECT_EQ(this->transport_->requests.size(), 1U);
  this->answer_with_new(2 * minute);
  this->expect(this->find(now + minute), "new");
}

// Refresh tokens may be good for one use: the loser of a race finds the winner's on disk.
TYPED_TEST(CachedTokens, WhatAnotherProcessRenewedMeanwhileIsTaken) {
  const Refused refused = TypeParam::refusals().front();
  const auto answer = PlaybackTransport::status(refused.status, refused.body);
  for (const UnixSeconds left : {UnixSeconds{-1}, 5 * minute}) {
    this->start_anew();
    this->write(TypeParam::file(left));
    this->transport_->then([&](const auto& sent) {
      this->write(TypeParam::file(60 * minute, "new"));
      return answer(sent);
    });
    this->expect(this->find(), "new");
    EXPECT_TRUE(this->transport_->pauses.empty());
  }
}

TYPED_TEST(CachedTokens, WhatAnotherProcessIsStillWritingIsWaitedForAfterTheEnd) {
  const Refused refused = TypeParam::refusals().front();
  this->write(TypeParam::file(-1));
  this->transport_->then(refused.status, refused.body);
  this->transport_->during_pause = [&] { this->write(TypeParam::file(60 * minute, "new")); };
  this->expect(this->find(), "new");
  EXPECT_EQ(this->transport_->pauses,
            std::vector<std::chrono::milliseconds>{std::chrono::milliseconds(500)});
}

TYPED_TEST(CachedTokens, WhatAnotherProcessWroteIsNotTakenWhenItIsNoNewer) {
  const Refused refused = TypeParam::refusals().front();
  this->write(TypeParam::file(-1));
  this->transport_->then([&](const auto& sent) {
    this->write(TypeParam::file(0, "new"));
    return PlaybackTransport::status(refused.status, refused.body)(sent);
  });
  this->expect_error(this->find(), Code::expired_credentials, {refused.says});
}

// As where ~/.aws is mounted for reading only: the rotated refresh token must not be lost.
TYPED_TEST(CachedTokens, WhatCannotBeWrittenServesFromMemory) {
  this->write(TypeParam::file(-1));
  this->transport_->then([&](const auto& sent) {
    std::filesystem::rename(this->home_.path(TypeParam::cli_folder), this->home_.path("gone"));
    return PlaybackTransport::status(200, TypeParam::renewed(60 * minute))(sent);
  });
  this->expect(this->find(), "new");
  EXPECT_FALSE(std::filesystem::exists(this->home_.path(TypeParam::cli_folder)));
  this->expect(this->find(now + 30 * minute), "new");
  this->answer_with_new();
  this->expect(this->find(now + 59 * minute), "new");
  EXPECT_NE(this->transport_->requests.back().body.find("CANARY-refresh-new"), std::string::npos);
  // The file is back, and with it what the user says.
  std::filesystem::rename(this->home_.path("gone"), this->home_.path(TypeParam::cli_folder));
  this->write(TypeParam::file(600 * minute));
  this->expect(this->find(now + 90 * minute), "old");
}

TYPED_TEST(CachedTokens, AFileThatCannotBeUsedSaysWhatToRun) {
  const std::string good = TypeParam::file(60 * minute);
  std::vector<BadFile> files = TypeParam::bad_files();
  for (const std::string& text :
       {std::string(), std::string("CANARY garbage"), good.substr(0, good.size() / 2), good + "x",
        "\xEF\xBB\xBF" + good, "[" + good + "]", std::string("[]"),
        std::string("{\"accessToken\":\"CANARY\xFF\"}"), std::string(1000, '\0'),
        std::string(2000, '[')}) {
    files.push_back({text, "is not one JSON object"});
  }
  files.push_back({std::string(2U << 20U, 'x'), "is larger than 1 MiB"});
  for (const auto& c : files) {
    this->write(c.text);
    this->expect_error(this->find(), Code::unusable_credentials,
                       {TypeParam::folder, c.says, TypeParam::advice});
  }
  std::filesystem::remove(this->home_.path(TypeParam::name()));
  this->expect_error(this->find(), Code::unusable_credentials,
                     {".json does not exist", TypeParam::advice});
  std::filesystem::create_directory(this->home_.path(TypeParam::name()));
  this->expect_error(this->find(), Code::unusable_credentials,
                     {"is no regular file", TypeParam::advice});
  EXPECT_TRUE(this->transport_->requests.empty());
}

TYPED_TEST(CachedTokens, WithoutAHomeThereIsNone) {
  this->context_.environment = environment_of({});
  this->expect_error(this->find(), Code::unusable_credentials, {"HOME is not set"});
}

}  // namespace
}  // namespace costmark
