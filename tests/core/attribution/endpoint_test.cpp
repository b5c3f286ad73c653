#include "attribution/endpoint.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/text.hpp"

namespace costmark::attribution {
namespace {

struct Case {
  const char* host;
  EndpointKind kind;
  const char* region;
};

class Hosts : public testing::TestWithParam<Case> {};

TEST_P(Hosts, AreClassified) {
  const Endpoint endpoint = classify_host(GetParam().host);
  EXPECT_EQ(endpoint.kind, GetParam().kind) << GetParam().host;
  EXPECT_EQ(endpoint.region(), GetParam().region) << GetParam().host;
}

INSTANTIATE_TEST_SUITE_P(
    Table, Hosts,
    testing::Values(
        Case{"bedrock-mantle.us-east-1.api.aws", EndpointKind::mantle, "us-east-1"},
        Case{"BEDROCK-Mantle.US-East-1.API.AWS.", EndpointKind::mantle, "us-east-1"},
        Case{"bedrock-mantle.us-gov-west-1.api.aws", EndpointKind::mantle, "us-gov-west-1"},
        Case{"bedrock-runtime.eu-west-1.amazonaws.com", EndpointKind::runtime, "eu-west-1"},
        Case{"bedrock-runtime-fips.us-west-2.amazonaws.com", EndpointKind::runtime, "us-west-2"},
        Case{"bedrock-runtime.us-east-1.api.aws", EndpointKind::runtime, "us-east-1"},
        Case{"bedrock-runtime.cn-north-1.amazonaws.com.cn", EndpointKind::runtime, "cn-north-1"},
        Case{"bedrock-runtime.eusc-de-east-1.amazonaws.eu", EndpointKind::runtime,
             "eusc-de-east-1"},
        Case{"bedrock-runtime.us-isob-east-1.sc2s.sgov.gov", EndpointKind::runtime,
             "us-isob-east-1"},
        // Interface endpoints, of a region and of a zone.
        Case{"vpce-0a1b-2c3d.bedrock-runtime.us-east-1.vpce.amazonaws.com", EndpointKind::runtime,
             "us-east-1"},
        Case{"VPCE-0a1b-2c3d-us-east-1a.Bedrock-Mantle.us-east-1.VPCE.amazonaws.com.",
             EndpointKind::mantle, "us-east-1"},
        Case{"vpce-0a1b.bedrock-runtime-fips.us-gov-west-1.vpce.amazonaws.com",
             EndpointKind::runtime, "us-gov-west-1"},
        Case{"vpce-0a1b.bedrock-runtime.cn-north-1.vpce.amazonaws.com.cn", EndpointKind::runtime,
             "cn-north-1"},
        Case{"vpce-0a1b.bedrock-runtime.us-east-1.amazonaws.com", EndpointKind::custom, ""},
        Case{"vpce-0a1b.bedrock-runtime.us-east-1.vpce.example.com", EndpointKind::custom, ""},
        Case{"vpce-0a1b.sts.us-east-1.vpce.amazonaws.com", EndpointKind::custom, ""},
        Case{"vpce-.vpce-x.bedrock-runtime.us-east-1.vpce.amazonaws.com", EndpointKind::custom, ""},
        Case{"x-0a1b.bedrock-runtime.us-east-1.vpce.amazonaws.com", EndpointKind::custom, ""},
        Case{"vpce-", EndpointKind::custom, ""},
        // No such hosts.
        Case{"bedrock-mantle-fips.us-east-1.api.aws", EndpointKind::custom, ""},
        Case{"bedrock-mantle.us-east-1.amazonaws.com", EndpointKind::custom, ""},
        Case{"bedrock-runtime.cn-north-1.amazonaws.com", EndpointKind::custom, ""},
        Case{"bedrock-mantle.api.aws", EndpointKind::custom, ""},
        // Look-alikes.
        Case{"bedrock-mantle.us-east-1.api.aws.example.com", EndpointKind::custom, ""},
        Case{"evil-bedrock-mantle.us-east-1.api.aws", EndpointKind::custom, ""},
        Case{"x.bedrock-mantle.us-east-1.api.aws", EndpointKind::custom, ""},
        Case{"bedrock-mantle.useast1.api.aws", EndpointKind::custom, ""},
        Case{"bedrock-mantle..api.aws", EndpointKind::custom, ""},
        Case{"bedrock-mantle.us-east-1.api.aws..", EndpointKind::custom, ""},
        Case{"localhost", EndpointKind::custom, ""}, Case{"127.0.0.1", EndpointKind::custom, ""},
        Case{"", EndpointKind::custom, ""}, Case{".", EndpointKind::custom, ""}));

TEST(Hosts, ARegionLongerThanAnyIsNoRegion) {
  const std::string host = "bedrock-mantle.us-" + std::string(200, 'a') + "-1.api.aws";
  EXPECT_EQ(classify_host(host).kind, EndpointKind::custom);
}

TEST(Hosts, OfOtherVendorsAreKnown) {
  for (const char* other :
       {"api.openai.com", "API.OpenAI.com.", "eu.api.openai.com", "api.anthropic.com",
        "mine.openai.azure.com", "mine.services.ai.azure.com",
        "aws-external-anthropic.us-east-1.api.aws", "us-central1-aiplatform.googleapis.com"}) {
    EXPECT_TRUE(is_host_of_other_vendor(other)) << other;
  }
  for (const char* host :
       {"bedrock-mantle.us-east-1.api.aws", "127.0.0.1", "openai.com.example.org",
        "gateway.example", "api.openai.com.example.org", "xapi.openai.com", "openai.azure.com",
        ""}) {
    EXPECT_FALSE(is_host_of_other_vendor(host)) << host;
  }
  EXPECT_FALSE(is_host_of_other_vendor(std::string(300, 'a') + ".openai.azure.com"));
}

TEST(Regions, AreSpelledLikeAwsSpellsThem) {
  for (const char* good : {"us-east-1", "us-gov-west-1", "ap-southeast-10", "eusc-de-east-1"}) {
    EXPECT_TRUE(text::is_region(good)) << good;
  }
  for (const char* bad : {"", "us", "us-east", "us-1x", "us-east-", "-east-1", "US-EAST-1",
                          "us_east_1", "us-east-1 ", "us-1", "u-east-1"}) {
    EXPECT_FALSE(text::is_region(bad)) << bad;
  }
}

TEST(AwsHosts, AreRecognizedByDomain) {
  EXPECT_TRUE(is_aws_host("bedrock-mantle.us-east-1.api.aws"));
  EXPECT_TRUE(is_aws_host("sts.amazonaws.com"));
  EXPECT_TRUE(is_aws_host("S3.CN-NORTH-1.AMAZONAWS.COM.CN."));
  EXPECT_FALSE(is_aws_host("notamazonaws.com"));
  EXPECT_FALSE(is_aws_host("amazonaws.com.example.org"));
  EXPECT_FALSE(is_aws_host("127.0.0.1"));
}

TEST(ControlHost, IsBedrocksOwnAndNoOther) {
  const std::pair<const char*, std::string_view> regions[] = {
      {"bedrock.us-east-1.amazonaws.com", "us-east-1"},
      {"BEDROCK-FIPS.us-gov-west-1.api.aws.", "us-gov-west-1"},
      {"bedrock.cn-north-1.amazonaws.com.cn", "cn-north-1"},
      {"vpce-0a1b.bedrock.us-east-1.vpce.amazonaws.com", "us-east-1"},
      {"bedrock.us-east-1.amazonaws.com.evil.example", ""},
      {"bedrock-runtime.us-east-1.amazonaws.com", ""},
      {"bedrock-mantle.us-east-1.api.aws", ""},
      {"bedrock.amazonaws.com", ""},
      {"localhost", ""},
  };
  for (const auto& [host, region] : regions) {
    const Endpoint endpoint = classify_control_host(host);
    EXPECT_EQ(endpoint.region(), region) << host;
    EXPECT_EQ(endpoint.kind, region.empty() ? EndpointKind::custom : EndpointKind::control);
    if (!region.empty()) {
      EXPECT_EQ(endpoint.signing_service(), "bedrock");
    }
  }
  EXPECT_EQ(classify_host("bedrock.us-east-1.amazonaws.com").kind, EndpointKind::custom);
}

}  // namespace
}  // namespace costmark::attribution
