#include "attribution/rules.hpp"

#include <gtest/gtest.h>

#include "attribution/glob.hpp"

namespace costmark::attribution {
namespace {

TEST(Globs, MatchTheWholeText) {
  EXPECT_TRUE(glob_match("", ""));
  EXPECT_TRUE(glob_match("*", ""));
  EXPECT_TRUE(glob_match("openai.*", "openai.gpt-oss-120b"));
  EXPECT_TRUE(glob_match("*a*b*", "xxaxxaxb"));
  EXPECT_TRUE(glob_match("?b", "ab"));
  EXPECT_FALSE(glob_match("?", ""));
  EXPECT_FALSE(glob_match("openai", "openai.gpt"));
  EXPECT_FALSE(glob_match("*a", "ab"));
}

TEST(Globs, DoNotGoExponential) {
  const std::string text(5000, 'a');
  EXPECT_FALSE(glob_match("*a*a*a*a*a*a*a*a*a*a*a*b", text));
}

TEST(Rules, TheFirstMatchNamesTheProject) {
  const Result<Rules> rules = Rules::parse(
      "proj_vision: model=*vision*; proj_batch: api=responses path=/v1/*;\n proj_rest: model=*");
  ASSERT_TRUE(rules.ok());
  EXPECT_EQ(rules.value().match({"palmyra-vision-7b", Api::responses, "/v1/responses"}),
            "proj_vision");
  EXPECT_EQ(rules.value().match({"gpt", Api::responses, "/v1/responses"}), "proj_batch");
  EXPECT_EQ(rules.value().match({"gpt", Api::responses, "/openai/v1/responses"}), "proj_rest");
  EXPECT_EQ(Rules::parse("proj_a: model=x").value().match({"y", Api::responses, "/"}), "");
  EXPECT_TRUE(Rules::parse("  ").value().empty());
}

TEST(Rules, MayNameAProjectByItsArn) {
  for (const char* text :
       {"arn:aws:bedrock:us-east-1:111122223333:project/proj_a: model=x",
        "proj_b: api=messages; arn:aws:bedrock-mantle:us-east-1:111122223333:project/proj_a:"
        " model=x"}) {
    const Result<Rules> rules = Rules::parse(text);
    ASSERT_TRUE(rules.ok()) << rules.error().message;
    EXPECT_EQ(rules.value().match({"x", Api::responses, "/"}), "proj_a");
  }
  EXPECT_FALSE(Rules::parse("arn:aws:bedrock:us-east-1:111122223333:project/: model=x").ok());
  for (const char* other : {"arn:aws:s3:::bucket", "arn:aws:lambda:r:111122223333:function",
                            "arn:aws:bedrock:r:111122223333:guardrail/g"}) {
    const Result<Rules> rules = Rules::parse(std::string(other) + ": model=x");
    ASSERT_FALSE(rules.ok());
    EXPECT_NE(rules.error().message.find("not one of a project"), std::string::npos) << other;
  }
}

TEST(Rules, MistakesAreNamedWithTheirPlace) {
  struct Case {
    const char* text;
    std::uint64_t offset;
  };
  for (const Case& c :
       {Case{"proj_a model=x", 0}, Case{"proj_a:", 0}, Case{"proj a: model=x", 0},
        Case{"proj_a: model", 8}, Case{"proj_a: model=", 8}, Case{"proj_a: color=red", 8},
        Case{"proj_a: api=chat", 12}, Case{"proj_a: model=x; default: model=y", 16}}) {
    const Result<Rules> rules = Rules::parse(c.text);
    ASSERT_FALSE(rules.ok()) << c.text;
    EXPECT_EQ(rules.error().code, Code::invalid_option);
    EXPECT_EQ(rules.error().offset, c.offset) << c.text;
  }
}

}  // namespace
}  // namespace costmark::attribution
