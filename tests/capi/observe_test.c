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
  costmark_prepared *prepared;
} fixture;

static fixture set_up(const char *body) {
  fixture made;
  const costmark_request request = chat_request(body);
  made.client = client_with(with_project);
  made.prepared = new_prepared();
  CHECK_OK(costmark_client_prepare(made.client, &request, made.prepared, &error));
  return made;
}

static void tear_down(fixture *made) {
  costmark_prepared_free(made->prepared);
  costmark_client_release(made->client);
}

static costmark_observation *begin(const fixture *made, uint32_t attempt) {
  costmark_observation *observation = NULL;
  CHECK_OK(costmark_observation_new(made->client, made->prepared, attempt, &observation, &error));
  return observation;
}

static costmark_usage_totals totals_of(const costmark_client *client, const char *project) {
  costmark_usage_totals totals = COSTMARK_USAGE_TOTALS_INIT;
  costmark_usage_report *report = NULL;
  size_t i;
  bool found = false;
  CHECK_OK(costmark_client_usage(client, &report, &error));
  for (i = 0; i < costmark_usage_report_count(report); ++i) {
    size_t len = 0;
    const char *id = costmark_usage_report_project(report, i, &len);
    CHECK(strlen(id) == len);
    if (strcmp(id, project) != 0) continue;
    CHECK_OK(costmark_usage_report_totals(report, i, &totals, &error));
    found = true;
  }
  CHECK(found);
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_usage_report_totals(report, i, &totals, &error));
  CHECK(strcmp(costmark_usage_report_project(report, i, NULL), "") == 0);
  costmark_usage_report_free(report);
  return totals;
}

static void whole_answer_is_counted(void) {
  fixture made = set_up("{\"model\":\"m\"}");
  costmark_observation *observation = begin(&made, 1);
  costmark_usage usage = COSTMARK_USAGE_INIT;
  costmark_usage_totals totals;
  size_t at, len = 0;
  const char *out = NULL;
  CHECK_OK(take_head(observation, 200, "application/json", &error));
  for (at = 0; at < sizeof answer - 1; at += 7) {
    const size_t left = sizeof answer - 1 - at;
    const size_t piece = left < 7 ? left : 7;
    CHECK_OK(costmark_observation_feed(observation, answer + at, piece, &out, &len, &error));
    CHECK(out == answer + at && len == piece);
  }
  CHECK_OK(costmark_observation_feed(observation, NULL, 0, NULL, NULL, &error));
  CHECK_OK(costmark_observation_finish(observation, &out, &len, &error));
  CHECK(len == 0);
  CHECK_OK(costmark_observation_finish(observation, NULL, NULL, &error));
  CHECK_OK(costmark_observation_usage(observation, &usage, &error));
  CHECK(usage.known == (COSTMARK_USAGE_INPUT | COSTMARK_USAGE_CACHED_INPUT | COSTMARK_USAGE_OUTPUT |
                        COSTMARK_USAGE_REASONING));
  CHECK(usage.input_tokens == 10 && usage.cached_input_tokens == 4);
  CHECK(usage.output_tokens == 7 && usage.reasoning_tokens == 2);
  CHECK(usage.cache_write_tokens == 0 && usage.inconsistent == 0);
  CHECK(costmark_observation_outcome(observation) == COSTMARK_OUTCOME_OK);
  CHECK(strcmp(costmark_observation_response_id(observation, &len), "chatcmpl-1") == 0);
  CHECK(len == 10);
  CHECK(strcmp(costmark_observation_model(observation, NULL), "m-2") == 0);
  CHECK(strcmp(costmark_observation_service_tier(observation, NULL), "default") == 0);
  costmark_observation_free(observation);
  totals = totals_of(made.client, "proj_a");
  CHECK(totals.operations == 1 && totals.attempts == 1 && totals.failed_attempts == 0);
  CHECK(totals.input_tokens == 10 && totals.output_tokens == 7);
  tear_down(&made);
}

static void attempts_belong_to_one_operation(void) {
  fixture made = set_up("{}");
  costmark_usage_totals totals;
  costmark_observation *observation = begin(&made, 1);
  CHECK_OK(costmark_observation_fail(observation, COSTMARK_OUTCOME_ERROR, NULL, NULL, &error));
  CHECK(costmark_observation_outcome(observation) == COSTMARK_OUTCOME_ERROR);
  costmark_observation_free(observation);
  costmark_observation_free(begin(&made, 2)); /* given up */
  totals = totals_of(made.client, "proj_a");
  CHECK(totals.operations == 1 && totals.attempts == 2);
  CHECK(totals.failed_attempts == 1 && totals.incomplete_attempts == 1);
  tear_down(&made);
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
  fixture made = set_up("{\"model\":\"m\",\"stream\":true}");
  costmark_observation *observation = begin(&made, 1);
  costmark_usage usage = COSTMARK_USAGE_INIT;
  char got[512];
  size_t i, have = 0, len = 0;
  const char *out = NULL;
  CHECK(costmark_prepared_streamed(made.prepared));
  CHECK_OK(take_head(observation, 200, "text/event-stream", &error));
  for (i = 0; i < 3; ++i) {
    CHECK_OK(
        costmark_observation_feed(observation, pieces[i], strlen(pieces[i]), &out, &len, &error));
    if (len > 0) memcpy(got + have, out, len);
    have += len;
  }
  CHECK_OK(costmark_observation_finish(observation, &out, &len, &error));
  if (len > 0) memcpy(got + have, out, len);
  have += len;
  CHECK(have == strlen(first) + strlen(last));
  CHECK(memcmp(got, first, strlen(first)) == 0);
  CHECK(memcmp(got + strlen(first), last, strlen(last)) == 0);
  CHECK_OK(costmark_observation_usage(observation, &usage, &error));
  CHECK(usage.known == (COSTMARK_USAGE_INPUT | COSTMARK_USAGE_OUTPUT));
  CHECK(usage.input_tokens == 3 && usage.output_tokens == 1);
  costmark_observation_free(observation);
  tear_down(&made);
}

static void order_is_checked_and_pieces_pass(void) {
  fixture made = set_up("{}");
  costmark_observation *observation = begin(&made, 1);
  costmark_answer_head head = COSTMARK_ANSWER_HEAD_INIT;
  size_t len = 0;
  const char *out = NULL;
  head.http_status = 200;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_observation_feed(observation, "early", 5, &out, &len, &error));
  CHECK(len == 5 && memcmp(out, "early", 5) == 0);
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, take_head(observation, 99, NULL, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, take_head(observation, 600, NULL, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_observation_head(observation, NULL, &error));
  head.content_type.len = 3;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_observation_head(observation, &head, &error));
  head.content_type.len = 0;
  head.reserved = 1;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_observation_head(observation, &head, &error));
  head.reserved = 0;
  CHECK_OK(costmark_observation_head(observation, &head, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, take_head(observation, 200, NULL, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_observation_feed(observation, NULL, 5, &out, &len, &error));
  CHECK(out == NULL && len == 0);
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_observation_fail(observation, COSTMARK_OUTCOME_OK, &out, &len, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_observation_fail(observation, 5, &out, &len, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_observation_fail(observation, -1, &out, &len, &error));
  CHECK(costmark_observation_outcome(observation) == COSTMARK_OUTCOME_UNKNOWN);
  CHECK_OK(costmark_observation_fail(observation, COSTMARK_OUTCOME_CANCELLED, &out, &len, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_observation_feed(observation, "late", 4, &out, &len, &error));
  CHECK(len == 4 && memcmp(out, "late", 4) == 0);
  costmark_observation_free(observation);
  tear_down(&made);
}

static void needs_a_prepare_of_the_same_client(void) {
  fixture made = set_up("{}");
  costmark_client *other = client_with(NULL);
  costmark_prepared *empty = new_prepared();
  costmark_observation *observation = (costmark_observation *)empty;
  const costmark_request request = chat_request("{}");
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_observation_new(made.client, empty, 1, &observation, &error));
  CHECK(observation == NULL);
  CHECK_OK(costmark_client_check(made.client, &request, empty, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_observation_new(made.client, empty, 1, &observation, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_observation_new(other, made.prepared, 1, &observation, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_observation_new(made.client, made.prepared, 0, &observation, &error));
  costmark_prepared_free(empty);
  costmark_client_release(other);
  tear_down(&made);
}

static void observation_outlives_its_client(void) {
  fixture made = set_up("{}");
  costmark_observation *observation = begin(&made, 1);
  tear_down(&made);
  CHECK_OK(take_head(observation, 200, "application/json", &error));
  CHECK_OK(costmark_observation_feed(observation, answer, sizeof answer - 1, NULL, NULL, &error));
  CHECK_OK(costmark_observation_finish(observation, NULL, NULL, &error));
  CHECK(costmark_observation_outcome(observation) == COSTMARK_OUTCOME_OK);
  costmark_observation_free(observation);
}

void test_observe(void) {
  whole_answer_is_counted();
  attempts_belong_to_one_operation();
  usage_chunk_is_hidden();
  order_is_checked_and_pieces_pass();
  needs_a_prepare_of_the_same_client();
  observation_outlives_its_client();
}
