#include "attribution/project.hpp"

#include <gtest/gtest.h>

#include <string>

#include "costmark/attribution.hpp"

namespace costmark {
namespace {

TEST(Project, MayBeNamedWhereItIsNotKnownWhetherNamesAre) {
  for (const char* text : {"proj_a", "my-app-prod", "My app (prod)", "\xC3\xBC"}) {
    EXPECT_TRUE(check_project(text, "it").ok()) << text;
  }
  for (const char* text : {"", " ", "default", "a\nb", "\xFF", "arn:aws:s3:::bucket", "sk-a b"}) {
    const Status status = check_project(text, "it");
    ASSERT_FALSE(status.ok()) << text;
    EXPECT_EQ(status.error().code, Code::invalid_project);
  }
  EXPECT_TRUE(check_project(std::string(128, 'x'), "it").ok()) << "an id";
  EXPECT_FALSE(check_project(std::string(127, ' ') + "x", "it").ok()) << "128 characters";
}

TEST(ProjectIds, TheDocumentedSpellingsPass) {
  for (const char* id : {"proj_5d5ykleja6cwpirysbb7", "proj-abc123", "a", "0", "-", "Default"}) {
    EXPECT_TRUE(check_project_id(id, "test").ok()) << id;
  }
  EXPECT_TRUE(check_project_id(std::string(128, 'x'), "test").ok());
}

TEST(ProjectIds, EverythingElseIsAnErrorThatNamesTheRule) {
  using std::string_literals::operator""s;
  for (const std::string& id :
       {""s, std::string(129, 'x'), "proj a"s, "proj\r\nx-evil: 1"s, "proj\"}"s, "proj\\u0041"s,
        "proj\0x"s, "projé"s, "proj:1"s, "*"s}) {
    const Status status = check_project_id(id, "option 'project'");
    ASSERT_FALSE(status.ok()) << id;
    EXPECT_EQ(status.error().code, Code::invalid_project);
    EXPECT_TRUE(status.error().message.starts_with("option 'project'"));
    EXPECT_NE(status.error().message.find("1 to 128"), std::string::npos);
  }
  EXPECT_EQ(check_project_id("proj_a\r\n", "x").error().offset, 6U);
}

std::string message_of(std::string_view id) {
  return check_project_id(id, "option 'project'").error().message;
}

TEST(ProjectArn, HasItsParts) {
  const auto arn = attribution::parse_project_arn(
      "arn:aws-us-gov:bedrock-mantle:us-gov-west-1:111122223333:project/proj_a");
  EXPECT_EQ(arn.service, "bedrock-mantle");
  EXPECT_EQ(arn.region, "us-gov-west-1");
  EXPECT_EQ(arn.account, "111122223333");
  EXPECT_EQ(arn.id, "proj_a");
}

TEST(ProjectArn, IsWholeOrNone) {
  for (const char* text :
       {"", "proj_a", "arn:", "arn:aws:bedrock:project/proj_a", "arn::bedrock:::project/proj_a",
        "arn:aws:bedrock::111122223333:project/proj_a", "arn:aws:bedrock:us-east-1::project/proj_a",
        "arn:aws:bedrock:us-east-1:11112222333:project/proj_a",
        "arn:aws:bedrock:us-east-1:11112222333x:project/proj_a",
        "arn:aws:bedrock:us east:111122223333:project/proj_a",
        "arn:aws:bedrock:*:111122223333:project/proj_a",
        "arn:aws:bedrock-runtime:us-east-1:111122223333:project/proj_a",
        "arn:aws:bedrock:us-east-1:111122223333:inference-profile/x:project/proj_a",
        "arn:aws:bedrock:us-east-1:111122223333:project:proj_a",
        "arn:aws:bedrock:us-east-1:111122223333:Project/proj_a",
        "ARN:aws:bedrock:us-east-1:111122223333:project/proj_a",
        " arn:aws:bedrock:us-east-1:111122223333:project/proj_a"}) {
    EXPECT_EQ(attribution::parse_project_arn(text).id, "") << text;
    EXPECT_EQ(attribution::without_arn(text), text);
  }
}

TEST(ProjectArn, EndsBeforeTheColonBehindIt) {
  using attribution::end_of_project;
  EXPECT_EQ(end_of_project("proj_a: x"), 6U);
  EXPECT_EQ(end_of_project(" arn:aws:bedrock:r:1:project/p:x:y"), 30U);
  EXPECT_EQ(end_of_project("arn:aws:bedrock:r:1:project/p"), std::string_view::npos);
  EXPECT_EQ(end_of_project("  "), std::string_view::npos);
}

TEST(ProjectIds, AnArnOfAProjectEndsInOne) {
  for (const char* service : {"bedrock-mantle", "bedrock"}) {
    const auto arn = [&](const std::string& id) {
      return "arn:aws:" + std::string(service) + ":us-east-1:111122223333:project/" + id;
    };
    EXPECT_TRUE(check_project_id(arn("proj_a"), "x").ok());
    EXPECT_TRUE(check_project(arn("proj_a"), "x").ok());
    EXPECT_FALSE(check_project_id(arn(""), "x").ok());
    EXPECT_EQ(check_project_id(arn("proj_a/b"), "x").error().offset, arn("proj_a").size());
    EXPECT_NE(message_of(arn("proj_a/")).find("the id of the ARN has a character"),
              std::string::npos);
    EXPECT_NE(message_of(arn("default")).find("reserved"), std::string::npos);
    EXPECT_EQ(attribution::without_arn(arn("proj_a")), "proj_a");
  }
  EXPECT_EQ(attribution::without_arn("proj_a"), "proj_a");
  EXPECT_EQ(attribution::without_arn("arn:aws:s3:::bucket"), "arn:aws:s3:::bucket");
}

TEST(ProjectIds, ANameAndAnotherArnAreShownAsWhatTheyAre) {
  EXPECT_NE(message_of("Team Platform").find("'Team Platform' looks like a project's name"),
            std::string::npos);
  EXPECT_NE(message_of("arn:aws:s3:::bucket").find("not one of a project"), std::string::npos);
}

TEST(ProjectIds, WhiteSpaceAroundAnIdIsNamed) {
  for (const char* id : {"proj_a ", " proj_a", "proj_a\r\n", "\tproj_a"}) {
    EXPECT_NE(message_of(id).find("there is white space around the id; leave it out"),
              std::string::npos)
        << id;
  }
}

TEST(ProjectIds, WhatMayBeAKeyIsNotShown) {
  for (const char* key : {"ABSKQmVkcm9jaw==", "bedrock-api-key-YmVkcm9jaw==", "Bearer abc def",
                          "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "sk-a b"}) {
    const std::string message = message_of(key);
    EXPECT_EQ(message.find(key), std::string::npos) << message;
    EXPECT_NE(message.find("not allowed at byte"), std::string::npos) << message;
  }
}

TEST(ProjectIds, DefaultIsReserved) {
  const Status status = check_project_id("default", "the scope");
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("reserved"), std::string::npos);
}

TEST(ProjectIds, ARequestMayNameDefaultOrAnArn) {
  using attribution::project_id_in_request;
  EXPECT_EQ(project_id_in_request("default", "header").value(), "default");
  EXPECT_EQ(project_id_in_request("arn:aws:bedrock-mantle:us-east-1:111122223333:project/proj_a",
                                  "header")
                .value(),
            "proj_a");
  EXPECT_EQ(project_id_in_request(
                "arn:aws-us-gov:bedrock-mantle:us-gov-west-1:111122223333:project/proj_a", "h")
                .value(),
            "proj_a");
  EXPECT_EQ(
      project_id_in_request("arn:aws:bedrock:us-east-1:111122223333:project/default", "h").value(),
      "default");
  EXPECT_EQ(
      project_id_in_request("arn:aws:bedrock:us-east-1:111122223333:project/proj_a", "h").value(),
      "proj_a");
  for (const char* bad :
       {"arn:aws:bedrock:us-east-1:111122223333:project/",
        "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/p",
        "arn:aws:s3:::bucket", "arn:aws:bedrock-agent:us-east-1:111122223333:project/proj_a",
        "arn:aws:bedrock-mantle:r:a:project/", "arn:aws:bedrock-mantle:r:a:project/a b",
        "arn:", "arn:aws"}) {
    EXPECT_FALSE(project_id_in_request(bad, "header").ok()) << bad;
  }
}

}  // namespace
}  // namespace costmark
