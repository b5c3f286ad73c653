// What the vectors do not say about presigned queries.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "costmark/signing.hpp"

namespace costmark::signing {
namespace {

constexpr std::string_view secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
constexpr UnixSeconds fixture_time = 1735787045;  // 2025-01-02T03:04:05Z
constexpr Scope bedrock{"us-east-1", "bedrock"};

CredentialsPtr make_credentials(std::string token = "",
                                std::optional<UnixSeconds> expiry = std::nullopt) {
  return Credentials::create(
             {"AKIDEXAMPLE", std::string(secret), std::move(token), expiry, "", "test"})
      .value();
}

class Presign : public testing::Test {
 protected:
  Status presign(std::int64_t expires_in_s, const Options& options = {}) {
    PayloadHash hash;
    EXPECT_TRUE(PayloadHasher().hash("", hash).ok());
    return signer.presign(request, hash, *credentials, scope, now, expires_in_s, options,
                          signature);
  }

  Signer signer;
  Signature signature;
  Request request{"POST", "bedrock.amazonaws.com", "/", "Action=CallWithBearerToken", {}};
  CredentialsPtr credentials = make_credentials("a/b+c=~");
  Scope scope = bedrock;
  UnixSeconds now = fixture_time;
};

// The signature is botocore's, 1.44.5.
TEST_F(Presign, TheOrderIsBotocores) {
  ASSERT_TRUE(presign(3600).ok());
  EXPECT_EQ(signature.query(),
            "Action=CallWithBearerToken&X-Amz-Algorithm=AWS4-HMAC-SHA256"
            "&X-Amz-Credential=AKIDEXAMPLE%2F20250102%2Fus-east-1%2Fbedrock%2Faws4_request"
            "&X-Amz-Date=20250102T030405Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host"
            "&X-Amz-Security-Token=a%2Fb%2Bc%3D~"
            "&X-Amz-Signature=2708c626acc775a6212fc518612e808504e1edbc650609938a25578aecfc344a");
}

TEST_F(Presign, TheTokenMayBeAddedAfterSigning) {
  Options options;
  options.sign_security_token = false;
  ASSERT_TRUE(presign(60, options).ok());
  EXPECT_EQ(signature.canonical_request().find("Token="), std::string_view::npos);
  EXPECT_NE(signature.query().find("&X-Amz-Security-Token=a%2Fb%2Bc%3D~&X-Amz-Signature="),
            std::string_view::npos);
  const std::string with_token(signature.signature());
  credentials = make_credentials();
  ASSERT_TRUE(presign(60).ok());
  EXPECT_EQ(signature.signature(), with_token);
  EXPECT_EQ(signature.query().find("Security-Token"), std::string_view::npos);
}

TEST_F(Presign, NoHeaderIsToBeSetAndLeftOversAreNotSigned) {
  const Header headers[] = {{"Content-Type", "text/plain"},
                            {"X-Amz-Date", "20010101T000000Z"},
                            {"X-Amz-Content-Sha256", "stale"},
                            {"Authorization", "stale"}};
  request.headers = headers;
  ASSERT_TRUE(presign(60).ok());
  EXPECT_TRUE(signature.headers().empty());
  EXPECT_EQ(signature.signed_headers(), "content-type;host");
  EXPECT_NE(signature.query().find("&X-Amz-SignedHeaders=content-type%3Bhost&"),
            std::string_view::npos);
}

TEST_F(Presign, WithoutAQueryOfItsOwn) {
  request.query = "";
  ASSERT_TRUE(presign(60).ok());
  EXPECT_TRUE(signature.query().starts_with("X-Amz-Algorithm="));
}

TEST_F(Presign, ASignatureCanBeUsedForBothInTurn) {
  ASSERT_TRUE(presign(60).ok());
  const std::string query(signature.query());
  ASSERT_TRUE(signer
                  .sign_url({"GET", "https://example.com/", {}, ""}, *credentials, scope, now, {},
                            signature)
                  .ok());
  EXPECT_EQ(signature.query(), "");
  EXPECT_EQ(signature.headers().size(), 4U);
  ASSERT_TRUE(presign(60).ok());
  EXPECT_EQ(signature.query(), query);
  EXPECT_TRUE(signature.headers().empty());
}

TEST_F(Presign, LivesFromASecondToAWeek) {
  for (const std::int64_t good : {std::int64_t{1}, max_presigned_life_s}) {
    ASSERT_TRUE(presign(good).ok());
    EXPECT_NE(signature.query().find("&X-Amz-Expires=" + std::to_string(good) + "&"),
              std::string_view::npos);
  }
  for (const std::int64_t bad :
       {std::int64_t{0}, std::int64_t{-1}, max_presigned_life_s + 1, INT64_MIN, INT64_MAX}) {
    const auto status = presign(bad);
    ASSERT_FALSE(status.ok()) << bad;
    EXPECT_EQ(status.error().code, Code::invalid_argument);
    EXPECT_EQ(status.error().message,
              "a presigned request lives 1 to 604800 seconds, not " + std::to_string(bad));
    EXPECT_EQ(signature.query(), "");
    EXPECT_EQ(signature.signature(), "");
  }
}

TEST_F(Presign, RefusesAnEarlierSignature) {
  for (const std::string name :
       {"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders",
        "X-Amz-Security-Token", "X-Amz-Signature", "x-amz-signature"}) {
    for (const std::string& query : {name + "=CANARY", "a=b&" + name, "a&" + name + "=CANARY&c"}) {
      request.query = query;
      const auto status = presign(60);
      ASSERT_FALSE(status.ok()) << query;
      EXPECT_EQ(status.error().code, Code::invalid_argument);
      EXPECT_NE(status.error().message.find(name), std::string::npos);
      EXPECT_EQ(status.error().message.find("CANARY"), std::string::npos);
      EXPECT_EQ(signature.query(), "");
    }
  }
  request.query = "X-Amz-Signature2=a&b=X-Amz-Signature";
  EXPECT_TRUE(presign(60).ok());
}

TEST_F(Presign, RefusesWhatSignRefuses) {
  scope.region = "";
  EXPECT_EQ(presign(60).error().code, Code::invalid_argument);
  scope = bedrock;
  request.path = "no-slash";
  EXPECT_EQ(presign(60).error().code, Code::invalid_argument);
  request.path = "/";
  now = -1;
  EXPECT_EQ(presign(60).error().code, Code::invalid_argument);
  now = fixture_time;
  credentials = make_credentials("token", fixture_time);
  EXPECT_EQ(presign(60).error().code, Code::expired_credentials);
  credentials = make_credentials("token", fixture_time + 1);
  EXPECT_TRUE(presign(60).ok());
}

TEST_F(Presign, TheSecretIsInNothingThatComesOut) {
  ASSERT_TRUE(presign(60).ok());
  for (const auto text : {signature.query(), signature.canonical_request(),
                          signature.string_to_sign(), signature.signature()}) {
    EXPECT_EQ(text.find(secret), std::string_view::npos);
    EXPECT_EQ(text.find("wJalrXUtnFEMI"), std::string_view::npos);
  }
}

}  // namespace
}  // namespace costmark::signing
