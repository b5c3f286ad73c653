/* Every call of an operation in every state, as core/operation.hpp and costmark.h have it; what is
 * not waited for; what comes next. */
#define _POSIX_C_SOURCE 200112L
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static const char answer[] =
    "{\"id\":\"chatcmpl-1\",\"model\":\"m-2\",\"choices\":[{\"index\":0,\"finish_reason\":\"stop\"}"
    "],"
    "\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":7,\"total_tokens\":17}}";
static const char *const with_project[] = {"project", "proj_a", NULL};

static costmark_usage_totals totals_of(const costmark_client *client) {
  costmark_usage_totals totals = COSTMARK_USAGE_TOTALS_INIT;
  costmark_usage_report *report = NULL;
  CHECK_OK(costmark_client_usage(client, &report, &error));
  costmark_usage_report_read(report, 0, &totals);
  costmark_usage_report_free(report);
  return totals;
}

/* --- The table ---------------------------------------------------------------------------------
 */

typedef struct {
  const char *state, *call, *then; /* "": freed */
  uint32_t attempt;
  unsigned counted, failed, incomplete;
  costmark_status status; /* of the call */
} cell;

static const cell cells[] = {
    {"idle", "begin", "decided", 0, 0, 0, 0, COSTMARK_OK},
    {"idle", "ready", "idle", 0, 0, 0, 0, COSTMARK_INVALID_ARGUMENT},
    {"idle", "prepare", "idle", 0, 0, 0, 0, COSTMARK_INVALID_ARGUMENT},
    {"idle", "prepare with", "idle", 0, 0, 0, 0, COSTMARK_INVALID_ARGUMENT},
    {"idle", "sent", "idle", 0, 0, 0, 0, COSTMARK_OK},
    {"idle", "head", "idle", 0, 0, 0, 0, COSTMARK_OK},
    {"idle", "interim head", "idle", 0, 0, 0, 0, COSTMARK_OK},
    {"idle", "feed", "idle", 0, 0, 0, 0, COSTMARK_OK},
    {"idle", "finish", "idle", 0, 0, 0, 0, COSTMARK_OK},
    {"idle", "fail", "idle", 0, 0, 0, 0, COSTMARK_OK},
    {"idle", "answer", "idle", 0, 0, 0, 0, COSTMARK_OK},
    {"idle", "send", "idle", 0, 0, 0, 0, COSTMARK_INVALID_ARGUMENT},
    {"idle", "free", "", 0, 0, 0, 0, COSTMARK_OK},

    {"decided", "begin", "decided", 0, 0, 0, 0, COSTMARK_OK},
    {"decided", "ready", "decided", 0, 0, 0, 0, COSTMARK_OK},
    {"decided", "prepare", "prepared", 0, 0, 0, 0, COSTMARK_OK},
    {"decided", "prepare with", "prepared", 0, 0, 0, 0, COSTMARK_OK},
    {"decided", "sent", "answering", 1, 1, 0, 0, COSTMARK_OK},
    {"decided", "head", "decided", 0, 0, 0, 0, COSTMARK_OK},
    {"decided", "interim head", "decided", 0, 0, 0, 0, COSTMARK_OK},
    {"decided", "feed", "decided", 0, 0, 0, 0, COSTMARK_OK},
    {"decided", "finish", "decided", 0, 0, 0, 0, COSTMARK_OK},
    {"decided", "fail", "decided", 0, 0, 0, 0, COSTMARK_OK},
    {"decided", "answer", "decided", 0, 0, 0, 0, COSTMARK_OK},
    {"decided", "send", "decided", 0, 0, 0, 0, COSTMARK_CANCELLED},
    {"decided", "free", "", 0, 0, 0, 0, COSTMARK_OK},

    {"prepared", "begin", "decided", 0, 0, 0, 0, COSTMARK_OK},
    {"prepared", "ready", "prepared", 0, 0, 0, 0, COSTMARK_OK},
    {"prepared", "prepare", "prepared", 0, 0, 0, 0, COSTMARK_OK},
    {"prepared", "prepare with", "prepared", 0, 0, 0, 0, COSTMARK_OK},
    {"prepared", "sent", "answering", 1, 1, 0, 0, COSTMARK_OK},
    {"prepared", "head", "answering", 1, 1, 0, 0, COSTMARK_OK},
    {"prepared", "interim head", "answering", 1, 1, 0, 0, COSTMARK_OK},
    {"prepared", "feed", "prepared", 0, 0, 0, 0, COSTMARK_OK},
    {"prepared", "finish", "prepared", 0, 0, 0, 0, COSTMARK_OK},
    {"prepared", "fail", "decided", 0, 0, 0, 0, COSTMARK_OK},
    {"prepared", "answer", "prepared", 0, 0, 0, 0, COSTMARK_OK},
    {"prepared", "send", "prepared", 0, 0, 0, 0, COSTMARK_CANCELLED},
    {"prepared", "free", "", 0, 0, 0, 0, COSTMARK_OK},

    {"answering", "begin", "decided", 0, 1, 0, 1, COSTMARK_OK},
    {"answering", "ready", "answering", 1, 1, 0, 0, COSTMARK_INVALID_ARGUMENT},
    {"answering", "prepare", "prepared", 1, 1, 0, 1, COSTMARK_OK},
    {"answering", "prepare with", "prepared", 1, 1, 0, 1, COSTMARK_OK},
    {"answering", "sent", "answering", 1, 1, 0, 0, COSTMARK_OK},
    {"answering", "head", "answering", 1, 1, 0, 0, COSTMARK_OK},
    {"answering", "interim head", "answering", 1, 1, 0, 0, COSTMARK_OK},
    {"answering", "feed", "answering", 1, 1, 0, 0, COSTMARK_OK},
    {"answering", "finish", "ended", 1, 1, 0, 1, COSTMARK_OK},
    {"answering", "fail", "ended", 1, 1, 1, 0, COSTMARK_OK},
    {"answering", "answer", "answering", 1, 1, 0, 0, COSTMARK_OK},
    {"answering", "send", "prepared", 1, 1, 0, 1, COSTMARK_CANCELLED},
    {"answering", "free", "", 0, 1, 0, 1, COSTMARK_OK},

    {"reading", "begin", "decided", 0, 1, 0, 1, COSTMARK_OK},
    {"reading", "ready", "answering", 1, 1, 0, 0, COSTMARK_INVALID_ARGUMENT},
    {"reading", "prepare", "prepared", 1, 1, 0, 1, COSTMARK_OK},
    {"reading", "prepare with", "prepared", 1, 1, 0, 1, COSTMARK_OK},
    {"reading", "sent", "answering", 1, 1, 0, 0, COSTMARK_OK},
    {"reading", "head", "answering", 1, 1, 0, 0, COSTMARK_OK},
    {"reading", "interim head", "answering", 1, 1, 0, 0, COSTMARK_OK},
    {"reading", "feed", "answering", 1, 1, 0, 0, COSTMARK_OK},
    {"reading", "finish", "ended", 1, 1, 0, 1, COSTMARK_OK},
    {"reading", "fail", "ended", 1, 1, 1, 0, COSTMARK_OK},
    {"reading", "answer", "answering", 1, 1, 0, 0, COSTMARK_OK},
    {"reading", "send", "prepared", 1, 1, 0, 1, COSTMARK_CANCELLED},
    {"reading", "free", "", 0, 1, 0, 1, COSTMARK_OK},

    {"refused", "begin", "decided", 0, 1, 1, 0, COSTMARK_OK},
    {"refused", "prepare", "prepared", 1, 1, 1, 0, COSTMARK_OK},
    {"refused", "prepare with", "prepared", 1, 1, 1, 0, COSTMARK_OK},
    {"refused", "send", "prepared", 1, 1, 1, 0, COSTMARK_CANCELLED},
    {"refused", "free", "", 0, 1, 1, 0, COSTMARK_OK},

    {"ended", "begin", "decided", 0, 1, 0, 0, COSTMARK_OK},
    {"ended", "ready", "ended", 1, 1, 0, 0, COSTMARK_OK},
    {"ended", "prepare", "prepared", 1, 1, 0, 0, COSTMARK_OK},
    {"ended", "prepare with", "prepared", 1, 1, 0, 0, COSTMARK_OK},
    {"ended", "sent", "ended", 1, 1, 0, 0, COSTMARK_OK},
    {"ended", "head", "ended", 1, 1, 0, 0, COSTMARK_OK},
    {"ended", "interim head", "ended", 1, 1, 0, 0, COSTMARK_OK},
    {"ended", "feed", "ended", 1, 1, 0, 0, COSTMARK_OK},
    {"ended", "finish", "ended", 1, 1, 0, 0, COSTMARK_OK},
    {"ended", "fail", "ended", 1, 1, 0, 0, COSTMARK_OK},
    {"ended", "answer", "ended", 1, 1, 0, 0, COSTMARK_OK},
    {"ended", "send", "prepared", 1, 1, 0, 0, COSTMARK_CANCELLED},
    {"ended", "free", "", 0, 1, 0, 0, COSTMARK_OK},
};
enum { count_of_cells = sizeof cells / sizeof cells[0] };

static bool is(const char *a, const char *b) {
  return strcmp(a, b) == 0;
}

static void bring_to(costmark_operation *operation, const char *state,
                     const costmark_request *request) {
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  if (is(state, "idle")) return;
  CHECK_OK(costmark_operation_begin(operation, request, &error));
  if (is(state, "decided")) return;
  CHECK_OK(costmark_operation_prepare(operation, NULL, NULL, &prepared, &error));
  if (is(state, "prepared")) return;
  costmark_operation_sent(operation);
  if (is(state, "answering")) return;
  CHECK(take_head(operation, is(state, "refused") ? 500 : 200, "application/json") == COSTMARK_OK);
  if (is(state, "ended")) finish_with(operation, answer);
}

/* Sends with a cancel that was stopped before: all but the network. */
static costmark_status send_nothing(costmark_operation *operation) {
  costmark_send_options options = COSTMARK_SEND_OPTIONS_INIT;
  costmark_response response = COSTMARK_RESPONSE_INIT;
  costmark_status status;
  CHECK_OK(costmark_cancel_new(&options.cancel, &error));
  costmark_cancel_stop(options.cancel);
  status = costmark_operation_send(operation, &options, NULL);
  costmark_operation_response(operation, &response);
  CHECK(shows_nothing(&response, sizeof response));
  costmark_cancel_release(options.cancel);
  return status;
}

static costmark_status make_call(costmark_operation *operation, const char *call,
                                 const costmark_request *request) {
  costmark_prepared prepared;
  costmark_str piece = COSTMARK_STR("before");
  costmark_status status = COSTMARK_OK;
  memset(&prepared, 0xff, sizeof prepared);
  prepared.struct_size = sizeof prepared;
  if (is(call, "begin")) return costmark_operation_begin(operation, request, NULL);
  if (is(call, "ready")) return costmark_operation_ready(operation, NULL, NULL);
  if (is(call, "send")) return send_nothing(operation);
  if (is(call, "head")) return take_head(operation, 200, NULL);
  if (is(call, "interim head")) return take_head(operation, 103, NULL);
  if (is(call, "prepare") || is(call, "prepare with")) {
    status = costmark_operation_prepare(operation, is(call, "prepare") ? NULL : request, NULL,
                                        &prepared, NULL);
    CHECK(status == COSTMARK_OK ? prepared.set_header_count > 2
                                : shows_nothing(&prepared, sizeof prepared));
  } else if (is(call, "sent")) {
    costmark_operation_sent(operation);
  } else if (is(call, "feed")) {
    status = costmark_operation_feed(operation, call, 2, &piece);
    CHECK(piece.data == call && piece.len == 2);
  } else if (is(call, "finish")) {
    status = costmark_operation_finish(operation, &piece, NULL);
    CHECK(piece.data == NULL && piece.len == 0);
  } else if (is(call, "fail")) {
    status = costmark_operation_fail(operation, COSTMARK_OUTCOME_ERROR, &piece, NULL);
    CHECK(piece.data == NULL && piece.len == 0);
  } else if (is(call, "answer")) {
    answer_of(operation);
  } else {
    CHECK(is(call, "free"));
    costmark_operation_free(operation);
  }
  return status;
}

/* Which state it is in, as far as calls tell; some of them change it. */
static const char *state_of(costmark_operation *operation) {
  costmark_next next = COSTMARK_NEXT_INIT;
  const costmark_answer before = answer_of(operation);
  if (before.operation.data == NULL) return "idle";
  if (costmark_operation_ready(operation, NULL, NULL) != COSTMARK_OK) return "answering";
  CHECK(costmark_operation_finish(operation, NULL, &next) == COSTMARK_OK);
  if (next.step != COSTMARK_STEP_NONE) return "ended";
  CHECK(take_head(operation, 200, NULL) == COSTMARK_OK);
  return answer_of(operation).attempt > before.attempt ? "prepared" : "decided";
}

static void check_cell(const cell *expected) {
  costmark_client *client = client_with(with_project);
  costmark_operation *operation = operation_of(client);
  const costmark_request request = chat_request("{\"model\":\"m\"}");
  const int failures_before = failures;
  costmark_usage_totals totals;
  bring_to(operation, expected->state, &request);
  CHECK(make_call(operation, expected->call, &request) == expected->status);
  totals = totals_of(client);
  CHECK(totals.attempts == expected->counted && totals.failed_attempts == expected->failed);
  CHECK(totals.incomplete_attempts == expected->incomplete);
  if (expected->then[0] != '\0') {
    CHECK(answer_of(operation).attempt == expected->attempt);
    CHECK(is(state_of(operation), expected->then));
    costmark_operation_free(operation);
  }
  costmark_client_release(client);
  if (failures != failures_before) {
    fprintf(stderr, "  in the cell %s, %s\n", expected->state, expected->call);
  }
}

static void every_cell(void) {
  static const char *const states[] = {"idle",      "decided", "prepared",
                                       "answering", "reading", "ended"};
  size_t i, k;
  for (i = 0; i < count_of_cells; ++i) check_cell(&cells[i]);
  for (i = 0; i < sizeof states / sizeof states[0]; ++i) {
    size_t calls = 0;
    for (k = 0; k < count_of_cells; ++k) calls += is(cells[k].state, states[i]) ? 1 : 0;
    CHECK(calls == 13);
  }
}

/* --- Attempts ----------------------------------------------------------------------------------
 */

static void a_failed_begin_is_idle(void) {
  static const char *const states[] = {"idle", "decided", "prepared", "answering", "ended"};
  const costmark_request good = chat_request("{}");
  costmark_request bad = good;
  costmark_answer shown;
  size_t i;
  bad.project = str("no spaces");
  for (i = 0; i < 2 * sizeof states / sizeof states[0]; ++i) {
    costmark_client *client = client_with(with_project);
    costmark_operation *operation = operation_of(client);
    bring_to(operation, states[i / 2], &good);
    if (i % 2 == 0) {
      CHECK_FAILS(COSTMARK_INVALID_PROJECT, costmark_operation_begin(operation, &bad, &error));
    } else {
      CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_operation_begin(operation, NULL, &error));
    }
    shown = answer_of(operation);
    CHECK(shows_nothing(&shown, sizeof shown));
    CHECK(is(state_of(operation), "idle"));
    costmark_operation_free(operation);
    costmark_client_release(client);
  }
}

/* What is on its way stays readable, whatever failed beside it. */
static void a_failed_prepare_keeps_the_last_request(void) {
  costmark_client *client = client_with(with_project);
  costmark_operation *operation = operation_of(client);
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  const costmark_request good = chat_request("{\"model\":\"m\"}");
  costmark_request bad = good;
  CHECK_OK(begin_and_prepare(operation, &good, &prepared, &error));
  bad.header_count = SIZE_MAX;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_operation_prepare(operation, &bad, NULL, &prepared, &error));
  CHECK(shows_nothing(&prepared, sizeof prepared));
  CHECK_OK(costmark_operation_prepare(operation, NULL, NULL, &prepared, &error));
  CHECK(prepared.body.data == good.body.data && equal(prepared.url, good.url.data));
  costmark_operation_free(operation);
  costmark_client_release(client);
}

static void two_side_by_side(void) {
  costmark_client *client = client_with(with_project), *other_client = client_with(NULL);
  costmark_operation *first = operation_of(client), *second = operation_of(client);
  costmark_operation *stranger = operation_of(other_client);
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  const costmark_request request = chat_request("{\"model\":\"m\"}");
  costmark_answer one, two;
  char id[37];
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_operation_begin_beside(second, first, &request, &error)); /* is idle */
  CHECK_OK(begin_and_prepare(first, &request, &prepared, &error));
  costmark_operation_sent(first);
  CHECK_OK(costmark_operation_begin_beside(second, first, &request, &error));
  CHECK_OK(costmark_operation_prepare(second, NULL, NULL, &prepared, &error));
  costmark_operation_sent(second);
  one = answer_of(first);
  CHECK(one.operation.len == 36 && strlen(one.operation.data) == 36);
  CHECK(one.attempt == 1 && one.concurrent == 0);
  memcpy(id, one.operation.data, sizeof id);
  two = answer_of(second);
  CHECK(equal(two.operation, id) && two.attempt == 2 && two.concurrent == 1);
  CHECK(take_head(second, 200, "application/json") == COSTMARK_OK);
  finish_with(second, answer);
  CHECK(costmark_operation_fail(first, COSTMARK_OUTCOME_CANCELLED, NULL, NULL) == COSTMARK_OK);
  CHECK(totals_of(client).operations == 1 && totals_of(client).attempts == 2);
  CHECK(totals_of(client).incomplete_attempts == 1);

  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_operation_begin_beside(second, second, &request, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_operation_begin_beside(second, NULL, &request, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_operation_begin_beside(stranger, first, &request, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_operation_begin_beside(NULL, first, &request, &error));
  costmark_operation_free(first);
  costmark_operation_free(second);
  costmark_operation_free(stranger);
  costmark_client_release(client);
  costmark_client_release(other_client);
}

static void ids_differ(void) {
  costmark_client *client = client_with(NULL);
  costmark_operation *operation = operation_of(client);
  const costmark_request request = chat_request("{}");
  char id[37];
  CHECK_OK(costmark_operation_begin(operation, &request, &error));
  memcpy(id, answer_of(operation).operation.data, sizeof id);
  CHECK(id[14] == '7' && id[36] == '\0');
  CHECK_OK(costmark_operation_begin(operation, &request, &error));
  CHECK(!equal(answer_of(operation).operation, id));
  costmark_operation_free(operation);
  costmark_client_release(client);
}

/* --- What comes next ---------------------------------------------------------------------------
 */

static costmark_next next_after(costmark_operation *operation, int32_t http_status,
                                const costmark_header *field) {
  costmark_answer_head head = COSTMARK_ANSWER_HEAD_INIT;
  costmark_next next = COSTMARK_NEXT_INIT, again = COSTMARK_NEXT_INIT;
  head.http_status = http_status;
  head.headers = field;
  head.header_count = field == NULL ? 0 : 1;
  CHECK(costmark_operation_head(operation, &head, NULL) == COSTMARK_OK);
  CHECK(costmark_operation_feed(operation, "{}", 2, NULL) == COSTMARK_OK);
  CHECK(costmark_operation_finish(operation, NULL, &next) == COSTMARK_OK);
  CHECK(costmark_operation_finish(operation, NULL, &again) == COSTMARK_OK);
  CHECK(memcmp(&next, &again, sizeof next) == 0);
  return next;
}

static void says_what_comes_next(void) {
  static const char *const twice[] = {"max_attempts", "2", NULL};
  static const costmark_header pause = {COSTMARK_STR("Retry-After"), COSTMARK_STR("7")};
  const costmark_request request = chat_request("{}");
  costmark_client *client = client_with(twice);
  costmark_operation *operation = sent_operation(client, &request);
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  costmark_next next = next_after(operation, 400, NULL);
  CHECK(next.step == COSTMARK_STEP_DONE && next.reason == COSTMARK_REASON_FINAL_ANSWER);
  costmark_operation_free(operation);

  operation = sent_operation(client, &request);
  next = next_after(operation, 429, &pause);
  CHECK(next.step == COSTMARK_STEP_AFTER_PAUSE && next.reason == COSTMARK_REASON_BUSY);
  CHECK(next.pause_ms == 7000);
  CHECK_OK(costmark_operation_prepare(operation, NULL, NULL, &prepared, &error));
  costmark_operation_sent(operation);
  next = next_after(operation, 503, NULL);
  CHECK(next.step == COSTMARK_STEP_DONE && next.reason == COSTMARK_REASON_EXHAUSTED);
  CHECK(next.pause_ms == 0);
  costmark_operation_free(operation);

  operation = sent_operation(client, &request);
  CHECK(costmark_operation_fail(operation, COSTMARK_OUTCOME_ERROR, NULL, &next) == COSTMARK_OK);
  CHECK(next.step == COSTMARK_STEP_AFTER_PAUSE && next.reason == COSTMARK_REASON_NO_ANSWER);
  CHECK(next.pause_ms > 0);
  costmark_operation_free(operation);
  costmark_client_release(client);
}

/* --- Waiting, and streams ----------------------------------------------------------------------
 */

static costmark_status give_credentials(void *user_data, costmark_credentials_sink *sink) {
  costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  ++*(int *)user_data;
  credentials.access_key_id = str("AKIDEXAMPLE");
  credentials.secret_access_key = str("not-a-real-secret");
  return costmark_credentials_put(sink, &credentials, NULL);
}

static void would_block_then_ready(void) {
  int called = 0;
  costmark_config *config = NULL;
  costmark_client *client = NULL;
  costmark_operation *operation;
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  costmark_wait no_wait = COSTMARK_WAIT_INIT;
  const costmark_request request = chat_request("{}");
  no_wait.no_wait = 1;
  CHECK_OK(costmark_config_new(&config, &error));
  CHECK_OK(
      costmark_config_set_credentials_callback(config, give_credentials, &called, NULL, &error));
  CHECK_OK(costmark_client_new(config, &client, &error));
  costmark_config_free(config);
  operation = operation_of(client);
  CHECK_OK(costmark_operation_begin(operation, &request, &error));
  CHECK_FAILS(COSTMARK_WOULD_BLOCK,
              costmark_operation_prepare(operation, NULL, &no_wait, &prepared, &error));
  CHECK(called == 0 && shows_nothing(&prepared, sizeof prepared));
  CHECK_FAILS(COSTMARK_WOULD_BLOCK,
              costmark_operation_prepare(operation, &request, &no_wait, &prepared, &error));
  CHECK_OK(costmark_operation_ready(operation, NULL, &error));
  CHECK(called == 1);
  CHECK_OK(costmark_operation_prepare(operation, NULL, &no_wait, &prepared, &error));
  CHECK(called == 1 && prepared.authorized == 1 && prepared.renewal_due == 0);

  no_wait.no_wait = 2;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_operation_prepare(operation, NULL, &no_wait, &prepared, &error));
  no_wait.no_wait = 0;
  no_wait.reserved = 1;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_operation_prepare(operation, NULL, &no_wait, &prepared, &error));
  no_wait.reserved = 0;
  no_wait.struct_size = 0;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_operation_prepare(operation, NULL, &no_wait, &prepared, &error));
  costmark_operation_free(operation);
  costmark_client_release(client);
}

/* A program that prints no credentials for ten minutes. The test runs as C and as C++ at once. */
static costmark_client *client_of_a_slow_program(char *path, size_t size) {
  costmark_config *config = NULL;
  costmark_client *client = NULL;
  FILE *file;
  snprintf(path, size, "slow-program-%ld.config", (long)getpid());
  file = fopen(path, "w");
  CHECK(file != NULL);
  fputs("[profile slow]\ncredential_process = sleep 600\n", file);
  fclose(file);
  setenv("AWS_CONFIG_FILE", path, 1);
  CHECK_OK(costmark_config_new(&config, &error));
  CHECK_OK(costmark_config_set_z(config, "project", "proj_a", &error));
  CHECK_OK(costmark_config_set_z(config, "profile", "slow", &error));
  CHECK_OK(costmark_client_new(config, &client, &error));
  costmark_config_free(config);
  return client;
}

static void *stop_soon(void *cancel) {
  const struct timespec soon = {0, 50 * 1000 * 1000};
  nanosleep(&soon, NULL);
  costmark_cancel_stop((costmark_cancel *)cancel);
  return NULL;
}

static void a_wait_ends_when_it_is_told_to(void) {
  char path[64];
  costmark_client *client = client_of_a_slow_program(path, sizeof path);
  costmark_operation *operation = operation_of(client);
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  costmark_wait wait = COSTMARK_WAIT_INIT;
  const costmark_request request = chat_request("{}");
  costmark_error *why = NULL;
  costmark_cancel *cancel = NULL;
  pthread_t other;
  CHECK_OK(costmark_operation_begin(operation, &request, &error));
  wait.timeout_ms = 30;
  CHECK(costmark_operation_ready(operation, &wait, &why) == COSTMARK_TIMEOUT);
  CHECK(equal(view_of(why).message, "fetching credentials took longer than this call may wait"));
  costmark_error_free(why);
  CHECK_FAILS(COSTMARK_TIMEOUT,
              costmark_operation_prepare(operation, NULL, &wait, &prepared, &error));
  CHECK(shows_nothing(&prepared, sizeof prepared));

  CHECK_OK(costmark_cancel_new(&cancel, &error));
  wait.timeout_ms = 0;
  wait.cancel = cancel;
  CHECK(pthread_create(&other, NULL, stop_soon, cancel) == 0);
  CHECK_FAILS(COSTMARK_CANCELLED, costmark_operation_ready(operation, &wait, &error));
  CHECK(pthread_join(other, NULL) == 0);
  CHECK_FAILS(COSTMARK_CANCELLED,
              costmark_operation_prepare(operation, NULL, &wait, &prepared, &error));
  wait.timeout_ms = -1;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_operation_ready(operation, &wait, &error));
  wait.timeout_ms = 0;
  wait.cancel = (costmark_cancel *)operation;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_operation_ready(operation, &wait, &error));
  costmark_cancel_release(cancel);
  costmark_operation_free(operation);
  costmark_client_release(client);
  unsetenv("AWS_CONFIG_FILE");
  remove(path);
}

static void a_stream_is_read_where_its_bytes_are_needed(void) {
  static const char *const in_body[] = {"project", "proj_a", "carrier", "body", NULL};
  static const char *const token[] = {"project",      "proj_a", "auth", "bearer",
                                      "bearer_token", "t",      NULL};
  static const costmark_header form[] = {
      {COSTMARK_STR("Content-Type"), COSTMARK_STR("multipart/form-data; boundary=x")}};
  costmark_client *client = client_with(in_body);
  costmark_request request = chat_request("");
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  costmark_operation *operation = operation_of(client);
  request.body_is_stream = 1;
  CHECK_FAILS(COSTMARK_BODY_NEEDED, begin_and_prepare(operation, &request, &prepared, &error));
  request.body_is_stream = 0;
  request.body = str("{}");
  CHECK_OK(begin_and_prepare(operation, &request, &prepared, &error));
  CHECK(prepared.body_changed == 1);
  costmark_operation_free(operation);
  costmark_client_release(client);

  client = client_with(token);
  operation = operation_of(client);
  request.url = str("https://bedrock-mantle.us-east-1.api.aws/v1/files");
  request.headers = form;
  request.body = str(NULL);
  request.body_is_stream = 1;
  CHECK_OK(begin_and_prepare(operation, &request, &prepared, &error));
  CHECK(prepared.body.len == 0 && prepared.body_changed == 0 && prepared.authorized == 1);
  request.body = str("{}"); /* there, and not there */
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_operation_begin(operation, &request, &error));
  request.body = str(NULL);
  request.body_is_stream = 2;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_operation_begin(operation, &request, &error));
  request.body_is_stream = 0;
  request.overrides_budgets = 2;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_operation_begin(operation, &request, &error));
  costmark_operation_free(operation);
  costmark_client_release(client);
}

void test_operation(void) {
  every_cell();
  a_failed_begin_is_idle();
  a_failed_prepare_keeps_the_last_request();
  two_side_by_side();
  ids_differ();
  says_what_comes_next();
  would_block_then_ready();
  a_wait_ends_when_it_is_told_to();
  a_stream_is_read_where_its_bytes_are_needed();
}
