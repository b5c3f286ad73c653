// Functions that return no status must do without memory; and no function is forgotten here.
#include <algorithm>
#include <cctype>
#include <fstream>
#include <map>
#include <set>

#include "faults.hpp"

namespace {

using namespace faults;  // NOLINT(google-build-using-namespace)

// Handles of every type, alive.
struct Handles {
  Owned<costmark_config> config;
  Owned<costmark_client> client;
  Owned<costmark_prepared> prepared;
  Owned<costmark_observation> observation;
  Owned<costmark_usage_report> usage;
  Owned<costmark_signature> signature;
  Owned<costmark_cancel> cancel;
  Owned<costmark_response> response;
  Owned<costmark_credentials_provider> provider;
  Owned<costmark_credentials_set> set;
  Owned<costmark_credentials_report> report;
  Owned<costmark_bearer_token_provider> tokens;
  Owned<costmark_bearer_token> token;
  costmark_error* error = nullptr;
  costmark_usage_totals room[2] = {};  // for costmark_init()

  Handles() = default;
  Handles(const Handles&) = delete;
  Handles& operator=(const Handles&) = delete;
  ~Handles() { costmark_error_free(error); }
};

using Silent = void (*)(Handles&);

#define GETTER(function, handle) {#function, [](Handles& of) { (void)function(of.handle); }}
#define TEXT(function, handle) {#function, [](Handles& of) { (void)function(of.handle, nullptr); }}
#define TEXT_AT(function, handle) \
  {#function, [](Handles& of) { (void)function(of.handle, 0, nullptr); }}
#define NAME(function) {#function, [](Handles&) { (void)function(1); }}
// Ends one count of two.
#define SHARED(stem, handle)                                                \
  {#stem "_retain", [](Handles& of) { (void)stem##_retain(of.handle); }}, { \
    #stem "_release", [](Handles& of) { stem##_release(of.handle); }        \
  }
// Ends the handle; its owner finds NULL.
#define END(function, owner)    \
  {#function, [](Handles& of) { \
     function(of.owner.handle); \
     of.owner.handle = nullptr; \
   }}

const std::map<std::string, Silent>& silent() {
  static const std::map<std::string, Silent> functions = {
      {"costmark_version", [](Handles&) { (void)costmark_version(); }},
      {"costmark_version_number", [](Handles&) { (void)costmark_version_number(); }},
      {"costmark_abi_version", [](Handles&) { (void)costmark_abi_version(); }},
      {"costmark_has_feature", [](Handles&) { EXPECT_TRUE(costmark_has_feature("send", 4)); }},
      {"costmark_live_handles", [](Handles&) { EXPECT_GT(costmark_live_handles(), 0U); }},
      {"costmark_init", [](Handles& of) { costmark_init(&of.room, sizeof of.room); }},
      {"costmark_option_count", [](Handles&) { EXPECT_GT(costmark_option_count(), 0U); }},
      {"costmark_json_set_bound", [](Handles&) { (void)costmark_json_set_bound(1, 2, 3); }},
      NAME(costmark_status_name),
      NAME(costmark_project_source_name),
      NAME(costmark_api_name),
      NAME(costmark_outcome_name),
      NAME(costmark_verdict_name),
      GETTER(costmark_error_status, error),
      TEXT(costmark_error_message, error),
      {"costmark_error_offset", [](Handles& of) { costmark_error_offset(of.error, nullptr); }},
      GETTER(costmark_error_http_status, error),
      TEXT(costmark_error_request_id, error),
      GETTER(costmark_error_retryable, error),
      {"costmark_error_free",
       [](Handles& of) { costmark_error_free(std::exchange(of.error, nullptr)); }},
      END(costmark_config_free, config),
      SHARED(costmark_client, client),
      END(costmark_prepared_free, prepared),
      GETTER(costmark_prepared_clear, prepared),
      TEXT(costmark_prepared_headers_to_remove, prepared),
      TEXT(costmark_prepared_headers_to_set, prepared),
      TEXT(costmark_prepared_body, prepared),
      GETTER(costmark_prepared_body_changed, prepared),
      TEXT(costmark_prepared_project, prepared),
      GETTER(costmark_prepared_project_source, prepared),
      GETTER(costmark_prepared_api, prepared),
      GETTER(costmark_prepared_streamed, prepared),
      GETTER(costmark_prepared_hides_usage_chunk, prepared),
      GETTER(costmark_prepared_authorized, prepared),
      TEXT(costmark_prepared_url, prepared),
      TEXT(costmark_prepared_hint, prepared),
      GETTER(costmark_observation_retry_advised, observation),
      GETTER(costmark_observation_outcome, observation),
      TEXT(costmark_observation_response_id, observation),
      TEXT(costmark_observation_model, observation),
      TEXT(costmark_observation_service_tier, observation),
      SHARED(costmark_cancel, cancel),
      GETTER(costmark_cancel_request, cancel),
      GETTER(costmark_cancel_requested, cancel),
      GETTER(costmark_response_http_status, response),
      TEXT(costmark_response_headers, response),
      {"costmark_response_header",
       [](Handles& of) { costmark_response_header(of.response, "a", 1, nullptr); }},
      TEXT(costmark_response_body, response),
      TEXT(costmark_response_request_id, response),
      GETTER(costmark_response_attempts, response),
      GETTER(costmark_response_outcome, response),
      TEXT(costmark_response_id, response),
      TEXT(costmark_response_model, response),
      TEXT(costmark_response_service_tier, response),
      TEXT(costmark_response_project, response),
      GETTER(costmark_response_project_source, response),
      TEXT(costmark_response_hint, response),
      END(costmark_response_free, response),
      {"costmark_client_may_verify",
       [](Handles& of) { costmark_client_may_verify(of.client, "https://a.example/v1", 20); }},
      // A verification takes a server: see faults_send_test.cpp. These are from NULL.
      {"costmark_verification_verdict", [](Handles&) { costmark_verification_verdict(nullptr); }},
      {"costmark_verification_reason",
       [](Handles&) { costmark_verification_reason(nullptr, nullptr); }},
      {"costmark_verification_endpoint",
       [](Handles&) { costmark_verification_endpoint(nullptr, nullptr); }},
      {"costmark_verification_carrier",
       [](Handles&) { costmark_verification_carrier(nullptr, nullptr); }},
      {"costmark_verification_project",
       [](Handles&) { costmark_verification_project(nullptr, nullptr); }},
      {"costmark_verification_model",
       [](Handles&) { costmark_verification_model(nullptr, nullptr); }},
      {"costmark_verification_retryable",
       [](Handles&) { costmark_verification_retryable(nullptr); }},
      {"costmark_verification_checked_unix_s",
       [](Handles&) { costmark_verification_checked_unix_s(nullptr); }},
      {"costmark_verification_probe_count",
       [](Handles&) { costmark_verification_probe_count(nullptr); }},
      {"costmark_verification_free", [](Handles&) { costmark_verification_free(nullptr); }},
      GETTER(costmark_usage_report_count, usage),
      TEXT_AT(costmark_usage_report_project, usage),
      END(costmark_usage_report_free, usage),
      {"costmark_credentials_provider_refused",
       [](Handles& of) { costmark_credentials_provider_refused(of.provider, of.set); }},
      SHARED(costmark_credentials_provider, provider),
      TEXT(costmark_credentials_set_source, set),
      END(costmark_credentials_set_free, set),
      GETTER(costmark_credentials_report_count, report),
      TEXT_AT(costmark_credentials_report_source, report),
      TEXT_AT(costmark_credentials_report_failure, report),
      GETTER(costmark_credentials_report_found, report),
      TEXT(costmark_credentials_report_region, report),
      TEXT(costmark_credentials_report_region_origin, report),
      END(costmark_credentials_report_free, report),
      TEXT(costmark_bearer_token_text, token),
      GETTER(costmark_bearer_token_expires_unix_s, token),
      END(costmark_bearer_token_free, token),
      {"costmark_bearer_token_provider_refused",
       [](Handles& of) {
         size_t len = 0;
         const char* text = costmark_bearer_token_text(of.token, &len);
         costmark_bearer_token_provider_refused(of.tokens, text, len);
       }},
      SHARED(costmark_bearer_token_provider, tokens),
      TEXT(costmark_signature_headers, signature),
      TEXT(costmark_signature_canonical_request, signature),
      TEXT(costmark_signature_url, signature),
      END(costmark_signature_free, signature),
  };
  return functions;
}

class FaultsOfSilent : public Faults {
 protected:
  void fill(Handles& out) {
    prepare();
    ASSERT_EQ(costmark_config_new(out.config.out(), nullptr), COSTMARK_OK);
    configure(out.config, "body");
    ASSERT_EQ(costmark_client_new(out.config, out.client.out(), nullptr), COSTMARK_OK);
    ASSERT_EQ(costmark_prepared_new(out.prepared.out(), nullptr), COSTMARK_OK);
    ASSERT_EQ(costmark_client_prepare(out.client, &request, out.prepared, nullptr), COSTMARK_OK);
    ASSERT_EQ(costmark_observation_new(out.client, out.prepared, 1, out.observation.out(), nullptr),
              COSTMARK_OK);
    ASSERT_EQ(costmark_client_usage(out.client, out.usage.out(), nullptr), COSTMARK_OK);
    ASSERT_EQ(costmark_signature_new(out.signature.out(), nullptr), COSTMARK_OK);
    ASSERT_EQ(costmark_cancel_new(out.cancel.out(), nullptr), COSTMARK_OK);
    ASSERT_EQ(costmark_response_new(out.response.out(), nullptr), COSTMARK_OK);
    ASSERT_EQ(costmark_credentials_provider_new(out.config, out.provider.out(), nullptr),
              COSTMARK_OK);
    ASSERT_EQ(costmark_credentials_provider_get(out.provider, out.set.out(), nullptr), COSTMARK_OK);
    ASSERT_EQ(costmark_credentials_report_new(out.config, out.report.out(), nullptr), COSTMARK_OK);
    ASSERT_EQ(costmark_bearer_token_provider_new(out.config, 60, out.tokens.out(), nullptr),
              COSTMARK_OK);
    ASSERT_EQ(costmark_bearer_token_provider_get(out.tokens, out.token.out(), nullptr),
              COSTMARK_OK);
    ASSERT_EQ(costmark_client_new(nullptr, client.out(), &out.error), COSTMARK_INVALID_ARGUMENT);
    ASSERT_EQ(costmark_client_new(out.config, client.out(), nullptr), COSTMARK_OK);
  }
};

TEST_F(FaultsOfSilent, DoWithoutMemory) {
  for (const auto& [name, call] : silent()) {
    SCOPED_TRACE(name);
    Handles handles;
    fill(handles);
    if (name.ends_with("_release")) {
      silent().at(name.substr(0, name.size() - 7) + "retain")(handles);
    }
    allocations::begin(1, true);
    call(handles);
    allocations::end();
    if (name.ends_with("_retain")) {
      silent().at(name.substr(0, name.size() - 6) + "release")(handles);
    }
  }
}

// costmark_client_prepare: ClientPrepare.
std::string test_of(std::string_view symbol) {
  std::string name;
  bool upper = true;
  for (const char c : symbol.substr(std::string_view("costmark_").size())) {
    if (c == '_') {
      upper = true;
    } else {
      name += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
      upper = false;
    }
  }
  return name;
}

std::set<std::string> tests_of_this_program() {
  std::set<std::string> names;
  const auto& all = *testing::UnitTest::GetInstance();
  for (int i = 0; i < all.total_test_suite_count(); ++i) {
    const auto& suite = *all.GetTestSuite(i);
    if (!std::string_view(suite.name()).starts_with("Faults")) continue;
    for (int k = 0; k < suite.total_test_count(); ++k) names.insert(suite.GetTestInfo(k)->name());
  }
  return names;
}

TEST(FaultsList, HasATestForEveryFunction) {
  const std::set<std::string> tests = tests_of_this_program();
  std::ifstream list(COSTMARK_SYMBOLS);
  std::string line;
  std::size_t count = 0;
  while (std::getline(list, line)) {
    if (line.empty() || line[0] == '#') continue;
    const std::string symbol = line.substr(0, line.find(' '));
    EXPECT_TRUE(silent().contains(symbol) || tests.contains(test_of(symbol)))
        << symbol << " has neither a test " << test_of(symbol) << " nor a place in silent()";
    EXPECT_FALSE(silent().contains(symbol) && tests.contains(test_of(symbol))) << symbol;
    ++count;
  }
  EXPECT_GT(count, 100U);
}

}  // namespace
