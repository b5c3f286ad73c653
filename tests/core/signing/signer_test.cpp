#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "costmark/signing.hpp"
#include "crypto/crypto.hpp"

namespace costmark::signing {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
constexpr UnixSeconds fixture_time = 1735787045;  // 2025-01-02T03:04:05Z
constexpr Scope mantle{"us-east-1", "bedrock-mantle"};
constexpr std::string_view fixture_url =
    "https://bedrock-mantle.us-east-1.api.aws/openai/v1/responses";
constexpr std::string_view fixture_body = R"({"model":"gpt-4o","input":"hello"})";
constexpr Header json_type[] = {{"content-type", "application/json"}};

CredentialsPtr make_credentials(std::string token = "",
                                std::optional<UnixSeconds> expiry = std::nullopt) {
  return Credentials::create(
             {"AKIDEXAMPLE", std::string(secret), std::move(token), expiry, "", "environment"})
      .value();
}

std::map<std::string, std::string> header_map(const Signature& signature) {
  std::map<std::string, std::string> map;
  for (const auto& header : signature.headers()) {
    EXPECT_TRUE(map.emplace(header.name, header.value).second) << header.name;
  }
  return map;
}

std::string signed_headers_of(std::span<const Header> headers, const Options& options = {}) {
  Signature signature;
  const auto status = Signer().sign_url({"GET", "https://example.com/", headers, ""},
                                        *make_credentials(), mantle, 0, options, signature);
  EXPECT_TRUE(status.ok()) << status.error().message;
  return std::string(signature.signed_headers());
}

// The fixture that OpenAI's SDKs share.
TEST(Signer, OpenAiFixture) {
  Signature signature;
  const auto credentials = make_credentials("fixture-session-token");
  ASSERT_TRUE(Signer()
                  .sign_url({"POST", fixture_url, json_type, fixture_body}, *credentials, mantle,
                            fixture_time, {}, signature)
                  .ok());
  crypto::Digest digest{};
  ASSERT_TRUE(crypto::Sha256().hash(signature.canonical_request(), digest).ok());
  const auto hex = crypto::to_hex(digest);
  EXPECT_EQ(std::string_view(hex.data(), hex.size()),
            "1b69b17ef7548a7bf16a6ee749acfd44b7793e04216345dddd6cfaf4c01bfde5");
  EXPECT_EQ(signature.signed_headers(),
            "content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token");
  EXPECT_EQ(signature.signature(),
            "dc20c8fbe516daf0ccae7e5b7a78fc2936870413a9f1af6e1b2d44b970ce411f");
  const std::map<std::string, std::string> expected = {
      {"authorization",
       "AWS4-HMAC-SHA256 "
       "Credential=AKIDEXAMPLE/20250102/us-east-1/bedrock-mantle/aws4_request, "
       "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token, "
       "Signature=dc20c8fbe516daf0ccae7e5b7a78fc2936870413a9f1af6e1b2d44b970ce411f"},
      {"x-amz-content-sha256", "50329e51ad520f21b77bad0b01999930ff556cd1bf18434701251ba6c9f877bc"},
      {"x-amz-date", "20250102T030405Z"},
      {"x-amz-security-token", "fixture-session-token"},
  };
  EXPECT_EQ(header_map(signature), expected);
}

TEST(Signer, OptionsDecideWhatIsAdded) {
  const auto credentials = make_credentials("token");
  Options options;
  options.sign_content_sha256 = false;
  options.sign_security_token = false;
  Signature signature;
  ASSERT_TRUE(Signer()
                  .sign_url({"POST", fixture_url, {}, "x"}, *credentials, mantle, fixture_time,
                            options, signature)
                  .ok());
  EXPECT_EQ(signature.signed_headers(), "host;x-amz-date");
  const auto headers = header_map(signature);
  EXPECT_EQ(headers.count("x-amz-content-sha256"), 0U);
  EXPECT_EQ(headers.at("x-amz-security-token"), "token");  // sent, though not signed
}

TEST(Signer, ASignatureCanBeUsedAgain) {
  Signer signer;
  Signature used;
  const auto with_token = make_credentials("token");
  const auto without = make_credentials();
  const std::vector<std::pair<CredentialsPtr, Scope>> turns = {
      {with_token, mantle}, {without, {"eu-west-1", "bedrock"}}, {with_token, mantle},
      {without, mantle},    {without, {"eu-west-1", "bedrock"}},
  };
  for (const auto& [credentials, scope] : turns) {
    Signature fresh;
    const UrlRequest request{"POST", fixture_url, json_type, fixture_body};
    ASSERT_TRUE(signer.sign_url(request, *credentials, scope, fixture_time, {}, used).ok());
    ASSERT_TRUE(Signer().sign_url(request, *credentials, scope, fixture_time, {}, fresh).ok());
    EXPECT_EQ(header_map(used), header_map(fresh));
    EXPECT_EQ(used.canonical_request(), fresh.canonical_request());
  }
  Signature moved = std::move(used);
  EXPECT_EQ(moved.headers().size(), 3U);
}

TEST(Signer, TheDayIsPartOfTheKey) {
  Signer signer;
  Signature signature;
  const auto credentials = make_credentials();
  const UrlRequest request{"GET", fixture_url, {}, ""};
  std::vector<std::string> seen;
  for (const UnixSeconds now : {fixture_time, fixture_time + 86400, fixture_time}) {
    ASSERT_TRUE(signer.sign_url(request, *credentials, mantle, now, {}, signature).ok());
    seen.emplace_back(signature.signature());
  }
  EXPECT_NE(seen[0], seen[1]);
  EXPECT_EQ(seen[0], seen[2]);
}

TEST(Signer, Times) {
  const std::pair<UnixSeconds, std::string_view> cases[] = {
      {0, "19700101T000000Z"},
      {951782399, "20000228T235959Z"},
      {951782400, "20000229T000000Z"},
      {4102444800, "21000101T000000Z"},
      {253402300799, "99991231T235959Z"},
  };
  Signature signature;
  for (const auto& [now, text] : cases) {
    ASSERT_TRUE(
        Signer()
            .sign_url({"GET", fixture_url, {}, ""}, *make_credentials(), mantle, now, {}, signature)
            .ok());
    EXPECT_EQ(header_map(signature).at("x-amz-date"), text);
  }
}

TEST(Signer, LeftOversAndHopByHopHeadersAreNotSigned) {
  const Header headers[] = {
      {"Authorization", "Bearer old"},
      {"X-Amz-Date", "20000101T000000Z"},
      {"X-Amz-Security-Token", "old"},
      {"X-Amz-Content-SHA256", "old"},
      {"Connection", "keep-alive"},
      {"Keep-Alive", "5"},
      {"Transfer-Encoding", "chunked"},
      {"TE", "trailers"},
      {"Trailer", "x"},
      {"Upgrade", "h2c"},
      {"Expect", "100-continue"},
      {"Proxy-Authorization", "secret"},
      {"Proxy-Authenticate", "x"},
      {"User-Agent", "test"},
      {"X-Amzn-Trace-Id", "x"},
      {"traceparent", "x"},
      {"tracestate", "x"},
      {"baggage", "x"},
      {"session_id", "x"},
      {"OpenAI-Project", "proj_1"},
  };
  EXPECT_EQ(signed_headers_of(headers), "host;openai-project;x-amz-content-sha256;x-amz-date");
  for (const auto& header : headers) {
    EXPECT_EQ(never_signed(header.name), header.name != "OpenAI-Project") << header.name;
  }
  EXPECT_TRUE(stale_signature_header("AUTHORIZATION"));
  EXPECT_TRUE(stale_signature_header("x-amz-content-sha256"));
  EXPECT_FALSE(stale_signature_header("x-amz-meta"));
  EXPECT_FALSE(stale_signature_header("user-agent"));
  EXPECT_FALSE(never_signed("host"));
  EXPECT_FALSE(never_signed(""));
}

TEST(Signer, AHostHeaderWins) {
  const Header headers[] = {{"HOST", "Other.example:99"}};
  Signature signature;
  ASSERT_TRUE(Signer()
                  .sign_url({"GET", "https://EXAMPLE.com:8443/", headers, ""}, *make_credentials(),
                            mantle, 0, {}, signature)
                  .ok());
  EXPECT_NE(signature.canonical_request().find("\nhost:Other.example:99\n"), std::string::npos);
  ASSERT_TRUE(Signer()
                  .sign_url({"GET", "https://EXAMPLE.com:8443/", {}, ""}, *make_credentials(),
                            mantle, 0, {}, signature)
                  .ok());
  EXPECT_NE(signature.canonical_request().find("\nhost:example.com:8443\n"), std::string::npos);
}

struct Refused {
  const char* why;
  Request request;
  Scope scope = mantle;
  UnixSeconds now = 0;
  const char* named = nullptr;  // what the message must name
};

TEST(Signer, Refuses) {
  const Header break_line[] = {{"x-good", "1"}, {"x-evil", "CANARY\r\nx-injected: 1"}};
  const Header line_feed[] = {{"x-evil", "CANARY\nb"}};
  const Header folded[] = {{"x-evil", "CANARY\r\n b"}};
  const Header nul[] = {{"x-evil", "CANARY\0b"sv}};
  const Header never_signed_but_evil[] = {{"user-agent", "CANARY\nb"}};
  const Header bad_name[] = {{"x-evil: CANARY\r\n", "b"}};
  const Header no_name[] = {{"", "CANARY"}};
  const Header spaced_name[] = {{"x evil", "CANARY"}};
  const Refused cases[] = {
      {"CRLF in a value", {"GET", "h", "/", "", break_line}, mantle, 0, "x-evil"},
      {"LF in a value", {"GET", "h", "/", "", line_feed}, mantle, 0, "x-evil"},
      {"obsolete folding", {"GET", "h", "/", "", folded}, mantle, 0, "x-evil"},
      {"NUL in a value", {"GET", "h", "/", "", nul}, mantle, 0, "x-evil"},
      {"unsigned", {"GET", "h", "/", "", never_signed_but_evil}, mantle, 0, "user-agent"},
      {"CRLF in a name", {"GET", "h", "/", "", bad_name}, mantle, 0, "header 1"},
      {"empty name", {"GET", "h", "/", "", no_name}, mantle, 0, "header 1"},
      {"space in a name", {"GET", "h", "/", "", spaced_name}, mantle, 0, "header 1"},
      {"empty method", {"", "h", "/", "", {}}, mantle, 0, "method"},
      {"method with a space", {"GET /", "h", "/", "", {}}, mantle, 0, "method"},
      {"no host", {"GET", "", "/", "", {}}, mantle, 0, "host"},
      {"host with CR", {"GET", "h\rCANARY", "/", "", {}}, mantle, 0, "host"},
      {"relative path", {"GET", "h", "CANARY", "", {}}, mantle, 0, "path"},
      {"path with LF", {"GET", "h", "/CANARY\n", "", {}}, mantle, 0, "path"},
      {"query with LF", {"GET", "h", "/", "a\nCANARY", {}}, mantle, 0, "query"},
      {"empty region", {"GET", "h", "/", "", {}}, {"", "bedrock"}, 0, "region"},
      {"empty service", {"GET", "h", "/", "", {}}, {"us-east-1", ""}, 0, "service"},
      {"slash in the region", {"GET", "h", "/", "", {}}, {"us/CANARY", "b"}, 0, "region"},
      {"line break in the service", {"GET", "h", "/", "", {}}, {"r", "b\r\n"}, 0, "service"},
      {"before 1970", {"GET", "h", "/", "", {}}, mantle, -1, "time"},
      {"after 9999", {"GET", "h", "/", "", {}}, mantle, 253402300800, "time"},
  };
  const auto credentials = make_credentials("CANARY-token");
  Signature signature;
  const Request good{"GET", "h", "/", "", {}};
  PayloadHash hash;
  hash.fill('0');
  for (const auto& c : cases) {
    ASSERT_TRUE(Signer().sign(good, hash, *credentials, mantle, 0, {}, signature).ok());
    const auto status = Signer().sign(c.request, hash, *credentials, c.scope, c.now, {}, signature);
    ASSERT_FALSE(status.ok()) << c.why;
    EXPECT_EQ(status.error().code, Code::invalid_argument) << c.why;
    EXPECT_NE(status.error().message.find(c.named), std::string::npos) << status.error().message;
    EXPECT_EQ(status.error().message.find("CANARY"), std::string::npos) << status.error().message;
    EXPECT_EQ(status.error().message.find('\n'), std::string::npos) << status.error().message;
    EXPECT_TRUE(signature.headers().empty()) << c.why;
    EXPECT_TRUE(signature.signature().empty()) << c.why;
    EXPECT_TRUE(signature.signed_headers().empty()) << c.why;
  }
}

TEST(Signer, RefusesBadUrls) {
  Signature signature;
  const auto status = Signer().sign_url({"GET", "https://u:CANARY@example.com/", {}, ""},
                                        *make_credentials(), mantle, 0, {}, signature);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::invalid_url);
  EXPECT_EQ(status.error().message.find("CANARY"), std::string::npos);
}

TEST(Signer, RefusesExpiredCredentials) {
  Signature signature;
  const auto credentials = make_credentials("", fixture_time);
  const UrlRequest request{"GET", fixture_url, {}, ""};
  EXPECT_TRUE(
      Signer().sign_url(request, *credentials, mantle, fixture_time - 1, {}, signature).ok());
  const auto status = Signer().sign_url(request, *credentials, mantle, fixture_time, {}, signature);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::expired_credentials);
  EXPECT_EQ(status.error().message,
            "the credentials from environment expired at 2025-01-02T03:04:05Z");
  EXPECT_TRUE(signature.headers().empty());
}

TEST(Signer, TheSecretIsInNothingThatComesOut) {
  Signature signature;
  ASSERT_TRUE(Signer()
                  .sign_url({"POST", fixture_url, json_type, fixture_body}, *make_credentials(),
                            mantle, fixture_time, {}, signature)
                  .ok());
  EXPECT_EQ(signature.canonical_request().find(secret), std::string::npos);
  EXPECT_EQ(signature.string_to_sign().find(secret), std::string::npos);
  for (const auto& header : signature.headers()) {
    EXPECT_EQ(header.value.find(secret), std::string::npos);
  }
}

TEST(Signer, ManyThreadsShareOne) {
  Signer signer;
  std::vector<CredentialsPtr> credentials;
  std::vector<std::string> expected;
  const UrlRequest request{"POST", fixture_url, json_type, fixture_body};
  for (int i = 0; i < 24; ++i) {  // more than the key cache holds
    credentials.push_back(
        Credentials::create({"AKID" + std::to_string(i), "s" + std::to_string(i), "", {}, "", ""})
            .value());
    Signature signature;
    ASSERT_TRUE(
        Signer().sign_url(request, *credentials.back(), mantle, fixture_time, {}, signature).ok());
    expected.emplace_back(signature.signature());
  }
  std::vector<std::thread> threads;
  for (unsigned thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      Signature signature;
      for (unsigned i = 0; i < 1000; ++i) {
        const auto k = (i * (thread + 1)) % credentials.size();
        const auto status =
            signer.sign_url(request, *credentials[k], mantle, fixture_time, {}, signature);
        ASSERT_TRUE(status.ok()) << status.error().message;
        ASSERT_EQ(signature.signature(), expected[k]);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST(PayloadHasher, HashesPieceAfterPiece) {
  PayloadHasher hasher;
  PayloadHash hash{};
  ASSERT_TRUE(hasher.hash(R"({"model":"gpt-4o","input":"hello"})", hash).ok());
  EXPECT_EQ(std::string(hash.data(), hash.size()),
            "50329e51ad520f21b77bad0b01999930ff556cd1bf18434701251ba6c9f877bc");
  PayloadHasher moved = std::move(hasher);
  ASSERT_TRUE(moved.hash("", hash).ok());
  EXPECT_EQ(std::string(hash.data(), hash.size()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace costmark::signing
