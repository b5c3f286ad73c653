// What a refusal changes: credentials, tokens, the clock.
#include "core/client/client_fixture.hpp"

namespace costmark::testing {
namespace {

constexpr std::string_view expired_answer =
    R"({"error":{"code":"invalid_api_key","type":"permission_denied_error","param":null,)"
    R"("message":"The security token included in the request is expired."}})";
constexpr std::string_view too_old_answer =
    R"({"error":{"code":"invalid_api_key","type":"permission_denied_error","param":null,)"
    R"("message":"Signature expired: 20250102T030405Z is too long before 20250102T031405Z."}})";
constexpr std::string_view mismatch_answer =
    R"({"error":{"code":"invalid_api_key","type":"permission_denied_error","param":null,)"
    R"("message":"The request signature we calculated does not match the signature you provided."}})";
constexpr std::string_view denied_answer =
    R"({"error":{"code":"access_denied","type":"permission_denied_error","param":null,)"
    R"("message":"User: arn is not authorized to perform: bedrock-mantle:CreateInference"}})";

// test_time and ten minutes more or less, as answers write them.
constexpr std::string_view on_time = "Thu, 02 Jan 2025 03:04:05 GMT";
constexpr std::string_view ten_minutes_on = "Thu, 02 Jan 2025 03:14:05 GMT";
constexpr std::string_view ten_minutes_back = "Thu, 02 Jan 2025 02:54:05 GMT";

// A client whose clock and credentials are the test's.
struct Host {
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  explicit Host(const OptionValues& options = {})
      : client(client_with(options)), operation(client->operation()) {}

  std::shared_ptr<Client> client_with(const OptionValues& options) {
    ClientConfig config = config_of(options);
    EXPECT_TRUE(config.options.set("unattributed", "allow").ok());
    config.clock = [this] { return now; };
    config.log = [this](LogLevel level, std::string_view text) {
      if (level == LogLevel::warning) warnings.emplace_back(text);
    };
    config.credentials = callback_credentials([this]() -> Result<CredentialsPtr> {
      ++fetches;
      if (down) return Error{Code::transport, "the metadata service is down"};
      Credentials::Fields fields;
      fields.access_key_id = "ASIA" + std::to_string(key);
      fields.secret_access_key = "CANARY";
      fields.session_token = "token";
      fields.expires_at = now + life;
      fields.source = "test";
      return Credentials::create(std::move(fields));
    });
    return Client::create(std::move(config)).value();
  }

  // The access key that signs now, and the time that it signs by.
  std::string prepare(Operation& out) {
    Status status = out.begin(post.request());
    if (status) status = out.prepare();
    if (!status) return "error: " + status.error().message;
    const std::string text = value_set(out.prepared(), "authorization");
    if (text.find("Credential=") == std::string::npos) return text;
    const auto begin = text.find("Credential=") + 11;
    return text.substr(begin, text.find('/', begin) - begin);
  }
  std::string prepare() { return prepare(operation); }
  std::string signed_at() {
    Operation fresh = client->operation();
    prepare(fresh);
    return value_set(fresh.prepared(), "x-amz-date");
  }

  // The answer to what was prepared last. Whether to try again.
  bool answer(Operation& to, int status, std::string_view body, std::string_view date = {},
              std::string_view error_type = {}) {
    if (to.next().step != NextStep::none) prepare(to);  // the same request once more
    to.sent();
    to.head(Head(status, "application/json", date, error_type));
    EXPECT_EQ(to.next().step, NextStep::none);
    EXPECT_EQ(to.feed(body), body);
    to.finish();
    return to.next().step == NextStep::again;
  }
  bool answer(int status, std::string_view body, std::string_view date = {},
              std::string_view error_type = {}) {
    return answer(operation, status, body, date, error_type);
  }

  UnixSeconds now = test_time;
  UnixSeconds life = 3600;
  int key = 1;
  int fetches = 0;
  bool down = false;
  std::vector<std::string> warnings;
  Post post{std::string(mantle_chat), R"({"model":"m"})"};
  std::shared_ptr<Client> client;
  Operation operation;
};

TEST(Recovery, RefusedCredentialsAreFetchedAnew) {
  Host host;
  EXPECT_EQ(host.prepare(), "ASIA1");
  EXPECT_TRUE(host.operation.prepared().authorized());
  host.key = 2;
  EXPECT_EQ(host.prepare(), "ASIA1");
  EXPECT_TRUE(host.answer(401, expired_answer));
  EXPECT_EQ(host.prepare(), "ASIA2");
  EXPECT_EQ(host.fetches, 2);
}

TEST(Recovery, ByTheHeaderAloneAndForAnyApi) {
  Host host;
  host.post.url = "https://bedrock-mantle.us-east-1.api.aws/v1/models";
  EXPECT_EQ(host.prepare(), "ASIA1");
  host.key = 2;
  EXPECT_TRUE(host.answer(403, "", {}, "ExpiredTokenException:http://internal/"));
  EXPECT_EQ(host.prepare(), "ASIA2");
}

TEST(Recovery, OnlyWhatWasRefusedIsGivenUp) {
  Host host;
  Operation early = host.client->operation();
  EXPECT_EQ(host.prepare(early), "ASIA1");
  EXPECT_EQ(host.prepare(), "ASIA1");
  host.key = 2;
  EXPECT_TRUE(host.answer(401, expired_answer));
  EXPECT_EQ(host.prepare(), "ASIA2");
  // Late news about the first set: there are newer ones already.
  EXPECT_TRUE(host.answer(early, 401, expired_answer));
  EXPECT_EQ(host.prepare(), "ASIA2");
  EXPECT_EQ(host.fetches, 2);
}

TEST(Recovery, OtherAnswersGiveUpNothing) {
  Host host;
  EXPECT_EQ(host.prepare(), "ASIA1");
  host.key = 2;
  EXPECT_FALSE(host.answer(401, denied_answer));
  EXPECT_FALSE(host.answer(403, denied_answer, ten_minutes_on));
  EXPECT_FALSE(host.answer(401, mismatch_answer, on_time));
  EXPECT_FALSE(host.answer(401, mismatch_answer));
  EXPECT_FALSE(host.answer(400, expired_answer));
  EXPECT_FALSE(host.answer(500, expired_answer, {}, "ExpiredTokenException"));
  EXPECT_FALSE(host.answer(200, "{}", ten_minutes_on));
  EXPECT_EQ(host.prepare(), "ASIA1");
  EXPECT_EQ(host.signed_at(), "20250102T030405Z");
  EXPECT_EQ(host.fetches, 1);
}

TEST(Recovery, AStormOfRefusalsIsBounded) {
  Host host;
  int advised = 0;
  for (int i = 0; i < 500; ++i) {
    if (i % 100 == 0 && i > 0) ++host.now;
    EXPECT_EQ(host.prepare(), "ASIA1");  // it serves on: the refusal may have been a passing one
    advised += host.answer(401, expired_answer) ? 1 : 0;
  }
  EXPECT_EQ(host.fetches, 2);
  EXPECT_EQ(advised, 1);
}

TEST(Recovery, AFailingSourceIsNamedAndNothingIsLost) {
  Host host;
  EXPECT_EQ(host.prepare(), "ASIA1");
  host.down = true;
  EXPECT_TRUE(host.answer(401, expired_answer));
  EXPECT_EQ(host.prepare(), "ASIA1");
  ASSERT_EQ(host.warnings.size(), 1U);
  EXPECT_NE(host.warnings[0].find("the metadata service is down"), std::string::npos);
  host.now += host.life;
  EXPECT_EQ(host.prepare(), "error: the metadata service is down");
  EXPECT_FALSE(host.operation.prepared().authorized());
  EXPECT_TRUE(host.operation.prepared().headers_to_set().empty());
  host.down = false;
  host.key = 2;
  EXPECT_EQ(host.prepare(), "ASIA2");
  for (const auto& warning : host.warnings) EXPECT_EQ(warning.find("CANARY"), std::string::npos);
}

TEST(Recovery, TheClockIsLearnedAndForgotten) {
  for (const auto& [date, signed_at] :
       {std::pair{ten_minutes_on, "20250102T031405Z"}, {ten_minutes_back, "20250102T025405Z"}}) {
    Host host;
    host.prepare();
    EXPECT_TRUE(host.answer(401, too_old_answer, date));
    EXPECT_EQ(host.signed_at(), signed_at);
    EXPECT_EQ(host.fetches, 1);  // not the credentials' fault
    ASSERT_EQ(host.warnings.size(), 1U);
    EXPECT_NE(host.warnings[0].find("600 s"), std::string::npos) << host.warnings[0];

    // A second of latency is no news, and nothing to log.
    host.now += 1;
    host.prepare();
    EXPECT_FALSE(host.answer(200, "{}", date));
    EXPECT_EQ(host.warnings.size(), 1U);

    // The local clock is set right.
    host.prepare();
    EXPECT_FALSE(host.answer(200, "{}", on_time));
    EXPECT_EQ(host.signed_at(), "20250102T030406Z");
    EXPECT_EQ(host.warnings.size(), 2U);
  }
}

TEST(Recovery, AClockSetRightIsNoticedByARefusalAsWell) {
  Host host;
  host.prepare();
  EXPECT_TRUE(host.answer(401, too_old_answer, ten_minutes_on));
  host.prepare();
  EXPECT_TRUE(host.answer(401, too_old_answer, on_time));
  EXPECT_EQ(host.signed_at(), "20250102T030405Z");
}

TEST(Recovery, AnOldSignatureIsMadeAnewWithoutAnythingToLearn) {
  Host host;
  for (const std::string_view date : {on_time, std::string_view(), std::string_view("yesterday"),
                                      std::string_view("Thu, 02 Jan 2025 03:04:50 GMT")}) {
    host.prepare();
    EXPECT_TRUE(host.answer(401, too_old_answer, date)) << date;
    EXPECT_EQ(host.signed_at(), "20250102T030405Z") << date;
  }
  EXPECT_TRUE(host.warnings.empty());
}

// A clock that is off by years is wrong for certificates too: it is named, not corrected.
TEST(Recovery, AClockThatIsMoreThanADayOffIsNamed) {
  for (const std::string_view refusal : {too_old_answer, mismatch_answer}) {
    Host host;
    host.prepare();
    host.answer(401, refusal, "Thu, 02 Jan 2031 03:04:50 GMT");
    EXPECT_EQ(host.signed_at(), "20250102T030405Z");
    EXPECT_EQ(host.warnings,
              std::vector<std::string>{"the local clock says 2025-01-02T03:04:05Z, the service's "
                                       "2031-01-02T03:04:50Z: set the local clock right"});
  }
}

TEST(Recovery, NothingIsSignedByAClockBefore1970) {
  for (const auto& [now, shown] : {std::pair<UnixSeconds, std::string>{-1, "a time before 1970"},
                                   {253402300800, "a time after 9999"}}) {
    Host host;
    host.now = now;
    EXPECT_EQ(host.prepare(), "error: the local clock says " + shown +
                                  ", and requests are signed by it: set the local clock right");
  }
}

TEST(Recovery, AMismatchIsTheClocksFaultWhenThatIsFarOff) {
  Host host;
  host.prepare();
  EXPECT_FALSE(host.answer(401, mismatch_answer, "Thu, 02 Jan 2025 03:07:05 GMT"));
  EXPECT_EQ(host.signed_at(), "20250102T030405Z");
  EXPECT_TRUE(host.answer(401, mismatch_answer, ten_minutes_on));
  EXPECT_EQ(host.signed_at(), "20250102T031405Z");
  // It was the secret after all: no second retry.
  host.prepare();
  EXPECT_FALSE(host.answer(401, mismatch_answer, ten_minutes_on));
}

// Ten minutes behind, with credentials that live for five: the service decides, not we.
TEST(Recovery, ASkewedClockDoesNotMakeCredentialsExpire) {
  Host host;
  host.life = 300;
  EXPECT_EQ(host.prepare(), "ASIA1");
  EXPECT_TRUE(host.answer(401, too_old_answer, ten_minutes_on));
  EXPECT_EQ(host.prepare(), "ASIA1");
  EXPECT_EQ(value_set(host.operation.prepared(), "x-amz-date"), "20250102T031405Z");
}

TEST(Recovery, NothingIsRecoveredThatIsNotOurs) {
  const OptionValues options{{"auth", "none"}};
  Host none(options);
  none.prepare();
  EXPECT_FALSE(none.operation.prepared().authorized());
  EXPECT_FALSE(none.answer(401, expired_answer, ten_minutes_on));
  EXPECT_FALSE(none.answer(401, too_old_answer, ten_minutes_on));

  const auto client = client_of({{"bearer_token", "mine"}});
  const Post post{std::string(mantle_chat), "{}"};
  Operation operation = sent_operation(*client, post.request());
  EXPECT_TRUE(operation.prepared().authorized());
  EXPECT_EQ(operation.head(Head(401)).read_ahead_bytes, 0U);
  operation.feed(expired_answer);
  operation.finish();
  EXPECT_EQ(operation.next(), (Next{NextStep::done, NextReason::final_answer}));
}

TEST(Recovery, ACallbackIsToldOfItsRefusedToken) {
  ClientConfig config = config_of({});
  int calls = 0;
  std::vector<std::string> refused;
  config.bearer_token = [&calls]() -> Result<std::string> {
    return "token" + std::to_string(++calls);
  };
  config.bearer_token_refused = [&refused](std::string_view token) { refused.emplace_back(token); };
  const auto client = Client::create(std::move(config)).value();
  const Post post{std::string(mantle_chat), "{}"};
  Operation first = sent_operation(*client, post.request());
  Operation second = sent_operation(*client, post.request());
  first.head(Head(403));
  first.feed(expired_answer);
  first.finish();
  first.finish();
  EXPECT_EQ(first.next(), (Next{NextStep::again, NextReason::refused}));
  EXPECT_EQ(refused, std::vector<std::string>{"token1"});
  second.head(Head(403));
  second.feed(denied_answer);
  second.finish();
  EXPECT_EQ(second.next().step, NextStep::done);
  EXPECT_EQ(refused.size(), 1U);
}

TEST(Recovery, ATokenThatWasRefusedIsNotSentAgain) {
  ClientConfig config = config_of({{"project", "proj_a"}});
  std::string token = "token1";
  config.bearer_token = [&token]() -> Result<std::string> { return token; };
  const auto client = Client::create(std::move(config)).value();
  const Post post{std::string(mantle_chat), "{}"};
  Operation operation = sent_operation(*client, post.request());
  operation.head(Head(401));
  operation.feed(expired_answer);
  operation.finish();
  ASSERT_EQ(operation.next().step, NextStep::again);
  const Status status = operation.prepare();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::no_credentials);
  EXPECT_EQ(status.error().message.find(token), std::string::npos);
  EXPECT_EQ(operation.next(), (Next{NextStep::done, NextReason::not_renewed}));
  EXPECT_TRUE(operation.prepared().headers_to_remove().empty());
  operation.sent();
  EXPECT_EQ(operation.attempts(), 1U);

  // A host that repeats by itself decides for itself; another token is another matter.
  EXPECT_TRUE(operation.prepare().ok());
  token = "token2";
  EXPECT_TRUE(operation.prepare().ok());
  EXPECT_EQ(value_set(operation.prepared(), "authorization"), "Bearer token2");
  operation.sent();
  operation.head(Head(401));
  operation.feed(expired_answer);
  operation.finish();
  EXPECT_EQ(operation.next().step, NextStep::done) << "one resend in an operation";
  EXPECT_EQ(operation.attempts(), 2U);
}

TEST(Recovery, ATokenMadeOfCredentialsGoesWithThem) {
  Host host(OptionValues{{"auth", "bearer"}});
  const auto token = [&] {
    host.prepare();
    return value_set(host.operation.prepared(), "authorization");
  };
  const std::string first = token();
  EXPECT_TRUE(first.starts_with("Bearer bedrock-api-key-"));
  EXPECT_EQ(token(), first);
  EXPECT_EQ(host.fetches, 1);
  EXPECT_FALSE(host.answer(403, denied_answer));
  EXPECT_EQ(token(), first);
  host.key = 2;
  EXPECT_TRUE(host.answer(401, expired_answer));
  EXPECT_NE(token(), first);
  EXPECT_EQ(host.fetches, 2);
}

TEST(Recovery, AnAnswerThatBreaksOffIsReadAsFarAsItCame) {
  Host host;
  host.prepare();
  host.key = 2;
  {
    host.operation.sent();
    host.operation.head(Head(401, "application/json", {}, "ExpiredTokenException"));
    host.operation.fail(Outcome::incomplete);
    EXPECT_EQ(host.operation.next().step, NextStep::again);
  }
  EXPECT_EQ(host.prepare(), "ASIA2");
}

}  // namespace
}  // namespace costmark::testing
