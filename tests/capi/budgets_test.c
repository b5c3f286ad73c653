/* Budgets from C: refused, warned of, overridden, and read. */
#include "check.h"

static const char answer_text[] =
    "{\"id\":\"chatcmpl-1\",\"model\":\"m\",\"choices\":[],"
    "\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":15}}";

static void count_warning(void *user_data, costmark_log_level level, const char *message,
                          size_t len) {
  static const char begin[] = "50% of budget 'mine' of 2 calls a day for project proj_a are used";
  CHECK(level == COSTMARK_LOG_WARNING);
  CHECK(len > sizeof begin && memcmp(message, begin, sizeof begin - 1) == 0);
  ++*(int *)user_data;
}

static costmark_client *client_with_budgets(int *warnings) {
  const char *options[] = {"budgets",
                           "mine: project=proj_a 2calls/day refuse at=50; t: all 999tokens/month "
                           "warn; l: label.user=ann 1.5usd/month warn; g: tag.team=x 1calls/day "
                           "warn",
                           "project",
                           "proj_a",
                           "auth",
                           "none",
                           NULL};
  costmark_client *client = NULL;
  costmark_config *config = config_with(options);
  CHECK_OK(costmark_config_set_log_callback(config, count_warning, warnings, NULL, &error));
  CHECK_OK(costmark_client_new(config, &client, &error));
  costmark_config_free(config);
  return client;
}

static costmark_budget budget_at(const costmark_client *client, size_t index) {
  costmark_budget budget = COSTMARK_BUDGET_INIT;
  costmark_client_budget_read(client, index, &budget);
  return budget;
}

static costmark_request limited_request(void) {
  costmark_request request = chat_request("{\"model\":\"m\",\"max_tokens\":20}");
  request.url = str("http://127.0.0.1:8080/v1/chat/completions");
  return request;
}

static void what_is_used_can_be_read(void) {
  int warnings = 0;
  costmark_client *client = client_with_budgets(&warnings);
  const costmark_request request = limited_request();
  costmark_operation *operation = sent_operation(client, &request);
  costmark_budget budget = budget_at(client, 0);
  CHECK(costmark_client_budget_count(client) == 4);
  CHECK(equal(budget.name, "mine") && budget.key.len == 0 && equal(budget.value, "proj_a"));
  CHECK(budget.subject == COSTMARK_BUDGET_OF_PROJECT && budget.unit == COSTMARK_BUDGET_CALLS);
  CHECK(budget.period == COSTMARK_BUDGET_DAY && budget.action == COSTMARK_BUDGET_REFUSE);
  CHECK(budget.limit == 2 && budget.spent == 0 && budget.reserved == 1 && budget.left == 1);
  CHECK(budget.reset_us > 0 && budget.reset_us % 86400000000 == 0);
  CHECK(budget_at(client, 1).reserved >= 20);
  CHECK(take_head(operation, 200, "application/json") == COSTMARK_OK);
  finish_with(operation, answer_text);
  costmark_operation_free(operation);
  budget = budget_at(client, 1);
  CHECK(budget.spent == 15 && budget.reserved == 0 && budget.left == 984);
  CHECK(budget.subject == COSTMARK_BUDGET_OF_ALL && budget.value.data == NULL);
  CHECK(budget.unit == COSTMARK_BUDGET_TOKENS && budget.action == COSTMARK_BUDGET_WARN);
  budget = budget_at(client, 2);
  CHECK(budget.subject == COSTMARK_BUDGET_OF_LABEL && equal(budget.key, "user"));
  CHECK(equal(budget.value, "ann") && budget.unit == COSTMARK_BUDGET_PICO_USD);
  CHECK(budget.limit == 1500000000000 && budget.period == COSTMARK_BUDGET_MONTH);
  CHECK(budget_at(client, 3).subject == COSTMARK_BUDGET_OF_TAG);
  CHECK(budget_at(client, 4).name.data == NULL && budget_at(NULL, 0).limit == 0);
  CHECK(costmark_client_budget_count(NULL) == 0);
  CHECK(warnings == 1);
  costmark_client_release(client);
}

static void a_call_is_refused_unless_it_overrides(void) {
  int warnings = 0;
  costmark_client *client = client_with_budgets(&warnings);
  costmark_request request = limited_request();
  costmark_operation *first = sent_operation(client, &request);
  costmark_operation *second = sent_operation(client, &request);
  costmark_operation *third = NULL;
  CHECK_OK(costmark_operation_new(client, &third, &error));
  CHECK_FAILS(COSTMARK_BUDGET_EXCEEDED, costmark_operation_begin(third, &request, &error));
  request.overrides_budgets = 1;
  CHECK_OK(costmark_operation_begin(third, &request, &error));
  CHECK(budget_at(client, 0).reserved == 3 && budget_at(client, 0).left == 0);
  costmark_operation_free(third);
  CHECK(budget_at(client, 0).reserved == 2);
  costmark_operation_free(first);
  costmark_operation_free(second);
  CHECK(budget_at(client, 0).reserved == 0 && warnings == 1);
  costmark_client_release(client);
}

static void without_budgets_there_are_none(void) {
  costmark_client *client = client_with(NULL);
  CHECK(costmark_client_budget_count(client) == 0 && budget_at(client, 0).name.data == NULL);
  costmark_client_release(client);
}

void test_budgets(void) {
  what_is_used_can_be_read();
  a_call_is_refused_unless_it_overrides();
  without_budgets_there_are_none();
}
