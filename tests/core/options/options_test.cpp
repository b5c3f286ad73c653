#include "costmark/options.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/variables.hpp"

namespace costmark {
namespace {

Environment environment_of(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto at = variables.find(std::string(name));
    if (at == variables.end()) return std::nullopt;
    return at->second;
  };
}

TEST(Options, EveryEntryOfTheTableIsComplete) {
  for (const OptionInfo& option : option_table()) {
    EXPECT_FALSE(option.description.empty()) << option.name;
    EXPECT_TRUE(option.description.ends_with('.')) << option.name;
    EXPECT_EQ(find_option(option.name), &option);
    Options options;
    EXPECT_TRUE(options.set(option.name, option.default_value).ok()) << option.name;
  }
  EXPECT_EQ(find_option("nothing"), nullptr);
  EXPECT_EQ(find_option(""), nullptr);
}

std::string warning_of(std::string_view variable) {
  const std::vector<std::string> warnings = unknown_variables({&variable, 1});
  return warnings.empty() ? std::string() : warnings.front();
}

TEST(Variables, ThatAreNoOptionComeWithTheNearestName) {
  EXPECT_NE(warning_of("COSTMARK_PROJET").find("did you mean COSTMARK_PROJECT?"),
            std::string::npos);
  EXPECT_NE(warning_of("COSTMARK_REGOIN").find("did you mean COSTMARK_REGION?"), std::string::npos);
  EXPECT_NE(warning_of("COSTMARK_project").find("did you mean COSTMARK_PROJECT?"),
            std::string::npos);
  EXPECT_NE(warning_of("COSTMARK_SOMETHING_ELSE").find("`costmark options`"), std::string::npos);
}

TEST(Variables, ThatAreRightOrNotOursAreNoWarning) {
  for (const OptionInfo& option : option_table()) {
    std::string variable = "COSTMARK_";
    for (const char c : option.name) variable += static_cast<char>(std::toupper(c));
    EXPECT_EQ(warning_of(variable), "");
  }
  for (const char* name :
       {"COSTMARK_LIBRARY", "COSTMARK_LIB_DIR", "PATH", "COSTMARK", "XCOSTMARK_PROJET"}) {
    EXPECT_EQ(warning_of(name), "") << name;
  }
}

TEST(Options, UnknownNamesListWhatWouldHaveBeenRight) {
  Options options;
  const Status status = options.set("regoin", "us-east-1");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::invalid_option);
  EXPECT_NE(status.error().message.find("did you mean 'region'?"), std::string::npos);
  EXPECT_NE(status.error().message.find("unattributed"), std::string::npos);
  EXPECT_FALSE(options.set(std::string(1'000'000, 'x'), "1").ok());
}

TEST(Options, BadValuesAreRefusedAndNotKept) {
  struct Case {
    const char* name;
    const char* value;
    const char* expected;
  };
  for (const Case& c :
       {Case{"auth", "sigv5", "auto, bearer, none, sigv4"},
        Case{"stream_usage", "maybe", "true nor false"},
        Case{"chain_memory", "-1", "0 to 10000000"}, Case{"chain_memory", "10x", "integer"},
        Case{"chain_memory", "99999999999999999999", "integer"},
        Case{"http_version", "3", "1.1, 2, auto"}, Case{"timeout_ms", "0", "1 to 86400000"},
        Case{"max_attempts", "101", "1 to 100"}, Case{"connection_pool", "thread", "client"},
        Case{"carrier", "body,cookie", "body, header, workspace"},
        Case{"base_url", "ftp://example.com", "base_url"},
        Case{"region", "us\r\neast", "byte 2"}}) {
    Options options;
    const Status status = options.set(c.name, c.value);
    ASSERT_FALSE(status.ok()) << c.name << "=" << c.value;
    EXPECT_EQ(status.error().code, Code::invalid_option);
    EXPECT_NE(status.error().message.find(c.expected), std::string::npos) << status.error().message;
    EXPECT_EQ(options.text(c.name), find_option(c.name)->default_value);
  }
}

TEST(Options, ASecretIsNotRepeatedInAnError) {
  Options options;
  const Status status = options.set("secret_access_key", "wJalrXUtnFEMI\n");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message.find("wJalr"), std::string::npos);
}

TEST(Options, TheEnvironmentFillsWhatWasNotSet) {
  Options options;
  ASSERT_TRUE(options.set("region", "eu-west-1").ok());
  ASSERT_TRUE(options
                  .load_environment(environment_of({{"COSTMARK_REGION", "us-east-1"},
                                                    {"COSTMARK_PROJECT", "proj_env"},
                                                    {"COSTMARK_SERVICE", ""}}))
                  .ok());
  EXPECT_EQ(options.text("region"), "eu-west-1");
  EXPECT_EQ(options.origin("region"), "set");
  EXPECT_EQ(options.text("project"), "proj_env");
  EXPECT_EQ(options.origin("project"), "COSTMARK_PROJECT");
  EXPECT_EQ(options.origin("service"), "");
}

TEST(Options, ABadVariableIsNamed) {
  Options options;
  const Status status = options.load_environment(environment_of({{"COSTMARK_AUTH", "sigv5"}}));
  ASSERT_FALSE(status.ok());
  EXPECT_TRUE(status.error().message.starts_with("COSTMARK_AUTH: "));
}

TEST(Options, ListsAreSplitAndTrimmed) {
  Options options;
  ASSERT_TRUE(options.set("allowed_projects", " proj_a , proj_b*,,").ok());
  EXPECT_EQ(options.list("allowed_projects"), (std::vector<std::string_view>{"proj_a", "proj_b*"}));
}

TEST(Options, WhatErrorsShowCanBePrinted) {
  Options options;
  for (const std::string& value :
       {std::string(63, 'x') + "\xC3\xA9", std::string("\xFF\xFE"), std::string("\x1B[31m")}) {
    const Status status = options.set("auth", value);
    ASSERT_FALSE(status.ok());
    for (const char c : status.error().message) EXPECT_TRUE(c >= 0x20 && c < 0x7F);
  }
}

}  // namespace
}  // namespace costmark
