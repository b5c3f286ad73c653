// Telling refusals that can be mended from those that cannot.
#include "client/operation/refusal.hpp"

#include <gtest/gtest.h>

#include <string>

namespace costmark::client {
namespace {

Refusal refusal_of(int status, std::string_view body, std::string_view error_type = {}) {
  RefusalReader reader;
  reader.begin(status, error_type);
  for (std::size_t i = 0; i < body.size(); i += 7) reader.feed(body.substr(i, 7));
  return reader.finish();
}

std::string mantle(std::string_view code, std::string_view type, std::string_view message) {
  return R"({"error":{"code":")" + std::string(code) + R"(","message":")" + std::string(message) +
         R"(","param":null,"type":")" + std::string(type) + R"("}})";
}

std::string messages(std::string_view type, std::string_view message) {
  return R"({"type":"error","request_id":"req_1","error":{"type":")" + std::string(type) +
         R"(","message":")" + std::string(message) + R"("}})";
}

constexpr std::string_view expired = "The security token included in the request is expired";
constexpr std::string_view invalid = "The security token included in the request is invalid.";

TEST(Refusal, CredentialsThatHaveExpiredOrAreNotValid) {
  for (const int status : {401, 403}) {
    for (const std::string_view message : {expired, invalid}) {
      EXPECT_EQ(refusal_of(status, mantle("invalid_api_key", "permission_denied_error", message)),
                Refusal::credentials);
      EXPECT_EQ(refusal_of(status, messages("authentication_error", message)),
                Refusal::credentials);
      EXPECT_EQ(refusal_of(status, messages("permission_error", message)), Refusal::credentials);
      EXPECT_EQ(refusal_of(status, R"({"message":")" + std::string(message) + R"("})"),
                Refusal::credentials);
      EXPECT_EQ(refusal_of(status, R"({"Message":")" + std::string(message) + R"("})"),
                Refusal::credentials);
    }
    EXPECT_EQ(refusal_of(status, mantle("invalid_api_key", "", "Incorrect API key provided")),
              Refusal::credentials);
    EXPECT_EQ(refusal_of(status, "", "ExpiredTokenException"), Refusal::credentials);
    EXPECT_EQ(refusal_of(status, "not JSON",
                         "UnrecognizedClientException:http://internal.amazon.com/coral/x/"),
              Refusal::credentials);
    EXPECT_EQ(refusal_of(status, R"({"__type":"com.amazon.coral.service#ExpiredTokenException"})"),
              Refusal::credentials);
    EXPECT_EQ(refusal_of(status, R"({"__type":"InvalidClientTokenId","message":"x"})"),
              Refusal::credentials);
    EXPECT_EQ(refusal_of(status,
                         R"({"Message":"Authentication failed: Please make sure your API Key is )"
                         R"(valid."})",
                         "AccessDeniedException"),
              Refusal::credentials);
    EXPECT_EQ(refusal_of(status, R"({"Message":"Bearer Token has expired"})"),
              Refusal::credentials);
  }
}

TEST(Refusal, AMissingPermissionIsNone) {
  constexpr std::string_view denied =
      "User: arn:aws:sts::111122223333:assumed-role/x/y is not authorized to perform: "
      "bedrock-mantle:ListModels on resource: arn:aws:bedrock-mantle:us-east-1:111122223333:"
      "project/default because no identity-based policy allows the bedrock-mantle:ListModels "
      "action";
  for (const int status : {401, 403}) {
    EXPECT_EQ(refusal_of(status, mantle("access_denied", "permission_denied_error", denied)),
              Refusal::none);
    EXPECT_EQ(refusal_of(status, messages("permission_error", denied)), Refusal::none);
    EXPECT_EQ(refusal_of(status, R"({"message":"no"})", "AccessDeniedException:http://x/"),
              Refusal::none);
    EXPECT_EQ(refusal_of(status, mantle("access_denied", "permission_denied_error",
                                        "The model is not enabled for this account")),
              Refusal::none);
  }
}

TEST(Refusal, WhatOtherCredentialsDoNotMendIsNone) {
  for (const std::string_view message :
       {"Credential should be scoped to correct service: 'bedrock-mantle'.",
        "Credential should be scoped to a valid region.", "Missing Authentication Token",
        "Authorization header requires 'Credential' parameter.",
        "The signed header 'x' is not in the request.",
        "The provided 'x-amz-content-sha256' header does not match what was computed."}) {
    EXPECT_EQ(refusal_of(401, mantle("invalid_api_key", "permission_denied_error", message)),
              Refusal::none)
        << message;
  }
}

TEST(Refusal, TheClock) {
  for (const std::string_view message :
       {"Signature expired: 20250102T030405Z is now earlier than 20250102T031000Z "
        "(20250102T031500Z - 5 min.)",
        "Signature not yet current: 20250102T030405Z is still later than 20250102T030000Z"}) {
    EXPECT_EQ(refusal_of(401, mantle("invalid_api_key", "permission_denied_error", message)),
              Refusal::clock);
    EXPECT_EQ(refusal_of(403, R"({"message":")" + std::string(message) + R"("})",
                         "InvalidSignatureException:"),
              Refusal::clock);
    EXPECT_EQ(refusal_of(401, messages("authentication_error", message)), Refusal::clock);
  }
  EXPECT_EQ(refusal_of(403, "", "RequestTimeTooSkewed"), Refusal::clock);
  EXPECT_EQ(refusal_of(403, R"({"__type":"RequestExpired"})"), Refusal::clock);
}

TEST(Refusal, ASignatureThatDoesNotMatchIsOnlyThat) {
  constexpr std::string_view message =
      "The request signature we calculated does not match the signature you provided. Check your "
      "AWS Secret Access Key and signing method.";
  EXPECT_EQ(refusal_of(401, mantle("invalid_api_key", "permission_denied_error", message)),
            Refusal::signature);
  EXPECT_EQ(refusal_of(403, R"({"message":")" + std::string(message) + R"("})",
                       "InvalidSignatureException"),
            Refusal::signature);
}

TEST(Refusal, OtherStatusesAreNone) {
  for (const int status : {200, 400, 404, 429, 500, 503}) {
    EXPECT_EQ(refusal_of(status, mantle("invalid_api_key", "", expired), "ExpiredTokenException"),
              Refusal::none);
  }
}

TEST(Refusal, WhatIsNoErrorObjectIsNone) {
  for (const char* body :
       {"", "{", "[]", "null", R"({"error":null})", R"({"error":"invalid_api_key"})",
        R"({"error":{"code":401,"message":["expired"]}})", "<html>Forbidden</html>"}) {
    EXPECT_EQ(refusal_of(401, body), Refusal::none) << body;
  }
}

TEST(Refusal, LongAnswersAreJudgedByTheirHead) {
  const std::string filler(RefusalReader::most_buffered, ' ');
  const std::string body = mantle("invalid_api_key", "", expired);
  const auto padded = [&](std::size_t spaces) { return body + filler.substr(0, spaces); };
  EXPECT_EQ(refusal_of(401, padded(RefusalReader::most_buffered - body.size())),
            Refusal::credentials);
  EXPECT_EQ(refusal_of(401, padded(RefusalReader::most_buffered - body.size() + 1)), Refusal::none);
  EXPECT_EQ(refusal_of(401, padded(RefusalReader::most_buffered), "ExpiredTokenException"),
            Refusal::credentials);
}

TEST(Refusal, AReaderForgetsTheAnswerBefore) {
  RefusalReader reader;
  reader.begin(401, "ExpiredTokenException");
  EXPECT_EQ(reader.finish(), Refusal::credentials);
  reader.begin(401, "");
  EXPECT_EQ(reader.finish(), Refusal::none);
  reader.begin(200, "ExpiredTokenException");
  EXPECT_EQ(reader.finish(), Refusal::none);
}

}  // namespace
}  // namespace costmark::client
