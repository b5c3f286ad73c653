#include "credentials/config/service_endpoint.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "credentials/files.hpp"

namespace costmark {
namespace {

std::string url_of(AwsService service, std::string_view region, Variables variables = {}) {
  const auto endpoint =
      service_endpoint(service, region, environment_of(std::move(variables)), nullptr);
  return endpoint.ok() ? endpoint.value().url : endpoint.error().message;
}

// What botocore 1.44's endpoint rules say.
TEST(ServiceEndpoint, OfEveryPartition) {
  const struct {
    const char* region;
    const char* sts;
    const char* portal;
    const char* oidc;
    const char* signin;
  } cases[] = {
      {"us-east-1", "https://sts.us-east-1.amazonaws.com",
       "https://portal.sso.us-east-1.amazonaws.com", "https://oidc.us-east-1.amazonaws.com",
       "https://us-east-1.signin.aws.amazon.com"},
      {"us-gov-west-1", "https://sts.us-gov-west-1.amazonaws.com",
       "https://portal.sso.us-gov-west-1.amazonaws.com", "https://oidc.us-gov-west-1.amazonaws.com",
       "https://us-gov-west-1.signin.amazonaws-us-gov.com"},
      {"cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn",
       "https://portal.sso.cn-north-1.amazonaws.com.cn", "https://oidc.cn-north-1.amazonaws.com.cn",
       "https://cn-north-1.signin.amazonaws.cn"},
      {"us-iso-east-1", "https://sts.us-iso-east-1.c2s.ic.gov",
       "https://portal.sso.us-iso-east-1.c2s.ic.gov", "https://oidc.us-iso-east-1.c2s.ic.gov",
       "https://us-iso-east-1.signin.c2shome.ic.gov"},
      {"us-isob-east-1", "https://sts.us-isob-east-1.sc2s.sgov.gov",
       "https://portal.sso.us-isob-east-1.sc2s.sgov.gov",
       "https://oidc.us-isob-east-1.sc2s.sgov.gov",
       "https://us-isob-east-1.signin.sc2shome.sgov.gov"},
      {"eu-isoe-west-1", "https://sts.eu-isoe-west-1.cloud.adc-e.uk",
       "https://portal.sso.eu-isoe-west-1.cloud.adc-e.uk",
       "https://oidc.eu-isoe-west-1.cloud.adc-e.uk",
       "https://eu-isoe-west-1.signin.csphome.adc-e.uk"},
      {"us-isof-south-1", "https://sts.us-isof-south-1.csp.hci.ic.gov",
       "https://portal.sso.us-isof-south-1.csp.hci.ic.gov",
       "https://oidc.us-isof-south-1.csp.hci.ic.gov",
       "https://us-isof-south-1.signin.csphome.hci.ic.gov"},
      {"eusc-de-east-1", "https://sts.eusc-de-east-1.amazonaws.eu",
       "https://portal.sso.eusc-de-east-1.amazonaws.eu", "https://oidc.eusc-de-east-1.amazonaws.eu",
       "https://eusc-de-east-1.signin.amazonaws-eusc.eu"},
      {"xx-new-1", "https://sts.xx-new-1.amazonaws.com",
       "https://portal.sso.xx-new-1.amazonaws.com", "https://oidc.xx-new-1.amazonaws.com",
       "https://xx-new-1.signin.aws.amazon.com"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(url_of(AwsService::sts, c.region), c.sts);
    EXPECT_EQ(url_of(AwsService::sso, c.region), c.portal);
    EXPECT_EQ(url_of(AwsService::sso_oidc, c.region), c.oidc);
    EXPECT_EQ(url_of(AwsService::signin, c.region), c.signin);
  }
}

// Likewise.
TEST(ServiceEndpoint, FipsAndDualStack) {
  const struct {
    AwsService service;
    const char* region;
    const char* fips;
    const char* dual_stack;
    const char* both;
  } cases[] = {
      {AwsService::sts, "us-east-1", "https://sts-fips.us-east-1.amazonaws.com",
       "https://sts.us-east-1.api.aws", "https://sts-fips.us-east-1.api.aws"},
      {AwsService::sts, "us-gov-west-1", "https://sts.us-gov-west-1.amazonaws.com",
       "https://sts.us-gov-west-1.api.aws", "https://sts-fips.us-gov-west-1.api.aws"},
      {AwsService::sso, "eu-central-1", "https://portal.sso-fips.eu-central-1.amazonaws.com",
       "https://portal.sso.eu-central-1.api.aws", "https://portal.sso-fips.eu-central-1.api.aws"},
      {AwsService::sso_oidc, "us-gov-east-1", "https://oidc.us-gov-east-1.amazonaws.com",
       "https://oidc.us-gov-east-1.api.aws", "https://oidc-fips.us-gov-east-1.api.aws"},
      {AwsService::sso_oidc, "cn-north-1", "https://oidc-fips.cn-north-1.amazonaws.com.cn",
       "https://oidc.cn-north-1.api.amazonwebservices.com.cn",
       "https://oidc-fips.cn-north-1.api.amazonwebservices.com.cn"},
      {AwsService::signin, "us-east-1", "https://signin-fips.us-east-1.amazonaws.com",
       "https://signin.us-east-1.api.aws", "https://signin-fips.us-east-1.api.aws"},
      {AwsService::signin, "us-gov-west-1", "https://signin-fips.amazonaws-us-gov.com",
       "https://signin.us-gov-west-1.api.aws", "https://signin-fips.us-gov-west-1.api.aws"},
      {AwsService::signin, "us-gov-east-1",
       "https://us-gov-east-1.signin-fips.amazonaws-us-gov.com",
       "https://signin.us-gov-east-1.api.aws", "https://signin-fips.us-gov-east-1.api.aws"},
      {AwsService::signin, "eu-isoe-west-1", "https://signin-fips.eu-isoe-west-1.cloud.adc-e.uk",
       "https://signin.eu-isoe-west-1.api.cloud-aws.adc-e.uk",
       "https://signin-fips.eu-isoe-west-1.api.cloud-aws.adc-e.uk"},
      {AwsService::bedrock, "us-gov-west-1", "https://bedrock-fips.us-gov-west-1.amazonaws.com",
       "https://bedrock.us-gov-west-1.api.aws", "https://bedrock-fips.us-gov-west-1.api.aws"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(url_of(c.service, c.region, {{"AWS_USE_FIPS_ENDPOINT", "TRUE"}}), c.fips);
    EXPECT_EQ(url_of(c.service, c.region, {{"AWS_USE_DUALSTACK_ENDPOINT", "true"}}), c.dual_stack);
    EXPECT_EQ(url_of(c.service, c.region,
                     {{"AWS_USE_FIPS_ENDPOINT", "true"}, {"AWS_USE_DUALSTACK_ENDPOINT", "true"}}),
              c.both);
    EXPECT_EQ(url_of(c.service, c.region, {{"AWS_USE_FIPS_ENDPOINT", "yes"}}),
              url_of(c.service, c.region));
  }
}

class Configured : public testing::Test {
 protected:
  Result<ServiceEndpoint> ask(AwsService service, Variables variables = {}) {
    const Environment environment = home_.environment(std::move(variables));
    files_ = std::make_unique<Result<config::SharedFiles>>(
        config::SharedFiles::load(config::SharedFiles::Paths::of(environment)));
    const config::Profile profile = files_->value().profile("p");
    return service_endpoint(service, "us-east-1", environment, &profile);
  }

  Home home_;
  std::unique_ptr<Result<config::SharedFiles>> files_;
};

TEST_F(Configured, TheFirstThatIsSetWins) {
  home_.write_config(
      "[profile p]\nservices = s\nendpoint_url = http://localhost:4\n"
      "[services s]\nsso =\n  endpoint_url = http://localhost:3/\nsts =\n  other = x\n");
  const Variables both{{"AWS_ENDPOINT_URL_SSO", "http://localhost:1/a//"},
                       {"AWS_ENDPOINT_URL", "http://localhost:2"}};
  auto endpoint = ask(AwsService::sso, both);
  ASSERT_TRUE(endpoint.ok()) << endpoint.error().message;
  EXPECT_EQ(endpoint.value().url, "http://localhost:1/a");
  EXPECT_EQ(endpoint.value().origin, "AWS_ENDPOINT_URL_SSO");
  EXPECT_EQ(ask(AwsService::sso_oidc, both).value().url, "http://localhost:2");
  EXPECT_EQ(ask(AwsService::sso_oidc, both).value().origin, "AWS_ENDPOINT_URL");
  EXPECT_EQ(ask(AwsService::sso_oidc, {{"AWS_ENDPOINT_URL_SSO_OIDC", "https://x"}}).value().url,
            "https://x");
  EXPECT_EQ(ask(AwsService::signin, {{"AWS_ENDPOINT_URL_SIGNIN", "https://y"}}).value().url,
            "https://y");
  endpoint = ask(AwsService::sso, {{"AWS_ENDPOINT_URL", ""}});
  EXPECT_EQ(endpoint.value().url, "http://localhost:3");
  EXPECT_EQ(endpoint.value().origin, home_.config() + ":5");
  endpoint = ask(AwsService::sts);
  EXPECT_EQ(endpoint.value().url, "http://localhost:4");
  EXPECT_EQ(endpoint.value().origin, home_.config() + ":3");
}

TEST_F(Configured, IsIgnoredOnDemand) {
  home_.write_config("[profile p]\nendpoint_url = http://localhost:4\n");
  const Variables ignored{{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"},
                          {"AWS_ENDPOINT_URL", "nonsense"}};
  EXPECT_EQ(ask(AwsService::sts, ignored).value().url, "https://sts.us-east-1.amazonaws.com");
  home_.write_config(
      "[profile p]\nendpoint_url = http://localhost:4\nignore_configured_endpoint_urls = True\n"
      "use_fips_endpoint = true\n");
  EXPECT_EQ(ask(AwsService::sts).value().url, "https://sts-fips.us-east-1.amazonaws.com");
}

TEST_F(Configured, WhatCannotBeUsedNamesWhereItStands) {
  const struct {
    const char* config;
    Variables variables;
    const char* says;
  } cases[] = {
      {"[profile p]\nendpoint_url = nonsense\n", {}, "config:2 is no URL such as"},
      {"", {{"AWS_ENDPOINT_URL", "ftp://x"}}, "AWS_ENDPOINT_URL is no URL such as"},
      {"", {{"AWS_ENDPOINT_URL", "http://x/?q"}}, "AWS_ENDPOINT_URL is no URL such as"},
      {"[profile p]\nservices = gone\n", {}, "services section 'gone' ("},
      {"",
       {{"AWS_ENDPOINT_URL_SSO", "http://portal.sso.us-east-1.amazonaws.com"}},
       "AWS's over plain http"},
      {"", {{"AWS_ENDPOINT_URL_SSO", "http://a.API.aws."}}, "AWS's over plain http"},
      {"",
       {{"AWS_ENDPOINT_URL_SSO", "http://us-east-1.signin.aws.amazon.com"}},
       "AWS's over plain http"},
  };
  for (const auto& c : cases) {
    home_.write_config(c.config);
    const auto endpoint = ask(AwsService::sso, c.variables);
    ASSERT_FALSE(endpoint.ok()) << c.says;
    EXPECT_EQ(endpoint.error().code, Code::unusable_credentials);
    EXPECT_NE(endpoint.error().message.find(c.says), std::string::npos) << endpoint.error().message;
  }
  EXPECT_TRUE(ask(AwsService::sso, {{"AWS_ENDPOINT_URL", "http://notamazonaws.com"}}).ok());
}

TEST(ServiceEndpoint, ARegionThatIsNoHostLabelNeverReachesAHost) {
  for (const char* region :
       {"", "-", "us-east-1-", "us east 1", "us-east-1.evil.example", "a/b", "@evil", "a:1"}) {
    EXPECT_NE(url_of(AwsService::sso, region).find("is no region such as"), std::string::npos)
        << region;
  }
  EXPECT_NE(url_of(AwsService::sso, std::string(64, 'a')).find("is no region"), std::string::npos);
}

}  // namespace
}  // namespace costmark
