/*
 * Uses every function of libcostmark 0.1, with the structs, numbers and macros of its header: a
 * program that was built then and runs today. Built against the header beside
 * it. Prints what does not hold.
 */
#define _POSIX_C_SOURCE 200112L
#include <costmark/testing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"

static int failures;

#define CHECK(condition)                                              \
  do {                                                                \
    if (!(condition)) {                                               \
      ++failures;                                                     \
      fprintf(stderr, "line %d: not so: %s\n", __LINE__, #condition); \
    }                                                                 \
  } while (0)
#define OK(call) CHECK((call) == COSTMARK_OK)

static const int64_t noon = 1700000000;

static costmark_str str(const char *text) {
  return costmark_str_of(text);
}

/* A text of the library: a NUL follows it. */
static bool is(costmark_str text, const char *expected) {
  return text.data != NULL && strlen(text.data) == text.len && strcmp(text.data, expected) == 0;
}

static bool begins(costmark_str text, const char *expected) {
  return text.len >= strlen(expected) && memcmp(text.data, expected, strlen(expected)) == 0;
}

static void set(costmark_config *config, const char *name, const char *value) {
  OK(costmark_config_set_z(config, name, value, NULL));
}

static void versions_and_names(void) {
  CHECK(costmark_abi_version() == COSTMARK_ABI_VERSION);
  CHECK(costmark_version_number() >= COSTMARK_VERSION_NUMBER);
  CHECK(strlen(costmark_version()) >= 5);
  CHECK(costmark_has_feature("send", 4) && !costmark_has_feature("nothing", 7));
  CHECK(strcmp(costmark_status_name(COSTMARK_OK), "ok") == 0);
  CHECK(strcmp(costmark_status_name(COSTMARK_INVALID_ARGUMENT), "invalid_argument") == 0);
  CHECK(strcmp(costmark_status_name(COSTMARK_INVALID_JSON), "invalid_json") == 0);
  CHECK(strcmp(costmark_status_name(COSTMARK_INVALID_URL), "invalid_url") == 0);
  CHECK(strcmp(costmark_status_name(COSTMARK_BODY_NEEDED), "body_needed") == 0);
  CHECK(strcmp(costmark_status_name(COSTMARK_WOULD_BLOCK), "would_block") == 0);
  CHECK(strcmp(costmark_status_name(COSTMARK_INVALID_OPTION), "invalid_option") == 0);
  CHECK(strcmp(costmark_status_name(COSTMARK_ENDPOINT_MISMATCH), "endpoint_mismatch") == 0);
  CHECK(strcmp(costmark_status_name(COSTMARK_INVALID_PROJECT), "invalid_project") == 0);
  CHECK(strcmp(costmark_status_name(COSTMARK_UNATTRIBUTED), "unattributed") == 0);
  CHECK(strcmp(costmark_status_name(COSTMARK_CONFLICT), "conflict") == 0);
  CHECK(strcmp(costmark_status_name(COSTMARK_PROJECT_NOT_ALLOWED), "project_not_allowed") == 0);
  CHECK(strcmp(costmark_status_name(COSTMARK_NO_CREDENTIALS), "no_credentials") == 0);
  CHECK(strcmp(costmark_status_name(COSTMARK_EXPIRED_CREDENTIALS), "expired_credentials") == 0);
  CHECK(strcmp(costmark_status_name(COSTMARK_UNUSABLE_CREDENTIALS), "unusable_credentials") == 0);
  CHECK(strcmp(costmark_status_name(COSTMARK_TRANSPORT), "transport") == 0);
  CHECK(strcmp(costmark_status_name(COSTMARK_TIMEOUT), "timeout") == 0);
  CHECK(strcmp(costmark_status_name(COSTMARK_THROTTLED), "throttled") == 0);
  CHECK(strcmp(costmark_status_name(COSTMARK_SERVICE), "service") == 0);
  CHECK(strcmp(costmark_status_name(COSTMARK_OUT_OF_MEMORY), "out_of_memory") == 0);
  CHECK(strcmp(costmark_status_name(COSTMARK_INTERNAL), "internal") == 0);
  CHECK(strcmp(costmark_status_name(COSTMARK_STOPPED_BY_CALLBACK), "stopped_by_callback") == 0);
  CHECK(strcmp(costmark_status_name(COSTMARK_CANCELLED), "cancelled") == 0);
  CHECK(strcmp(costmark_project_source_name(COSTMARK_SOURCE_SCOPE), "scope") == 0);
  CHECK(strcmp(costmark_api_name(COSTMARK_API_MESSAGES), "messages") == 0);
  CHECK(strcmp(costmark_outcome_name(COSTMARK_OUTCOME_INCOMPLETE), "incomplete") == 0);
  CHECK(strcmp(costmark_outcome_name(COSTMARK_OUTCOME_OPEN), "open") == 0);
  CHECK(strcmp(costmark_step_name(COSTMARK_STEP_AFTER_PAUSE), "after_pause") == 0);
  CHECK(strcmp(costmark_reason_name(COSTMARK_REASON_NOT_RENEWED), "not_renewed") == 0);
  CHECK(strcmp(costmark_verdict_name(COSTMARK_VERDICT_NOT_HONORED), "not_honored") == 0);
}

static void structs(void) {
  static const costmark_header headers[] = {{COSTMARK_STR("A"), COSTMARK_STR("b")}};
  costmark_request request;
  costmark_str value = COSTMARK_STR_INIT;
  costmark_init(&request, sizeof request);
  CHECK(request.struct_size == sizeof request && request.url.data == NULL);
  CHECK(costmark_header_find(headers, 1, "a", 1, &value) && is(value, "b"));
}

static void options(void) {
  bool known = false;
  size_t i;
  for (i = 0; i < costmark_option_count(); ++i) {
    costmark_option option = COSTMARK_OPTION_INIT;
    costmark_option_read(i, &option);
    CHECK(option.struct_size == sizeof option && option.description.len > 0);
    if (!is(option.name, "chain_memory")) continue;
    known = true;
    CHECK(option.type == COSTMARK_OPTION_INTEGER && is(option.default_value, "10000"));
    CHECK(option.minimum == 0 && option.maximum == 10000000 && option.choices.data == NULL);
  }
  CHECK(known);
}

static void errors_and_json(void) {
  char buffer[200];
  size_t len = 0;
  const size_t before = costmark_live_handles();
  costmark_error *error = NULL;
  costmark_error_view why = COSTMARK_ERROR_VIEW_INIT;
  costmark_json_edit edit = COSTMARK_JSON_EDIT_INIT;
  edit.json = str("{\"a\" 1}");
  edit.path = str("b");
  edit.value = str("2");
  edit.strict = 1;
  CHECK(costmark_json_set(&edit, NULL, 0, &len, &error) == COSTMARK_INVALID_JSON);
  CHECK(costmark_live_handles() == before + 1);
  costmark_error_read(error, &why);
  CHECK(why.status == COSTMARK_INVALID_JSON && why.message.len > 0);
  CHECK(why.has_offset == 1 && why.offset == 5 && why.http_status == 0 && why.retryable == 0);
  CHECK(why.request_id.data == NULL);
  costmark_error_free(error);

  CHECK(costmark_json_set_bound(10, 3, 4) <= sizeof buffer);
  edit.json = str("{\"a\":{\"b\":1}}");
  edit.path = str("a.b");
  edit.value = str("true");
  OK(costmark_json_set(&edit, buffer, sizeof buffer, &len, NULL));
  CHECK(len == 16 && memcmp(buffer, "{\"a\":{\"b\":true}}", len) == 0);
  edit.path = str("a");
  OK(costmark_json_remove(&edit, buffer, sizeof buffer, &len, NULL));
  CHECK(len == 2 && memcmp(buffer, "{}", len) == 0);
  OK(costmark_project_check("proj_a", 6, NULL));
}

static costmark_credentials example_credentials(void) {
  costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  credentials.access_key_id = str("AKIDEXAMPLE");
  credentials.secret_access_key = str("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
  return credentials;
}

static void signing(void) {
  static const char expected[] =
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
      "SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature="
      "726c5c4879a6b4ccbbd3b24edbd6b8826d34f87450fbbf4e85546fc7ba9c1642";
  const costmark_credentials credentials = example_credentials();
  costmark_sign_request request = COSTMARK_SIGN_REQUEST_INIT;
  costmark_signature *signature = NULL;
  costmark_signature_view made = COSTMARK_SIGNATURE_VIEW_INIT;
  costmark_bearer_token *token = NULL;
  costmark_bearer_token_view text = COSTMARK_BEARER_TOKEN_VIEW_INIT;
  costmark_str value = COSTMARK_STR_INIT;
  request.method = str("GET");
  request.url = str("https://example.amazonaws.com/");
  request.region = str("us-east-1");
  request.service = str("service");
  request.credentials = &credentials;
  request.time_unix_s = 1440938160;
  OK(costmark_signature_new(&signature, NULL));
  OK(costmark_signature_sign(signature, &request, NULL));
  costmark_signature_read(signature, &made);
  CHECK(costmark_header_find(made.headers, made.header_count, "Authorization", 13, &value));
  CHECK(is(value, expected) && made.url.data == NULL);
  CHECK(begins(made.canonical_request, "GET\n/\n"));
  OK(costmark_signature_presign(signature, &request, 60, NULL));
  costmark_signature_read(signature, &made);
  CHECK(begins(made.url, "https://example.amazonaws.com/?X-Amz-") && made.header_count == 0);
  costmark_signature_free(signature);
  OK(costmark_bearer_token_new(&credentials, "us-east-1", 9, 3600, noon, &token, NULL));
  costmark_bearer_token_read(token, &text);
  CHECK(begins(text.text, "bedrock-api-key-") && text.expires_unix_s == noon + 3600);
  costmark_bearer_token_free(token);
}

/* What the callbacks of one test saw. */
typedef struct {
  int credentials, tokens, refused, lines, times, attempts, heads, pieces, freed;
  costmark_outcome outcome;
  uint64_t input_tokens;
} host;

static void free_host(void *user_data) {
  ++((host *)user_data)->freed;
}

static costmark_status give_credentials(void *user_data, costmark_credentials_sink *sink) {
  costmark_credentials credentials = example_credentials();
  ++((host *)user_data)->credentials;
  credentials.account_id = str("111122223333");
  credentials.expires_unix_s = noon + 7200;
  return costmark_credentials_put(sink, &credentials, NULL);
}

static costmark_status give_token(void *user_data, costmark_bearer_token_sink *sink) {
  ++((host *)user_data)->tokens;
  return costmark_bearer_token_put(sink, "token-1", 7, NULL);
}

static void take_refused(void *user_data, const char *token, size_t len) {
  ++((host *)user_data)->refused;
  CHECK(len == 7 && memcmp(token, "token-1", 7) == 0);
}

static void take_line(void *user_data, costmark_log_level level, const char *message, size_t len) {
  CHECK(level >= COSTMARK_LOG_DEBUG && level <= COSTMARK_LOG_ERROR && message != NULL && len > 0);
  ++((host *)user_data)->lines;
}

static int64_t tell_time(void *user_data) {
  ++((host *)user_data)->times;
  return noon;
}

static void take_usage(void *user_data, const costmark_answer *answer) {
  host *self = (host *)user_data;
  ++self->attempts;
  CHECK(answer->struct_size >= sizeof *answer && answer->kind == COSTMARK_ANSWER_ATTEMPT);
  CHECK(answer->usage->struct_size >= sizeof *answer->usage);
  CHECK(is(answer->project, "proj_scope") || is(answer->project, "proj_abi") ||
        begins(answer->project, "proj_"));
  self->outcome = answer->outcome;
  self->input_tokens += answer->usage->input_tokens;
}

static costmark_config *config_of(host *self) {
  costmark_config *config = NULL;
  OK(costmark_config_new(&config, NULL));
  OK(costmark_config_set(config, "region", 6, "us-east-1", 9, NULL));
  set(config, "project", "proj_abi");
  OK(costmark_config_set_log_callback(config, take_line, self, free_host, NULL));
  OK(costmark_config_set_clock_callback(config, tell_time, self, free_host, NULL));
  OK(costmark_config_set_usage_callback(config, take_usage, self, free_host, NULL));
  return config;
}

static void caches(void) {
  host self;
  costmark_config *config;
  costmark_credentials_cache *cache = NULL;
  costmark_credentials_set *got = NULL;
  costmark_credentials_report *report = NULL;
  costmark_bearer_token_cache *tokens = NULL;
  costmark_bearer_token *token = NULL;
  costmark_credentials shown = COSTMARK_CREDENTIALS_INIT;
  costmark_bearer_token_view text = COSTMARK_BEARER_TOKEN_VIEW_INIT;
  costmark_credentials_report_view chain = COSTMARK_CREDENTIALS_REPORT_VIEW_INIT;
  costmark_str name = COSTMARK_STR_INIT, failure = COSTMARK_STR_INIT;
  memset(&self, 0, sizeof self);
  config = config_of(&self);
  OK(costmark_config_set_credentials_callback(config, give_credentials, &self, free_host, NULL));
  OK(costmark_credentials_cache_new(config, &cache, NULL));
  CHECK(costmark_credentials_cache_retain(cache) == cache);
  OK(costmark_credentials_cache_get(cache, &got, NULL));
  costmark_credentials_set_read(got, &shown);
  CHECK(is(shown.access_key_id, "AKIDEXAMPLE") && is(shown.account_id, "111122223333"));
  CHECK(shown.session_token.data == NULL && shown.expires_unix_s == noon + 7200);
  CHECK(is(shown.source, "callback"));
  CHECK(costmark_credentials_cache_refused(cache, got));
  costmark_credentials_set_free(got);
  costmark_credentials_cache_release(cache);
  costmark_credentials_cache_release(cache);

  OK(costmark_bearer_token_cache_new(config, 3600, &tokens, NULL));
  CHECK(costmark_bearer_token_cache_retain(tokens) == tokens);
  OK(costmark_bearer_token_cache_get(tokens, &token, NULL));
  costmark_bearer_token_read(token, &text);
  CHECK(costmark_bearer_token_cache_refused(tokens, text.text.data, text.text.len));
  costmark_bearer_token_free(token);
  costmark_bearer_token_cache_release(tokens);
  costmark_bearer_token_cache_release(tokens);

  OK(costmark_config_explain_credentials(config, &report, NULL));
  costmark_credentials_report_read(report, &chain);
  CHECK(chain.source_count > 0 && chain.found == 0 && chain.region.data == NULL);
  costmark_credentials_report_source(report, 0, &name, &failure);
  CHECK(name.len > 0 && failure.len > 0);
  costmark_credentials_report_free(report);
  costmark_config_free(config);
  CHECK(self.credentials == 2 && self.times > 0 && self.freed == 4);
}

static costmark_request chat_request(const char *url, const char *body) {
  static const costmark_header headers[] = {
      {COSTMARK_STR("Content-Type"), COSTMARK_STR("application/json")}};
  costmark_request request = COSTMARK_REQUEST_INIT;
  request.method = str("POST");
  request.url = str(url);
  request.headers = headers;
  request.header_count = 1;
  request.body = str(body);
  return request;
}

static void check_prepared(const costmark_prepared *prepared, const char *url) {
  costmark_str value = COSTMARK_STR_INIT;
  CHECK(prepared->struct_size == sizeof *prepared && is(prepared->url, url));
  CHECK(costmark_header_find(prepared->set_headers, prepared->set_header_count, "authorization", 13,
                             &value));
  CHECK(is(value, "Bearer token-1") && prepared->authorized == 1);
  CHECK(prepared->body.len > 40 && begins(prepared->body, "{\""));
  CHECK(prepared->body_changed == 1 && prepared->streamed == 1 && prepared->renewal_due == 0);
  CHECK(is(prepared->project, "proj_scope") && is(prepared->model, "m"));
  CHECK(prepared->project_source == COSTMARK_SOURCE_SCOPE);
  CHECK(prepared->api == COSTMARK_API_CHAT_COMPLETIONS);
  CHECK(prepared->remove_header_count == 0 && prepared->hint.data == NULL);
}

/* Reads a streamed answer, whose last event costmark asked for. */
static void read_answer(costmark_operation *operation) {
  static const char event[] =
      "data: "
      "{\"id\":\"chatcmpl-7\",\"model\":\"a\",\"service_tier\":\"flex\",\"choices\":[{\"index\":0,"
      "\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
  static const char last[] =
      "data: {\"id\":\"chatcmpl-7\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,"
      "\"completion_tokens\":4,\"prompt_tokens_details\":{\"cached_tokens\":2}}}\n\n"
      "data: [DONE]\n\n";
  static const costmark_header type[] = {
      {COSTMARK_STR("content-type"), COSTMARK_STR("text/event-stream")}};
  costmark_answer_head head = COSTMARK_ANSWER_HEAD_INIT;
  costmark_answer_plan plan = COSTMARK_ANSWER_PLAN_INIT;
  costmark_next next = COSTMARK_NEXT_INIT;
  costmark_answer answer = COSTMARK_ANSWER_INIT;
  costmark_str piece = COSTMARK_STR_INIT;
  head.http_status = 200;
  head.headers = type;
  head.header_count = 1;
  OK(costmark_operation_head(operation, &head, &plan));
  CHECK(plan.body_may_change == 1 && plan.read_ahead_len == 0);
  OK(costmark_operation_feed(operation, event, strlen(event), &piece));
  CHECK(piece.len == strlen(event) && memcmp(piece.data, event, piece.len) == 0);
  OK(costmark_operation_feed(operation, last, strlen(last), &piece));
  CHECK(piece.len == 14 && memcmp(piece.data, "data: [DONE]\n\n", 14) == 0);
  OK(costmark_operation_finish(operation, &piece, &next));
  CHECK(next.step == COSTMARK_STEP_DONE && next.reason == COSTMARK_REASON_ANSWERED);
  costmark_operation_answer(operation, &answer);
  CHECK(answer.operation.len == 36 && answer.attempt == 1 && answer.concurrent == 0);
  CHECK(answer.outcome == COSTMARK_OUTCOME_OK && answer.http_status == 200);
  CHECK(is(answer.response_id, "chatcmpl-7") && is(answer.model_answered, "a"));
  CHECK(is(answer.service_tier, "flex") && answer.latency_us >= answer.first_byte_us);
  CHECK(answer.usage->input_tokens == 9 && answer.usage->output_tokens == 4);
  CHECK(answer.usage->cached_input_tokens == 2 && answer.usage->flags == 0);
  CHECK((answer.usage->known & COSTMARK_USAGE_CACHED_INPUT) != 0);
}

static void operations(void) {
  static const char url[] = "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions";
  host self;
  costmark_config *config;
  costmark_client *client = NULL;
  costmark_operation *operation = NULL, *beside = NULL;
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  costmark_wait no_wait = COSTMARK_WAIT_INIT;
  costmark_next next = COSTMARK_NEXT_INIT;
  costmark_usage_report *report = NULL;
  costmark_request_counts counts = COSTMARK_REQUEST_COUNTS_INIT;
  costmark_usage_totals totals = COSTMARK_USAGE_TOTALS_INIT;
  costmark_ledger_counts rows = COSTMARK_LEDGER_COUNTS_INIT;
  costmark_budget budget = COSTMARK_BUDGET_INIT;
  const costmark_label label = {COSTMARK_STR("feature"), COSTMARK_STR("search")};
  costmark_route route = COSTMARK_ROUTE_INIT;
  costmark_request request = chat_request(url, "{\"model\":\"m\",\"stream\":true}");
  memset(&self, 0, sizeof self);
  config = config_of(&self);
  set(config, "auth", "bearer");
  OK(costmark_config_set_bearer_token_callback(config, give_token, take_refused, &self, free_host,
                                               NULL));
  OK(costmark_config_set_host_api_key(config, "placeholder", 11, NULL));
  OK(costmark_client_new(config, &client, NULL));
  costmark_config_free(config);
  CHECK(costmark_client_retain(client) == client);
  costmark_client_release(client);
  costmark_client_route(client, "openai.gpt-oss-20b", 18, &route);
  CHECK(is(route.path, "/v1") && route.line > 0 && route.file.len > 0);

  OK(costmark_operation_new(client, &operation, NULL));
  OK(costmark_operation_new(client, &beside, NULL));
  request.scope = str("proj_scope");
  OK(costmark_operation_begin(operation, &request, NULL));
  no_wait.no_wait = 1;
  CHECK(costmark_operation_prepare(operation, NULL, &no_wait, &prepared, NULL) ==
        COSTMARK_WOULD_BLOCK);
  OK(costmark_operation_ready(operation, NULL, NULL));
  OK(costmark_operation_prepare(operation, &request, &no_wait, &prepared, NULL));
  check_prepared(&prepared, url);
  costmark_operation_sent(operation);
  OK(costmark_operation_begin_beside(beside, operation, &request, NULL));
  read_answer(operation);
  costmark_operation_sent(beside);
  OK(costmark_operation_fail(beside, COSTMARK_OUTCOME_INCOMPLETE, NULL, &next));
  CHECK(next.step == COSTMARK_STEP_AFTER_PAUSE && next.pause_ms > 0);
  costmark_operation_free(beside);
  request.project = str("not an id");
  CHECK(costmark_operation_begin(operation, &request, NULL) == COSTMARK_INVALID_PROJECT);
  costmark_operation_free(operation);

  OK(costmark_client_usage(client, &report, NULL));
  CHECK(costmark_usage_report_count(report) == 1);
  costmark_usage_report_read(report, 0, &totals);
  CHECK(is(totals.project, "proj_scope") && totals.overflow == 0 && totals.flagged == 0);
  CHECK(totals.operations == 1 && totals.attempts == 2 && totals.incomplete_attempts == 1);
  CHECK(totals.failed_attempts == 0 && totals.input_tokens == 9 && totals.output_tokens == 4);
  CHECK(totals.cached_input_tokens == 2 && totals.cache_write_tokens == 0);
  costmark_usage_report_requests(report, &counts);
  CHECK(counts.unattributed == 0 && counts.unrecognized == 0);
  costmark_usage_report_free(report);
  costmark_client_usage_reset(client);
  costmark_client_ledger_counts(client, &rows);
  CHECK(rows.rows_written == 0 && rows.rows_waiting == 0 && costmark_client_ledger_flush(client));
  OK(costmark_labels_check(&label, 1, NULL));
  costmark_client_budget_read(client, costmark_client_budget_count(client), &budget);
  CHECK(budget.name.len == 0 && budget.limit == 0);
  costmark_client_release(client);
  CHECK(self.tokens == 1 && self.refused == 0 && self.lines > 0 && self.attempts == 2);
  CHECK(self.input_tokens == 9 && self.outcome == COSTMARK_OUTCOME_INCOMPLETE && self.freed == 4);
}

/* ---- Over the network ---- */

static const char whole_answer[] =
    "{\"id\":\"chatcmpl-8\",\"object\":\"chat.completion\",\"model\":\"a\",\"service_tier\":"
    "\"flex\","
    "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"Hi\"},"
    "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}";

static bool answer(void *user_data, const server_request *request, int connection) {
  (void)user_data;
  if (strstr(request->body, "\"project_id\":\"proj_abi\"") != NULL) {
    return server_answer(connection, 200, "application/json", "x-request-id: req_1\r\n",
                         whole_answer);
  }
  return server_answer(
      connection, 404, "application/json", "x-request-id: req_2\r\n",
      "{\"error\":{\"code\":\"not_found_error\",\"message\":\"Project not found\"}}");
}

static costmark_status take_head(void *user_data, const costmark_response *response) {
  ++((host *)user_data)->heads;
  CHECK(response->struct_size >= sizeof *response && response->http_status == 200);
  return COSTMARK_OK;
}

static costmark_status take_piece(void *user_data, const char *data, size_t len) {
  ++((host *)user_data)->pieces;
  return data != NULL && len > 0 ? COSTMARK_OK : COSTMARK_STOPPED_BY_CALLBACK;
}

static costmark_response response_of(const costmark_operation *operation) {
  costmark_response response = COSTMARK_RESPONSE_INIT;
  costmark_str type = COSTMARK_STR_INIT;
  costmark_operation_response(operation, &response);
  CHECK(response.header_count >= 3 && is(response.request_id, "req_1"));
  CHECK(costmark_header_find(response.headers, response.header_count, "content-type", 12, &type));
  CHECK(is(type, "application/json") && response.attempts > 0 && response.hint.data == NULL);
  return response;
}

static void sending(costmark_client *client, const char *url, host *self) {
  const costmark_request request = chat_request(url, "{\"model\":\"m\"}");
  costmark_send_options how = COSTMARK_SEND_OPTIONS_INIT;
  costmark_operation *operation = NULL;
  costmark_cancel *cancel = NULL;
  costmark_response response;
  OK(costmark_operation_new(client, &operation, NULL));
  OK(costmark_operation_begin(operation, &request, NULL));
  OK(costmark_operation_send(operation, NULL, NULL));
  response = response_of(operation);
  CHECK(response.body.len == strlen(whole_answer) && begins(response.body, whole_answer));
  OK(costmark_cancel_new(&cancel, NULL));
  CHECK(costmark_cancel_retain(cancel) == cancel && !costmark_cancel_stopped(cancel));
  how.on_head = take_head;
  how.on_body = take_piece;
  how.user_data = self;
  how.cancel = cancel;
  how.timeout_ms = 20000;
  how.max_attempts = 1;
  OK(costmark_operation_begin(operation, &request, NULL));
  OK(costmark_operation_send(operation, &how, NULL));
  CHECK(self->heads == 1 && self->pieces > 0);
  CHECK(response_of(operation).body.len == 0);
  costmark_cancel_stop(cancel);
  CHECK(costmark_cancel_stopped(cancel));
  OK(costmark_operation_begin(operation, &request, NULL));
  CHECK(costmark_operation_send(operation, &how, NULL) == COSTMARK_CANCELLED);
  costmark_cancel_release(cancel);
  costmark_cancel_release(cancel);
  costmark_operation_free(operation);
}

static void verifying(const costmark_client *client, const char *url) {
  costmark_verify_request what = COSTMARK_VERIFY_REQUEST_INIT;
  costmark_verification *verification = NULL;
  costmark_verification_view found = COSTMARK_VERIFICATION_VIEW_INIT;
  costmark_probe probe = COSTMARK_PROBE_INIT;
  what.project = str("proj_abi");
  what.model = str("openai.gpt-oss-20b");
  what.url = str(url);
  what.timeout_ms = 20000;
  what.api = COSTMARK_API_CHAT_COMPLETIONS;
  what.force = 1;
  OK(costmark_client_verify(client, &what, &verification, NULL));
  costmark_verification_read(verification, &found);
  CHECK(found.verdict <= COSTMARK_VERDICT_NOT_HONORED && found.reason.len > 0);
  CHECK(is(found.endpoint, url) && is(found.carrier, "body") && is(found.project, "proj_abi"));
  CHECK(is(found.model, "openai.gpt-oss-20b") && found.retryable <= 1);
  CHECK(found.checked_unix_s == noon && found.probe_count > 0);
  costmark_verification_probe(verification, 0, &probe);
  CHECK(probe.struct_size == sizeof probe && probe.http_status == 404);
  CHECK(is(probe.request_id, "req_2") && is(probe.code, "not_found_error"));
  CHECK(probe.project.len > 0 && probe.request.len > 0 && probe.finding.len > 0);
  costmark_verification_free(verification);
}

static void over_the_network(void) {
  host self;
  server *peer = server_start(answer, NULL);
  costmark_client *client = NULL;
  costmark_config *config;
  char url[80];
  memset(&self, 0, sizeof self);
  config = config_of(&self);
  OK(costmark_client_new(config, &client, NULL));
  costmark_config_free(config);
  server_url(peer, "/v1/chat/completions", url);
  sending(client, url, &self);
  verifying(client, url);
  costmark_client_release(client);
  server_stop(peer);
  CHECK(self.freed == 3);
}

static void prices(void) {
  static const char text[] =
      "date 2026-09-30\nm r s standard input - - token - - USD 3 2026-09 its card\n";
  costmark_price_book *book = NULL, *shipped = NULL, *none = NULL;
  costmark_price_book_view view = COSTMARK_PRICE_BOOK_VIEW_INIT;
  costmark_price price = COSTMARK_PRICE_INIT;
  costmark_priced_call call = COSTMARK_PRICED_CALL_INIT;
  costmark_usage usage = COSTMARK_USAGE_INIT;
  costmark_cost cost = COSTMARK_COST_INIT;
  costmark_cost_part part = {0, 0};
  OK(costmark_price_book_shipped(&shipped, NULL));
  OK(costmark_price_book_parse(text, strlen(text), "book", 4, &book, NULL));
  CHECK(costmark_price_book_load("/nonexistent/book", 17, &none, NULL) == COSTMARK_INVALID_OPTION);
  CHECK(none == NULL);
  costmark_price_book_read(book, &view);
  CHECK(is(view.date, "2026-09-30") && is(view.file, "book") && view.hash.len == 64);
  CHECK(view.price_count == 1 && view.threshold_count == 0 && view.thresholds == NULL);
  CHECK(costmark_price_book_age_days(book, 1790726400 + 86400) == 1);
  costmark_price_book_price(book, 0, &price);
  CHECK(is(price.kind, "input") && is(price.source, "its card") && price.time_to_live.data == NULL);
  CHECK(price.pico_usd == 3 && price.has_pico_usd == 1 && price.over == 0 && price.line == 2);
  usage.input_tokens = 5;
  usage.known = COSTMARK_USAGE_INPUT | COSTMARK_USAGE_OUTPUT;
  call.model = str("m");
  call.region = str("r");
  call.serving = str("s");
  call.usage = &usage;
  call.end_us = noon * 1000000;
  OK(costmark_price_book_cost(book, &call, &cost, &part, 1, NULL));
  CHECK(cost.state == COSTMARK_COST_PRICED && cost.has_pico_usd == 1 && cost.pico_usd == 15);
  CHECK(cost.flags == (COSTMARK_PRICE_FLAG_TIER_ASSUMED | COSTMARK_PRICE_FLAG_PARTS_ABSENT));
  CHECK(cost.part_count == 1 && part.price == 0 && part.count == 5);
  CHECK(strcmp(costmark_cost_state_name(cost.state), "priced") == 0);
  CHECK(strcmp(costmark_price_flag_name(COSTMARK_PRICE_FLAG_NO_DAY), "no_day") == 0);
  costmark_price_book_free(book);
  costmark_price_book_free(shipped);
}

/* ---- Projects ---- */

static bool answer_of_projects(void *user_data, const server_request *request, int connection) {
  static const char one[] =
      "{\"id\":\"proj_a\",\"arn\":\"\",\"name\":\"a\",\"status\":\"active\",\"created_at\":5,"
      "\"tags\":{\"team\":\"x\"},\"data_retention\":{\"mode\":\"inherit\"}}";
  static const char all[] =
      "{\"data\":[{\"id\":\"proj_a\",\"arn\":\"\",\"name\":\"a\",\"status\":\"active\",\"tags\":{}}"
      "],"
      "\"has_more\":false}";
  const bool lists =
      strcmp(request->method, "GET") == 0 && strstr(request->target, "proj_") == NULL;
  (void)user_data;
  return server_answer(connection, 200, "application/json", "", lists ? all : one);
}

/* The list, which it ends, has this project alone. */
static void check_list(costmark_project_list *list, size_t tag_count) {
  costmark_project project = COSTMARK_PROJECT_INIT;
  CHECK(costmark_project_list_count(list) == 1);
  costmark_project_list_read(list, 0, &project);
  CHECK(is(project.id, "proj_a") && project.plane == COSTMARK_PROJECT_PLANE_MANTLE);
  CHECK(project.knows_tags == 1 && project.tag_count == tag_count);
  CHECK(project.archived_unix_s == 0 && project.region.len == 0 && project.account.len == 0);
  costmark_project_list_free(list);
}

static void changing_tags(const costmark_projects *projects, const costmark_wait *wait) {
  const costmark_label tag = {COSTMARK_STR("team"), COSTMARK_STR("x")};
  const costmark_str key = COSTMARK_STR("env");
  OK(costmark_projects_add_tags(projects, "proj_a", 6, &tag, 1, wait, NULL));
  OK(costmark_projects_set_tags(projects, "proj_a", 6, &tag, 1, wait, NULL));
  OK(costmark_projects_remove_tags(projects, "proj_a", 6, &key, 1, wait, NULL));
}

static void projects(void) {
  host self;
  server *peer = server_start(answer_of_projects, NULL);
  costmark_projects *opened = NULL;
  costmark_project_list *list = NULL;
  costmark_projects_place place = COSTMARK_PROJECTS_PLACE_INIT;
  costmark_project_change change = COSTMARK_PROJECT_CHANGE_INIT;
  costmark_wait wait = COSTMARK_WAIT_INIT;
  costmark_config *config;
  char url[100];
  memset(&self, 0, sizeof self);
  config = config_of(&self);
  set(config, "base_url", server_url(peer, "/v1", url));
  set(config, "auth", "none");
  OK(costmark_projects_new(config, COSTMARK_PROJECT_PLANE_AUTO, &opened, NULL));
  costmark_config_free(config);
  costmark_projects_read_place(opened, &place);
  CHECK(place.base_url.len > 0 && place.plane == COSTMARK_PROJECT_PLANE_MANTLE);
  wait.timeout_ms = 20000;
  change.name = str("a");
  OK(costmark_projects_create(opened, &change, &wait, &list, NULL));
  check_list(list, 1);
  OK(costmark_projects_get(opened, "proj_a", 6, &wait, &list, NULL));
  check_list(list, 1);
  OK(costmark_projects_list(opened, 0, &wait, &list, NULL));
  check_list(list, 0);
  OK(costmark_projects_update(opened, "proj_a", 6, &change, &wait, &list, NULL));
  check_list(list, 1);
  OK(costmark_projects_archive(opened, "proj_a", 6, &wait, &list, NULL));
  check_list(list, 1);
  OK(costmark_projects_read_tags(opened, "proj_a", 6, &wait, &list, NULL));
  costmark_project_list_free(list);
  changing_tags(opened, &wait);
  costmark_projects_free(opened);
  server_stop(peer);
}

int main(void) {
  static const char *const names[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
                                      "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK",
                                      "AWS_REGION",        "AWS_DEFAULT_REGION",
                                      "AWS_PROFILE",       "AWS_DEFAULT_PROFILE",
                                      "OPENAI_PROJECT_ID", "http_proxy",
                                      "COSTMARK_PROJECT",  "all_proxy",
                                      "ALL_PROXY"};
  size_t i;
  for (i = 0; i < sizeof names / sizeof names[0]; ++i) unsetenv(names[i]);
  setenv("AWS_CONFIG_FILE", "/nonexistent/config", 1);
  setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials", 1);
  setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
  versions_and_names();
  options();
  structs();
  errors_and_json();
  signing();
  caches();
  operations();
  over_the_network();
  prices();
  projects();
  CHECK(costmark_live_handles() == 0);
  return failures == 0 ? 0 : 1;
}
