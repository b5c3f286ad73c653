// The same for what needs no client: signing, tokens, credentials, JSON.
#include "faults.hpp"

namespace {

using namespace faults;  // NOLINT(google-build-using-namespace)

constexpr std::int64_t a_moment = 1'700'000'000;

class FaultsAlone : public Faults {
 protected:
  void SetUp() override {
    Faults::SetUp();
    credentials.access_key_id = str("AKIDEXAMPLE");
    credentials.secret_access_key = str("not-a-real-secret-but-longer-than-a-short-string");
    to_sign.method = str("POST");
    to_sign.url = request.url;
    to_sign.region = str("us-east-1");
    to_sign.service = str("bedrock-mantle");
    to_sign.credentials = &credentials;
    to_sign.headers = headers;
    to_sign.header_count = 2;
    to_sign.body = str(body);
    to_sign.time_unix_s = a_moment;
    ASSERT_EQ(costmark_signature_new(signature.out(), nullptr), COSTMARK_OK);
    ASSERT_EQ(costmark_sign(&to_sign, signature, nullptr), COSTMARK_OK);
  }

  void fresh_signature() {
    ASSERT_EQ(costmark_signature_new(signature.out(), nullptr), COSTMARK_OK);
  }

  costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  costmark_sign_request to_sign = COSTMARK_SIGN_REQUEST_INIT;
  Owned<costmark_signature> signature;
};

TEST_F(FaultsAlone, SignatureNew) {
  torture([&](costmark_error** error) { return costmark_signature_new(signature.out(), error); });
}

TEST_F(FaultsAlone, Sign) {
  torture([&](costmark_error** error) { return costmark_sign(&to_sign, signature, error); },
          COSTMARK_OK, [&] { fresh_signature(); });

  // Warm, it allocates nothing.
  allocations::begin(0, false);
  for (int i = 0; i < 100; ++i) {
    ++to_sign.time_unix_s;
    if (costmark_sign(&to_sign, signature, nullptr) != COSTMARK_OK) ADD_FAILURE();
  }
  const allocations::Counts counts = allocations::end();
  EXPECT_EQ(counts.cxx, 0U);
  EXPECT_LE(counts.all, 100 * openssl_allocations);
}

TEST_F(FaultsAlone, Presign) {
  torture([&](costmark_error** error) { return costmark_presign(&to_sign, 60, signature, error); },
          COSTMARK_OK, [&] { fresh_signature(); });
  torture([&](costmark_error** error) { return costmark_presign(&to_sign, 0, signature, error); },
          COSTMARK_INVALID_ARGUMENT);
}

TEST_F(FaultsAlone, BearerTokenNew) {
  Owned<costmark_bearer_token> token;
  torture([&](costmark_error** error) {
    return costmark_bearer_token_new(&credentials, "us-east-1", 9, 3600, a_moment, token.out(),
                                     error);
  });
}

TEST_F(FaultsAlone, BearerTokenProviderNew) {
  Owned<costmark_bearer_token_provider> provider;
  torture([&](costmark_error** error) {
    return costmark_bearer_token_provider_new(config, 0, provider.out(), error);
  });
}

TEST_F(FaultsAlone, BearerTokenProviderGet) {
  Owned<costmark_bearer_token_provider> provider;
  Owned<costmark_bearer_token> token;
  torture(
      [&](costmark_error** error) {
        return costmark_bearer_token_provider_get(provider, token.out(), error);
      },
      COSTMARK_OK,
      [&] {
        ASSERT_EQ(costmark_bearer_token_provider_new(config, 0, provider.out(), nullptr),
                  COSTMARK_OK);
      });
}

TEST_F(FaultsAlone, CredentialsProviderNew) {
  Owned<costmark_credentials_provider> provider;
  torture([&](costmark_error** error) {
    return costmark_credentials_provider_new(config, provider.out(), error);
  });
}

TEST_F(FaultsAlone, CredentialsProviderGet) {
  Owned<costmark_config> own;
  ASSERT_EQ(costmark_config_new(own.out(), nullptr), COSTMARK_OK);
  ASSERT_EQ(
      costmark_config_set_credentials_callback(own, give_credentials, nullptr, nullptr, nullptr),
      COSTMARK_OK);
  Owned<costmark_credentials_provider> provider;
  Owned<costmark_credentials_set> set;
  torture(
      [&](costmark_error** error) {
        return costmark_credentials_provider_get(provider, set.out(), error);
      },
      COSTMARK_OK,
      [&] {
        ASSERT_EQ(costmark_credentials_provider_new(own, provider.out(), nullptr), COSTMARK_OK);
      });
}

TEST_F(FaultsAlone, CredentialsSetView) {
  Owned<costmark_credentials_provider> provider;
  Owned<costmark_credentials_set> set;
  ASSERT_EQ(costmark_credentials_provider_new(config, provider.out(), nullptr), COSTMARK_OK);
  ASSERT_EQ(costmark_credentials_provider_get(provider, set.out(), nullptr), COSTMARK_OK);
  costmark_credentials view = COSTMARK_CREDENTIALS_INIT;
  torture([&](costmark_error** error) { return costmark_credentials_set_view(set, &view, error); });
  EXPECT_EQ(std::string_view(view.access_key_id.data, view.access_key_id.len), "AKIDEXAMPLE");
}

TEST_F(FaultsAlone, CredentialsReportNew) {
  Owned<costmark_credentials_report> report;
  torture([&](costmark_error** error) {
    return costmark_credentials_report_new(config, report.out(), error);
  });
}

TEST_F(FaultsAlone, JsonSet) {
  std::string buffer(2000, '#');
  size_t len = 0;
  torture([&](costmark_error** error) {
    return costmark_json_set(body.data(), body.size(), "metadata.project", 16, "\"p\"", 3,
                             COSTMARK_JSON_STRICT, buffer.data(), buffer.size(), &len, error);
  });
}

TEST_F(FaultsAlone, JsonRemove) {
  std::string buffer(2000, '#');
  size_t len = 0;
  torture([&](costmark_error** error) {
    return costmark_json_remove(body.data(), body.size(), "stream", 6, 0, buffer.data(),
                                buffer.size(), &len, error);
  });
  torture(
      [&](costmark_error** error) {
        return costmark_json_remove("[]", 2, "stream", 6, 0, buffer.data(), buffer.size(), &len,
                                    error);
      },
      COSTMARK_INVALID_JSON);
}

}  // namespace
