#include "attribution/carrier.hpp"

#include <gtest/gtest.h>

namespace costmark::attribution {
namespace {

Carriers choose(std::string_view option, EndpointKind endpoint, Api api, bool json_body) {
  Result<CarrierOption> carriers = parse_carriers(option);
  EXPECT_TRUE(carriers.ok());
  return choose_carriers(carriers.value(), endpoint, api, json_body);
}

std::string spelt(const Carriers& carriers) {
  return std::string(carriers.body ? "body " : "") + (carriers.header ? "header " : "") +
         (carriers.workspace ? "workspace " : "");
}

TEST(Carriers, AutoGoesByTheEndpoint) {
  EXPECT_EQ(spelt(choose("auto", EndpointKind::mantle, Api::chat_completions, true)), "header ");
  EXPECT_EQ(spelt(choose("auto", EndpointKind::mantle, Api::messages, true)), "workspace ");
  EXPECT_EQ(spelt(choose("auto", EndpointKind::custom, Api::chat_completions, true)), "body ");
  EXPECT_EQ(spelt(choose("auto", EndpointKind::runtime, Api::responses, true)), "body ");
}

TEST(Carriers, TheNativeApisOfRuntimeHostsAreLeftAlone) {
  EXPECT_EQ(spelt(choose("auto", EndpointKind::runtime, Api::other, true)), "");
  EXPECT_EQ(spelt(choose("auto", EndpointKind::runtime, Api::other, false)), "");
}

TEST(Carriers, ABodyThatCannotBeEditedGetsTheHeader) {
  EXPECT_EQ(spelt(choose("auto", EndpointKind::custom, Api::other, false)), "header ");
  EXPECT_EQ(spelt(choose("body,header", EndpointKind::custom, Api::other, false)), "header ");
  EXPECT_EQ(spelt(choose("body", EndpointKind::runtime, Api::responses, false)), "");
}

TEST(Carriers, FixedOnesCombine) {
  EXPECT_EQ(spelt(choose("body,header", EndpointKind::mantle, Api::responses, true)),
            "body header ");
  EXPECT_EQ(spelt(choose("workspace", EndpointKind::custom, Api::messages, true)), "workspace ");
}

TEST(Carriers, UnknownOnesAreRefusedByName) {
  for (const char* text : {"cookie", "body,cookie", "auto,body", "body,,header", ""}) {
    Result<CarrierOption> carriers = parse_carriers(text);
    ASSERT_FALSE(carriers.ok()) << text;
    EXPECT_EQ(carriers.error().code, Code::invalid_option);
  }
  EXPECT_NE(parse_carriers("cookie").error().message.find("'cookie'"), std::string::npos);
}

}  // namespace
}  // namespace costmark::attribution
