#include "projects/reference.hpp"

#include <gtest/gtest.h>

#include "core/projects/scripted_exchange.hpp"

namespace costmark {
namespace {

using projects::refer_to;

const Projects::Place mantle{ProjectPlane::mantle, std::string(testing::mantle_url), "us-east-1"};
const Projects::Place bedrock{ProjectPlane::bedrock, std::string(testing::bedrock_url),
                              "us-east-1"};

std::string why(std::string_view project, const Projects::Place& place) {
  const auto found = refer_to(project, place);
  if (found) return "fine";
  EXPECT_EQ(found.error().code, Code::invalid_project);
  return found.error().message;
}

TEST(ProjectReference, IsAnIdOrAnArn) {
  EXPECT_EQ(refer_to("proj_a", mantle).value().id, "proj_a");
  EXPECT_EQ(refer_to("proj_a", mantle).value().arn, "");
  EXPECT_EQ(refer_to("default", bedrock).value().id, "default");
  EXPECT_EQ(refer_to(testing::mantle_arn, mantle).value().id, "proj_a");
  EXPECT_EQ(refer_to(testing::bedrock_arn, bedrock).value().arn, testing::bedrock_arn);
}

TEST(ProjectReference, IsNotAnArnOfTheOtherPlane) {
  EXPECT_EQ(why(testing::bedrock_arn, mantle),
            "'" + std::string(testing::bedrock_arn) +
                "' is the ARN of a project on the bedrock plane, and this is the mantle plane; "
                "take plane=bedrock, or the project's id where it exists on both");
  EXPECT_NE(why(testing::mantle_arn, bedrock).find("take plane=mantle"), std::string::npos);
}

TEST(ProjectReference, IsOfTheRegionOfTheEndpoint) {
  EXPECT_EQ(why("arn:aws:bedrock:eu-west-1:111122223333:project/proj_a", bedrock),
            "project 'proj_a' is in eu-west-1 by its ARN, and the endpoint in us-east-1: a project "
            "exists in its own region alone");
  const Projects::Place anywhere{ProjectPlane::bedrock, "http://127.0.0.1:1", ""};
  EXPECT_EQ(why("arn:aws:bedrock:eu-west-1:111122223333:project/proj_a", anywhere), "fine");
}

TEST(ProjectReference, IsNoNameAndNoPath) {
  EXPECT_NE(why("My project", mantle).find("looks like a project's name"), std::string::npos);
  EXPECT_NE(why("", mantle).find("empty"), std::string::npos);
  EXPECT_NE(why("proj_a/archive", mantle).find("not allowed at byte 6"), std::string::npos);
  EXPECT_NE(why("arn:aws:bedrock:us-east-1:111122223333:project/../x", bedrock).find("not allowed"),
            std::string::npos);
}

}  // namespace
}  // namespace costmark
