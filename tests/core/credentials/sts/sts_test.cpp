#include "credentials/sts/sts.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "costmark/signing.hpp"
#include "sts_server.hpp"

namespace costmark::sts {
namespace {

using std::chrono::milliseconds;

constexpr UnixSeconds now = 1'700'000'000;  // 2023-11-14T22:13:20Z

constexpr const char* denied =
    "User: arn:aws:iam::111122223333:user/me is not authorized to perform: sts:AssumeRole on "
    "resource: arn:aws:iam::444455556666:role/r";

Role role() {
  Role role;
  role.arn = "arn:aws:iam::444455556666:role/r";
  role.session_name = "costmark-session-1";
  role.who = "profile 'p' (/config:2), role " + role.arn;
  role.source = "profile 'p', assumed role " + role.arn;
  return role;
}

CredentialsPtr source(std::string secret = "CANARYsecretOfTheSource",
                      std::string token = "CANARY/token+of+the/source==") {
  Credentials::Fields fields;
  fields.access_key_id = "AKIDSOURCE";
  fields.secret_access_key = std::move(secret);
  fields.session_token = std::move(token);
  return Credentials::create(std::move(fields)).value();
}

class StsTest : public ::testing::Test {
 protected:
  Result<CredentialsPtr> assume(const Role& wanted = role(),
                                const CredentialsPtr& with = source()) {
    return client.assume_role(wanted, *with, now);
  }
  Result<CredentialsPtr> assume_by_token(std::string_view token = "CANARY.web.token") {
    return client.assume_role_with_web_identity(role(), token, now);
  }

  // One line, which names the role, and holds nothing of what is secret.
  static void expect_harmless(const Error& error) {
    const std::string& message = error.message;
    EXPECT_EQ(message.find("CANARY"), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_NE(message.find("profile 'p' (/config:2), role arn:aws:iam::444455556666:role/r"),
              std::string::npos)
        << message;
  }

  std::shared_ptr<PlaybackTransport> transport = std::make_shared<PlaybackTransport>();
  Endpoint endpoint{"https://sts.us-west-2.amazonaws.com/", "https://sts.us-west-2.amazonaws.com",
                    "us-west-2"};
  Client client{transport, endpoint};
};

TEST_F(StsTest, AssumesARole) {
  transport->then(200, granted("AssumeRole", "ASIAROLE"));
  Role wanted = role();
  wanted.external_id = "a b+\xC3\xBC";
  wanted.duration_s = 900;
  const auto result = assume(wanted);
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result.value()->access_key_id(), "ASIAROLE");
  EXPECT_EQ(result.value()->secret_access_key(), "CANARY/secret+of=ASIAROLE");
  EXPECT_EQ(result.value()->session_token(), "CANARY-token-ASIAROLE");
  EXPECT_EQ(result.value()->account_id(), "444455556666");
  EXPECT_EQ(result.value()->source(), role().source);
  EXPECT_EQ(*result.value()->expires_at(), 32472144000);

  ASSERT_EQ(transport->requests.size(), 1U);
  const auto& sent = transport->requests[0];
  EXPECT_EQ(sent.method, "POST");
  EXPECT_EQ(sent.url, endpoint.url);
  EXPECT_EQ(
      sent.body,
      "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A444455556666%3Arole"
      "%2Fr&RoleSessionName=costmark-session-1&ExternalId=a%20b%2B%C3%BC&DurationSeconds=900");
  EXPECT_EQ(sent.header("content-type"), "application/x-www-form-urlencoded; charset=utf-8");
  EXPECT_EQ(sent.header("x-amz-date"), "20231114T221320Z");
  EXPECT_EQ(sent.header("x-amz-security-token"), "CANARY/token+of+the/source==");
  const std::string authorization = sent.header("authorization");
  EXPECT_NE(authorization.find("Credential=AKIDSOURCE/20231114/us-west-2/sts/aws4_request"),
            std::string::npos)
      << authorization;
  EXPECT_NE(authorization.find("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token,"),
            std::string::npos)
      << authorization;
}

TEST_F(StsTest, AssumesARoleByAToken) {
  transport->then(200, granted("AssumeRoleWithWebIdentity", "ASIAWEB"));
  const auto result = assume_by_token("a.b_c-d=");
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result.value()->access_key_id(), "ASIAWEB");
  EXPECT_EQ(result.value()->account_id(), "444455556666");
  ASSERT_EQ(transport->requests.size(), 1U);
  const auto& sent = transport->requests[0];
  EXPECT_EQ(sent.body,
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A"
            "444455556666%3Arole%2Fr&RoleSessionName=costmark-session-1&WebIdentityToken="
            "a.b_c-d%3D");
  EXPECT_EQ(sent.header("authorization"), "");
  EXPECT_EQ(sent.header("x-amz-date"), "");
}

TEST_F(StsTest, WhatPassesIsTriedAgain) {
  transport->then(400, refused("Throttling"))
      .then(503, "<html>CANARY")
      .then(200, granted("AssumeRole", "ASIAROLE"));
  ASSERT_TRUE(assume().ok());
  ASSERT_EQ(transport->pauses.size(), 2U);
  EXPECT_GE(transport->pauses[0], milliseconds(250));
  EXPECT_LE(transport->pauses[0], milliseconds(500));
  EXPECT_GE(transport->pauses[1], milliseconds(500));
  EXPECT_LE(transport->pauses[1], milliseconds(1000));

  transport->then(PlaybackTransport::failure(Code::timeout, "https://x: nothing for 10 seconds"))
      .then(400, refused("IDPCommunicationError"))
      .then(200, granted("AssumeRoleWithWebIdentity", "ASIAWEB"));
  EXPECT_TRUE(assume_by_token().ok());
  EXPECT_TRUE(transport->played());
}

// Its keys could not be fetched: the token may be good.
TEST_F(StsTest, AnIdentityProviderOutOfReachIsAskedAgain) {
  transport
      ->then(400, refused("InvalidIdentityToken",
                          "Couldn't retrieve verification key from your identity provider, please "
                          "reference AssumeRoleWithWebIdentity documentation for requirements"))
      .then(200, granted("AssumeRoleWithWebIdentity", "ASIAWEB"));
  EXPECT_TRUE(assume_by_token().ok());
  EXPECT_TRUE(transport->played());
}

TEST_F(StsTest, GivesUpAfterThreeAttempts) {
  const struct {
    PlaybackTransport::Answer answer;
    Code code;
    int status;
    const char* part;
  } cases[] = {
      {PlaybackTransport::status(400, refused("Throttling")), Code::throttled, 400,
       "STS refused AssumeRole: Throttling (HTTP status 400), request id c6104cbe-af31 "
       "(https://sts.us-west-2.amazonaws.com)"},
      {PlaybackTransport::status(429), Code::throttled, 429, "HTTP status 429"},
      {PlaybackTransport::status(500, refused("InternalFailure")), Code::service, 500,
       "InternalFailure (HTTP status 500)"},
      {PlaybackTransport::failure(Code::transport, "no connection"), Code::transport, 0,
       "role arn:aws:iam::444455556666:role/r: no connection ("},
      {PlaybackTransport::failure(Code::timeout, "too slow"), Code::timeout, 0, "too slow"},
  };
  for (const auto& c : cases) {
    transport->requests.clear();
    transport->times(3, c.answer);
    const auto result = assume();
    ASSERT_FALSE(result.ok()) << c.part;
    EXPECT_EQ(transport->requests.size(), 3U) << c.part;
    EXPECT_TRUE(transport->played());
    EXPECT_EQ(result.error().code, c.code) << result.error().message;
    EXPECT_EQ(result.error().http_status, c.status);
    EXPECT_TRUE(result.error().retryable);
    EXPECT_NE(result.error().message.find(c.part), std::string::npos) << result.error().message;
    expect_harmless(result.error());
  }
}

TEST_F(StsTest, RefusalsAreFinalAndSayWhatToDo) {
  const struct {
    bool by_token;
    int status;
    const char* code;
    Code kind;
    const char* part;
  } cases[] = {
      {false, 403, "AccessDenied", Code::unusable_credentials,
       "; the trust policy of the role and"},
      {true, 403, "AccessDenied", Code::unusable_credentials, "must allow the token's issuer"},
      {false, 403, "ExpiredToken", Code::expired_credentials,
       "credentials that the role is assumed"},
      {true, 400, "ExpiredTokenException", Code::expired_credentials, "what writes its file"},
      {true, 400, "InvalidIdentityToken", Code::unusable_credentials, "not one of a provider"},
      {true, 403, "IDPRejectedClaim", Code::unusable_credentials, "provider rejects"},
      {false, 403, "InvalidClientTokenId", Code::unusable_credentials, "is not known there"},
      {false, 403, "SignatureDoesNotMatch", Code::unusable_credentials, "clock is wrong"},
      {false, 403, "RegionDisabledException", Code::unusable_credentials, "STS is not active"},
      {false, 400, "ValidationError", Code::unusable_credentials, "look at role_arn"},
      {false, 400, "SomethingNew", Code::unusable_credentials, "SomethingNew (HTTP status 400)"},
      {false, 302, "", Code::service, "HTTP status 302"},
  };
  for (const auto& c : cases) {
    transport->requests.clear();
    transport->then(c.status, refused(c.code));
    const auto result = c.by_token ? assume_by_token() : assume();
    ASSERT_FALSE(result.ok()) << c.code;
    const Error& error = result.error();
    EXPECT_EQ(transport->requests.size(), 1U) << c.code;
    EXPECT_EQ(error.code, c.kind) << error.message;
    EXPECT_EQ(error.http_status, c.status);
    EXPECT_EQ(error.request_id, "c6104cbe-af31");
    EXPECT_FALSE(error.retryable);
    EXPECT_NE(error.message.find(c.part), std::string::npos) << error.message;
    expect_harmless(error);
  }
}

TEST_F(StsTest, OfAnErrorOnlyADenialIsRepeated) {
  transport->then(403, refused("AccessDenied",
                               std::string(denied) + " because no identity-based policy CANARY"));
  auto error = assume().error();
  EXPECT_NE(error.message.find(std::string(": ") + denied + "; the trust policy"),
            std::string::npos)
      << error.message;
  expect_harmless(error);

  const std::string others[] = {
      "CANARY",
      "User: CANARY is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::1:r",
      "User: arn:aws:iam::1:user/me is not authorized to perform: CANARY on resource: arn:aws:r",
      "User: arn:aws:iam::1:user/me is not authorized to perform: sts:AssumeRole on resource: "
      "CANARY",
      "User: arn:aws:iam::1:user/me CANARY is not authorized to perform: sts:AssumeRole on "
      "resource: arn:aws:iam::1:role/r",
      // What looks like an ARN and holds a part of a secret, or a whole one.
      "User: arn:aws:iam::1:user/secretOfTheSo is not authorized to perform: sts:AssumeRole on "
      "resource: arn:aws:iam::1:role/r",
      "User: arn:aws:iam::1:user/me is not authorized to perform: sts:AssumeRole on resource: "
      "arn:/token+of+the/",
  };
  for (const std::string& message : others) {
    transport->then(403, refused("AccessDenied", message));
    error = assume().error();
    EXPECT_EQ(error.message.find("User:"), std::string::npos) << error.message;
    expect_harmless(error);
  }
}

// Whoever answers in STS's place may put what it was sent where a code is expected.
TEST_F(StsTest, NothingElseOfAnAnswerIsRepeated) {
  const auto with = source("CANARYsecretOfTheSource", "CANARYtokenOfTheSource");
  for (const std::string& body :
       {refused("CANARYsecretOfTheSource"), refused("AccessDenied CANARY"),
        refused(std::string(65, 'C')), std::string("CANARYtokenOfTheSource"),
        std::string("<ErrorResponse><RequestId>CANARYtokenOfTheSource</RequestId></ErrorResponse>"),
        std::string("<a><Error><Code>secretOfTheSource</Code></Error></a>")}) {
    transport->then(400, body);
    const auto error = assume(role(), with).error();
    expect_harmless(error);
    EXPECT_EQ(error.message.find("OfTheSource"), std::string::npos) << error.message;
    EXPECT_EQ(error.message.find("CCCC"), std::string::npos) << error.message;
    EXPECT_EQ(error.request_id.find("CANARY"), std::string::npos) << error.request_id;
  }
  transport->then([](const PlaybackTransport::Sent& sent) -> Result<http::Response> {
    http::Response response;
    response.status = 403;
    response.headers.add("x-amzn-RequestId", sent.header("x-amz-security-token"));
    return response;
  });
  expect_harmless(assume(role(), with).error());
}

TEST_F(StsTest, AnswersThatAreNone) {
  const std::string good = granted("AssumeRole", "ASIAROLE");
  const auto without = [&](std::string_view from, std::string_view to, std::string_view by = "") {
    std::string text = good;
    const std::size_t begin = text.find(from);
    const std::size_t end = text.find(to, begin) + to.size();
    return text.replace(begin, end - begin, by);
  };
  const std::pair<std::string, const char*> cases[] = {
      {"", "no element"},
      {good.substr(0, good.find("</SessionToken>")), "the end of the text, inside an element"},
      {R"({"AssumeRoleResponse": {"CANARY": 1}})", "text outside"},
      {granted("GetSessionToken", "ASIA"), "it has no Credentials/AccessKeyId"},
      {without("<AccessKeyId>", "</AccessKeyId>"), "it has no Credentials/AccessKeyId"},
      {without("<SecretAccessKey>", "</SecretAccessKey>", "<SecretAccessKey/>"),
       "it has no Credentials/SecretAccessKey"},
      {without("<SessionToken>", "</SessionToken>"), "it has no Credentials/SessionToken"},
      {without("<Expiration>", "</Expiration>"), "it has no Credentials/Expiration"},
      {without("2999-01", "Z", "soon"), "its Credentials/Expiration is no time"},
      {without("<SessionToken>", "</SessionToken>",
               "<SessionToken>a</SessionToken><SessionToken>b</SessionToken>"),
       "it names something twice"},
      {without("<SessionToken>", "</SessionToken>", "<SessionToken>CANARY&#10;</SessionToken>"),
       "the session token holds a control character"},
  };
  for (const auto& [body, part] : cases) {
    transport->requests.clear();
    transport->then(200, body);
    const auto result = assume();
    ASSERT_FALSE(result.ok()) << part;
    EXPECT_EQ(transport->requests.size(), 1U);
    EXPECT_EQ(result.error().code, Code::service);
    EXPECT_TRUE(result.error().retryable);
    EXPECT_NE(result.error().message.find(part), std::string::npos) << result.error().message;
    expect_harmless(result.error());
  }
}

TEST_F(StsTest, WhatIsForeignInAnAnswerIsSkipped) {
  std::string text = granted("AssumeRole", "ASIAROLE");
  text.insert(text.find("<Credentials>"),
              "<Foreign><Credentials><AccessKeyId>WRONG</AccessKeyId></Credentials></Foreign>");
  text.insert(text.find("<AccessKeyId>ASIA"), "<Nested><AccessKeyId>WRONG</AccessKeyId></Nested>");
  text.replace(text.find("ASIAROLE"), 8, "&#x41;SIA<![CDATA[ROLE]]>");
  text.replace(text.find("<Arn>"), 5, "<Arn>no ARN: ");
  transport->then(200, text);
  const auto result = assume();
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result.value()->access_key_id(), "ASIAROLE");
  EXPECT_EQ(result.value()->account_id(), "");
}

TEST_F(StsTest, CredentialsThatHaveExpiredAlready) {
  transport->then(200, granted("AssumeRole", "ASIAROLE", "2023-11-14T22:13:20.5Z"));
  const auto error = assume().error();
  EXPECT_EQ(error.code, Code::expired_credentials);
  EXPECT_NE(error.message.find("expired at 2023-11-14T22:13:20Z; look at this machine's clock"),
            std::string::npos)
      << error.message;
  expect_harmless(error);
}

PlaybackTransport::Answer refused_at(std::string date, std::string code) {
  return [date = std::move(date),
          code = std::move(code)](const PlaybackTransport::Sent&) -> Result<http::Response> {
    http::Response response;
    response.status = 403;
    response.headers.add("Date", date);
    response.body = refused(code);
    return response;
  };
}

TEST_F(StsTest, TheServersClockCounts) {
  transport->then(refused_at("Tue, 14 Nov 2023 22:23:25 GMT", "SignatureDoesNotMatch"))
      .then(200, granted("AssumeRole", "ASIAROLE"));
  ASSERT_TRUE(assume().ok());
  ASSERT_EQ(transport->requests.size(), 2U);
  EXPECT_EQ(transport->requests[0].header("x-amz-date"), "20231114T221320Z");
  EXPECT_EQ(transport->requests[1].header("x-amz-date"), "20231114T222325Z");
  EXPECT_TRUE(transport->pauses.empty());
}

TEST_F(StsTest, TheServersClockIsBelievedOnce) {
  transport->times(2, refused_at("Tue, 14 Nov 2023 22:23:25 GMT", "RequestExpired"));
  EXPECT_EQ(assume().error().code, Code::unusable_credentials);
  EXPECT_TRUE(transport->played());

  for (const char* date : {"Tue, 14 Nov 2023 22:15:20 GMT", "Tuesday", ""}) {
    transport->requests.clear();
    transport->then(refused_at(date, "SignatureDoesNotMatch"));
    EXPECT_FALSE(assume().ok());
    EXPECT_EQ(transport->requests.size(), 1U) << date;
  }
  transport->requests.clear();
  transport->then(refused_at("Tue, 14 Nov 2023 22:23:25 GMT", "AccessDenied"));
  EXPECT_FALSE(assume().ok());
  EXPECT_EQ(transport->requests.size(), 1U);
}

TEST_F(StsTest, AnEndpointThatCannotBeSignedForIsAnError) {
  const Client other(transport, {"https://sts.x/", "https://sts.x", "no region"});
  const auto result = other.assume_role(role(), *source(), now);
  ASSERT_FALSE(result.ok());
  EXPECT_TRUE(transport->requests.empty());
  expect_harmless(result.error());
}

}  // namespace
}  // namespace costmark::sts
