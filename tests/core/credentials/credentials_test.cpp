#include "costmark/credentials.hpp"

#include <gtest/gtest.h>

#include <set>

namespace costmark {
namespace {

using namespace std::string_literals;

Credentials::Fields good() {
  return {"AKIDEXAMPLE", "CANARY-secret", "CANARY-token", 100, "1", "x"};
}

TEST(Credentials, KeepWhatTheyWereGiven) {
  const auto result = Credentials::create(good());
  ASSERT_TRUE(result.ok());
  const auto& credentials = *result.value();
  EXPECT_EQ(credentials.access_key_id(), "AKIDEXAMPLE");
  EXPECT_EQ(credentials.secret_access_key(), "CANARY-secret");
  EXPECT_EQ(credentials.session_token(), "CANARY-token");
  EXPECT_EQ(credentials.account_id(), "1");
  EXPECT_EQ(credentials.source(), "x");
  EXPECT_FALSE(credentials.expired(99));
  EXPECT_TRUE(credentials.expired(100));
}

TEST(Credentials, WithoutExpiryNeverExpire) {
  auto fields = good();
  fields.expires_at.reset();
  EXPECT_FALSE(Credentials::create(fields).value()->expired(INT64_MAX));
}

TEST(Credentials, SerialsDiffer) {
  std::set<std::uint64_t> serials;
  for (int i = 0; i < 100; ++i) serials.insert(Credentials::create(good()).value()->serial());
  EXPECT_EQ(serials.size(), 100U);
  EXPECT_EQ(serials.count(0), 0U);
}

TEST(Credentials, Refused) {
  const struct {
    std::string Credentials::Fields::* field;
    std::string value;
    const char* named;
  } cases[] = {
      {&Credentials::Fields::access_key_id, "", "access key id"},
      {&Credentials::Fields::secret_access_key, "", "secret access key"},
      {&Credentials::Fields::access_key_id, "AKID\r\nCANARY: 1", "access key id"},
      {&Credentials::Fields::secret_access_key, "CANARY\n", "secret access key"},
      {&Credentials::Fields::session_token, "CANARY\n", "session token"},
      {&Credentials::Fields::session_token, "CANARY\0"s, "session token"},
      {&Credentials::Fields::account_id, "CANARY\x7f", "account id"},
      {&Credentials::Fields::access_key_id, "CANARY ID", "access key id holds a space"},
      {&Credentials::Fields::access_key_id, "CANARY\xC2\xA0", "no-break space"},
      {&Credentials::Fields::session_token, "CANARY # mine", "session token holds a space"},
      {&Credentials::Fields::account_id, "CANARY\xE2\x80\x8B", "account id"},
  };
  for (const auto& c : cases) {
    auto fields = good();
    fields.*c.field = c.value;
    const auto result = Credentials::create(fields);
    ASSERT_FALSE(result.ok()) << c.named;
    EXPECT_EQ(result.error().code, Code::no_credentials);
    EXPECT_NE(result.error().message.find(c.named), std::string::npos) << result.error().message;
    EXPECT_EQ(result.error().message.find("CANARY"), std::string::npos) << result.error().message;
  }
}

}  // namespace
}  // namespace costmark
