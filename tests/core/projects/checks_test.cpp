#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "costmark/projects.hpp"

namespace costmark {
namespace {

std::string why(const Status& status) {
  if (status.ok()) return "fine";
  EXPECT_EQ(status.error().code, Code::invalid_argument);
  return status.error().message;
}

std::string repeated(std::string_view text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

TEST(ProjectName, HasOneTo127Characters) {
  EXPECT_EQ(why(check_project_name("my-app-prod")), "fine");
  EXPECT_EQ(why(check_project_name("Produktion für Bücher 🎉")), "fine");
  EXPECT_EQ(why(check_project_name(repeated("ü", 127))), "fine");
  EXPECT_EQ(why(check_project_name("")),
            "the project's name has 0 characters; a name has 1 to 127");
  EXPECT_EQ(why(check_project_name(repeated("ü", 128))),
            "the project's name has 128 characters; a name has 1 to 127");
}

TEST(ProjectName, HasNoControlCharactersAndIsMoreThanSpace) {
  EXPECT_EQ(why(check_project_name("a\nb")),
            "the project's name has a control character at byte 1");
  EXPECT_EQ(why(check_project_name("  \x20")),
            "the project's name is only white space; a name has at least one other character");
  EXPECT_EQ(why(check_project_name("\xC3(")), "the project's name is not UTF-8");
}

TEST(ProjectTags, AreAtMostFifty) {
  std::vector<ProjectTag> tags;
  for (int i = 0; i < 50; ++i) tags.push_back({"key-" + std::to_string(i), ""});
  EXPECT_EQ(why(check_project_tags(tags)), "fine");
  tags.push_back({"one", "more"});
  EXPECT_EQ(why(check_project_tags(tags)), "51 tags are given; a project has at most 50");
}

TEST(ProjectTags, HaveKeysAndValuesWithinTheirLimits) {
  const auto one = [](std::string key, std::string value) {
    return why(check_project_tags(std::vector<ProjectTag>{{std::move(key), std::move(value)}}));
  };
  EXPECT_EQ(one(repeated("k", 128), repeated("v", 256)), "fine");
  EXPECT_EQ(one("a b_.:/=+-@", ""), "fine");
  EXPECT_EQ(one("", "v"), "a tag's key is empty; it has 1 to 128 characters");
  EXPECT_NE(one(repeated("k", 129), "v").find("has 129 bytes; a key has at most 128"),
            std::string::npos);
  EXPECT_EQ(one("k", repeated("v", 257)),
            "the value of tag 'k' has 257 bytes; a value has at most 256");
}

TEST(ProjectTags, HaveNoReservedKeysNorOtherCharacters) {
  const auto one = [](std::string key, std::string value) {
    return why(check_project_tags(std::vector<ProjectTag>{{std::move(key), std::move(value)}}));
  };
  EXPECT_EQ(
      one("aws:team", "v"),
      "the tag key 'aws:team' begins with 'aws:', which is reserved for AWS; take another key");
  EXPECT_NE(one("AWS:team", "v").find("reserved for AWS"), std::string::npos);
  EXPECT_EQ(one("awsome", "v"), "fine");
  EXPECT_EQ(one("k", "a\nb"),
            "the value of tag 'k' has U+000A at byte 1, which tags may not have; they take "
            "letters, digits and spaces of ASCII and any of _ . : / = + - @");
  EXPECT_TRUE(one("größe", "v").starts_with("the tag key 'größe' has U+00F6 at byte 2, which"));
  EXPECT_TRUE(one("k", "ab\U0001F600").starts_with("the value of tag 'k' has U+1F600 at byte 2,"));
  EXPECT_TRUE(one("k\xFC", "v").starts_with("the tag key 'k\\xfc' has byte 0xFC at byte 1, which"));
  EXPECT_TRUE(one("a\tb", "v").starts_with("the tag key 'a\\x09b' has U+0009 at byte 1, which"));
}

TEST(ProjectTags, HaveEachKeyOnce) {
  const std::vector<ProjectTag> tags{{"team", "a"}, {"env", "b"}, {"team", "a"}};
  EXPECT_EQ(why(check_project_tags(tags)), "the tag key 'team' is given twice");
}

TEST(ProjectTagKeys, AreCheckedLikeThoseOfTags) {
  EXPECT_EQ(why(check_project_tag_keys(std::vector<std::string>{"team"})), "fine");
  EXPECT_NE(why(check_project_tag_keys(std::vector<std::string>{"aws:team"})).find("reserved"),
            std::string::npos);
}

TEST(ProjectPlane, IsNamed) {
  EXPECT_EQ(project_plane_named("auto").value(), ProjectPlane::automatic);
  EXPECT_EQ(project_plane_named("bedrock").value(), ProjectPlane::bedrock);
  const auto wrong = project_plane_named("runtime");
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().message, "plane 'runtime' is none; expected auto, mantle or bedrock");
}

}  // namespace
}  // namespace costmark
