// Options that disagree with each other or with a host are refused when the client is made.
#include "core/client/client_fixture.hpp"

namespace costmark::testing {
namespace {

struct Refused {
  OptionValues options;
  Code code;
  const char* says;
};

TEST(Settings, ContradictionsAreRefusedAtConstruction) {
  const std::vector<Refused> cases{
      {{{"base_url", "http://bedrock-mantle.us-east-1.api.aws/v1"}},
       Code::endpoint_mismatch,
       "https"},
      {{{"base_url", "http://s3.amazonaws.com"}}, Code::endpoint_mismatch, "https"},
      {{{"base_url", "https://bedrock-mantle.us-east-1.api.aws:8443/v1"}},
       Code::endpoint_mismatch,
       "8443"},
      {{{"base_url", "https://bedrock-mantle.us-east-1.api.aws"}, {"region", "eu-west-1"}},
       Code::endpoint_mismatch,
       "eu-west-1"},
      {{{"base_url", "https://bedrock-mantle.us-east-1.api.aws"}, {"endpoint", "runtime"}},
       Code::endpoint_mismatch,
       "mantle host"},
      {{{"base_url", "https://bedrock-mantle.us-east-1.api.aws"}, {"service", "bedrock"}},
       Code::endpoint_mismatch,
       "signed for bedrock-mantle"},
      {{{"base_url", "https://bedrock-runtime.us-east-1.amazonaws.com"},
        {"service", "bedrock-mantle"}},
       Code::endpoint_mismatch,
       "signed for bedrock"},
      {{{"region", "Virginia"}}, Code::invalid_option, "us-east-1"},
      {{{"project", "default"}}, Code::invalid_project, "reserved"},
      {{{"project", "my project"}}, Code::invalid_project, "byte 2"},
      {{{"project", "proj_b"}, {"allowed_projects", "proj_a*,proj_c"}},
       Code::project_not_allowed,
       "proj_b"},
      {{{"rules", "proj_b: model=*"}, {"allowed_projects", "proj_a"}},
       Code::project_not_allowed,
       "rule"},
      {{{"allowed_projects", "proj_a,proj.*"}}, Code::invalid_option, "byte 4"},
      {{{"allowed_projects", "proj_[ab]"}}, Code::invalid_option, "proj_team_*"},
      {with_keys({{"auth", "sigv4"}, {"base_url", "http://127.0.0.1:8080/v1"}}),
       Code::invalid_option, "AWS_REGION"},
      {{{"rules", "nonsense"}}, Code::invalid_option, "rules"},
      {{{"carrier", "auto,body"}}, Code::invalid_option, "carrier"},
      {{{"access_key_id", "AKIDEXAMPLE"}}, Code::invalid_option, "secret_access_key"},
      {{{"session_token", "t"}}, Code::invalid_option, "access_key_id"},
      {with_keys({{"bearer_token", "t"}}), Code::invalid_option, "auth"},
  };
  for (const Refused& c : cases) {
    const auto client = Client::create(config_of(c.options));
    ASSERT_FALSE(client.ok()) << c.says;
    EXPECT_EQ(client.error().code, c.code) << client.error().message;
    EXPECT_NE(client.error().message.find(c.says), std::string::npos) << client.error().message;
    EXPECT_EQ(client.error().message.find(secret_key), std::string::npos);
  }
}

TEST(Settings, UrlsThatCannotBeUsedAreRefusedPerRequest) {
  const auto client = client_of({});
  Prepared prepared;
  for (const char* url :
       {"", "/v1/chat/completions", "https://", "https:///v1", "ftp://h/", "https://user:pw@h/v1",
        "https://h:0/", "https://h:65536/", "https://h/\r\nx", "https://h h/"}) {
    const Post post{url, "{}"};
    const Status status = client->prepare(post.request(), prepared);
    ASSERT_FALSE(status.ok()) << url;
    EXPECT_EQ(status.error().code, Code::invalid_url) << url;
    EXPECT_EQ(status.error().message.find("pw"), std::string::npos);
  }
}

TEST(Settings, AnotherOriginIsRefused) {
  const auto client = client_of({{"base_url", "http://127.0.0.1:8080/v1"}});
  Prepared prepared;
  EXPECT_TRUE(client->prepare(Post{std::string(custom_chat), "{}"}.request(), prepared).ok());
  for (const char* url :
       {"http://127.0.0.1:8081/v1/chat/completions", "https://127.0.0.1:8080/v1/chat/completions",
        "http://localhost:8080/v1/chat/completions"}) {
    const Post post{url, "{}"};
    const Status status = client->prepare(post.request(), prepared);
    ASSERT_FALSE(status.ok()) << url;
    EXPECT_EQ(status.error().code, Code::endpoint_mismatch);
    EXPECT_NE(status.error().message.find("http://127.0.0.1:8080"), std::string::npos);
  }
  const auto upper = client_of({{"base_url", "http://LOCALHOST"}});
  EXPECT_TRUE(
      upper->prepare(Post{"http://localhost:80/v1/responses", "{}"}.request(), prepared).ok());
}

TEST(Settings, PlainHttpToAwsIsRefusedWithoutABaseUrlToo) {
  const auto client = client_of({{"auth", "none"}});
  Prepared prepared;
  const Post post{"http://bedrock-mantle.us-east-1.api.aws/v1/responses", "{}"};
  EXPECT_EQ(client->prepare(post.request(), prepared).error().code, Code::endpoint_mismatch);
}

// --- Hosts of other vendors ----------------------------------------------------------------------

TEST(Hosts, OfOtherVendorsAreRefusedAtTheFirstCall) {
  const auto client = client_of({{"project", "proj_a"}, {"base_url", "https://api.openai.com/v1"}});
  Prepared prepared;
  for (const char* path : {"chat/completions", "models"}) {
    const Post post{std::string("https://api.openai.com/v1/") + path, "{}"};
    const Status status = client->prepare(post.request(), prepared);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, Code::endpoint_mismatch);
    EXPECT_NE(status.error().message.find("option 'hosts'"), std::string::npos);
    EXPECT_EQ(client->check(post.request(), prepared).error().code, Code::endpoint_mismatch);
  }
  EXPECT_EQ(client->verify({}).error().code, Code::endpoint_mismatch);
}

TEST(Hosts, AreCoveredWhereTheyAreNamed) {
  const Post post{"https://api.openai.com/v1/chat/completions", "{}"};
  const auto code_with = [&](const char* hosts) {
    Prepared prepared;
    const Status status = client_of({{"hosts", hosts}})->prepare(post.request(), prepared);
    return status ? Code::ok : status.error().code;
  };
  EXPECT_EQ(code_with("api.openai.com"), Code::ok);
  EXPECT_EQ(code_with("localhost:8080, API.OpenAI.com:443"), Code::ok);
  EXPECT_EQ(code_with("api.openai.com:8443"), Code::endpoint_mismatch);
  EXPECT_EQ(code_with("api.anthropic.com"), Code::endpoint_mismatch);
}

TEST(Hosts, AreCheckedWhenTheClientIsMade) {
  for (const char* good : {"localhost", "localhost:8080", "::1", "[::1]:8080", "10.0.0.1"}) {
    EXPECT_TRUE(Client::create(config_of({{"hosts", good}})).ok()) << good;
  }
  for (const char* bad : {"http://localhost", "localhost:", "localhost:0", "local host", "a/b",
                          "a@b", "a?b", "a#b", "[::1", ":8080", "localhost:99999"}) {
    const auto client = Client::create(config_of({{"hosts", bad}}));
    ASSERT_FALSE(client.ok()) << bad;
    EXPECT_EQ(client.error().code, Code::invalid_option) << bad;
    EXPECT_NE(client.error().message.find("'hosts'"), std::string::npos) << bad;
  }
}

}  // namespace
}  // namespace costmark::testing
