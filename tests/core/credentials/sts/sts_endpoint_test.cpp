#include "credentials/sts/sts_endpoint.hpp"

#include <gtest/gtest.h>

#include <string>

#include "credentials/files.hpp"

namespace costmark::sts {
namespace {

Result<Endpoint> endpoint_of(const std::string& config, Variables variables, bool signs = true) {
  const Home home;
  home.write_config(config);
  const Environment environment = home.environment(std::move(variables));
  const auto files = config::SharedFiles::load(config::SharedFiles::Paths::of(environment));
  EXPECT_TRUE(files.ok());
  return endpoint(environment, files.value().profile("default"), signs);
}

TEST(StsEndpoint, AsBotocoreDecidesIt) {
  const std::string profile = "[default]\nregion = eu-west-1\n";
  const struct {
    std::string config;
    Variables variables;
    const char* url;
    const char* region;
  } cases[] = {
      {"", {}, "https://sts.amazonaws.com/", "us-east-1"},
      {"[default]\nregion =\n", {}, "https://sts.amazonaws.com/", "us-east-1"},
      {profile, {}, "https://sts.eu-west-1.amazonaws.com/", "eu-west-1"},
      {profile,
       {{"AWS_DEFAULT_REGION", "us-west-2"}},
       "https://sts.us-west-2.amazonaws.com/",
       "us-west-2"},
      {profile, {{"AWS_DEFAULT_REGION", ""}}, "https://sts.eu-west-1.amazonaws.com/", "eu-west-1"},
      {profile,
       {{"AWS_DEFAULT_REGION", "us-west-2"}, {"AWS_REGION", "us-east-2"}},
       "https://sts.us-east-2.amazonaws.com/",
       "us-east-2"},
      {"", {{"AWS_REGION", "aws-global"}}, "https://sts.amazonaws.com/", "us-east-1"},
      {"",
       {{"AWS_REGION", "cn-north-1"}},
       "https://sts.cn-north-1.amazonaws.com.cn/",
       "cn-north-1"},
      {"",
       {{"AWS_REGION", "us-gov-west-1"}},
       "https://sts.us-gov-west-1.amazonaws.com/",
       "us-gov-west-1"},
      {"",
       {{"AWS_REGION", "us-iso-east-1"}},
       "https://sts.us-iso-east-1.c2s.ic.gov/",
       "us-iso-east-1"},
      {"",
       {{"AWS_REGION", "eusc-de-east-1"}},
       "https://sts.eusc-de-east-1.amazonaws.eu/",
       "eusc-de-east-1"},
      {profile,
       {{"AWS_STS_REGIONAL_ENDPOINTS", "legacy"}},
       "https://sts.amazonaws.com/",
       "us-east-1"},
      {profile + "sts_regional_endpoints = legacy\n",
       {},
       "https://sts.amazonaws.com/",
       "us-east-1"},
      {profile + "sts_regional_endpoints = legacy\n",
       {{"AWS_STS_REGIONAL_ENDPOINTS", "regional"}},
       "https://sts.eu-west-1.amazonaws.com/",
       "eu-west-1"},
      {"",
       {{"AWS_STS_REGIONAL_ENDPOINTS", "legacy"}, {"AWS_REGION", "ap-east-1"}},
       "https://sts.ap-east-1.amazonaws.com/",
       "ap-east-1"},
      {profile,
       {{"AWS_STS_REGIONAL_ENDPOINTS", "legacy"}, {"AWS_USE_FIPS_ENDPOINT", "true"}},
       "https://sts-fips.eu-west-1.amazonaws.com/",
       "eu-west-1"},
      {"",
       {{"AWS_USE_FIPS_ENDPOINT", "true"}},
       "https://sts-fips.us-east-1.amazonaws.com/",
       "us-east-1"},
      {"",
       {{"AWS_USE_FIPS_ENDPOINT", "TRUE"}, {"AWS_REGION", "us-gov-east-1"}},
       "https://sts.us-gov-east-1.amazonaws.com/",
       "us-gov-east-1"},
      {"",
       {{"AWS_USE_DUALSTACK_ENDPOINT", "true"}, {"AWS_REGION", "us-west-2"}},
       "https://sts.us-west-2.api.aws/",
       "us-west-2"},
      {"[default]\nuse_dualstack_endpoint = true\nuse_fips_endpoint = true\n",
       {{"AWS_REGION", "us-west-2"}},
       "https://sts-fips.us-west-2.api.aws/",
       "us-west-2"},
      {profile,
       {{"AWS_ENDPOINT_URL_STS", "http://LocalHost:4566"}},
       "http://localhost:4566/",
       "eu-west-1"},
      {profile, {{"AWS_ENDPOINT_URL", "https://proxy/base/"}}, "https://proxy/base/", "eu-west-1"},
      {profile,
       {{"AWS_ENDPOINT_URL", "https://a"}, {"AWS_ENDPOINT_URL_STS", "https://b:443"}},
       "https://b/",
       "eu-west-1"},
      {profile + "services = s\nendpoint_url = https://c\n[services s]\nsts =\n  endpoint_url = "
                 "https://d\n",
       {},
       "https://d/",
       "eu-west-1"},
      {profile + "services = s\nendpoint_url = https://c\n[services s]\nsso =\n  endpoint_url = "
                 "https://d\n",
       {},
       "https://c/",
       "eu-west-1"},
      {profile + "endpoint_url = https://c\n",
       {{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}},
       "https://sts.eu-west-1.amazonaws.com/",
       "eu-west-1"},
      {profile,
       {{"AWS_ENDPOINT_URL_STS", "https://[::1]:8443"}, {"AWS_STS_REGIONAL_ENDPOINTS", "legacy"}},
       "https://[::1]:8443/",
       "eu-west-1"},
  };
  for (const auto& c : cases) {
    const auto found = endpoint_of(c.config, c.variables);
    ASSERT_TRUE(found.ok()) << c.url << ": " << found.error().message;
    EXPECT_EQ(found.value().url, c.url);
    EXPECT_EQ(found.value().region, c.region) << c.url;
    EXPECT_TRUE(found.value().url.starts_with(found.value().origin + "/")) << c.url;
  }
  const auto unsigned_one =
      endpoint_of("", {{"AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1"}}, false);
  ASSERT_TRUE(unsigned_one.ok());
  EXPECT_EQ(unsigned_one.value().url, "http://127.0.0.1:1/");
}

TEST(StsEndpoint, Refused) {
  const struct {
    std::string config;
    Variables variables;
    const char* part;
  } cases[] = {
      {"", {{"AWS_REGION", "evil.com/CANARY#"}}, "(region: AWS_REGION)"},
      {"[default]\nregion = us_east\n", {}, "config:2)"},
      {"", {{"AWS_STS_REGIONAL_ENDPOINTS", "LEGACY"}}, "AWS_STS_REGIONAL_ENDPOINTS is neither"},
      {"[default]\nsts_regional_endpoints = x\n", {}, "config:2) is neither legacy nor regional"},
      {"", {{"AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1"}}, "needs a region to sign for"},
      {"",
       {{"AWS_REGION", "us-east-1"}, {"AWS_ENDPOINT_URL", "http://u:CANARY@x"}},
       "AWS_ENDPOINT_URL"},
      {"", {{"AWS_REGION", "us-east-1"}, {"AWS_ENDPOINT_URL", "ftp://x"}}, "AWS_ENDPOINT_URL"},
      {"",
       {{"AWS_REGION", "us-east-1"}, {"AWS_ENDPOINT_URL_STS", "http://sts.amazonaws.com"}},
       "AWS's over plain http"},
      {"[default]\nregion = us-east-1\nservices = none\n", {}, "none"},
  };
  for (const auto& c : cases) {
    const auto found = endpoint_of(c.config, c.variables);
    ASSERT_FALSE(found.ok()) << c.part;
    EXPECT_EQ(found.error().code, Code::unusable_credentials);
    EXPECT_NE(found.error().message.find(c.part), std::string::npos) << found.error().message;
  }
}

}  // namespace
}  // namespace costmark::sts
