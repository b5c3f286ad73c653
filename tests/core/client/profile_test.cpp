#include <gtest/gtest.h>

#include "client/client_fixture.hpp"
#include "credentials/files.hpp"

namespace costmark {
namespace {

using namespace testing;

std::string authorization(const OptionValues& options, const OptionValues& variables) {
  auto client = Client::create(config_of(options, variables));
  if (!client.ok()) return client.error().message;
  Prepared prepared;
  const Post post{std::string(options.contains("base_url") ? custom_chat : mantle_chat),
                  R"({"model":"m"})"};
  const Status status = client.value()->prepare(post.request(), prepared);
  return status ? value_set(prepared, "Authorization") : status.error().message;
}

TEST(ClientProfile, SignsWithTheSharedFiles) {
  const Home home;
  home.write_credentials(
      "[default]\naws_access_key_id = AKIDDEFAULT\naws_secret_access_key = s\n"
      "[dev]\naws_access_key_id = AKIDDEV\naws_secret_access_key = s\n");
  const OptionValues found{{"HOME", home.path("")}};
  OptionValues with_environment = found;
  with_environment["AWS_ACCESS_KEY_ID"] = "AKIDENV";
  with_environment["AWS_SECRET_ACCESS_KEY"] = "s";

  EXPECT_NE(authorization({}, found).find("AKIDDEFAULT/"), std::string::npos);
  EXPECT_NE(authorization({{"profile", "dev"}}, found).find("AKIDDEV/"), std::string::npos);
  EXPECT_NE(authorization({}, with_environment).find("AKIDENV/"), std::string::npos);
  EXPECT_NE(authorization({{"profile", "dev"}}, with_environment).find("AKIDDEV/"),
            std::string::npos);
  EXPECT_NE(authorization({{"profile", "none"}}, with_environment).find("profile 'none' (option"),
            std::string::npos);
}

TEST(ClientProfile, IsAsExplicitAsKeys) {
  const Home home;
  home.write_credentials("[dev]\naws_access_key_id = AKIDDEV\naws_secret_access_key = s\n");
  const OptionValues variables{{"HOME", home.path("")}, {"AWS_BEARER_TOKEN_BEDROCK", "ABSKenv"}};
  EXPECT_NE(authorization({{"profile", "dev"}}, variables).find("AKIDDEV/"), std::string::npos);

  const auto refusal = [&](OptionValues options) {
    options["profile"] = "dev";
    auto client = Client::create(config_of(options, variables));
    EXPECT_FALSE(client.ok());
    return client.ok() ? std::string() : client.error().message;
  };
  EXPECT_EQ(refusal({{"access_key_id", "AKID"}, {"secret_access_key", "s"}}),
            "both option 'profile' and AWS credentials are given; keep one of them");
  EXPECT_EQ(refusal({{"bearer_token", "ABSKtoken"}}),
            "both a bearer token and a profile are given; keep one of them, or say which with "
            "option 'auth' = bearer or sigv4");
}

TEST(ClientRole, HasToBeOneThatCanSign) {
  constexpr const char* arn = "arn:aws:iam::444455556666:role/r";
  const auto refusal = [](const OptionValues& options) {
    auto client = Client::create(config_of(options, {}));
    if (client.ok()) return std::string("taken");
    EXPECT_EQ(client.error().code, Code::invalid_option);
    return client.error().message;
  };
  EXPECT_EQ(refusal({{"role_arn", arn}}), "taken");
  EXPECT_EQ(refusal({{"role_arn", arn}, {"auth", "bearer"}}), "taken");  // a token of its keys
  EXPECT_EQ(refusal({{"role_arn", arn}, {"bearer_token", "ABSKtoken"}, {"auth", "sigv4"}}),
            "taken");
  EXPECT_EQ(refusal({{"role_arn", arn}, {"auth", "none"}}),
            "option 'role_arn' names a role to sign with, and with auth=none nothing is signed; "
            "keep one of them");
  for (const char* auth : {"auto", "bearer"}) {
    EXPECT_EQ(refusal({{"role_arn", arn}, {"bearer_token", "ABSKtoken"}, {"auth", auth}}),
              "both a bearer token and a role (option 'role_arn') are given; keep one of them, or "
              "say with option 'auth' = sigv4 that the role signs");
  }
  for (const char* other :
       {"r", "default", "arn:aws:iam::444455556666:user/u", "arn:aws:iam::444455556666:role/",
        "arn:aws:iam::4444:role/costmark", "arn:aws:sts::444455556666:assumed-role/r/me",
        "arn:aws:s3:::bucket/iam::444455556666:role/r", "arn:aws:iam::444455556666:role/r r",
        " arn:aws:iam::444455556666:role/r"}) {
    EXPECT_NE(refusal({{"role_arn", other}}).find("option 'role_arn' is no ARN of a role"),
              std::string::npos)
        << other;
  }
  EXPECT_EQ(refusal({{"role_arn", "arn:aws-us-gov:iam::444455556666:role/a/path/r"}}), "taken");
  EXPECT_EQ(refusal({{"role_arn", arn}, {"external_id", "a:b/c+1"}}), "taken");
  for (const char* id : {"secret secret", "secret; a comment", "s\xC3\xA9"}) {
    const std::string why = refusal({{"role_arn", arn}, {"external_id", id}});
    EXPECT_TRUE(why.starts_with("option 'external_id' has a character that STS does not take"));
    EXPECT_EQ(why.find("secret"), std::string::npos);
  }
  for (const char* name : {"external_id", "role_session_name"}) {
    EXPECT_EQ(
        refusal({{name, "something"}}),
        "option '" + std::string(name) + "' is of a role; name the role in option 'role_arn'");
  }
}

TEST(ClientProfile, OfTheEnvironmentGivesWayToKeys) {
  const Home home;
  home.write_credentials("[dev]\naws_access_key_id = AKIDDEV\naws_secret_access_key = s\n");
  const OptionValues variables{{"HOME", home.path("")}, {"COSTMARK_PROFILE", "dev"}};
  EXPECT_NE(authorization({}, variables).find("AKIDDEV/"), std::string::npos);
  EXPECT_NE(authorization(with_keys({}), variables).find("AKIDEXAMPLE/"), std::string::npos);
}

TEST(ClientProfile, ItsRegionIsTheLastResort) {
  const Home home;
  home.write_config("[default]\nregion = eu-west-1\n[profile bad]\nregion = not a region\n");
  home.write_credentials("[bad]\naws_access_key_id = AKIDBAD\naws_secret_access_key = s\n");
  const OptionValues variables{{"HOME", home.path("")}};
  OptionValues options = with_keys({{"base_url", "http://127.0.0.1:8080/v1"}, {"auth", "sigv4"}});

  EXPECT_NE(authorization(options, variables).find("/eu-west-1/"), std::string::npos);
  OptionValues named = variables;
  named["AWS_REGION"] = "us-west-2";
  EXPECT_NE(authorization(options, named).find("/us-west-2/"), std::string::npos);
  options = {{"base_url", "http://127.0.0.1:8080/v1"}, {"auth", "sigv4"}, {"profile", "bad"}};
  EXPECT_NE(authorization(options, variables)
                .find("no region to sign for: 'not a region' (" + home.path(".aws/config") +
                      ":4) is not spelled like an AWS region, such as us-east-1"),
            std::string::npos)
      << authorization(options, variables);
  options["region"] = "us-east-2";
  EXPECT_NE(authorization(options, variables).find("/us-east-2/"), std::string::npos);
}

TEST(ClientProfile, AMissingRegionAndMissingCredentialsAreToldTogether) {
  const Home home;
  const OptionValues nowhere{{"HOME", home.path("")}, {"AWS_EC2_METADATA_DISABLED", "true"}};
  const OptionValues options{{"base_url", "http://127.0.0.1:8080/v1"}, {"auth", "sigv4"}};
  const std::string both = authorization(options, nowhere);
  EXPECT_NE(both.find("no region to sign for"), std::string::npos) << both;
  EXPECT_NE(both.find("names AWS credentials"), std::string::npos) << both;
  OptionValues with_profile = nowhere;
  with_profile["AWS_PROFILE"] = "dev";
  EXPECT_EQ(authorization(options, with_profile).find("credentials"), std::string::npos);

  const std::string token =
      authorization({{"base_url", "http://127.0.0.1:8080/v1"}, {"auth", "bearer"}}, nowhere);
  EXPECT_NE(token.find("no bearer token is given"), std::string::npos) << token;
  EXPECT_NE(token.find("no region to sign for"), std::string::npos) << token;
  EXPECT_NE(token.find("; and no AWS credentials"), std::string::npos) << token;
}

}  // namespace
}  // namespace costmark
