// The Projects API as a client opens it: which plane, where, and in whose name.
#include <gtest/gtest.h>

#include "core/client/client_fixture.hpp"
#include "core/client/verify_script.hpp"

namespace costmark::testing {
namespace {

constexpr std::string_view project_answer = R"({"id":"proj_a","name":"n","status":"active"})";

Result<std::shared_ptr<Projects>> opened(OptionValues options, ProjectPlane plane,
                                         const OptionValues& variables = {},
                                         std::shared_ptr<http::Transport> transport = nullptr) {
  ClientConfig config = config_of(with_keys(std::move(options)), variables);
  config.transport = std::move(transport);
  return open_projects(std::move(config), plane);
}

// "PLANE URL REGION", or the error.
std::string place_of(OptionValues options, ProjectPlane plane = ProjectPlane::automatic,
                     const OptionValues& variables = {}) {
  const auto projects = opened(std::move(options), plane, variables);
  if (!projects) return projects.error().message;
  const Projects::Place& place = projects.value()->place();
  return std::string(to_string(place.plane)) + " " + place.base_url + " " + place.region;
}

constexpr auto automatic = ProjectPlane::automatic;
constexpr auto mantle_plane = ProjectPlane::mantle;
constexpr auto bedrock = ProjectPlane::bedrock;

TEST(PlaneOfProjects, FollowsTheEndpoint) {
  const std::string on_mantle = "mantle https://bedrock-mantle.us-east-1.api.aws us-east-1";
  const std::string on_bedrock = "bedrock https://bedrock.us-east-1.amazonaws.com us-east-1";
  const auto of = [](std::string url) { return place_of({{"base_url", std::move(url)}}); };
  EXPECT_EQ(of("https://bedrock-mantle.us-east-1.api.aws/v1"), on_mantle);
  EXPECT_EQ(of("https://bedrock-mantle.us-east-1.api.aws/openai/v1/"), on_mantle);
  EXPECT_EQ(of("https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1"), on_bedrock);
  EXPECT_EQ(of("https://bedrock.us-east-1.amazonaws.com"), on_bedrock);
  EXPECT_EQ(place_of({{"region", "us-east-1"}}), on_mantle);
  EXPECT_EQ(place_of({{"region", "us-east-1"}, {"endpoint", "runtime"}}), on_bedrock);
  EXPECT_EQ(place_of({}, automatic, {{"AWS_REGION", "us-east-1"}}), on_mantle);
}

TEST(PlaneOfProjects, OnAnotherHostIsMantleUnlessSaid) {
  const OptionValues options{{"base_url", "http://127.0.0.1:8080/v1"}, {"region", "us-west-2"}};
  EXPECT_EQ(place_of(options), "mantle http://127.0.0.1:8080 us-west-2");
  EXPECT_EQ(place_of(options, bedrock), "bedrock http://127.0.0.1:8080 us-west-2");
  OptionValues runtime = options;
  runtime.emplace("endpoint", "runtime");
  EXPECT_EQ(place_of(runtime), "bedrock http://127.0.0.1:8080 us-west-2");
  EXPECT_EQ(place_of(runtime, mantle_plane), "mantle http://127.0.0.1:8080 us-west-2");
}

TEST(PlaneOfProjects, ThatIsSaidTakesTheRegionOfAnotherHostOfAws) {
  const OptionValues options{{"base_url", "https://bedrock-mantle.eu-west-1.api.aws/v1"}};
  EXPECT_EQ(place_of(options, bedrock),
            "bedrock https://bedrock.eu-west-1.amazonaws.com eu-west-1");
  EXPECT_EQ(
      place_of({{"base_url", "https://bedrock-runtime.eu-west-1.amazonaws.com"}}, mantle_plane),
      "mantle https://bedrock-mantle.eu-west-1.api.aws eu-west-1");
}

TEST(PlaneOfProjects, OfBedrockIsWhereTheSdksOfAwsLookForIt) {
  EXPECT_EQ(place_of({{"region", "cn-north-1"}}, bedrock),
            "bedrock https://bedrock.cn-north-1.amazonaws.com.cn cn-north-1");
  EXPECT_EQ(place_of({{"region", "us-gov-west-1"}}, bedrock, {{"AWS_USE_FIPS_ENDPOINT", "true"}}),
            "bedrock https://bedrock-fips.us-gov-west-1.amazonaws.com us-gov-west-1");
  EXPECT_EQ(place_of({{"region", "us-east-1"}}, bedrock,
                     {{"AWS_ENDPOINT_URL_BEDROCK", "http://127.0.0.1:9/x/"}}),
            "bedrock http://127.0.0.1:9/x us-east-1");
}

TEST(PlaneOfProjects, IsWhereTheEnvironmentSendsTheSdks) {
  const OptionValues region{{"region", "us-east-1"}};
  const OptionValues everywhere{{"AWS_ENDPOINT_URL", "http://127.0.0.1:9/"}};
  EXPECT_EQ(place_of(region, automatic, everywhere), "mantle http://127.0.0.1:9 us-east-1");
  EXPECT_EQ(place_of(region, bedrock, everywhere), "bedrock http://127.0.0.1:9 us-east-1");
  OptionValues of_bedrock = everywhere;
  of_bedrock.emplace("AWS_ENDPOINT_URL_BEDROCK", "http://127.0.0.1:8");
  EXPECT_EQ(place_of(region, bedrock, of_bedrock), "bedrock http://127.0.0.1:8 us-east-1");
  EXPECT_EQ(place_of(region, mantle_plane, of_bedrock), "mantle http://127.0.0.1:9 us-east-1");
  OptionValues ignored = everywhere;
  ignored.emplace("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
  EXPECT_EQ(place_of(region, mantle_plane, ignored),
            "mantle https://bedrock-mantle.us-east-1.api.aws us-east-1");
  OptionValues own = region;
  own.emplace("base_url", "http://127.0.0.1:7/v1");
  EXPECT_EQ(place_of(own, mantle_plane, everywhere), "mantle http://127.0.0.1:7 us-east-1");
}

TEST(OpenedProjects, AreSignedWhereTheEnvironmentSendsTheSdks) {
  const OptionValues variables{{"AWS_ENDPOINT_URL", "http://127.0.0.1:9"}};
  for (const auto plane : {mantle_plane, bedrock}) {
    auto endpoint =
        std::make_shared<Endpoint>([](const Sent&) { return answer_of(200, project_answer); });
    const auto projects = opened({{"region", "us-east-1"}}, plane, variables, endpoint);
    ASSERT_TRUE(projects.ok()) << projects.error().message;
    ASSERT_TRUE(projects.value()->create({"app"}).ok());
    EXPECT_TRUE(endpoint->sent().at(0).header("authorization").starts_with("AWS4-HMAC-SHA256"));
    // A token is taken as elsewhere, and a host that an option names is left alone as elsewhere.
    ClientConfig config =
        config_of({{"region", "us-east-1"}, {"bearer_token", "ABSKtoken"}}, variables);
    config.transport = endpoint;
    ASSERT_TRUE(open_projects(std::move(config), plane).value()->create({"app"}).ok());
    EXPECT_EQ(endpoint->sent().at(1).header("authorization"), "Bearer ABSKtoken");
    // The environment's goes over https alone.
    OptionValues with_token = variables;
    with_token.emplace("AWS_BEARER_TOKEN_BEDROCK", "ABSKenv");
    const auto plain = opened({{"region", "us-east-1"}}, plane, with_token, endpoint);
    ASSERT_TRUE(plain.value()->create({"app"}).ok());
    EXPECT_TRUE(endpoint->sent().at(2).header("authorization").starts_with("AWS4-HMAC-SHA256"));
    config = config_of({{"region", "us-east-1"}}, {{"AWS_ENDPOINT_URL", "https://here.internal"},
                                                   {"AWS_BEARER_TOKEN_BEDROCK", "ABSKenv"}});
    config.transport = endpoint;
    ASSERT_TRUE(open_projects(std::move(config), plane).value()->create({"app"}).ok());
    EXPECT_EQ(endpoint->sent().at(3).header("authorization"), "Bearer ABSKenv");
    const auto named =
        opened({{"region", "us-east-1"}, {"base_url", "http://127.0.0.1:9"}}, plane, {}, endpoint);
    ASSERT_TRUE(named.value()->create({"app"}).ok());
    EXPECT_EQ(endpoint->sent().at(4).header("authorization"), "(absent)");
  }
}

TEST(PlaneOfProjects, NeedsARegion) {
  EXPECT_EQ(place_of({}),
            "no region to look for projects in: set option 'region', AWS_REGION or a profile's "
            "region, or option 'base_url'");
  EXPECT_EQ(place_of({}, automatic, {{"AWS_REGION", "US EAST"}}),
            "'US EAST' is not spelled like an AWS region, such as us-east-1");
}

TEST(OpenedProjects, AreSignedForTheServiceOfTheirPlane) {
  for (const auto& [plane, service] :
       {std::pair{mantle_plane, "bedrock-mantle"}, std::pair{bedrock, "bedrock"}}) {
    auto endpoint =
        std::make_shared<Endpoint>([](const Sent&) { return answer_of(200, project_answer); });
    const auto projects = opened({{"region", "us-east-1"}}, plane, {}, endpoint);
    ASSERT_TRUE(projects.ok()) << projects.error().message;
    ASSERT_TRUE(projects.value()->create({"app"}).ok());
    const Sent sent = endpoint->sent().at(0);
    EXPECT_NE(sent.header("authorization")
                  .find("Credential=AKIDEXAMPLE/20250102/us-east-1/" + std::string(service) +
                        "/aws4_request"),
              std::string::npos)
        << sent.header("authorization");
    EXPECT_EQ(sent.header("content-type"), "application/json");
    EXPECT_EQ(sent.header("accept"), "application/json");
    EXPECT_EQ(sent.body, R"({"name":"app"})");
  }
}

TEST(OpenedProjects, TakeABearerToken) {
  auto endpoint =
      std::make_shared<Endpoint>([](const Sent&) { return answer_of(200, project_answer); });
  ClientConfig config = config_of({{"region", "us-east-1"}, {"bearer_token", "ABSKtoken"}});
  config.transport = endpoint;
  const auto projects = open_projects(std::move(config), bedrock);
  ASSERT_TRUE(projects.value()->get("proj_a").ok());
  EXPECT_EQ(endpoint->sent().at(0).header("authorization"), "Bearer ABSKtoken");
}

TEST(OpenedProjects, NameNoProjectOfTheirOwn) {
  auto endpoint =
      std::make_shared<Endpoint>([](const Sent&) { return answer_of(200, project_answer); });
  const auto projects =
      opened({{"region", "us-east-1"}, {"project", "proj_b"}, {"unattributed", "refuse"}},
             mantle_plane, {}, endpoint);
  ASSERT_TRUE(projects.value()->get("proj_a").ok());
  EXPECT_EQ(endpoint->sent().at(0).header("openai-project"), "(absent)");
}

// Credentials that the service refuses are fetched anew, once.
TEST(OpenedProjects, RecoverFromExpiredCredentials) {
  auto endpoint = std::make_shared<Endpoint>([](const Sent& sent) {
    const bool is_new = sent.header("authorization").find("AKIDNEW") != std::string::npos;
    if (is_new) return answer_of(200, project_answer);
    return error_of(401, "invalid_api_key",
                    "The security token included in the request is expired.");
  });
  int fetched = 0;
  ClientConfig config = config_of({{"region", "us-east-1"}});
  config.transport = endpoint;
  config.credentials = callback_credentials([&fetched]() -> Result<CredentialsPtr> {
    Credentials::Fields fields;
    fields.access_key_id = ++fetched == 1 ? "AKIDOLD" : "AKIDNEW";
    fields.secret_access_key = secret_key;
    return Credentials::create(std::move(fields));
  });
  const auto projects = open_projects(std::move(config), mantle_plane);
  ASSERT_TRUE(projects.value()->get("proj_a").ok());
  EXPECT_EQ(endpoint->sent().size(), 2U);
  EXPECT_EQ(fetched, 2);
}

TEST(OpenedProjects, DoNotSendAgainWhatWasRefused) {
  auto endpoint = std::make_shared<Endpoint>([](const Sent&) {
    return error_of(401, "invalid_api_key",
                    "The security token included in the request is invalid.");
  });
  ClientConfig config = config_of({{"region", "us-east-1"}});
  config.transport = endpoint;
  config.bearer_token = []() -> Result<std::string> { return std::string("ABSKsame"); };
  const auto projects = open_projects(std::move(config), mantle_plane);
  const auto found = projects.value()->get("proj_a");
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, Code::unusable_credentials);
  EXPECT_EQ(endpoint->sent().size(), 1U);
}

TEST(OpenedProjects, GoOverNoPlainHttpToAws) {
  const std::string refusal = place_of({{"base_url", "http://bedrock.us-east-1.amazonaws.com"}});
  EXPECT_NE(refusal.find("plain http to the AWS host"), std::string::npos) << refusal;
}

}  // namespace
}  // namespace costmark::testing
