#include "credentials/profile.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <string>

#include "costmark/credentials_cache.hpp"
#include "credentials/files.hpp"

namespace costmark {
namespace {

constexpr const char* pair = "aws_access_key_id = AKIDFILE\naws_secret_access_key = CANARY\n";

Result<CredentialsPtr> resolve(const Home& home, Variables variables = {},
                               std::string profile = {}) {
  return profile_credentials(home.environment(std::move(variables)), std::move(profile))
      ->resolve(0);
}

TEST(Profile, StaticKeys) {
  const Home home;
  home.write_credentials(std::string("[default]\n") + pair +
                         "aws_session_token = token\naws_account_id = 111122223333\n");
  const auto result = resolve(home);
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result.value()->access_key_id(), "AKIDFILE");
  EXPECT_EQ(result.value()->secret_access_key(), "CANARY");
  EXPECT_EQ(result.value()->session_token(), "token");
  EXPECT_EQ(result.value()->account_id(), "111122223333");
  EXPECT_EQ(result.value()->source(), "profile 'default', credentials file");
  EXPECT_FALSE(result.value()->expires_at());
}

TEST(Profile, ChosenByOptionThenVariables) {
  const Home home;
  home.write_config(
      "[profile a]\naws_access_key_id=A\naws_secret_access_key=s\n"
      "[profile b]\naws_access_key_id=B\naws_secret_access_key=s\n"
      "[default]\naws_access_key_id=D\naws_secret_access_key=s\n");
  const struct {
    Variables variables;
    const char* option;
    const char* id;
  } cases[] = {
      {{}, "", "D"},
      {{{"AWS_PROFILE", "a"}}, "", "A"},
      {{{"AWS_PROFILE", ""}}, "", "D"},
      {{{"AWS_PROFILE", "a"}, {"AWS_DEFAULT_PROFILE", "b"}}, "", "B"},
      {{{"AWS_PROFILE", "a"}, {"AWS_DEFAULT_PROFILE", ""}}, "", "A"},
      {{{"AWS_PROFILE", "a"}}, "b", "B"},
  };
  for (const auto& c : cases) {
    const auto result = resolve(home, c.variables, c.option);
    ASSERT_TRUE(result.ok()) << result.error().message;
    EXPECT_EQ(result.value()->access_key_id(), c.id);
  }
}

TEST(Profile, PathsAreExpanded) {
  const Home home;
  home.write("elsewhere", std::string("[default]\n") + pair);
  const std::string folder = home.path("");
  for (const char* path : {"~/elsewhere", "$PLACE/elsewhere", "${PLACE}elsewhere", "${PLACE}/$NAME",
                           "$TILDE/elsewhere"}) {
    const auto result = resolve(home, {{"AWS_SHARED_CREDENTIALS_FILE", path},
                                       {"PLACE", folder},
                                       {"TILDE", "~"},
                                       {"NAME", "elsewhere"}});
    EXPECT_TRUE(result.ok()) << path << ": " << result.error().message;
  }
  using config::expand_path;
  const auto environment =
      environment_of({{"HOME", "/h/"}, {"A", "$B"}, {"B", "b"}, {"EMPTY", ""}});
  const std::pair<const char*, const char*> cases[] = {
      {"~", "/h"},     {"~/x", "/h/x"}, {"~user/x", "~user/x"}, {"/a/~", "/a/~"}, {"$A/x", "$B/x"},
      {"${B}x", "bx"}, {"$Bx", "$Bx"},  {"$NONE/x", "$NONE/x"}, {"${B", "${B"},   {"$", "$"},
      {"$$B", "$b"},   {"${}", "${}"},  {"$EMPTY/x", "/x"},     {"", ""}};
  for (const auto& [path, expanded] : cases) {
    EXPECT_EQ(expand_path(path, environment), expanded) << path;
  }
  EXPECT_EQ(expand_path("~/x", environment_of({})), "");
  EXPECT_EQ(expand_path("~/x", environment_of({{"HOME", "/"}})), "/x");
}

TEST(Profile, NoFilesIsNoError) {
  const Home home;
  for (const Variables& variables :
       {Variables{}, Variables{{"HOME", ""}},
        Variables{{"AWS_CONFIG_FILE", ""}, {"AWS_SHARED_CREDENTIALS_FILE", ""}},
        Variables{{"AWS_CONFIG_FILE", "/tmp"}}}) {
    const auto result = resolve(home, variables);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, Code::no_credentials) << result.error().message;
  }
  EXPECT_EQ(profile_credentials(nullptr)->resolve(0).error().code, Code::no_credentials);
}

struct Refusal {
  const char* config;
  const char* credentials;
  const char* message;
};

void expect_refused(const Refusal& c) {
  const Home home;
  home.write_config(c.config);
  home.write_credentials(c.credentials);
  const auto result = resolve(home, {{"AWS_PROFILE", "p"}});
  ASSERT_FALSE(result.ok()) << c.message;
  const auto& message = result.error().message;
  EXPECT_EQ(result.error().code, Code::unusable_credentials) << message;
  EXPECT_NE(message.find(c.message), std::string::npos) << message << "\nwanted: " << c.message;
  EXPECT_EQ(message.find("CANARY"), std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

TEST(Profile, Refused) {
  const Refusal cases[] = {
      {"", "", "profile 'p' (AWS_PROFILE) is not in "},
      {"[p]\naws_access_key_id=a\n", "[profile p]\nk=v\n", "profile 'p' (AWS_PROFILE) is not in "},
      {"[profile p]\nCANARY\n", "", "config:2: this is neither"},
      {"[profile p]\n", "[p]\naws_access_key_id = a\n  CANARY\nCANARY\n", "credentials:4: "},
      {"", "[p]\naws_access_key_id = a\n", "credentials:2): credentials have no secret"},
      {"[profile p]\naws_secret_access_key = CANARY\n", "[p]\naws_access_key_id = a\n",
       "credentials:2): credentials have no secret"},
      {"[profile p]\naws_access_key_id = a\n", "[p]\naws_secret_access_key = CANARY\n",
       "config:2): credentials have no secret"},
      {"", "[p]\naws_access_key_id =\naws_secret_access_key = CANARY\n", "no access key id"},
      {"", "[p]\naws_access_key_id = a\naws_secret_access_key = CANARY\n  b\n",
       "holds white space or a character"},
      {"", "[p]\naws_access_key_id =\n  a = b\naws_secret_access_key = CANARY\n",
       "holds white space or a character"},
      {"[profile p]\ncredential_process =\n", "", "config:2): its command is empty"},
  };
  for (const auto& c : cases) expect_refused(c);
}

// At once, and not as a signature that does not match.
TEST(Profile, WhatIsNoWordIsNamedWithItsLine) {
  const struct {
    const char* line;
    const char* says;
  } cases[] = {
      {"aws_secret_access_key = CANARY # of the team",
       "aws_secret_access_key has a comment behind"},
      {"aws_secret_access_key = CANARY\t;of the team",
       "aws_secret_access_key has a comment behind"},
      {"aws_session_token = CANARY # until noon", "aws_session_token has a comment behind"},
      {"aws_account_id = 1111 2222 3333", "aws_account_id holds white space or a character"},
      {"aws_session_token = CANARY\xC2\xA0", "aws_session_token holds white space or a character"},
      {"sso_region = eu west", "sso_region holds white space or a character"},
  };
  for (const auto& c : cases) {
    const Home home;
    home.write_config("[profile base]\naws_access_key_id = A\n" + std::string(c.line) + "\n");
    const auto result = resolve(home, {}, "base");
    ASSERT_FALSE(result.ok()) << c.line;
    EXPECT_EQ(result.error().code, Code::unusable_credentials);
    EXPECT_EQ(result.error().message.find(home.config() + ":3: " + c.says), 0U)
        << result.error().message;
    EXPECT_EQ(result.error().message.find("CANARY"), std::string::npos);
    // And where a role is assumed with it.
    home.write_config(
        "[profile base]\naws_access_key_id = A\n" + std::string(c.line) +
        "\n[profile role]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\n");
    const auto of_role = resolve(home, {}, "role");
    ASSERT_FALSE(of_role.ok()) << c.line;
    EXPECT_EQ(of_role.error().message, result.error().message);
  }
}

// A '#' within a word is a part of it, and other profiles are none of ours.
TEST(Profile, WordsMayHoldWhatBeginsAComment) {
  const Home home;
  home.write_config(
      "[default]\naws_access_key_id = A#B\naws_secret_access_key = a;b#c\n"
      "[profile other]\naws_access_key_id = A B # c\n");
  const auto result = resolve(home);
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result.value()->secret_access_key(), "a;b#c");
}

TEST(Profile, FilesThatCannotBeRead) {
  const Home home;
  home.write_credentials(std::string("[default]\n") + pair);
  ASSERT_EQ(::truncate(home.credentials().c_str(), (16 << 20) + 1), 0);
  auto result = resolve(home);
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find("larger than 16 MiB"), std::string::npos);
  if (::geteuid() != 0) {
    ASSERT_EQ(::chmod(home.credentials().c_str(), 0), 0);
    result = resolve(home);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, Code::unusable_credentials);
    EXPECT_NE(result.error().message.find("Permission denied"), std::string::npos);
  }
  std::filesystem::remove(home.credentials());
  ASSERT_EQ(::mkfifo(home.credentials().c_str(), 0600), 0);  // opening it must not block
  EXPECT_EQ(resolve(home).error().code, Code::no_credentials);
}

TEST(Profile, CredentialProcess) {
  const Home home;
  const auto program = home.write_program(
      "program", R"(echo '{"Version":1,"AccessKeyId":"AKIDPROCESS","SecretAccessKey":"s"}')");
  home.write_config("[default]\ncredential_process = " + program +
                    "\naws_account_id = 111122223333\naws_access_key_id = A\n");
  const auto result = resolve(home);
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result.value()->access_key_id(), "AKIDPROCESS");
  EXPECT_EQ(result.value()->account_id(), "111122223333");
  EXPECT_EQ(result.value()->source(), "profile 'default', credential_process");
}

TEST(Profile, LimitsReachTheProgram) {
  const Home home;
  home.write_config("[default]\ncredential_process = sleep 100\n");
  const auto result =
      profile_credentials(
          SourceContext{home.environment(), nullptr, {std::chrono::milliseconds(50), 10}}, "")
          ->resolve(0);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::timeout);
}

#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
double cpu_milliseconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

TEST(Profile, TenThousandLinesTakeLessThanFiveMilliseconds) {
  const Home home;
  std::string config;
  for (int i = 0; i < 2000; ++i) {
    config += "[profile p" + std::to_string(i) + "]\n" + pair + "region = us-east-1\n\n";
  }
  home.write_config(config);
  double least = 1e9;  // of several: others may be using the processor
  for (int i = 0; i < 20; ++i) {
    const auto provider = profile_credentials(home.environment(), "p1999");
    const double begin = cpu_milliseconds();
    ASSERT_TRUE(provider->resolve(0).ok());
    least = std::min(least, cpu_milliseconds() - begin);
  }
  EXPECT_LT(least, 5.0);
}
#endif

TEST(DefaultChain, EnvironmentUnlessAProfileIsNamed) {
  const Home home;
  home.write_credentials(std::string("[default]\n") + pair);
  const auto environment =
      home.environment({{"AWS_ACCESS_KEY_ID", "AKIDENV"}, {"AWS_SECRET_ACCESS_KEY", "s"}});
  EXPECT_EQ(default_credentials(environment)->resolve(0).value()->access_key_id(), "AKIDENV");
  EXPECT_EQ(default_credentials(environment, "default")->resolve(0).value()->access_key_id(),
            "AKIDFILE");
  EXPECT_EQ(default_credentials(home.environment())->resolve(0).value()->access_key_id(),
            "AKIDFILE");
}

TEST(DefaultChain, SaysWhatWasAsked) {
  const Home home;
  const Variables variables{{"AWS_EC2_METADATA_DISABLED", "true"}};
  auto error = default_credentials(home.environment(variables))->resolve(0).error();
  EXPECT_EQ(error.code, Code::no_credentials);
  for (const char* part :
       {"environment (", "shared files (", "container (", "EC2 instance metadata ("}) {
    EXPECT_NE(error.message.find(part), std::string::npos) << error.message;
  }
  error =
      default_credentials(home.environment({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://x"}}))
          ->resolve(0)
          .error();
  EXPECT_EQ(error.code, Code::unusable_credentials);
  EXPECT_NE(error.message.find("AWS_CONTAINER_CREDENTIALS_FULL_URI (http://x)"), std::string::npos)
      << error.message;
}

TEST(DefaultChain, Explained) {
  const Home home;
  home.write_credentials(std::string("[default]\n") + pair);
  home.write_config("[default]\nregion = eu-west-1\n");
  auto report = explain_default_credentials(home.environment(), "", 0);
  ASSERT_TRUE(report.credentials);
  ASSERT_EQ(report.asked.size(), 2U);
  EXPECT_EQ(report.asked[0].failure, "AWS_ACCESS_KEY_ID is not set");
  EXPECT_EQ(report.asked[1].source, "shared files");
  EXPECT_EQ(report.asked[1].failure, "");
  EXPECT_EQ(report.region.name, "eu-west-1");
  EXPECT_EQ(report.region.origin, home.config() + ":2");
  report =
      explain_default_credentials(home.environment({{"AWS_DEFAULT_REGION", "us-east-2"}}), "", 0);
  EXPECT_EQ(report.region.origin, "AWS_DEFAULT_REGION");

  home.write_credentials("[default]\naws_access_key_id = a\n");
  report = explain_default_credentials(home.environment(), "", 0);
  EXPECT_FALSE(report.credentials);
  ASSERT_EQ(report.asked.size(), 2U);  // an error ends the chain
  EXPECT_NE(report.asked[1].failure.find("no secret access key"), std::string::npos);
}

TEST(DefaultChain, ChangedFilesAreNoticedWithinASecond) {
  const Home home;
  const auto keys = [](const std::string& id) {
    return "[default]\naws_access_key_id = " + id + "\naws_secret_access_key = s\n";
  };
  home.write_credentials(keys("FIRST"));
  int failures = 0;
  CredentialsCache cache(default_credentials(home.environment()),
                         [&](const Error&) { ++failures; });
  const auto first = cache.get(100).value();
  EXPECT_EQ(first->access_key_id(), "FIRST");
  EXPECT_EQ(cache.get(101).value(), first);  // looked, unchanged: the same snapshot

  home.write_credentials(keys("SECOND"));
  EXPECT_EQ(cache.get(101).value(), first);  // not looked again within the second
  EXPECT_EQ(cache.get(102).value()->access_key_id(), "SECOND");

  home.write_credentials("CANARY");  // cut short by its writer: what is held serves on
  EXPECT_EQ(cache.get(103).value()->access_key_id(), "SECOND");
  EXPECT_EQ(failures, 1);
  home.write_credentials(keys("THIRD"));
  EXPECT_EQ(cache.get(104).value()->access_key_id(), "SECOND");  // left alone for half a minute
  EXPECT_EQ(cache.get(133).value()->access_key_id(), "THIRD");

  home.write("new", keys("FOURTH"));  // the way of tools that write with care
  std::filesystem::rename(home.path("new"), home.credentials());
  EXPECT_EQ(cache.get(50).value()->access_key_id(), "FOURTH");  // the clock was set back

  std::filesystem::remove(home.credentials());
  EXPECT_EQ(cache.get(51).value()->access_key_id(), "FOURTH");
  EXPECT_EQ(failures, 2);
}

TEST(ProfileRegion, OfTheChosenProfile) {
  const Home home;
  home.write_config("[default]\nregion = us-east-1\n[profile p]\nregion = us-west-2\n");
  EXPECT_EQ(profile_region(home.environment()).value().name, "us-east-1");
  EXPECT_EQ(profile_region(home.environment(), "p").value().name, "us-west-2");
  EXPECT_EQ(profile_region(home.environment({{"AWS_PROFILE", "p"}})).value().name, "us-west-2");
  EXPECT_EQ(profile_region(home.environment(), "none").value().name, "");
  home.write_credentials("[p]\nregion = eu-west-1\n");
  EXPECT_EQ(profile_region(home.environment(), "p").value().origin, home.credentials() + ":2");
  home.write_config("x");
  EXPECT_FALSE(profile_region(home.environment()).ok());
}

}  // namespace
}  // namespace costmark
