/* What is read out of answers, and counted. */
#include "check.h"

static const char *const with_project[] = {"project", "proj_a", NULL};
static const char answer[] =
    "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"model\":\"m-2\",\"service_tier\":"
    "\"default\","
    "\"choices\":[{\"index\":0,\"finish_reason\":\"stop\",\"message\":{\"role\":\"assistant\","
    "\"content\":\"hi\"}}],"
    "\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":7,\"total_tokens\":17,"
    "\"prompt_tokens_details\":{\"cached_tokens\":4},"
    "\"completion_tokens_details\":{\"reasoning_tokens\":2}}}";

typedef struct {
  costmark_client *client;
  costmark_operation *operation; /* on its way */
} fixture;

static fixture set_up(const char *body) {
  fixture made;
  const costmark_request request = chat_request(body);
  made.client = client_with(with_project);
  made.operation = sent_operation(made.client, &request);
  return made;
}

static void tear_down(fixture *made) {
  costmark_operation_free(made->operation);
  costmark_client_release(made->client);
}

static costmark_usage_totals totals_of(const costmark_client *client, const char *project) {
  costmark_usage_totals totals = COSTMARK_USAGE_TOTALS_INIT, found = COSTMARK_USAGE_TOTALS_INIT;
  costmark_usage_report *report = NULL;
  size_t i;
  CHECK_OK(costmark_client_usage(client, &report, &error));
  for (i = 0; i < costmark_usage_report_count(report); ++i) {
    costmark_usage_report_read(report, i, &totals);
    CHECK(strlen(totals.project.data) == totals.project.len);
    if (equal(totals.project, project)) found = totals;
  }
  costmark_usage_report_read(report, i, &totals);
  CHECK(shows_nothing(&totals, sizeof totals));
  costmark_usage_report_read(report, 0, NULL);
  costmark_usage_report_free(report);
  found.project = found.model = str(NULL); /* which lived in the report */
  return found;
}

static void a_whole_answer_is_counted(void) {
  fixture made = set_up("{\"model\":\"m\"}");
  costmark_usage_totals totals;
  costmark_answer shown = answer_of(made.operation);
  costmark_next next = COSTMARK_NEXT_INIT;
  costmark_str piece;
  size_t at;
  CHECK(shown.kind == COSTMARK_ANSWER_ATTEMPT && shown.attempt == 1 && shown.http_status == 0);
  CHECK(shown.outcome == COSTMARK_OUTCOME_UNKNOWN && shown.usage->known == 0);
  CHECK(shown.first_byte_us == -1 && shown.latency_us == 0);
  CHECK(take_head(made.operation, 200, "application/json") == COSTMARK_OK);
  for (at = 0; at < sizeof answer - 1; at += 7) {
    const size_t left = sizeof answer - 1 - at;
    const size_t len = left < 7 ? left : 7;
    CHECK(costmark_operation_feed(made.operation, answer + at, len, &piece) == COSTMARK_OK);
    CHECK(piece.data == answer + at && piece.len == len);
  }
  CHECK(costmark_operation_feed(made.operation, NULL, 0, NULL) == COSTMARK_OK);
  CHECK(costmark_operation_finish(made.operation, &piece, &next) == COSTMARK_OK);
  CHECK(piece.len == 0);
  CHECK(next.step == COSTMARK_STEP_DONE && next.reason == COSTMARK_REASON_ANSWERED);
  CHECK(costmark_operation_finish(made.operation, NULL, NULL) == COSTMARK_OK);
  shown = answer_of(made.operation);
  CHECK(shown.usage->struct_size == sizeof *shown.usage);
  CHECK((shown.usage->known & ~COSTMARK_USAGE_TOTAL) ==
        (COSTMARK_USAGE_INPUT | COSTMARK_USAGE_CACHED_INPUT | COSTMARK_USAGE_OUTPUT |
         COSTMARK_USAGE_REASONING));
  CHECK(shown.usage->input_tokens == 10 && shown.usage->cached_input_tokens == 4);
  CHECK(shown.usage->output_tokens == 7 && shown.usage->reasoning_tokens == 2);
  CHECK(shown.usage->cache_write_tokens == 0 && shown.usage->flags == 0);
  CHECK(shown.outcome == COSTMARK_OUTCOME_OK && shown.http_status == 200);
  CHECK(equal(shown.response_id, "chatcmpl-1") && strlen(shown.response_id.data) == 10);
  CHECK(equal(shown.model, "m") && equal(shown.model_answered, "m-2"));
  CHECK(equal(shown.service_tier, "default") && equal(shown.project, "proj_a"));
  CHECK(shown.project_source == COSTMARK_SOURCE_CLIENT);
  CHECK(shown.api == COSTMARK_API_CHAT_COMPLETIONS && shown.concurrent == 0);
  CHECK(shown.first_byte_us >= 0 && shown.latency_us >= shown.first_byte_us);
  totals = totals_of(made.client, "proj_a");
  CHECK(totals.operations == 1 && totals.attempts == 1 && totals.failed_attempts == 0);
  CHECK(totals.input_tokens == 10 && totals.output_tokens == 7 && totals.flagged == 0);
  costmark_client_usage_reset(made.client);
  totals = totals_of(made.client, "proj_a");
  CHECK(totals.operations == 0 && totals.input_tokens == 0);
  costmark_client_usage_reset(NULL);
  tear_down(&made);
}

/* Nothing of the call before shows in the next one of the same handle. */
static void the_next_call_begins_empty(void) {
  fixture made = set_up("{\"model\":\"m\"}");
  const costmark_request request = chat_request("{\"model\":\"n\"}");
  costmark_answer shown;
  CHECK(take_head(made.operation, 200, "application/json") == COSTMARK_OK);
  finish_with(made.operation, answer);
  CHECK_OK(costmark_operation_begin(made.operation, &request, &error));
  shown = answer_of(made.operation);
  CHECK(shown.operation.len == 36 && equal(shown.model, "n") && equal(shown.project, "proj_a"));
  CHECK(shown.usage == NULL && shown.response_id.data == NULL && shown.model_answered.data == NULL);
  CHECK(shown.http_status == 0 && shown.outcome == COSTMARK_OUTCOME_UNKNOWN);
  CHECK(shown.latency_us == 0 && shown.first_byte_us == -1 && shown.attempt == 0);
  tear_down(&made);
}

static void attempts_belong_to_one_operation(void) {
  fixture made = set_up("{}");
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  costmark_usage_totals totals;
  CHECK(costmark_operation_fail(made.operation, COSTMARK_OUTCOME_ERROR, NULL, NULL) == COSTMARK_OK);
  CHECK(answer_of(made.operation).outcome == COSTMARK_OUTCOME_ERROR);
  CHECK_OK(costmark_operation_prepare(made.operation, NULL, NULL, &prepared, &error));
  costmark_operation_sent(made.operation);
  CHECK(answer_of(made.operation).attempt == 2);
  costmark_operation_free(made.operation); /* given up */
  made.operation = NULL;
  totals = totals_of(made.client, "proj_a");
  CHECK(totals.operations == 1 && totals.attempts == 2);
  CHECK(totals.failed_attempts == 1 && totals.incomplete_attempts == 1);
  tear_down(&made);
}

static void append(char *text, size_t *have, costmark_str piece) {
  if (piece.len > 0) memcpy(text + *have, piece.data, piece.len);
  *have += piece.len;
}

/* The usage chunk that the library asked for does not reach the caller. */
static void usage_chunk_is_hidden(void) {
  static const char first[] =
      "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n";
  static const char second[] =
      "data: "
      "{\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}\n\n";
  static const char last[] = "data: [DONE]\n\n";
  static const char *const pieces[] = {first, second, last};
  static const costmark_header type[] = {
      {COSTMARK_STR("content-type"), COSTMARK_STR("text/event-stream")}};
  fixture made = set_up("{\"model\":\"m\",\"stream\":true}");
  costmark_answer_head head = COSTMARK_ANSWER_HEAD_INIT;
  costmark_answer_plan plan = COSTMARK_ANSWER_PLAN_INIT;
  costmark_answer shown;
  costmark_str piece;
  char got[512];
  size_t i, have = 0;
  head.http_status = 200;
  head.headers = type;
  head.header_count = 1;
  CHECK(costmark_operation_head(made.operation, &head, &plan) == COSTMARK_OK);
  CHECK(plan.body_may_change == 1 && plan.read_ahead_len == 0 && plan.read_ahead_ms == 0);
  for (i = 0; i < 3; ++i) {
    CHECK(costmark_operation_feed(made.operation, pieces[i], strlen(pieces[i]), &piece) ==
          COSTMARK_OK);
    append(got, &have, piece);
  }
  CHECK(costmark_operation_finish(made.operation, &piece, NULL) == COSTMARK_OK);
  append(got, &have, piece);
  CHECK(have == strlen(first) + strlen(last));
  CHECK(memcmp(got, first, strlen(first)) == 0);
  CHECK(memcmp(got + strlen(first), last, strlen(last)) == 0);
  shown = answer_of(made.operation);
  CHECK(shown.usage->input_tokens == 3 && shown.usage->output_tokens == 1);
  tear_down(&made);
}

/* A refusal of what signed the request is read ahead, where another try may help. */
static void a_refusal_is_read_ahead(void) {
  static const costmark_header expired[] = {
      {COSTMARK_STR("x-amzn-errortype"), COSTMARK_STR("ExpiredTokenException")},
      {COSTMARK_STR("x-amzn-requestid"), COSTMARK_STR("req-1")}};
  fixture made = set_up("{}");
  costmark_answer_head head = COSTMARK_ANSWER_HEAD_INIT;
  costmark_answer_plan plan = COSTMARK_ANSWER_PLAN_INIT;
  head.http_status = 403;
  head.headers = expired;
  head.header_count = 2;
  CHECK(costmark_operation_head(made.operation, &head, &plan) == COSTMARK_OK);
  CHECK(plan.read_ahead_len > 0 && plan.read_ahead_ms > 0 && plan.body_may_change == 0);
  CHECK(equal(answer_of(made.operation).request_id, "req-1"));
  tear_down(&made);
}

/* In an encoding that the caller does not undo the body passes unread. */
static void an_encoded_answer_passes_unread(void) {
  fixture made = set_up("{\"stream\":true}");
  costmark_answer_head head = COSTMARK_ANSWER_HEAD_INIT;
  costmark_answer_plan plan = COSTMARK_ANSWER_PLAN_INIT;
  head.http_status = 200;
  head.encoded = 1;
  CHECK(costmark_operation_head(made.operation, &head, &plan) == COSTMARK_OK);
  finish_with(made.operation, "\x1f\x8b\x08 compressed");
  CHECK(answer_of(made.operation).usage->known == 0);
  CHECK(answer_of(made.operation).usage->flags == COSTMARK_USAGE_FLAG_UNREAD);
  tear_down(&made);
}

static void arguments_are_checked_and_pieces_pass(void) {
  fixture made = set_up("{}");
  costmark_answer_head head = COSTMARK_ANSWER_HEAD_INIT;
  costmark_next next;
  costmark_str piece;
  head.http_status = 200;
  CHECK(costmark_operation_feed(made.operation, "early", 5, &piece) == COSTMARK_OK);
  CHECK(equal(piece, "early"));
  CHECK(take_head(made.operation, 99, NULL) == COSTMARK_INVALID_ARGUMENT);
  CHECK(take_head(made.operation, 600, NULL) == COSTMARK_INVALID_ARGUMENT);
  CHECK(costmark_operation_head(made.operation, NULL, NULL) == COSTMARK_INVALID_ARGUMENT);
  head.header_count = 3;
  CHECK(costmark_operation_head(made.operation, &head, NULL) == COSTMARK_INVALID_ARGUMENT);
  head.header_count = 0;
  head.encoded = 2;
  CHECK(costmark_operation_head(made.operation, &head, NULL) == COSTMARK_INVALID_ARGUMENT);
  head.encoded = 0;
  CHECK(costmark_operation_head(made.operation, &head, NULL) == COSTMARK_OK);
  CHECK(costmark_operation_feed(made.operation, NULL, 5, &piece) == COSTMARK_INVALID_ARGUMENT);
  CHECK(piece.data == NULL && piece.len == 0);
  CHECK(costmark_operation_feed(made.operation, "x", SIZE_MAX, &piece) ==
        COSTMARK_INVALID_ARGUMENT);
#define CANNOT_FAIL_WITH(outcome)                                            \
  do {                                                                       \
    memset(&next, 0xff, sizeof next);                                        \
    next.struct_size = sizeof next;                                          \
    CHECK(costmark_operation_fail(made.operation, outcome, &piece, &next) == \
          COSTMARK_INVALID_ARGUMENT);                                        \
    CHECK(piece.data == NULL && shows_nothing(&next, sizeof next));          \
  } while (0)
  CANNOT_FAIL_WITH(COSTMARK_OUTCOME_OK);
  CANNOT_FAIL_WITH(COSTMARK_OUTCOME_OPEN);
  CANNOT_FAIL_WITH(6);
  CANNOT_FAIL_WITH(-1);
#undef CANNOT_FAIL_WITH
  next.struct_size = 0;
  CHECK(costmark_operation_finish(made.operation, &piece, &next) == COSTMARK_INVALID_ARGUMENT);
  CHECK(answer_of(made.operation).outcome == COSTMARK_OUTCOME_UNKNOWN);
  next.struct_size = sizeof next;
  CHECK(costmark_operation_fail(made.operation, COSTMARK_OUTCOME_CANCELLED, &piece, &next) ==
        COSTMARK_OK);
  CHECK(next.step == COSTMARK_STEP_DONE && next.reason == COSTMARK_REASON_CANCELLED);
  CHECK(costmark_operation_feed(made.operation, "late", 4, &piece) == COSTMARK_OK);
  CHECK(equal(piece, "late"));
  tear_down(&made);
}

static void a_program_that_only_observes(void) {
  costmark_client *client = client_with(with_project);
  costmark_operation *operation = operation_of(client);
  const costmark_request request = chat_request("{\"model\":\"m\"}");
  CHECK_OK(costmark_operation_begin(operation, &request, &error));
  costmark_operation_sent(operation);
  CHECK(take_head(operation, 200, "application/json") == COSTMARK_OK);
  finish_with(operation, answer);
  CHECK(answer_of(operation).usage->input_tokens == 10);
  CHECK(totals_of(client, "proj_a").operations == 1);
  costmark_operation_free(operation);
  costmark_client_release(client);
}

static void an_operation_outlives_its_client(void) {
  fixture made = set_up("{}");
  costmark_client_release(made.client);
  made.client = NULL;
  CHECK(take_head(made.operation, 200, "application/json") == COSTMARK_OK);
  finish_with(made.operation, answer);
  CHECK(answer_of(made.operation).outcome == COSTMARK_OUTCOME_OK);
  tear_down(&made);
}

void test_answers(void) {
  a_whole_answer_is_counted();
  the_next_call_begins_empty();
  attempts_belong_to_one_operation();
  usage_chunk_is_hidden();
  a_refusal_is_read_ahead();
  an_encoded_answer_passes_unread();
  arguments_are_checked_and_pieces_pass();
  a_program_that_only_observes();
  an_operation_outlives_its_client();
}
