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
    ASSERT_EQ(costmark_signature_sign(signature, &to_sign, nullptr), COSTMARK_OK);
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

TEST_F(FaultsAlone, SignatureSign) {
  torture(
      [&](costmark_error** error) { return costmark_signature_sign(signature, &to_sign, error); },
      COSTMARK_OK, [&] { fresh_signature(); });

  // Warm, it allocates nothing.
  allocations::begin(0, false);
  for (int i = 0; i < 100; ++i) {
    ++to_sign.time_unix_s;
    if (costmark_signature_sign(signature, &to_sign, nullptr) != COSTMARK_OK) ADD_FAILURE();
  }
  const allocations::Counts counts = allocations::end();
  EXPECT_EQ(counts.cxx, 0U);
  EXPECT_LE(counts.all, 100 * openssl_allocations);
}

TEST_F(FaultsAlone, SignaturePresign) {
  torture(
      [&](costmark_error** error) {
        return costmark_signature_presign(signature, &to_sign, 60, error);
      },
      COSTMARK_OK, [&] { fresh_signature(); });
  torture(
      [&](costmark_error** error) {
        return costmark_signature_presign(signature, &to_sign, -1, error);
      },
      COSTMARK_INVALID_ARGUMENT);
}

TEST_F(FaultsAlone, BearerTokenNew) {
  Owned<costmark_bearer_token> token;
  torture([&](costmark_error** error) {
    return costmark_bearer_token_new(&credentials, "us-east-1", 9, 3600, a_moment, token.out(),
                                     error);
  });
}

TEST_F(FaultsAlone, BearerTokenCacheNew) {
  Owned<costmark_bearer_token_cache> cache;
  torture([&](costmark_error** error) {
    return costmark_bearer_token_cache_new(config, 0, cache.out(), error);
  });
}

TEST_F(FaultsAlone, BearerTokenCacheGet) {
  Owned<costmark_bearer_token_cache> cache;
  Owned<costmark_bearer_token> token;
  torture(
      [&](costmark_error** error) {
        return costmark_bearer_token_cache_get(cache, token.out(), error);
      },
      COSTMARK_OK,
      [&] {
        ASSERT_EQ(costmark_bearer_token_cache_new(config, 0, cache.out(), nullptr), COSTMARK_OK);
      });
}

TEST_F(FaultsAlone, CredentialsCacheNew) {
  Owned<costmark_credentials_cache> cache;
  torture([&](costmark_error** error) {
    return costmark_credentials_cache_new(config, cache.out(), error);
  });
}

TEST_F(FaultsAlone, CredentialsCacheGet) {
  Owned<costmark_config> own;
  ASSERT_EQ(costmark_config_new(own.out(), nullptr), COSTMARK_OK);
  ASSERT_EQ(
      costmark_config_set_credentials_callback(own, give_credentials, nullptr, nullptr, nullptr),
      COSTMARK_OK);
  Owned<costmark_credentials_cache> cache;
  Owned<costmark_credentials_set> set;
  torture(
      [&](costmark_error** error) {
        return costmark_credentials_cache_get(cache, set.out(), error);
      },
      COSTMARK_OK,
      [&] { ASSERT_EQ(costmark_credentials_cache_new(own, cache.out(), nullptr), COSTMARK_OK); });
}

TEST_F(FaultsAlone, ConfigExplainCredentials) {
  Owned<costmark_credentials_report> report;
  torture([&](costmark_error** error) {
    return costmark_config_explain_credentials(config, report.out(), error);
  });
}

TEST_F(FaultsAlone, JsonSet) {
  std::string buffer(2000, '#');
  size_t len = 0;
  costmark_json_edit edit = COSTMARK_JSON_EDIT_INIT;
  edit.json = str(body);
  edit.path = str("metadata.project");
  edit.value = str("\"p\"");
  edit.strict = 1;
  torture([&](costmark_error** error) {
    return costmark_json_set(&edit, buffer.data(), buffer.size(), &len, error);
  });
}

TEST_F(FaultsAlone, JsonRemove) {
  std::string buffer(2000, '#');
  size_t len = 0;
  costmark_json_edit edit = COSTMARK_JSON_EDIT_INIT;
  edit.json = str(body);
  edit.path = str("stream");
  const Call call = [&](costmark_error** error) {
    return costmark_json_remove(&edit, buffer.data(), buffer.size(), &len, error);
  };
  torture(call);
  edit.json = str("[]");
  torture(call, COSTMARK_INVALID_JSON);
}

TEST_F(FaultsAlone, PriceBookShipped) {
  Owned<costmark_price_book> book;
  torture([&](costmark_error** error) { return costmark_price_book_shipped(book.out(), error); });
}

TEST_F(FaultsAlone, PriceBookParse) {
  Owned<costmark_price_book> book;
  std::string_view text = "date 2026-09-30\nm r s t input - - token - - USD 1 2026-09 its card\n";
  const Call call = [&](costmark_error** error) {
    return costmark_price_book_parse(text.data(), text.size(), "book", 4, book.out(), error);
  };
  torture(call);
  text.remove_prefix(3);
  torture(call, COSTMARK_INVALID_OPTION);
}

TEST_F(FaultsAlone, PriceBookLoad) {
  Owned<costmark_price_book> book;
  torture(
      [&](costmark_error** error) {
        return costmark_price_book_load("/nowhere/at/all/prices.txt", 26, book.out(), error);
      },
      COSTMARK_INVALID_OPTION);
}

TEST_F(FaultsAlone, PriceBookCost) {
  Owned<costmark_price_book> book;
  ASSERT_EQ(costmark_price_book_shipped(book.out(), nullptr), COSTMARK_OK);
  costmark_usage usage = COSTMARK_USAGE_INIT;
  usage.input_tokens = 1000;
  usage.known = COSTMARK_USAGE_INPUT;
  costmark_priced_call what = COSTMARK_PRICED_CALL_INIT;
  what.model = str("openai.gpt-5.6-luna");
  what.region = str("us-east-1");
  what.serving = str("in-region");
  what.usage = &usage;
  what.end_us = a_moment * 1'000'000;
  costmark_cost cost = COSTMARK_COST_INIT;
  const Call call = [&](costmark_error** error) {
    return costmark_price_book_cost(book, &what, &cost, nullptr, 0, error);
  };
  torture(call);
  allocations::begin(0, false);
  for (int i = 0; i < 100; ++i) {
    if (call(nullptr) != COSTMARK_OK) ADD_FAILURE();
  }
  EXPECT_EQ(allocations::end().all, 0U);
  what.meter_count = 1;
  torture(call, COSTMARK_INVALID_ARGUMENT);
}

}  // namespace
