#include "attribution/carrier.hpp"

#include <gtest/gtest.h>

namespace costmark::attribution {
namespace {

Carriers choose(std::string_view option, EndpointKind endpoint, const Route& route,
                bool json_body) {
  Result<CarrierOption> carriers = parse_carriers(option);
  EXPECT_TRUE(carriers.ok());
  return choose_carriers(carriers.value(), endpoint, route, json_body);
}

Carriers choose(std::string_view option, EndpointKind endpoint, Api api, bool json_body) {
  return choose(option, endpoint, Route{api, RouteKind::inference, false}, json_body);
}

// What lies below /anthropic/v1.
constexpr Route anthropic_messages{Api::messages, RouteKind::inference, true};
constexpr Route anthropic_models{Api::other, RouteKind::free, true};

std::string spelled(const Carriers& carriers) {
  return std::string(carriers.body ? "body " : "") + (carriers.header ? "header " : "") +
         (carriers.workspace ? "workspace " : "") + (carriers.identifier ? "identifier " : "");
}

TEST(Carriers, AutoGoesByTheEndpoint) {
  EXPECT_EQ(spelled(choose("auto", EndpointKind::mantle, Api::chat_completions, true)), "header ");
  EXPECT_EQ(spelled(choose("auto", EndpointKind::mantle, Api::messages, true)), "workspace ");
  EXPECT_EQ(spelled(choose("auto", EndpointKind::custom, Api::chat_completions, true)), "body ");
  EXPECT_EQ(spelled(choose("auto", EndpointKind::runtime, Api::responses, true)), "body ");
}

TEST(Carriers, TheApisOfTheRuntimeHaveOneEach) {
  for (const char* option : {"auto", "body", "header", "workspace", "body,header"}) {
    for (const EndpointKind endpoint :
         {EndpointKind::mantle, EndpointKind::runtime, EndpointKind::custom}) {
      EXPECT_EQ(spelled(choose(option, endpoint, Api::converse, true)), "body ");
      EXPECT_EQ(spelled(choose(option, endpoint, Api::converse, false)), "");
      EXPECT_EQ(spelled(choose(option, endpoint, Api::invoke_model, true)), "identifier ");
      const Route reading{Api::invoke_model, RouteKind::free, false};
      EXPECT_EQ(spelled(choose(option, endpoint, reading, false)), "");
    }
  }
}

TEST(Carriers, WhatARuntimeHostDoesNotKnowIsLeftAlone) {
  EXPECT_EQ(spelled(choose("auto", EndpointKind::runtime, Api::other, true)), "");
  EXPECT_EQ(spelled(choose("auto", EndpointKind::runtime, Api::other, false)), "");
}

TEST(Carriers, ABodyThatCannotBeEditedGetsTheHeader) {
  EXPECT_EQ(spelled(choose("auto", EndpointKind::custom, Api::other, false)), "header ");
  EXPECT_EQ(spelled(choose("body,header", EndpointKind::custom, Api::other, false)), "header ");
  EXPECT_EQ(spelled(choose("body", EndpointKind::runtime, Api::responses, false)), "");
}

TEST(Carriers, FixedOnesCombine) {
  EXPECT_EQ(spelled(choose("body,header", EndpointKind::mantle, Api::responses, true)),
            "body header ");
  EXPECT_EQ(spelled(choose("workspace", EndpointKind::custom, Api::messages, true)), "workspace ");
}

TEST(Carriers, BelowAnthropicItIsTheWorkspaceHeaderOnEveryHost) {
  for (const auto endpoint : {EndpointKind::mantle, EndpointKind::runtime, EndpointKind::custom}) {
    for (const Route& route : {anthropic_messages, anthropic_models}) {
      for (const bool json_body : {true, false}) {
        EXPECT_EQ(spelled(choose("auto", endpoint, route, json_body)), "workspace ");
      }
    }
  }
}

TEST(Carriers, AGatewaysOwnMessagesPathTakesTheMember) {
  EXPECT_EQ(spelled(choose("auto", EndpointKind::custom, Api::messages, true)), "body ");
  EXPECT_EQ(spelled(choose("auto", EndpointKind::custom, Api::messages, false)), "workspace ");
  EXPECT_EQ(spelled(choose("auto", EndpointKind::runtime, Api::messages, true)), "workspace ");
}

TEST(Carriers, AHeaderIsThatOfTheApi) {
  for (const auto endpoint : {EndpointKind::mantle, EndpointKind::runtime, EndpointKind::custom}) {
    EXPECT_EQ(spelled(choose("header", endpoint, anthropic_messages, true)), "workspace ");
    EXPECT_EQ(spelled(choose("body,header", endpoint, Api::messages, true)), "body workspace ");
    EXPECT_EQ(spelled(choose("header,workspace", endpoint, anthropic_models, true)), "workspace ");
  }
  // Mantle hosts ignore the workspace header on OpenAI's paths: the call would name nobody.
  EXPECT_EQ(spelled(choose("workspace", EndpointKind::mantle, Api::responses, true)), "header ");
  EXPECT_EQ(spelled(choose("workspace", EndpointKind::custom, Api::responses, true)), "workspace ");
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
