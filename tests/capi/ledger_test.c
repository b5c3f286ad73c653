/* The ledger from C: what became of its rows, labels, tags, and the same fields in callbacks. */
#define _XOPEN_SOURCE 700
#include "check.h"

#include <fcntl.h>
#include <unistd.h>

static const char answer_text[] =
    "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],"
    "\"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":4,\"output_tokens\":2,"
    "\"cache_creation_input_tokens\":3,\"cache_creation\":{\"ephemeral_5m_input_tokens\":1,"
    "\"ephemeral_1h_input_tokens\":2},\"server_tool_use\":{\"web_search_requests\":5}}}";

static costmark_ledger_counts counts_of(const costmark_client *client) {
  costmark_ledger_counts counts = COSTMARK_LEDGER_COUNTS_INIT;
  costmark_client_ledger_counts(client, &counts);
  return counts;
}

static costmark_request messages_request(const costmark_label *labels, size_t count) {
  costmark_request request = chat_request("{\"model\":\"anthropic.claude-x\"}");
  request.url = str("https://bedrock-mantle.us-east-1.api.aws/anthropic/v1/messages");
  request.labels = labels;
  request.label_count = count;
  return request;
}

static void call_with(costmark_client *client, const costmark_label *labels, size_t count) {
  costmark_request request = messages_request(labels, count);
  costmark_operation *operation = sent_operation(client, &request);
  CHECK(take_head(operation, 200, "application/json") == COSTMARK_OK);
  finish_with(operation, answer_text);
  costmark_operation_free(operation);
}

static costmark_client *client_with_ledger(int fd) {
  char target[20];
  const char *options[] = {"ledger", NULL, "ledger_begin", "false", "project", "proj_a", NULL};
  sprintf(target, "fd:%d", fd);
  options[1] = target;
  return client_with(options);
}

static void rows_are_counted(void) {
  const int fd = open("/dev/null", O_WRONLY);
  costmark_client *client = client_with_ledger(fd);
  costmark_client *without = client_with(NULL);
  CHECK(counts_of(client).rows_written == 0);
  call_with(client, NULL, 0);
  call_with(without, NULL, 0);
  CHECK(counts_of(client).rows_written == 2); /* that the writer began, and the attempt */
  CHECK(counts_of(client).rows_waiting == 0 && counts_of(client).rows_lost == 0);
  CHECK(counts_of(client).rows_torn == 0);
  CHECK(counts_of(without).rows_written == 0 && costmark_client_ledger_flush(without));
  CHECK(counts_of(NULL).rows_written == 0 && !costmark_client_ledger_flush(NULL));
  costmark_client_release(client);
  costmark_client_release(without);
  close(fd);
}

static void a_full_disk_fails_no_call(void) {
  const int fd = open("/dev/full", O_WRONLY);
  costmark_client *client;
  int space;
  size_t i;
  if (fd < 0) return; /* not Linux */
  client = client_with_ledger(fd);
  for (i = 0; i < 3; ++i) call_with(client, NULL, 0);
  CHECK(counts_of(client).rows_waiting == 4 && counts_of(client).rows_written == 0);
  CHECK(!costmark_client_ledger_flush(client));
  /* There is space again. */
  space = open("/dev/null", O_WRONLY);
  CHECK(dup2(space, fd) == fd);
  close(space);
  CHECK(costmark_client_ledger_flush(client));
  CHECK(counts_of(client).rows_waiting == 0 && counts_of(client).rows_written == 4);
  costmark_client_release(client);
  close(fd);
}

/* What has no room to wait is lost, and told. */
static void a_disk_that_stays_full_loses_rows(void) {
  const int fd = open("/dev/full", O_WRONLY);
  char value[1500];
  costmark_label label = {COSTMARK_STR("long"), COSTMARK_STR_INIT};
  costmark_client *client;
  costmark_ledger_counts counts;
  uint64_t i;
  if (fd < 0) return;
  client = client_with_ledger(fd);
  memset(value, 'x', sizeof value);
  label.value.data = value;
  label.value.len = sizeof value;
  for (i = 0; i < 2500; ++i) call_with(client, &label, 1);
  counts = counts_of(client);
  CHECK(counts.rows_lost > 0 && counts.rows_waiting > 1500);
  CHECK(counts.rows_lost + counts.rows_waiting == i + 1);
  costmark_client_release(client);
  close(fd);
}

static void labels_are_checked(void) {
  char many_names[17][4];
  costmark_label many[17];
  const costmark_label good[] = {{COSTMARK_STR("feature"), COSTMARK_STR("search")},
                                 {COSTMARK_STR("user"), COSTMARK_STR_INIT}};
  const costmark_label bad[] = {{COSTMARK_STR("user"), COSTMARK_STR("secret\033[2J")}};
  const costmark_label no_value[] = {{COSTMARK_STR("user"), {NULL, 3}}};
  costmark_error *refused = NULL;
  costmark_request request = messages_request(bad, 1);
  costmark_client *client = client_with(NULL);
  costmark_operation *operation = operation_of(client);
  size_t i;
  for (i = 0; i < 17; ++i) {
    sprintf(many_names[i], "n%d", (int)i);
    many[i].name = str(many_names[i]);
    many[i].value = str("v");
  }
  CHECK_OK(costmark_labels_check(NULL, 0, &error));
  CHECK_OK(costmark_labels_check(good, 2, &error));
  CHECK_OK(costmark_labels_check(many, 16, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_labels_check(many, 17, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_labels_check(NULL, 1, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_labels_check(good, (size_t)-1, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_labels_check(no_value, 1, &error));
  CHECK(costmark_labels_check(bad, 1, &refused) == COSTMARK_INVALID_ARGUMENT);
  CHECK(strstr(view_of(refused).message.data, "'user'") != NULL);
  CHECK(strstr(view_of(refused).message.data, "secret") == NULL);
  costmark_error_free(refused);
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_operation_begin(operation, &request, &error));
  CHECK(answer_of(operation).operation.len == 0); /* idle */
  costmark_operation_free(operation);
  costmark_client_release(client);
}

typedef struct {
  int told;
  costmark_answer_kind kind;
} listener;

static bool is_pair(const costmark_label *pairs, size_t count, const char *name,
                    const char *value) {
  return count == 1 && equal(pairs->name, name) && equal(pairs->value, value) &&
         pairs->name.data[pairs->name.len] == '\0' && pairs->value.data[pairs->value.len] == '\0';
}

static void take_usage(void *user_data, const costmark_answer *answer) {
  ++((listener *)user_data)->told;
  CHECK(answer->start_us > 0 && answer->end_us >= answer->start_us);
  CHECK(equal(answer->url_host, "bedrock-mantle.us-east-1.api.aws"));
  CHECK(equal(answer->region, "us-east-1") && answer->sdk.len == 0);
  CHECK(is_pair(answer->labels, answer->label_count, "feature", "search"));
  CHECK(is_pair(answer->tags, answer->tag_count, "team", "ops"));
  CHECK(answer->labels_key.data == NULL && answer->streamed == 0 && answer->background == 0);
  CHECK(answer->meter_count == 3);
  if (answer->meter_count == 3) {
    CHECK(equal(answer->meters[0].kind, "cache_write_5m") && answer->meters[0].count == 1);
    CHECK(equal(answer->meters[1].kind, "cache_write_1h") && answer->meters[1].count == 2);
    CHECK(equal(answer->meters[2].kind, "web_search") && answer->meters[2].count == 5);
  }
  CHECK(answer->price_book.len > 0 && equal(answer->serving, "in-region"));
  CHECK(answer->cost_state == COSTMARK_COST_UNPRICED && answer->has_cost_pico_usd == 0);
}

static void callbacks_are_told_what_rows_say(void) {
  static const char *const options[] = {"project", "proj_a", "tags", "proj_a: team=ops", NULL};
  const costmark_label label = {COSTMARK_STR("feature"), COSTMARK_STR("search")};
  listener self = {0, 0};
  costmark_request request = messages_request(&label, 1);
  costmark_config *config = config_with(options);
  costmark_client *client = NULL;
  costmark_operation *operation;
  costmark_answer answer;
  CHECK_OK(costmark_config_set_usage_callback(config, take_usage, &self, NULL, &error));
  CHECK_OK(costmark_client_new(config, &client, &error));
  costmark_config_free(config);
  call_with(client, &label, 1);
  CHECK(self.told == 1);

  operation = operation_of(client);
  CHECK_OK(costmark_operation_begin(operation, &request, &error));
  answer = answer_of(operation);
  CHECK(is_pair(answer.labels, answer.label_count, "feature", "search"));
  CHECK(is_pair(answer.tags, answer.tag_count, "team", "ops"));
  CHECK(answer.start_us == 0 && answer.end_us == 0 && answer.meter_count == 0);
  request.labels = NULL; /* what prepare is given does not change them */
  request.label_count = 0;
  {
    costmark_prepared prepared = COSTMARK_PREPARED_INIT;
    CHECK_OK(costmark_operation_prepare(operation, &request, NULL, &prepared, &error));
  }
  CHECK(answer_of(operation).label_count == 1);
  CHECK_OK(costmark_operation_begin(operation, &request, &error));
  CHECK(answer_of(operation).label_count == 0 && answer_of(operation).labels == NULL);
  costmark_operation_free(operation);
  costmark_client_release(client);
}

void test_ledger(void) {
  rows_are_counted();
  a_full_disk_fails_no_call();
  a_disk_that_stays_full_loses_rows();
  labels_are_checked();
  callbacks_are_told_what_rows_say();
}
