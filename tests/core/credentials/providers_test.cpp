#include <gtest/gtest.h>

#include <map>
#include <string>

#include "costmark/credentials_provider.hpp"

namespace costmark {
namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

CredentialsProviderPtr environment(Variables variables) {
  return environment_credentials(
      [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
      });
}

CredentialsPtr make_credentials(std::string id) {
  return Credentials::create({std::move(id), "secret", "", {}, "", "test"}).value();
}

TEST(EnvironmentProvider, ReadsEveryVariable) {
  const auto result = environment({{"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"},
                                   {"AWS_SECRET_ACCESS_KEY", "secret"},
                                   {"AWS_SESSION_TOKEN", "token"},
                                   {"AWS_CREDENTIAL_EXPIRATION", "2025-01-02T03:04:05Z"},
                                   {"AWS_ACCOUNT_ID", "123456789012"}})
                          ->resolve(0);
  ASSERT_TRUE(result.ok()) << result.error().message;
  const auto& credentials = *result.value();
  EXPECT_EQ(credentials.access_key_id(), "AKIDEXAMPLE");
  EXPECT_EQ(credentials.secret_access_key(), "secret");
  EXPECT_EQ(credentials.session_token(), "token");
  EXPECT_EQ(credentials.expires_at(), 1735787045);
  EXPECT_EQ(credentials.account_id(), "123456789012");
  EXPECT_EQ(credentials.source(), "environment");
}

TEST(EnvironmentProvider, TwoVariablesAreEnough) {
  const auto result =
      environment({{"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"}, {"AWS_SECRET_ACCESS_KEY", "secret"}})
          ->resolve(0);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.value()->session_token(), "");
  EXPECT_FALSE(result.value()->expires_at());
}

TEST(EnvironmentProvider, Refused) {
  const struct {
    Variables variables;
    Code code;
    const char* named;
  } cases[] = {
      {{}, Code::no_credentials, "AWS_ACCESS_KEY_ID"},
      {{{"AWS_ACCESS_KEY_ID", ""}, {"AWS_SECRET_ACCESS_KEY", ""}},
       Code::no_credentials,
       "AWS_ACCESS_KEY_ID"},
      {{{"AWS_SESSION_TOKEN", "CANARY"}}, Code::no_credentials, "AWS_ACCESS_KEY_ID"},
      {{{"AWS_ACCESS_KEY_ID", "CANARY"}},
       Code::unusable_credentials,
       "AWS_SECRET_ACCESS_KEY is not"},
      {{{"AWS_SECRET_ACCESS_KEY", "CANARY"}},
       Code::unusable_credentials,
       "AWS_ACCESS_KEY_ID is not"},
      {{{"AWS_ACCESS_KEY_ID", "a"}, {"AWS_SECRET_ACCESS_KEY", "CANARY\n"}},
       Code::unusable_credentials,
       "secret access key"},
      {{{"AWS_ACCESS_KEY_ID", "a"},
        {"AWS_SECRET_ACCESS_KEY", "CANARY"},
        {"AWS_CREDENTIAL_EXPIRATION", "CANARY"}},
       Code::unusable_credentials,
       "AWS_CREDENTIAL_EXPIRATION"},
  };
  for (const auto& c : cases) {
    const auto result = environment(c.variables)->resolve(0);
    ASSERT_FALSE(result.ok()) << c.named;
    EXPECT_EQ(result.error().code, c.code) << result.error().message;
    EXPECT_NE(result.error().message.find(c.named), std::string::npos) << result.error().message;
    EXPECT_EQ(result.error().message.find("CANARY"), std::string::npos) << result.error().message;
  }
  EXPECT_EQ(environment_credentials(nullptr)->resolve(0).error().code, Code::no_credentials);
}

TEST(EnvironmentProvider, SeesChanges) {
  Variables variables;
  const auto provider =
      environment_credentials([&variables](std::string_view name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
      });
  EXPECT_FALSE(provider->resolve(0).ok());
  variables = {{"AWS_ACCESS_KEY_ID", "a"}, {"AWS_SECRET_ACCESS_KEY", "b"}};
  EXPECT_TRUE(provider->resolve(0).ok());
}

TEST(StaticProvider, ReturnsWhatItWasGiven) {
  const auto credentials = make_credentials("a");
  EXPECT_EQ(static_credentials(credentials)->resolve(0).value(), credentials);
  EXPECT_EQ(static_credentials(nullptr)->resolve(0).error().code, Code::no_credentials);
}

TEST(CallbackProvider, PassesOnWhatTheHostSays) {
  const auto credentials = make_credentials("a");
  EXPECT_EQ(callback_credentials([&] { return credentials; })->resolve(0).value(), credentials);

  const auto failing = callback_credentials([]() -> Result<CredentialsPtr> {
    return Error{Code::stopped_by_callback, "vault is sealed"};
  });
  EXPECT_EQ(failing->resolve(0).error().message, "vault is sealed");

  const auto empty = callback_credentials([] { return CredentialsPtr(); });
  EXPECT_EQ(empty->resolve(0).error().code, Code::no_credentials);
  EXPECT_EQ(callback_credentials(nullptr)->resolve(0).error().code, Code::no_credentials);
}

TEST(Chain, TheFirstThatHasSomeWins) {
  const auto first = make_credentials("first");
  std::vector<CredentialsProviderPtr> providers;
  providers.push_back(environment({}));
  providers.push_back(nullptr);
  providers.push_back(static_credentials(first));
  providers.push_back(callback_credentials([]() -> Result<CredentialsPtr> {
    ADD_FAILURE() << "the chain went on after it had credentials";
    return CredentialsPtr();
  }));
  EXPECT_EQ(chain_credentials(std::move(providers))->resolve(0).value(), first);
}

TEST(Chain, StopsAtCredentialsThatCannotBeUsed) {
  std::vector<CredentialsProviderPtr> providers;
  providers.push_back(environment({{"AWS_ACCESS_KEY_ID", "half"}}));
  providers.push_back(static_credentials(make_credentials("other")));
  const auto result = chain_credentials(std::move(providers))->resolve(0);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::unusable_credentials);
}

TEST(Chain, SaysWhatWasTried) {
  std::vector<CredentialsProviderPtr> providers;
  providers.push_back(environment({}));
  providers.push_back(static_credentials(nullptr));
  const auto result = chain_credentials(std::move(providers))->resolve(0);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::no_credentials);
  EXPECT_EQ(result.error().message,
            "no AWS credentials were found; tried environment (AWS_ACCESS_KEY_ID is not set), "
            "static (no static credentials were given)");
  EXPECT_EQ(chain_credentials({})->resolve(0).error().message, "no AWS credentials were found");
}

}  // namespace
}  // namespace costmark
