// Profiles whose credentials are those of a role, by role_arn or by a web identity.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>
#include <string>

#include "costmark/credentials_cache.hpp"
#include "credentials/files.hpp"
#include "credentials/profile.hpp"
#include "sts_server.hpp"

namespace costmark {
namespace {

using sts::granted;
using sts::refused;

constexpr UnixSeconds now = 1'700'000'000;
constexpr const char* in_an_hour = "2023-11-14T23:13:20Z";
constexpr const char* in_six_hours = "2023-11-15T04:13:20Z";

const std::string keys = "aws_access_key_id = AKIDBASE\naws_secret_access_key = CANARYbase\n";
const std::string role_lines = "role_arn = arn:aws:iam::444455556666:role/r\n";
const std::string inner = "role_arn = arn:aws:iam::444455556666:role/inner\n";

class RoleTest : public ::testing::Test {
 protected:
  CredentialsProviderPtr provider(Variables variables = {}, std::string profile = {}) const {
    variables.try_emplace("AWS_REGION", "us-west-2");
    variables.try_emplace("AWS_EC2_METADATA_DISABLED", "true");
    return profile_credentials(SourceContext{home.environment(std::move(variables)), transport},
                               std::move(profile));
  }
  Result<CredentialsPtr> resolve(Variables variables = {}, std::string profile = {}) const {
    return provider(std::move(variables), std::move(profile))->resolve(now);
  }
  PlaybackTransport& grant(std::string_view id, std::string_view expiration = in_an_hour) const {
    return transport->then(200, granted("AssumeRole", id, expiration));
  }
  PlaybackTransport& grant_by_token(std::string_view id,
                                    std::string_view expiration = in_an_hour) const {
    return transport->then(200, granted("AssumeRoleWithWebIdentity", id, expiration));
  }
  // Whose credentials signed the request.
  std::string signer(std::size_t request) const {
    const std::string text = transport->requests.at(request).header("authorization");
    const std::size_t begin = text.find("Credential=") + 11;
    return text.substr(begin, text.find('/') - begin);
  }
  std::string parameter(std::size_t request, const std::string& name) const {
    const std::string& body = transport->requests.at(request).body;
    const std::size_t at = body.find("&" + name + "=");
    if (at == std::string::npos) return "";
    const std::size_t begin = at + name.size() + 2;
    return body.substr(begin, std::min(body.find('&', begin), body.size()) - begin);
  }
  static void expect_unusable(const Result<CredentialsPtr>& result, std::string_view part) {
    ASSERT_FALSE(result.ok()) << part;
    const Error& error = result.error();
    EXPECT_EQ(error.code, Code::unusable_credentials) << error.message;
    EXPECT_NE(error.message.find(part), std::string::npos) << error.message << "\nwanted: " << part;
    EXPECT_EQ(error.message.find("CANARY"), std::string::npos) << error.message;
    EXPECT_EQ(error.message.find('\n'), std::string::npos) << error.message;
  }

  Home home;
  std::shared_ptr<PlaybackTransport> transport = std::make_shared<PlaybackTransport>();
};

TEST_F(RoleTest, OfASourceProfile) {
  home.write_config("[default]\n" + role_lines +
                    "source_profile = base\nexternal_id = ext\nrole_session_name = me@x\n"
                    "duration_seconds = 1800\n[profile base]\n" +
                    keys + "aws_session_token = CANARYtoken\n");
  grant("ASIAROLE");
  const auto result = resolve();
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result.value()->access_key_id(), "ASIAROLE");
  EXPECT_EQ(result.value()->account_id(), "444455556666");
  EXPECT_EQ(result.value()->source(),
            "profile 'default', assumed role arn:aws:iam::444455556666:role/r");
  EXPECT_EQ(signer(0), "AKIDBASE");
  EXPECT_EQ(transport->requests[0].header("x-amz-security-token"), "CANARYtoken");
  EXPECT_EQ(parameter(0, "ExternalId"), "ext");
  EXPECT_EQ(parameter(0, "RoleSessionName"), "me%40x");
  EXPECT_EQ(parameter(0, "DurationSeconds"), "1800");
}

// --- The role of the options

class RoleOfOptionsTest : public RoleTest {
 protected:
  static RoleToAssume asked() {
    RoleToAssume role;
    role.arn = "arn:aws:iam::444455556666:role/r";
    return role;
  }
  SourceContext context(Variables variables = {}) const {
    variables.try_emplace("AWS_REGION", "us-west-2");
    variables.try_emplace("AWS_EC2_METADATA_DISABLED", "true");
    return SourceContext{home.environment(std::move(variables)), transport};
  }
  CredentialsProviderPtr role_by_chain(const RoleToAssume& role, Variables variables = {}) const {
    const SourceContext used = context(std::move(variables));
    auto made = role_credentials(used, default_credentials(used, role.profile), role);
    EXPECT_TRUE(made.ok());
    return made.ok() ? std::move(made).value() : nullptr;
  }
};

TEST_F(RoleOfOptionsTest, IsAssumedWithWhatTheChainGives) {
  RoleToAssume role = asked();
  role.external_id = "ext";
  role.session_name = "me@x";
  const auto provider = role_by_chain(role, {{"AWS_ACCESS_KEY_ID", "AKIDENV"},
                                             {"AWS_SECRET_ACCESS_KEY", "CANARYsecret"},
                                             {"AWS_SESSION_TOKEN", "CANARYtoken"}});
  grant("ASIAROLE");
  const auto result = provider->resolve(now);
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result.value()->access_key_id(), "ASIAROLE");
  EXPECT_EQ(result.value()->account_id(), "444455556666");
  EXPECT_EQ(result.value()->source(), "assumed role arn:aws:iam::444455556666:role/r");
  EXPECT_EQ(signer(0), "AKIDENV");
  EXPECT_EQ(transport->requests[0].header("x-amz-security-token"), "CANARYtoken");
  EXPECT_EQ(transport->requests[0].url, "https://sts.us-west-2.amazonaws.com/");
  EXPECT_EQ(parameter(0, "ExternalId"), "ext");
  EXPECT_EQ(parameter(0, "RoleSessionName"), "me%40x");
}

TEST_F(RoleOfOptionsTest, IsAssumedWithTheRoleOfAProfileInTheChosenRegion) {
  home.write_config("[profile p]\n" + inner + "source_profile = base\n[profile base]\n" + keys);
  RoleToAssume role = asked();
  role.profile = "p";
  role.region = "eu-west-1";
  const auto provider = role_by_chain(role);
  grant("ASIAINNER", in_six_hours);
  grant("ASIAROLE");
  ASSERT_TRUE(provider->resolve(now).ok());
  ASSERT_EQ(transport->requests.size(), 2U);
  EXPECT_EQ(signer(0), "AKIDBASE");
  EXPECT_EQ(signer(1), "ASIAINNER");
  EXPECT_EQ(transport->requests[1].url, "https://sts.eu-west-1.amazonaws.com/");

  // What it is assumed with is kept, and so is the name of the session.
  grant("ASIAAGAIN");
  ASSERT_TRUE(provider->resolve(now + 3000).ok());
  ASSERT_EQ(transport->requests.size(), 3U);
  EXPECT_EQ(signer(2), "ASIAINNER");
  EXPECT_EQ(parameter(2, "RoleSessionName"), "costmark-session-1700000000");
}

TEST_F(RoleOfOptionsTest, SaysWhatIsMissingOrRefused) {
  expect_unusable(role_by_chain(asked())->resolve(now),
                  "option 'role_arn', role arn:aws:iam::444455556666:role/r: there are no "
                  "credentials to assume it with: ");
  const auto provider = role_by_chain(
      asked(), {{"AWS_ACCESS_KEY_ID", "AKIDENV"}, {"AWS_SECRET_ACCESS_KEY", "CANARYsecret"}});
  transport->then(403, refused("AccessDenied"));
  expect_unusable(provider->resolve(now), "option 'role_arn', role arn:aws:iam");
}

TEST_F(RoleOfOptionsTest, ValuesThatStsDoesNotTakeAreRefusedAtOnce) {
  const auto refusal = [this](const RoleToAssume& role) {
    const auto made = role_credentials(context(), nullptr, role);
    if (made.ok()) return std::string("taken");
    EXPECT_EQ(made.error().code, Code::invalid_option);
    return made.error().message;
  };
  RoleToAssume role = asked();
  role.arn = "r";
  EXPECT_EQ(refusal(role),
            "option 'role_arn' is no ARN of a role such as arn:aws:iam::111122223333:role/NAME");
  role = asked();
  role.session_name = "two words";
  EXPECT_NE(refusal(role).find("option 'role_session_name' is no name of a session"),
            std::string::npos);
  role = asked();
  role.external_id = "C";
  EXPECT_EQ(refusal(role), "option 'external_id' has to have 2 to 1224 characters");
}

// --- The roles of profiles

TEST_F(RoleTest, OfItsOwnKeysAndOverBothFiles) {
  home.write_config("[default]\n" + role_lines + "source_profile = default\n");
  home.write_credentials("[default]\n" + keys);
  grant("ASIAROLE");
  ASSERT_TRUE(resolve().ok());
  EXPECT_EQ(signer(0), "AKIDBASE");
  EXPECT_EQ(parameter(0, "RoleSessionName"), "costmark-session-1700000000");
  EXPECT_EQ(parameter(0, "DurationSeconds"), "");
}

TEST_F(RoleTest, ChainsAreAssumedFromTheInside) {
  home.write_config("[default]\nregion = eu-west-1\n" + role_lines +
                    "source_profile = a\n[profile a]\n" + inner +
                    "source_profile = b\nregion = us-east-2\n[profile b]\n" + keys);
  grant("ASIAINNER");
  grant("ASIAROLE");
  const auto result = resolve({{"AWS_REGION", ""}});
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result.value()->access_key_id(), "ASIAROLE");
  ASSERT_EQ(transport->requests.size(), 2U);
  EXPECT_EQ(signer(0), "AKIDBASE");
  EXPECT_NE(parameter(0, "RoleArn").find("inner"), std::string::npos);
  EXPECT_EQ(signer(1), "ASIAINNER");
  EXPECT_EQ(transport->requests[1].header("x-amz-security-token"), "CANARY-token-ASIAINNER");
  for (const auto& sent : transport->requests) {
    EXPECT_EQ(sent.url, "https://sts.eu-west-1.amazonaws.com/");  // the chosen profile's
  }
}

// Static keys of a source win over its own role, as in botocore.
TEST_F(RoleTest, ASourceWithKeysIsNotAssumed) {
  home.write_config("[default]\n" + role_lines + "source_profile = a\n[profile a]\n" + inner +
                    "source_profile = nobody\n" + keys);
  grant("ASIAROLE");
  ASSERT_TRUE(resolve().ok());
  EXPECT_EQ(signer(0), "AKIDBASE");
}

TEST_F(RoleTest, OfAProgram) {
  const auto program = home.write_program(
      "program",
      R"(echo run >> "$(dirname "$0")/runs"; echo '{"Version":1,"AccessKeyId":"AKIDPROCESS","SecretAccessKey":"s"}')");
  home.write_config("[default]\n" + role_lines +
                    "source_profile = p\n[profile p]\ncredential_process = " + program + "\n");
  const auto roles = provider();
  grant("ASIAFIRST");
  ASSERT_TRUE(roles->resolve(now).ok());
  EXPECT_EQ(signer(0), "AKIDPROCESS");
  grant("ASIASECOND");
  ASSERT_TRUE(roles->resolve(now + 3000).ok());
  EXPECT_EQ(signer(1), "AKIDPROCESS");
  EXPECT_EQ(std::filesystem::file_size(home.path("runs")), 4U);  // asked once
}

TEST_F(RoleTest, OfANamedSource) {
  const std::string config = "[profile p]\n" + role_lines + "credential_source = ";
  home.write_config(config + "Environment\n");
  grant("ASIAROLE");
  const Variables variables{{"AWS_ACCESS_KEY_ID", "AKIDENV"}, {"AWS_SECRET_ACCESS_KEY", "s"}};
  auto result = resolve(variables, "p");
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(signer(0), "AKIDENV");
  expect_unusable(resolve({}, "p"), "config:3) has no credentials: AWS_ACCESS_KEY_ID is not set");

  home.write_config(config + "EcsContainer\n");
  transport->requests.clear();
  transport->then(200, R"({"AccessKeyId":"AKIDECS","SecretAccessKey":"s","Token":"t",)"
                       R"("Expiration":"2999-01-01T00:00:00Z"})");
  grant("ASIAROLE");
  result = resolve({{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/creds"}}, "p");
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(transport->requests[0].url, "http://169.254.170.2/creds");
  EXPECT_EQ(signer(1), "AKIDECS");
  expect_unusable(resolve({}, "p"), "config:3) has no credentials: neither AWS_CONTAINER");

  home.write_config(config + "Ec2InstanceMetadata\n");
  expect_unusable(resolve({}, "p"), "config:3) has no credentials: ");
}

TEST_F(RoleTest, RefusedBeforeAnythingIsSent) {
  const std::string base = "[profile base]\n" + keys;
  const std::string of_base = "source_profile = base\n";
  const struct {
    std::string profile;
    const char* part;
  } cases[] = {
      {role_lines, "config:3) has a role_arn and says neither"},
      {role_lines + of_base + "credential_source = Environment\n", "keep one of them"},
      {role_lines + "credential_source = environment\n",
       "config:4) is none of Environment, Ec2InstanceMetadata, EcsContainer"},
      {role_lines + "source_profile = nobody\n", "names profile 'nobody', which does not exist"},
      {role_lines + "source_profile = default\n",
       "config:4) closes a loop: 'default' -> 'default'"},
      {role_lines + "source_profile = empty\n[profile empty]\nregion = us-east-1\n",
       "config:4) has no credentials: profile 'empty' names no source of credentials"},
      {role_lines + "source_profile = half\n[profile half]\naws_secret_access_key = CANARY\n",
       "config:4) has no credentials: profile 'half' names no source"},
      {"role_arn = r\n" + of_base, "role_arn (" /* file:line */},
      {"role_arn = arn:aws:iam::1:role/with space\n" + of_base, "is no ARN of a role such as"},
      {"role_arn = arn:aws:iam::444455556666:role/r\n  CANARY\n" + of_base, "is no ARN of a role"},
      {"role_arn =\n" + of_base, "is no ARN of a role"},
      {role_lines + of_base + "role_session_name = a\n", "config:5) is no name of a session"},
      {role_lines + of_base + "role_session_name = a b\n", "config:5) is no name of a session"},
      {role_lines + of_base + "external_id = x\n", "config:5) has to have 2 to 1224 characters"},
      {role_lines + of_base + "duration_seconds = 1h\n",
       "config:5) is no number of seconds from 900"},
      {role_lines + of_base + "duration_seconds = 899\n", "config:5) is no number"},
      {role_lines + of_base + "duration_seconds = 43201\n", "config:5) is no number"},
      {role_lines + of_base + "duration_seconds = 99999999999999999999\n",
       "config:5) is no number"},
      {role_lines + of_base + "mfa_serial = arn:aws:iam::1:mfa/me\n",
       "config:5) of profile 'default' asks for a code at every renewal"},
      {role_lines + of_base + "sts_regional_endpoints = x\n",
       "config:5) is neither legacy nor regional"},
      {role_lines + of_base + "endpoint_url = http://127.0.0.1:1\n", "needs a region to sign for"},
  };
  for (const auto& c : cases) {
    home.write_config("\n[default]\n" + c.profile + base);
    expect_unusable(resolve({{"AWS_REGION", ""}}), c.part);
  }
  EXPECT_TRUE(transport->requests.empty());
}

TEST_F(RoleTest, WhatStsSaysNamesTheProfile) {
  home.write_config("[default]\n" + role_lines + "source_profile = base\n[profile base]\n" + keys);
  transport->then(403, refused("AccessDenied"));
  expect_unusable(resolve(), "profile 'default' (" + home.config() +
                                 ":2), role arn:aws:iam::444455556666:role/r: STS refused "
                                 "AssumeRole: AccessDenied (HTTP status 403), request id");
}

TEST_F(RoleTest, ExpiredSourcesAreNotSignedWith) {
  home.write_config("[profile p]\n" + role_lines + "credential_source = Environment\n");
  const auto result = resolve({{"AWS_ACCESS_KEY_ID", "AKIDENV"},
                               {"AWS_SECRET_ACCESS_KEY", "CANARY"},
                               {"AWS_CREDENTIAL_EXPIRATION", "2023-11-14T22:13:20Z"}},
                              "p");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::expired_credentials);
  EXPECT_NE(result.error().message.find("from environment, expired at 2023-11-14T22:13:20Z"),
            std::string::npos)
      << result.error().message;
  EXPECT_TRUE(transport->requests.empty());
}

// Everything that was assumed on the way is good for more than one renewal of the outermost role.
TEST_F(RoleTest, SourcesAreKeptWhileTheyAreValid) {
  home.write_config("[default]\n" + role_lines + "source_profile = a\n[profile a]\n" + inner +
                    "source_profile = b\n[profile b]\n" + keys);
  const auto roles = provider();
  grant("ASIAINNER", in_six_hours);
  grant("ASIA1");
  ASSERT_TRUE(roles->resolve(now).ok());
  ASSERT_EQ(transport->requests.size(), 2U);

  grant("ASIA2", in_six_hours);
  auto result = roles->resolve(now + 3000);
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result.value()->access_key_id(), "ASIA2");
  ASSERT_EQ(transport->requests.size(), 3U);
  EXPECT_EQ(signer(2), "ASIAINNER");

  // Half of its life is over and a quarter of an hour is left: renewed ahead.
  grant("ASIAINNER2", "2023-11-15T10:13:20Z");
  grant("ASIA3", in_six_hours);
  result = roles->resolve(now + 6 * 3600 - 600);
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(signer(3), "AKIDBASE");
  EXPECT_EQ(signer(4), "ASIAINNER2");
  EXPECT_TRUE(transport->played());
}

TEST_F(RoleTest, ASourceThatCannotBeRenewedServesWhileItIsValid) {
  home.write_config("[default]\n" + role_lines + "source_profile = a\n[profile a]\n" + inner +
                    "source_profile = b\n[profile b]\n" + keys);
  const auto roles = provider();
  grant("ASIAINNER", in_six_hours);
  grant("ASIA1");
  ASSERT_TRUE(roles->resolve(now).ok());
  transport->times(3, PlaybackTransport::status(503));
  grant("ASIA2", "2023-11-15T05:13:20Z");
  const auto result = roles->resolve(now + 6 * 3600 - 600);
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(transport->requests.size(), 6U);
  EXPECT_EQ(signer(5), "ASIAINNER");
}

TEST_F(RoleTest, ASourceThatStsRefusesIsAskedOnceMore) {
  home.write_config("[default]\n" + role_lines + "source_profile = a\n[profile a]\n" + inner +
                    "source_profile = b\n[profile b]\n" + keys);
  const auto roles = provider();
  grant("ASIAINNER", in_six_hours);
  grant("ASIA1");
  ASSERT_TRUE(roles->resolve(now).ok());

  transport->then(403, refused("ExpiredToken"));
  grant("ASIAINNER2", in_six_hours);
  grant("ASIA2");
  const auto result = roles->resolve(now + 3000);
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(signer(4), "ASIAINNER2");

  // Still refused: told, and not asked a third time.
  transport->then(403, refused("ExpiredToken"));
  grant("ASIAINNER3", in_six_hours);
  transport->then(403, refused("ExpiredToken"));
  EXPECT_EQ(roles->resolve(now + 3100).error().code, Code::expired_credentials);
  EXPECT_TRUE(transport->played());
}

TEST_F(RoleTest, SourcesThatWereGotBeforeAFailureAreKept) {
  home.write_config("[default]\n" + role_lines + "source_profile = a\n[profile a]\n" + inner +
                    "source_profile = b\n[profile b]\n" + keys);
  const auto roles = provider();
  grant("ASIAINNER", in_six_hours);
  transport->times(3, PlaybackTransport::status(503));
  EXPECT_FALSE(roles->resolve(now).ok());
  grant("ASIA1");
  ASSERT_TRUE(roles->resolve(now + 5).ok());
  EXPECT_EQ(signer(4), "ASIAINNER");
}

TEST_F(RoleTest, ChangedFilesForgetWhatWasKept) {
  const std::string config = "[default]\n" + role_lines + "source_profile = a\n[profile a]\n" +
                             inner + "source_profile = b\n[profile b]\n";
  home.write_config(config + keys);
  const auto roles = provider();
  grant("ASIAINNER", in_six_hours);
  grant("ASIA1");
  ASSERT_TRUE(roles->resolve(now).ok());
  EXPECT_FALSE(roles->changed());
  home.write_config(config + "aws_access_key_id = AKIDOTHER\naws_secret_access_key = other\n");
  EXPECT_TRUE(roles->changed());
  grant("ASIAINNER2", in_six_hours);
  grant("ASIA2");
  ASSERT_TRUE(roles->resolve(now).ok());
  EXPECT_EQ(signer(2), "AKIDOTHER");
  EXPECT_FALSE(roles->changed());
}

TEST_F(RoleTest, AnExpiringRoleIsAssumedAgainBehindTheCache) {
  home.write_config("[default]\n" + role_lines + "source_profile = base\n[profile base]\n" + keys);
  int failures = 0;
  CredentialsCache cache(provider(), [&](const Error&) { ++failures; });
  grant("ASIA1");
  EXPECT_EQ(cache.get(now).value()->access_key_id(), "ASIA1");
  EXPECT_EQ(cache.get(now + 1800).value()->access_key_id(), "ASIA1");
  transport->times(3, PlaybackTransport::status(503));
  EXPECT_EQ(cache.get(now + 3000).value()->access_key_id(), "ASIA1");  // serves on
  EXPECT_EQ(failures, 1);
  grant("ASIA2", in_six_hours);
  EXPECT_EQ(cache.get(now + 3200).value()->access_key_id(), "ASIA2");
  EXPECT_EQ(parameter(0, "RoleSessionName"), "costmark-session-1700000000");
  EXPECT_EQ(parameter(4, "RoleSessionName"), "costmark-session-1700000000");
}

class WebIdentityTest : public RoleTest {
 protected:
  Variables variables(Variables more = {}) const {
    more.try_emplace("AWS_WEB_IDENTITY_TOKEN_FILE", home.path("token"));
    more.try_emplace("AWS_ROLE_ARN", "arn:aws:iam::444455556666:role/web");
    return more;
  }
};

TEST_F(WebIdentityTest, OfTheEnvironment) {
  home.write("token", "CANARY.web.token\r\n");
  grant_by_token("ASIAWEB");
  auto result = resolve(variables());
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result.value()->access_key_id(), "ASIAWEB");
  EXPECT_EQ(result.value()->source(),
            "environment, web identity role arn:aws:iam::444455556666:role/web");
  EXPECT_EQ(transport->requests[0].header("authorization"), "");
  EXPECT_EQ(parameter(0, "WebIdentityToken"), "CANARY.web.token");
  EXPECT_EQ(parameter(0, "RoleSessionName"), "costmark-session-1700000000");

  grant_by_token("ASIAWEB");
  ASSERT_TRUE(resolve(variables({{"AWS_ROLE_SESSION_NAME", "pod-7"}})).ok());
  EXPECT_EQ(parameter(1, "RoleSessionName"), "pod-7");
}

TEST_F(WebIdentityTest, OfAProfileAndMixed) {
  home.write("token", "CANARY.web.token");
  home.write("other", "CANARY.other");
  home.write_config("[default]\n" + role_lines +
                    "role_session_name = named\nweb_identity_token_file = " + home.path("other") +
                    "\n" + keys);
  grant_by_token("ASIAWEB");
  auto result = resolve();
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result.value()->source(),
            "profile 'default', web identity role arn:aws:iam::444455556666:role/r");
  EXPECT_EQ(parameter(0, "RoleSessionName"), "named");
  EXPECT_EQ(parameter(0, "WebIdentityToken"), "CANARY.other");

  // Each value from the environment first, as in botocore; an option for the profile ends that.
  grant_by_token("ASIAWEB");
  ASSERT_TRUE(resolve({{"AWS_WEB_IDENTITY_TOKEN_FILE", home.path("token")}}).ok());
  EXPECT_EQ(parameter(1, "WebIdentityToken"), "CANARY.web.token");
  EXPECT_EQ(parameter(1, "RoleSessionName"), "named");
  grant_by_token("ASIAWEB");
  ASSERT_TRUE(resolve(variables(), "default").ok());
  EXPECT_EQ(parameter(2, "WebIdentityToken"), "CANARY.other");
}

TEST_F(WebIdentityTest, AsTheSourceOfARole) {
  home.write("token", "CANARY.web.token");
  home.write_config("[default]\n" + role_lines + "source_profile = web\n[profile web]\n" + inner +
                    "web_identity_token_file = " + home.path("token") + "\n");
  const auto roles = provider();
  grant_by_token("ASIAWEB", in_six_hours);
  grant("ASIA1");
  ASSERT_TRUE(roles->resolve(now).ok());
  EXPECT_EQ(signer(1), "ASIAWEB");
  grant("ASIA2", in_six_hours);
  ASSERT_TRUE(roles->resolve(now + 3000).ok());
  EXPECT_EQ(signer(2), "ASIAWEB");
  EXPECT_FALSE(roles->changed());

  home.write("token", "CANARY.new.token");
  EXPECT_TRUE(roles->changed());
  grant_by_token("ASIAWEB2", in_six_hours);
  grant("ASIA3", in_six_hours);
  ASSERT_TRUE(roles->resolve(now + 3001).ok());
  EXPECT_EQ(parameter(3, "WebIdentityToken"), "CANARY.new.token");
  EXPECT_EQ(signer(4), "ASIAWEB2");
  EXPECT_FALSE(roles->changed());
}

TEST_F(WebIdentityTest, ARotatedTokenIsReadAnew) {
  home.write("token", "CANARY.first");
  CredentialsCache cache(provider(variables()));
  grant_by_token("ASIA1");
  EXPECT_EQ(cache.get(now).value()->access_key_id(), "ASIA1");
  EXPECT_EQ(cache.get(now + 1).value()->access_key_id(), "ASIA1");

  home.write("next", "CANARY.second");  // as Kubernetes does it
  std::filesystem::rename(home.path("next"), home.path("token"));
  grant_by_token("ASIA2");
  EXPECT_EQ(cache.get(now + 2).value()->access_key_id(), "ASIA2");
  EXPECT_EQ(parameter(1, "WebIdentityToken"), "CANARY.second");

  std::filesystem::remove(home.path("token"));
  EXPECT_EQ(cache.get(now + 3).value()->access_key_id(), "ASIA2");  // serves on
  EXPECT_EQ(transport->requests.size(), 2U);
}

TEST_F(WebIdentityTest, TokenFilesThatHoldNone) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "AWS_WEB_IDENTITY_TOKEN_FILE: "},
      {"\r\n \t", "does not hold a token"},
      {"abc", "does not hold a token: one word of 4 to 20000 characters"},
      {"CANARY one", "does not hold a token"},
      {"CANARY\r\nCANARY", "does not hold a token"},
      {std::string("CANARY\0CANARY", 13), "does not hold a token"},
      {std::string(20001, 'C'), "does not hold a token"},
      {std::string(2 << 20, 'C'), "is larger than"},
  };
  for (const auto& [content, part] : cases) {
    home.write("token", content);
    expect_unusable(resolve(variables()), part);
  }
  home.write("token", " " + std::string(20000, 'C') + "\n");
  grant_by_token("ASIAWEB");
  EXPECT_TRUE(resolve(variables()).ok());
  std::filesystem::remove(home.path("token"));
  expect_unusable(resolve(variables()), "token cannot be read: ");
  ASSERT_EQ(::mkfifo(home.path("token").c_str(), 0600), 0);  // must not block
  expect_unusable(resolve(variables()), "token is no regular file");
  EXPECT_EQ(transport->requests.size(), 1U);
}

TEST_F(WebIdentityTest, Refused) {
  home.write("token", "CANARY.web.token");
  const std::pair<Variables, const char*> cases[] = {
      {{{"AWS_ROLE_ARN", ""}}, "AWS_WEB_IDENTITY_TOKEN_FILE names a web identity, and no role is"},
      {{{"AWS_ROLE_ARN", "arn:r"}}, "environment: AWS_ROLE_ARN is no ARN of a role such as"},
      {{{"AWS_ROLE_SESSION_NAME", "a b"}}, "AWS_ROLE_SESSION_NAME is no name of a session"},
  };
  for (const auto& [more, part] : cases) expect_unusable(resolve(variables(more)), part);
  EXPECT_TRUE(transport->requests.empty());
  transport->then(400, refused("InvalidIdentityToken", "CANARY.web.token is none"));
  expect_unusable(resolve(variables()),
                  "AWS_WEB_IDENTITY_TOKEN_FILE, role arn:aws:iam::444455556666:role/web: STS "
                  "refused AssumeRoleWithWebIdentity: InvalidIdentityToken");
}

// In botocore's order: roles of others' credentials, web identity, SSO, keys, aws login, programs.
TEST_F(WebIdentityTest, OrderInsideAProfile) {
  home.write("token", "CANARY.web.token");
  home.write_config("[default]\n" + role_lines + "source_profile = default\n" + keys);
  grant("ASIAROLE");
  ASSERT_TRUE(resolve(variables()).ok());
  EXPECT_EQ(signer(0), "AKIDBASE");

  home.write_config("[default]\nsso_account_id = 1\n" + keys);
  grant_by_token("ASIAWEB");
  EXPECT_EQ(resolve(variables()).value()->access_key_id(), "ASIAWEB");
  expect_unusable(resolve(),
                  "config:2) is set up for SSO and has no sso_start_url, sso_region, "
                  "sso_role_name");
}

TEST_F(RoleTest, SsoSettingsThatMakeNoSense) {
  const std::string sso = "[default]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n";
  const std::pair<std::string, const char*> cases[] = {
      {sso, "config:2) names [sso-session s], which does not exist"},
      {sso + "[sso-session s]\nsso_region = us-east-1\n", "has no sso_start_url"},
      {sso + "sso_region = us-west-2\n[sso-session s]\nsso_region = us-east-1\n",
       "sso_region (" /* file:5 is not what the session says */},
      {"[default]\nsso_role_name = r\nsso_region = x\n", "has no sso_start_url, sso_account_id"},
      {role_lines + sso, "this stands before the first [section]"},
  };
  for (const auto& [config, part] : cases) {
    home.write_config(config);
    expect_unusable(resolve(), part);
  }
  home.write_config("[default]\n" + role_lines +
                    "source_profile = s\n[profile s]\nsso_account_id = 1\n");
  expect_unusable(resolve(), "config:5) is set up for SSO and has no sso_start_url");
}

TEST_F(RoleTest, InTheDefaultChain) {
  home.write_config("[default]\nregion = eu-west-1\n" + role_lines +
                    "source_profile = base\n[profile base]\n" + keys);
  grant("ASIAROLE");
  const SourceContext context{home.environment(), transport};
  const auto chain = default_credentials(context, "");
  ASSERT_TRUE(chain->resolve(now).ok());
  EXPECT_EQ(transport->requests[0].url, "https://sts.eu-west-1.amazonaws.com/");
  EXPECT_FALSE(chain->changed());
  home.write_config("[default]\n" + keys);
  EXPECT_TRUE(chain->changed());

  home.write_config("[default]\n" + role_lines + "source_profile = base\n");
  expect_unusable(default_credentials(context, "")->resolve(now), "does not exist");
}

}  // namespace
}  // namespace costmark
