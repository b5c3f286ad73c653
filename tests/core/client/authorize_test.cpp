// What proves who sends a request, and where credentials never go.
#include "core/client/client_fixture.hpp"
#include "costmark/bearer_token.hpp"

namespace costmark::testing {
namespace {

std::string prepared_authorization(const std::shared_ptr<Client>& client, const Post& post) {
  Prepared prepared;
  const Status status = client->prepare(post.request(), prepared);
  if (!status) return "error: " + std::string(to_string(status.error().code));
  return value_set(prepared, "authorization");
}

std::string signed_headers_in(const std::string& authorization) {
  const auto begin = authorization.find("SignedHeaders=") + 14;
  return authorization.substr(begin, authorization.find(',', begin) - begin);
}

TEST(Authorize, CanonicalHostsAreSignedByDefault) {
  const auto client = client_of(with_keys({{"project", "proj_a"}}));
  const std::string text =
      prepared_authorization(client, {std::string(mantle_chat), R"({"model":"m"})"});
  EXPECT_TRUE(
      text.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250102/us-east-1/"
                       "bedrock-mantle/aws4_request"))
      << text;
  EXPECT_EQ(signed_headers_in(text),
            "content-type;host;openai-project;x-amz-content-sha256;x-amz-date");
  const std::string runtime = prepared_authorization(client, {std::string(runtime_chat), "{}"});
  EXPECT_NE(runtime.find("/us-east-1/bedrock/aws4_request"), std::string::npos) << runtime;
}

// The vector that the OpenAI SDKs share (tests/fixtures/bedrock/v1/sigv4.json).
TEST(Authorize, EqualsTheSignatureOfTheOpenAiSdks) {
  const auto client = client_of({{"access_key_id", "AKIDEXAMPLE"},
                                 {"secret_access_key", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"},
                                 {"session_token", "fixture-session-token"}});
  const std::string text = prepared_authorization(
      client, {std::string(mantle_responses), R"({"model":"gpt-4o","input":"hello"})"});
  EXPECT_TRUE(
      text.ends_with("Signature=dc20c8fbe516daf0ccae7e5b7a78fc2936870413a9f1af6e1b2d44b970ce411f"))
      << text;
}

// What the client says while it prepares two requests to a gateway.
std::vector<std::string> warnings_on_a_gateway(const OptionValues& options,
                                               const Header& authorization) {
  std::vector<std::string> warnings;
  ClientConfig config = config_of(options);
  EXPECT_TRUE(config.options.set("unattributed", "allow").ok());
  config.log = [&](LogLevel level, std::string_view text) {
    if (level == LogLevel::warning) warnings.emplace_back(text);
  };
  const auto client = Client::create(std::move(config)).value();
  Post post{std::string(custom_chat), "{}"};
  if (!authorization.value.empty()) post.headers.push_back(authorization);
  for (int i = 0; i < 2; ++i) {
    Prepared prepared;
    EXPECT_TRUE(client->prepare(post.request(), prepared).ok());
  }
  return warnings;
}

TEST(Authorize, CredentialsThatAreNotUsedAreWarnedOfOnce) {
  auto warnings = warnings_on_a_gateway(with_keys({}), {"Authorization", "Bearer of-the-gateway"});
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find("the AWS credentials that costmark was given are not used: "
                             "127.0.0.1 is not one of Bedrock's hosts"),
            std::string::npos)
      << warnings[0];
  EXPECT_NE(warnings[0].find("set option 'auth' to sigv4 and 'base_url'"), std::string::npos);

  warnings = warnings_on_a_gateway({{"bearer_token", "CANARY"}}, {});
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find("the bearer token that costmark was given is not used"),
            std::string::npos)
      << warnings[0];
  EXPECT_NE(warnings[0].find("set option 'auth' to bearer"), std::string::npos);
  EXPECT_EQ(warnings[0].find("CANARY"), std::string::npos);
}

TEST(Authorize, CredentialsThatAreUsedOrDeclinedAreNotWarnedOf) {
  const OptionValues origin{{"base_url", "http://127.0.0.1:8080/v1"}, {"region", "us-east-1"}};
  const auto with = [&](OptionValues options) {
    options.insert(origin.begin(), origin.end());
    return options;
  };
  EXPECT_TRUE(warnings_on_a_gateway(with(with_keys({{"auth", "sigv4"}})), {}).empty());
  EXPECT_TRUE(warnings_on_a_gateway(with_keys({{"auth", "none"}}), {}).empty());
  EXPECT_TRUE(warnings_on_a_gateway(with({{"bearer_token", "t"}, {"auth", "bearer"}}), {}).empty());
  EXPECT_TRUE(warnings_on_a_gateway({}, {"Authorization", "Bearer t"}).empty());
  const Header signature{"Authorization",
                         "AWS4-HMAC-SHA256 Credential=OTHER/20250102/us-east-1/bedrock/"
                         "aws4_request, SignedHeaders=host, Signature=0"};
  EXPECT_TRUE(warnings_on_a_gateway(with(with_keys({{"project", "p"}})), signature).empty());
}

TEST(Authorize, OnlyTheAllowListIsSigned) {
  const auto client = client_of(with_keys({}));
  Post post{std::string(mantle_chat), "{}"};
  post.headers.insert(post.headers.end(), {{"User-Agent", "x"},
                                           {"Connection", "keep-alive"},
                                           {"Accept", "*/*"},
                                           {"X-Forwarded-For", "1.2.3.4"},
                                           {"session_id", "s"},
                                           {"x-amz_under", "u"},
                                           {"X-Amz-Meta", "m"},
                                           {"Idempotency-Key", "k"}});
  EXPECT_EQ(signed_headers_in(prepared_authorization(client, post)),
            "content-type;host;x-amz-content-sha256;x-amz-date;x-amz-meta");
}

TEST(Authorize, AnEarlierSignatureIsDropped) {
  const auto client = client_of(with_keys({}));
  Post post{std::string(mantle_chat), "{}"};
  const std::string fresh = prepared_authorization(client, post);
  post.headers.insert(post.headers.end(), {{"Authorization", "AWS4-HMAC-SHA256 old"},
                                           {"X-Amz-Date", "20200101T000000Z"},
                                           {"x-amz-security-token", "old"},
                                           {"x-amz-content-sha256", "old"}});
  Prepared prepared;
  ASSERT_TRUE(client->prepare(post.request(), prepared).ok());
  EXPECT_EQ(value_set(prepared, "authorization"), fresh);
  EXPECT_EQ(value_set(prepared, "x-amz-date"), "20250102T030405Z");
  EXPECT_TRUE(removes(prepared, "x-amz-security-token"));
}

TEST(Authorize, DigestsOfAnEditedBodyAreNotSigned) {
  const auto client = client_of(with_keys({{"project", "proj_a"}}));
  Post post{"https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse", "{}"};
  const std::string fresh = prepared_authorization(client, post);
  post.headers.insert(post.headers.end(), {{"x-amz-content-sha256", "old"},
                                           {"x-amz-checksum-crc32", "AAAAAA=="},
                                           {"x-amz-sdk-checksum-algorithm", "CRC32"}});
  EXPECT_EQ(prepared_authorization(client, post), fresh);

  post.body = R"({"projectIdentifier":"proj_a"})";
  EXPECT_EQ(signed_headers_in(prepared_authorization(client, post)),
            "content-type;host;x-amz-checksum-crc32;x-amz-content-sha256;x-amz-date;"
            "x-amz-sdk-checksum-algorithm");
}

TEST(Authorize, AwsCredentialsStayAwayFromOtherHostsUnlessToldSo) {
  EXPECT_EQ(prepared_authorization(client_of(with_keys({})), {std::string(custom_chat), "{}"}),
            "(absent)");
  EXPECT_EQ(prepared_authorization(client_of({}, {{"AWS_BEARER_TOKEN_BEDROCK", "ABSKenv"}}),
                                   {std::string(custom_chat), "{}"}),
            "(absent)");
  const OptionValues told{{"auth", "sigv4"}, {"region", "us-east-1"}};
  EXPECT_EQ(prepared_authorization(client_of(with_keys(told)), {std::string(custom_chat), "{}"}),
            "error: endpoint_mismatch");
  OptionValues named = told;
  named.emplace("base_url", "http://127.0.0.1:8080");
  EXPECT_TRUE(prepared_authorization(client_of(with_keys(named)), {std::string(custom_chat), "{}"})
                  .starts_with("AWS4-HMAC-SHA256 "));
  named.erase("region");
  EXPECT_EQ(Client::create(config_of(with_keys(named))).error().code, Code::invalid_option);
}

TEST(Authorize, ASignedRequestToACustomHostIsSignedAgain) {
  const auto client = client_of(with_keys(
      {{"base_url", "http://127.0.0.1:8080"}, {"region", "us-east-1"}, {"project", "proj_a"}}));
  Post post{std::string(custom_chat), "{}"};
  post.headers.push_back({"Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/..."});
  EXPECT_TRUE(prepared_authorization(client, post)
                  .starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250102/"));
}

TEST(Authorize, BearerTokensWinInTheOrderOfTheSdks) {
  const Post post{std::string(mantle_chat), "{}"};
  const OptionValues env{{"AWS_BEARER_TOKEN_BEDROCK", "ABSKenv"}};
  EXPECT_EQ(prepared_authorization(client_of({{"bearer_token", "mine"}}, env), post),
            "Bearer mine");
  EXPECT_EQ(prepared_authorization(client_of({}, env), post), "Bearer ABSKenv");
  // Explicit AWS credentials win over a token that merely stands in the environment.
  EXPECT_TRUE(prepared_authorization(client_of(with_keys({}), env), post).starts_with("AWS4-"));

  Post with_key = post;
  with_key.headers.push_back({"Authorization", "Bearer ABSKclient"});
  EXPECT_EQ(prepared_authorization(client_of({}, env), with_key), "Bearer ABSKclient");
  with_key.headers.back().value = "Bearer placeholder";
  EXPECT_EQ(prepared_authorization(client_of({}, env), with_key), "Bearer ABSKenv");
  EXPECT_TRUE(prepared_authorization(client_of(with_keys({})), with_key).starts_with("AWS4-HMAC"));
}

TEST(Authorize, ATokenCallbackIsAskedEveryTime) {
  ClientConfig config = config_of({});
  int calls = 0;
  config.bearer_token = [&calls]() -> Result<std::string> {
    return "token" + std::to_string(++calls);
  };
  const auto client = Client::create(std::move(config)).value();
  const Post post{std::string(mantle_chat), "{}"};
  EXPECT_EQ(prepared_authorization(client, post), "Bearer token1");
  EXPECT_EQ(prepared_authorization(client, post), "Bearer token2");
}

TEST(Authorize, WithoutATokenBearerMakesOneOfTheCredentials) {
  const Post post{std::string(mantle_chat), "{}"};
  const std::string keys = prepared_authorization(client_of(with_keys({{"auth", "bearer"}})), post);
  Credentials::Fields fields;
  fields.access_key_id = "AKIDEXAMPLE";
  fields.secret_access_key = secret_key;
  const auto expected = mint_bearer_token(*Credentials::create(std::move(fields)).value(),
                                          "us-east-1", max_bearer_token_life_s, test_time);
  EXPECT_EQ(keys, "Bearer " + std::string(expected.value()->text()));

  // Explicit credentials come before a token of the environment here as well.
  const OptionValues env{{"AWS_BEARER_TOKEN_BEDROCK", "ABSKenv"}};
  EXPECT_EQ(prepared_authorization(client_of(with_keys({{"auth", "bearer"}}), env), post), keys);
  EXPECT_EQ(prepared_authorization(client_of({{"auth", "bearer"}}, env), post), "Bearer ABSKenv");

  const OptionValues elsewhere{{"auth", "bearer"}, {"base_url", "http://127.0.0.1:8080"}};
  const Post custom{std::string(custom_chat), "{}"};
  EXPECT_EQ(prepared_authorization(client_of(with_keys(elsewhere)), custom),
            "error: invalid_option");  // no region to make it for
}

// Where a bearer token would be taken, and there alone, who has no credentials is told so.
TEST(Authorize, MissingCredentialsNameTheBearerTokenWhereItDoes) {
  const auto told = [](const OptionValues& options, std::string_view url) {
    Prepared prepared;
    const Post post{std::string(url), "{}"};
    const Status status = client_of(options)->prepare(post.request(), prepared);
    EXPECT_EQ(status.error().code, Code::no_credentials);
    return status.error().message.find("AWS_BEARER_TOKEN_BEDROCK") != std::string::npos;
  };
  EXPECT_TRUE(told({}, mantle_chat));
  EXPECT_TRUE(told({}, runtime_chat));
  EXPECT_FALSE(told({{"auth", "sigv4"}}, mantle_chat));
  EXPECT_FALSE(
      told({{"auth", "sigv4"}, {"base_url", "http://127.0.0.1:8080"}, {"region", "us-east-1"}},
           custom_chat));
}

TEST(Authorize, MissingExpiredAndBrokenIdentitiesAreErrorsWithoutSecrets) {
  const Post post{std::string(mantle_chat), "{}"};
  EXPECT_EQ(prepared_authorization(client_of({}), post), "error: no_credentials");
  EXPECT_EQ(prepared_authorization(client_of({{"auth", "bearer"}}), post), "error: no_credentials");

  ClientConfig expired = config_of({});
  Credentials::Fields fields;
  fields.access_key_id = "AKIDEXAMPLE";
  fields.secret_access_key = secret_key;
  fields.expires_at = test_time - 1;
  expired.credentials = static_credentials(Credentials::create(std::move(fields)).value());
  Prepared prepared;
  const auto client = Client::create(std::move(expired)).value();
  const Status status = client->prepare(post.request(), prepared);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::expired_credentials);
  EXPECT_EQ(status.error().message.find(secret_key), std::string::npos);

  ClientConfig broken = config_of({{"auth", "bearer"}});
  broken.bearer_token = []() -> Result<std::string> { return std::string("evil\r\nx: y"); };
  const Status injected =
      Client::create(std::move(broken)).value()->prepare(post.request(), prepared);
  ASSERT_FALSE(injected.ok());
  EXPECT_EQ(injected.error().message.find("evil"), std::string::npos);
}

TEST(Authorize, NoneLeavesTheCallersAuthorizationAlone) {
  Post post{std::string(mantle_chat), "{}"};
  post.headers.push_back({"Authorization", "Bearer theirs"});
  Prepared prepared;
  ASSERT_TRUE(client_of({{"auth", "none"}})->prepare(post.request(), prepared).ok());
  EXPECT_EQ(value_set(prepared, "authorization"), "(absent)");
  EXPECT_FALSE(removes(prepared, "authorization"));
}

// What the anthropic SDK does: its client's key goes into x-api-key.
TEST(Authorize, ABedrockKeyInXApiKeyIsTheClientsBearerToken) {
  const auto with_key = [](std::string_view value) {
    Post post{std::string(mantle_messages), "{}"};
    post.headers.push_back({"X-Api-Key", value});
    return post;
  };
  Prepared prepared;
  const auto client = client_of({});
  for (const std::string_view key : {"ABSKmine", "bedrock-api-key-mine"}) {
    ASSERT_TRUE(client->prepare(with_key(key).request(), prepared).ok());
    EXPECT_EQ(value_set(prepared, "authorization"), "Bearer " + std::string(key));
    EXPECT_TRUE(removes(prepared, "x-api-key"));
  }
  // Authorization wins, when it holds one.
  Post both = with_key("ABSKkey");
  both.headers.push_back({"Authorization", "Bearer ABSKauthorization"});
  EXPECT_EQ(prepared_authorization(client, both), "Bearer ABSKauthorization");
  both.headers.back().value = "Bearer placeholder";
  EXPECT_EQ(prepared_authorization(client, both), "Bearer ABSKkey");
  // As a key of the client it comes before the environment's, and behind what is explicit.
  const OptionValues env{{"AWS_BEARER_TOKEN_BEDROCK", "ABSKenv"}};
  EXPECT_EQ(prepared_authorization(client_of({}, env), with_key("ABSKmine")), "Bearer ABSKmine");
  EXPECT_EQ(prepared_authorization(client_of({}, env), with_key("sk-ant-x")), "Bearer ABSKenv");
  EXPECT_EQ(prepared_authorization(client_of({{"bearer_token", "t"}}), with_key("ABSKmine")),
            "Bearer t");
}

TEST(Authorize, AForeignKeyInXApiKeyDoesNotReachAws) {
  Post post{std::string(mantle_messages), "{}"};
  post.headers.push_back({"x-api-key", "sk-ant-CANARY"});
  Prepared prepared;
  for (const auto& client : {client_of(with_keys({})), client_of({{"bearer_token", "t"}})}) {
    ASSERT_TRUE(client->prepare(post.request(), prepared).ok());
    EXPECT_TRUE(removes(prepared, "x-api-key"));
    EXPECT_EQ(value_set(prepared, "authorization").find("CANARY"), std::string::npos);
  }
  ASSERT_TRUE(client_of({{"auth", "none"}})->prepare(post.request(), prepared).ok());
  EXPECT_FALSE(removes(prepared, "x-api-key"));
}

TEST(Authorize, AGatewaysOwnKeyStays) {
  OptionValues options = with_keys(
      {{"auth", "sigv4"}, {"region", "us-east-1"}, {"base_url", "http://127.0.0.1:8080"}});
  ClientConfig config = config_of(options);
  config.host_api_key = "placeholder";
  const auto client = Client::create(std::move(config)).value();
  Post post{std::string(custom_chat), "{}"};
  post.headers.push_back({"x-api-key", ""});
  Prepared prepared;
  for (const auto& [key, removed] :
       {std::pair{"usage-plan", false}, {"placeholder", true}, {"ABSKmine", true}}) {
    post.headers.back().value = key;
    ASSERT_TRUE(client->prepare(post.request(), prepared).ok());
    EXPECT_EQ(removes(prepared, "x-api-key"), removed) << key;
  }
}

TEST(Authorize, TheWinnerIsLoggedOnceAndWithoutSecrets) {
  ClientConfig config = config_of(with_keys({}));
  std::vector<std::string> lines;
  config.log = [&lines](LogLevel level, std::string_view text) {
    if (level == LogLevel::info) lines.emplace_back(text);
  };
  const auto client = Client::create(std::move(config)).value();
  Prepared prepared;
  const Post post{std::string(mantle_chat), "{}"};
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client->prepare(post.request(), prepared).ok());
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("SigV4"), std::string::npos);
  EXPECT_EQ(lines[0].find(secret_key), std::string::npos);
}

TEST(Authorize, BearerTokensStayAwayFromOtherHostsUnlessToldSo) {
  const Post post{std::string(custom_chat), "{}"};
  const OptionValues told{{"auth", "bearer"}, {"bearer_token", "secret-token"}};
  const auto client = client_of(told);
  Prepared prepared;
  const Status status = client->prepare(post.request(), prepared);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::endpoint_mismatch);
  EXPECT_EQ(status.error().message.find("secret-token"), std::string::npos);
  EXPECT_TRUE(prepared.headers_to_set().empty());
  EXPECT_EQ(prepared_authorization(
                client_of({{"auth", "bearer"}}, {{"AWS_BEARER_TOKEN_BEDROCK", "ABSKenv"}}),
                {"https://bedrock-mantle.us-east-1.api.aws.evil.example/v1/responses", "{}"}),
            "error: endpoint_mismatch");
  OptionValues named = told;
  named.emplace("base_url", "http://127.0.0.1:8080");
  EXPECT_EQ(prepared_authorization(client_of(named), post), "Bearer secret-token");
}

TEST(Authorize, TokensAreAscii) {
  for (const char* token : {"a b", "a\x7F", "\xC3\xA9", "a\tb"}) {
    ClientConfig config = config_of({});
    config.bearer_token = [token]() -> Result<std::string> { return std::string(token); };
    EXPECT_EQ(prepared_authorization(Client::create(std::move(config)).value(),
                                     {std::string(mantle_chat), "{}"}),
              "error: no_credentials");
  }
}

TEST(Authorize, AHostHeaderMustAgreeWithTheUrlOfABedrockHost) {
  const auto client = client_of(with_keys({}));
  const auto with_host = [&](std::string_view host) {
    Post post{std::string(mantle_chat), "{}"};
    post.headers.push_back({"HOST", host});
    return prepared_authorization(client, post);
  };
  const std::string plain = prepared_authorization(client, {std::string(mantle_chat), "{}"});
  EXPECT_EQ(with_host("bedrock-mantle.us-east-1.api.aws"), plain);
  EXPECT_TRUE(with_host("Bedrock-Mantle.us-east-1.api.aws:443").starts_with("AWS4-"));
  EXPECT_EQ(with_host("bedrock-mantle.eu-west-1.api.aws"), "error: endpoint_mismatch");
  EXPECT_EQ(with_host("evil.example"), "error: endpoint_mismatch");
  EXPECT_EQ(with_host(""), "error: endpoint_mismatch");
}

// --- Queries -------------------------------------------------------------------------------------

std::string url_sent(const std::string& query, const OptionValues& options) {
  Prepared prepared;
  Post post{std::string(mantle_chat) + "?" + query, R"({"model":"openai.gpt-oss-120b"})"};
  EXPECT_TRUE(client_of(with_keys(options))->prepare(post.request(), prepared).ok()) << query;
  return std::string(prepared.url());
}

TEST(Authorize, AQueryThatIsSignedIsSentAsEveryVerifierReadsIt) {
  const std::string base = std::string(mantle_chat) + "?";
  for (const auto& [query, sent] : OptionValues{
           {"a=b+c", "a=b%20c"},
           {"a+b=c", "a%20b=c"},
           {"a=%2f%c3%bc", "a=%2F%C3%BC"},
           {"b=/x:y&a=(1)", "b=%2Fx%3Ay&a=%281%29"},
           {"a=1&&b=&c", "a=1&b=&c"},
           {"a=100%&b=%4", "a=100%25&b=%254"},
           {"a=b=c", "a=b%3Dc"},
           {"a=b+c#end", "a=b%20c"},
       }) {
    EXPECT_EQ(url_sent(query, {}), base + sent) << query;
  }
  for (const char* strict : {"a=b%20c", "b=2&a=1", "a", "a=~._-", "api-version=2026-01-01"}) {
    EXPECT_EQ(url_sent(strict, {}), "") << strict;
  }
  // What is not signed stays as it is.
  EXPECT_EQ(url_sent("a=b+c", {{"auth", "none"}}), "");
}

TEST(Authorize, AMovedRequestHasItsQuerySpelledToo) {
  EXPECT_EQ(url_sent("a=b+c", {{"route", "auto"}}),
            "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions?a=b%20c");
}

// --- A signature of the caller's -----------------------------------------------------------------

Post signed_by_caller(std::string_view credential) {
  Post post{std::string(custom_chat), "{}"};
  static std::string authorization;
  authorization = "AWS4-HMAC-SHA256 Credential=" + std::string(credential) +
                  ", SignedHeaders=host, Signature=00";
  post.headers.push_back({"Authorization", authorization});
  return post;
}

TEST(Authorize, AReplacedSignatureKeepsItsRegionAndService) {
  const OptionValues origin{{"base_url", "http://127.0.0.1:8080"}};
  const auto scope_with = [&](OptionValues options, std::string_view credential) {
    options.insert(origin.begin(), origin.end());
    const std::string text =
        prepared_authorization(client_of(with_keys(options)), signed_by_caller(credential));
    return text.substr(0, text.find(','));
  };
  const std::string start = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250102/";
  constexpr std::string_view caller = "AKIDOLD/20200101/eu-west-1/execute-api/aws4_request";
  EXPECT_EQ(scope_with({}, caller), start + "eu-west-1/execute-api/aws4_request");
  EXPECT_EQ(scope_with({{"region", "us-west-2"}}, caller),
            start + "us-west-2/execute-api/aws4_request");
  EXPECT_EQ(scope_with({{"service", "vpc-lattice-svcs"}}, caller),
            start + "eu-west-1/vpc-lattice-svcs/aws4_request");
  EXPECT_EQ(scope_with({{"endpoint", "runtime"}}, caller),
            start + "eu-west-1/bedrock/aws4_request");
  for (const char* bad : {"AKIDOLD/20200101/moon/execute-api/aws4_request",
                          "AKIDOLD/20200101/eu-west-1/a b/aws4_request", "AKIDOLD", "",
                          "AKIDOLD/20200101/eu-west-1/execute-api/aws4_request/x"}) {
    EXPECT_EQ(scope_with({{"region", "us-west-2"}}, bad),
              start + "us-west-2/bedrock-mantle/aws4_request")
        << bad;
  }
}

TEST(Authorize, ABedrockHostIsSignedForAsItself) {
  Post post = signed_by_caller("AKIDOLD/20200101/eu-west-1/execute-api/aws4_request");
  post.url = mantle_chat;
  const std::string text = prepared_authorization(client_of(with_keys({{"auth", "sigv4"}})), post);
  EXPECT_NE(text.find("/us-east-1/bedrock-mantle/aws4_request"), std::string::npos) << text;
  post.url = "https://vpce-0a1b.bedrock-runtime.eu-west-1.vpce.amazonaws.com/openai/v1/responses";
  const std::string interface = prepared_authorization(client_of(with_keys({})), post);
  EXPECT_NE(interface.find("/eu-west-1/bedrock/aws4_request"), std::string::npos) << interface;
}

}  // namespace
}  // namespace costmark::testing
