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
  Owned<costmark_operation> operation;
  Owned<costmark_usage_report> usage;
  Owned<costmark_signature> signature;
  Owned<costmark_verification> verification;  // NULL
  Owned<costmark_cancel> cancel;
  Owned<costmark_credentials_cache> cache;
  Owned<costmark_credentials_set> set;
  Owned<costmark_credentials_report> report;
  Owned<costmark_bearer_token_cache> tokens;
  Owned<costmark_bearer_token> token;
  Owned<costmark_price_book> book;
  Owned<costmark_projects> projects;
  Owned<costmark_project_list> listed;  // NULL: takes a server, too
  costmark_error* error = nullptr;
  costmark_usage_totals room[2] = {};  // for costmark_init()

  Handles() = default;
  Handles(const Handles&) = delete;
  Handles& operator=(const Handles&) = delete;
  ~Handles() { costmark_error_free(error); }
};

using Silent = void (*)(Handles&);

#define CALL(function, handle) {#function, [](Handles& of) { (void)function(of.handle); }}
// Fills a struct. A verification takes a server: see faults_send_test.cpp; here it is NULL.
#define VIEW(function, handle, type) \
  {#function, [](Handles& of) {      \
     costmark_##type out{};          \
     out.struct_size = sizeof out;   \
     function(of.handle, &out);      \
   }}
#define VIEW_AT(function, handle, type) \
  {#function, [](Handles& of) {         \
     costmark_##type out{};             \
     out.struct_size = sizeof out;      \
     function(of.handle, 0, &out);      \
   }}
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
      {"costmark_header_find",
       [](Handles&) {
         const costmark_header header{COSTMARK_STR("a"), COSTMARK_STR("b")};
         EXPECT_TRUE(costmark_header_find(&header, 1, "A", 1, nullptr));
       }},
      {"costmark_option_read",
       [](Handles&) {
         costmark_option out = COSTMARK_OPTION_INIT;
         costmark_option_read(0, &out);
         EXPECT_GT(out.name.len, 0U);
       }},
      {"costmark_client_route",
       [](Handles& of) {
         costmark_route out = COSTMARK_ROUTE_INIT;
         costmark_client_route(of.client, "openai.gpt-oss-20b", 18, &out);
         EXPECT_GT(out.path.len, 0U);
       }},
      NAME(costmark_status_name),
      NAME(costmark_project_source_name),
      NAME(costmark_api_name),
      NAME(costmark_outcome_name),
      NAME(costmark_step_name),
      NAME(costmark_reason_name),
      NAME(costmark_verdict_name),
      NAME(costmark_cost_state_name),
      {"costmark_price_flag_name",
       [](Handles&) { EXPECT_STREQ(costmark_price_flag_name(64), "no_model"); }},
      VIEW(costmark_price_book_read, book, price_book_view),
      VIEW_AT(costmark_price_book_price, book, price),
      {"costmark_price_book_age_days",
       [](Handles& of) { (void)costmark_price_book_age_days(of.book, 0); }},
      END(costmark_price_book_free, book),
      VIEW(costmark_error_read, error, error_view),
      {"costmark_error_free",
       [](Handles& of) { costmark_error_free(std::exchange(of.error, nullptr)); }},
      END(costmark_config_free, config),
      SHARED(costmark_client, client),
      CALL(costmark_client_usage_reset, client),
      VIEW(costmark_client_ledger_counts, client, ledger_counts),
      CALL(costmark_client_ledger_flush, client),
      CALL(costmark_client_budget_count, client),
      VIEW_AT(costmark_client_budget_read, client, budget),
      VIEW(costmark_projects_read_place, projects, projects_place),
      END(costmark_projects_free, projects),
      CALL(costmark_project_list_count, listed),
      VIEW_AT(costmark_project_list_read, listed, project),
      END(costmark_project_list_free, listed),
      VIEW(costmark_operation_answer, operation, answer),
      VIEW(costmark_operation_response, operation, response),
      SHARED(costmark_cancel, cancel),
      CALL(costmark_cancel_stop, cancel),
      CALL(costmark_cancel_stopped, cancel),
      VIEW(costmark_verification_read, verification, verification_view),
      VIEW_AT(costmark_verification_probe, verification, probe),
      END(costmark_verification_free, verification),
      CALL(costmark_usage_report_count, usage),
      VIEW_AT(costmark_usage_report_read, usage, usage_totals),
      VIEW(costmark_usage_report_requests, usage, request_counts),
      END(costmark_usage_report_free, usage),
      {"costmark_credentials_cache_refused",
       [](Handles& of) { costmark_credentials_cache_refused(of.cache, of.set); }},
      SHARED(costmark_credentials_cache, cache),
      VIEW(costmark_credentials_set_read, set, credentials),
      END(costmark_credentials_set_free, set),
      VIEW(costmark_credentials_report_read, report, credentials_report_view),
      {"costmark_credentials_report_source",
       [](Handles& of) {
         costmark_str name{}, failure{};
         costmark_credentials_report_source(of.report, 0, &name, &failure);
         EXPECT_GT(name.len, 0U);
       }},
      END(costmark_credentials_report_free, report),
      VIEW(costmark_bearer_token_read, token, bearer_token_view),
      END(costmark_bearer_token_free, token),
      {"costmark_bearer_token_cache_refused",
       [](Handles& of) {
         costmark_bearer_token_view view = COSTMARK_BEARER_TOKEN_VIEW_INIT;
         costmark_bearer_token_read(of.token, &view);
         costmark_bearer_token_cache_refused(of.tokens, view.text.data, view.text.len);
       }},
      SHARED(costmark_bearer_token_cache, tokens),
      VIEW(costmark_signature_read, signature, signature_view),
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
    ASSERT_EQ(costmark_operation_new(out.client, out.operation.out(), nullptr), COSTMARK_OK);
    ASSERT_EQ(costmark_operation_begin(out.operation, &request, nullptr), COSTMARK_OK);
    costmark_operation_sent(out.operation);
    ASSERT_EQ(costmark_client_usage(out.client, out.usage.out(), nullptr), COSTMARK_OK);
    ASSERT_EQ(costmark_signature_new(out.signature.out(), nullptr), COSTMARK_OK);
    ASSERT_EQ(costmark_price_book_shipped(out.book.out(), nullptr), COSTMARK_OK);
    ASSERT_EQ(costmark_projects_new(out.config, 0, out.projects.out(), nullptr), COSTMARK_OK);
    ASSERT_EQ(costmark_cancel_new(out.cancel.out(), nullptr), COSTMARK_OK);
    ASSERT_EQ(costmark_credentials_cache_new(out.config, out.cache.out(), nullptr), COSTMARK_OK);
    ASSERT_EQ(costmark_credentials_cache_get(out.cache, out.set.out(), nullptr), COSTMARK_OK);
    ASSERT_EQ(costmark_config_explain_credentials(out.config, out.report.out(), nullptr),
              COSTMARK_OK);
    ASSERT_EQ(costmark_bearer_token_cache_new(out.config, 60, out.tokens.out(), nullptr),
              COSTMARK_OK);
    ASSERT_EQ(costmark_bearer_token_cache_get(out.tokens, out.token.out(), nullptr), COSTMARK_OK);
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

// costmark_client_new: ClientNew.
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
  EXPECT_GT(count, 80U);
}

}  // namespace
