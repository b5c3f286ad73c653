/*
 * Uses every function of libcostmark 0.1, with the structs, numbers and macros of its header: a
 * program as somebody has it who built it then and runs it today. Built against the header beside
 * it. Prints what does not hold.
 */
#define _POSIX_C_SOURCE 200112L
#include <costmark/costmark.h>
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
  costmark_str out = COSTMARK_STR_INIT;
  out.data = text;
  out.len = strlen(text);
  return out;
}

/* What a getter gave: `(taken = getter(handle, &taken_len), ...)` reads its length afterwards. */
static const char *taken;
static size_t taken_len;

#define TAKE(getter, handle) (taken = getter(handle, &taken_len), strlen(taken) == taken_len)
#define IS(getter, handle, expected) (TAKE(getter, handle) && strcmp(taken, expected) == 0)

static bool same_str(costmark_str text, const char *expected) {
  return text.len == strlen(expected) && memcmp(text.data, expected, text.len) == 0;
}

static void set(costmark_config *config, const char *name, const char *value) {
  OK(costmark_config_set(config, name, strlen(name), value, strlen(value), NULL));
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
  CHECK(strcmp(costmark_verdict_name(COSTMARK_VERDICT_NOT_HONOURED), "not_honoured") == 0);
}

static void options(void) {
  bool known = false;
  size_t i;
  for (i = 0; i < costmark_option_count(); ++i) {
    costmark_option_info info = COSTMARK_OPTION_INFO_INIT;
    OK(costmark_option_get(i, &info, NULL));
    CHECK(info.struct_size == sizeof info && info.description.len > 0);
    if (!same_str(info.name, "chain_memory")) continue;
    known = true;
    CHECK(info.type == COSTMARK_OPTION_INTEGER && same_str(info.default_value, "10000"));
    CHECK(info.minimum == 0 && info.maximum == 10000000 && info.choices.data == NULL);
  }
  CHECK(known);
}

static void errors(void) {
  costmark_error *error = NULL;
  uint64_t offset = 0;
  size_t needed = 0;
  const size_t before = costmark_live_handles();
  CHECK(costmark_json_set("{\"a\" 1}", 7, "b", 1, "2", 1, COSTMARK_JSON_STRICT, NULL, 0, &needed,
                          &error) == COSTMARK_INVALID_JSON);
  CHECK(costmark_live_handles() == before + 1);
  CHECK(costmark_error_status(error) == COSTMARK_INVALID_JSON);
  CHECK(TAKE(costmark_error_message, error) && taken_len > 0);
  CHECK(costmark_error_offset(error, &offset) && offset == 5);
  CHECK(costmark_error_http_status(error) == 0 && !costmark_error_retryable(error));
  CHECK(IS(costmark_error_request_id, error, ""));
  costmark_error_free(error);
}

static void json(void) {
  char buffer[200];
  size_t len = 0;
  CHECK(costmark_json_set_bound(10, 3, 4) <= sizeof buffer);
  OK(costmark_json_set("{\"a\":{\"b\":1}}", 13, "a.b", 3, "true", 4, COSTMARK_JSON_STRICT, buffer,
                       sizeof buffer, &len, NULL));
  CHECK(len == 16 && memcmp(buffer, "{\"a\":{\"b\":true}}", len) == 0);
  OK(costmark_json_remove("{\"a\":1,\"b\":2}", 13, "a", 1, 0, buffer, sizeof buffer, &len, NULL));
  CHECK(len == 7 && memcmp(buffer, "{\"b\":2}", len) == 0);
}

static costmark_credentials example_credentials(void) {
  costmark_credentials credentials;
  costmark_init(&credentials, sizeof credentials);
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
  costmark_bearer_token *token = NULL;
  const costmark_header *headers;
  size_t i, len = 0, count = 0, found = 0;
  request.method = str("GET");
  request.url = str("https://example.amazonaws.com/");
  request.region = str("us-east-1");
  request.service = str("service");
  request.credentials = &credentials;
  request.time_unix_s = 1440938160;
  OK(costmark_signature_new(&signature, NULL));
  OK(costmark_sign(&request, signature, NULL));
  headers = costmark_signature_headers(signature, &count);
  for (i = 0; i < count; ++i) {
    if (same_str(headers[i].name, "authorization")) found += same_str(headers[i].value, expected);
  }
  CHECK(found == 1);
  CHECK(memcmp(costmark_signature_canonical_request(signature, &len), "GET\n/\n", 6) == 0);
  CHECK(IS(costmark_signature_url, signature, ""));
  OK(costmark_presign(&request, 60, signature, NULL));
  CHECK(strncmp(costmark_signature_url(signature, &len), "https://example.amazonaws.com/?X-Amz-",
                37) == 0);
  costmark_signature_free(signature);
  OK(costmark_bearer_token_new(&credentials, "us-east-1", 9, 3600, noon, &token, NULL));
  CHECK(strncmp(costmark_bearer_token_text(token, &len), "bedrock-api-key-", 16) == 0);
  CHECK(costmark_bearer_token_expires_unix_s(token) == noon + 3600);
  costmark_bearer_token_free(token);
}

/* What the callbacks of one test saw. */
typedef struct {
  int credentials, tokens, lines, times, attempts, heads, pieces, freed;
  costmark_usage_event last;
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

static void take_line(void *user_data, costmark_log_level level, const char *message, size_t len) {
  CHECK(level >= COSTMARK_LOG_DEBUG && level <= COSTMARK_LOG_ERROR && message != NULL && len > 0);
  ++((host *)user_data)->lines;
}

static int64_t tell_time(void *user_data) {
  ++((host *)user_data)->times;
  return noon;
}

static void take_usage(void *user_data, const costmark_usage_event *event) {
  host *self = (host *)user_data;
  ++self->attempts;
  CHECK(event->struct_size >= sizeof *event);
  CHECK(event->usage->struct_size >= sizeof *event->usage);
  self->last = *event;
}

static costmark_config *config_of(host *self) {
  costmark_config *config = NULL;
  OK(costmark_config_new(&config, NULL));
  set(config, "region", "us-east-1");
  set(config, "project", "proj_abi");
  OK(costmark_config_set_log_callback(config, take_line, self, free_host, NULL));
  OK(costmark_config_set_clock_callback(config, tell_time, self, free_host, NULL));
  OK(costmark_config_set_usage_callback(config, take_usage, self, free_host, NULL));
  return config;
}

static void providers(void) {
  host self;
  costmark_config *config;
  costmark_credentials_provider *provider = NULL;
  costmark_credentials_set *got = NULL;
  costmark_credentials_report *report = NULL;
  costmark_bearer_token_provider *tokens = NULL;
  costmark_bearer_token *token = NULL;
  costmark_credentials view = COSTMARK_CREDENTIALS_INIT;
  const char *text;
  size_t len = 0;
  memset(&self, 0, sizeof self);
  config = config_of(&self);
  OK(costmark_config_set_credentials_callback(config, give_credentials, &self, free_host, NULL));
  OK(costmark_credentials_provider_new(config, &provider, NULL));
  CHECK(costmark_credentials_provider_retain(provider) == provider);
  OK(costmark_credentials_provider_get(provider, &got, NULL));
  OK(costmark_credentials_set_view(got, &view, NULL));
  CHECK(same_str(view.access_key_id, "AKIDEXAMPLE") && same_str(view.account_id, "111122223333"));
  CHECK(view.session_token.data == NULL && view.expires_unix_s == noon + 7200);
  CHECK(IS(costmark_credentials_set_source, got, "callback"));
  CHECK(costmark_credentials_provider_refused(provider, got));
  costmark_credentials_set_free(got);
  costmark_credentials_provider_release(provider);
  costmark_credentials_provider_release(provider);

  OK(costmark_bearer_token_provider_new(config, 3600, &tokens, NULL));
  CHECK(costmark_bearer_token_provider_retain(tokens) == tokens);
  OK(costmark_bearer_token_provider_get(tokens, &token, NULL));
  text = costmark_bearer_token_text(token, &len);
  CHECK(costmark_bearer_token_provider_refused(tokens, text, len));
  costmark_bearer_token_free(token);
  costmark_bearer_token_provider_release(tokens);
  costmark_bearer_token_provider_release(tokens);

  OK(costmark_credentials_report_new(config, &report, NULL));
  CHECK(costmark_credentials_report_count(report) > 0);
  taken = costmark_credentials_report_source(report, 0, &taken_len);
  CHECK(strlen(taken) == taken_len && taken_len > 0);
  taken = costmark_credentials_report_failure(report, 0, &taken_len);
  CHECK(strlen(taken) == taken_len && taken_len > 0);
  CHECK(!costmark_credentials_report_found(report));
  CHECK(IS(costmark_credentials_report_region, report, ""));
  CHECK(IS(costmark_credentials_report_region_origin, report, ""));
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

static void check_prepared(const costmark_prepared *prepared) {
  const costmark_header *headers;
  size_t i, count = 0, found = 0;
  headers = costmark_prepared_headers_to_set(prepared, &count);
  for (i = 0; i < count; ++i) {
    found += headers[i].name.len == 13 && same_str(headers[i].value, "Bearer token-1");
  }
  CHECK(found == 1);
  (void)costmark_prepared_headers_to_remove(prepared, &count);
  taken = costmark_prepared_body(prepared, &taken_len);
  CHECK(taken_len > 40 && memcmp(taken, "{\"", 2) == 0 && taken[taken_len - 1] == '}');
  CHECK(costmark_prepared_body_changed(prepared) && costmark_prepared_streamed(prepared));
  CHECK(IS(costmark_prepared_project, prepared, "proj_scope"));
  CHECK(costmark_prepared_project_source(prepared) == COSTMARK_SOURCE_SCOPE);
  CHECK(costmark_prepared_api(prepared) == COSTMARK_API_CHAT_COMPLETIONS);
  CHECK(costmark_prepared_hides_usage_chunk(prepared) && costmark_prepared_authorized(prepared));
  CHECK(IS(costmark_prepared_url, prepared, ""));
  CHECK(TAKE(costmark_prepared_hint, prepared));
}

static void observe(const costmark_client *client, const costmark_prepared *prepared) {
  static const char event[] =
      "data: "
      "{\"id\":\"chatcmpl-7\",\"model\":\"a\",\"service_tier\":\"flex\",\"choices\":[{\"index\":0,"
      "\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
  static const char last[] =
      "data: {\"id\":\"chatcmpl-7\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,"
      "\"completion_tokens\":4,\"prompt_tokens_details\":{\"cached_tokens\":2}}}\n\n"
      "data: [DONE]\n\n";
  costmark_observation *observation = NULL;
  costmark_answer_head head = COSTMARK_ANSWER_HEAD_INIT;
  costmark_usage usage = COSTMARK_USAGE_INIT;
  const char *out = NULL;
  size_t len = 0;
  OK(costmark_observation_new(client, prepared, 1, &observation, NULL));
  head.http_status = 200;
  head.content_type = str("text/event-stream");
  OK(costmark_observation_head(observation, &head, NULL));
  OK(costmark_observation_feed(observation, event, strlen(event), &out, &len, NULL));
  CHECK(len == strlen(event) && memcmp(out, event, len) == 0);
  OK(costmark_observation_feed(observation, last, strlen(last), &out, &len, NULL));
  CHECK(len == 14 && memcmp(out, "data: [DONE]\n\n", len) == 0);
  OK(costmark_observation_finish(observation, &out, &len, NULL));
  OK(costmark_observation_usage(observation, &usage, NULL));
  CHECK(usage.struct_size == sizeof usage && usage.input_tokens == 9 && usage.output_tokens == 4);
  CHECK(usage.known ==
        (COSTMARK_USAGE_INPUT | COSTMARK_USAGE_CACHED_INPUT | COSTMARK_USAGE_OUTPUT));
  CHECK(usage.cached_input_tokens == 2 && usage.inconsistent == 0);
  CHECK(costmark_observation_outcome(observation) == COSTMARK_OUTCOME_OK);
  CHECK(!costmark_observation_retry_advised(observation));
  CHECK(IS(costmark_observation_response_id, observation, "chatcmpl-7"));
  CHECK(IS(costmark_observation_model, observation, "a"));
  CHECK(IS(costmark_observation_service_tier, observation, "flex"));
  costmark_observation_free(observation);
  OK(costmark_observation_new(client, prepared, 2, &observation, NULL));
  OK(costmark_observation_fail(observation, COSTMARK_OUTCOME_INCOMPLETE, NULL, NULL, NULL));
  costmark_observation_free(observation);
}

static void preparing(void) {
  host self;
  costmark_config *config;
  costmark_client *client = NULL;
  costmark_prepared *prepared = NULL;
  costmark_usage_report *report = NULL;
  costmark_usage_totals totals = COSTMARK_USAGE_TOTALS_INIT;
  costmark_request request =
      chat_request("https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions",
                   "{\"model\":\"m\",\"stream\":true}");
  memset(&self, 0, sizeof self);
  config = config_of(&self);
  set(config, "auth", "bearer");
  OK(costmark_config_set_bearer_token_callback(config, give_token, &self, free_host, NULL));
  OK(costmark_config_set_host_api_key(config, "placeholder", 11, NULL));
  OK(costmark_client_new(config, &client, NULL));
  costmark_config_free(config);
  CHECK(costmark_client_retain(client) == client);
  costmark_client_release(client);
  OK(costmark_prepared_new(&prepared, NULL));
  OK(costmark_client_check(client, &request, prepared, NULL));
  request.scope = str("proj_scope");
  OK(costmark_client_prepare(client, &request, prepared, NULL));
  check_prepared(prepared);
  observe(client, prepared);
  costmark_prepared_clear(prepared);
  CHECK(IS(costmark_prepared_project, prepared, ""));
  request.project = str("not an id");
  CHECK(costmark_client_prepare(client, &request, prepared, NULL) == COSTMARK_INVALID_PROJECT);
  costmark_prepared_free(prepared);
  OK(costmark_client_usage(client, &report, NULL));
  CHECK(costmark_usage_report_count(report) == 1);
  taken = costmark_usage_report_project(report, 0, &taken_len);
  CHECK(taken_len == 10 && strcmp(taken, "proj_scope") == 0);
  OK(costmark_usage_report_totals(report, 0, &totals, NULL));
  CHECK(totals.operations == 1 && totals.attempts == 2 && totals.incomplete_attempts == 1);
  CHECK(totals.failed_attempts == 0 && totals.input_tokens == 9 && totals.output_tokens == 4);
  CHECK(totals.cached_input_tokens == 2 && totals.cache_write_tokens == 0);
  CHECK(totals.reasoning_tokens == 0 && totals.inconsistent == 0);
  costmark_usage_report_free(report);
  costmark_client_release(client);
  CHECK(self.tokens == 1 && self.lines > 0 && self.attempts == 2 && self.freed == 4);
  CHECK(self.last.outcome == COSTMARK_OUTCOME_INCOMPLETE && self.last.attempt == 2);
  CHECK(self.last.api == COSTMARK_API_CHAT_COMPLETIONS && self.last.http_status == 0);
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
  CHECK(costmark_response_http_status(response) == 200);
  return COSTMARK_OK;
}

static costmark_status take_piece(void *user_data, const char *data, size_t len) {
  ++((host *)user_data)->pieces;
  return data != NULL && len > 0 ? COSTMARK_OK : COSTMARK_STOPPED_BY_CALLBACK;
}

static void check_response(const costmark_response *response) {
  costmark_usage usage = COSTMARK_USAGE_INIT;
  size_t count = 0;
  CHECK(costmark_response_headers(response, &count) != NULL && count >= 3);
  taken = costmark_response_header(response, "content-type", 12, &taken_len);
  CHECK(taken_len == 16 && strcmp(taken, "application/json") == 0);
  CHECK(IS(costmark_response_request_id, response, "req_1"));
  CHECK(costmark_response_attempts(response) == 1);
  OK(costmark_response_usage(response, &usage, NULL));
  CHECK(usage.input_tokens == 3 && usage.output_tokens == 2);
  CHECK(costmark_response_outcome(response) == COSTMARK_OUTCOME_OK);
  CHECK(IS(costmark_response_id, response, "chatcmpl-8"));
  CHECK(IS(costmark_response_model, response, "a"));
  CHECK(IS(costmark_response_service_tier, response, "flex"));
  CHECK(IS(costmark_response_project, response, "proj_abi"));
  CHECK(costmark_response_project_source(response) == COSTMARK_SOURCE_CLIENT);
  CHECK(TAKE(costmark_response_hint, response));
}

static void sending(const costmark_client *client, const char *url, host *self) {
  const costmark_request request = chat_request(url, "{\"model\":\"m\"}");
  costmark_send_options how = COSTMARK_SEND_OPTIONS_INIT;
  costmark_response *response = NULL;
  costmark_cancel *cancel = NULL;
  OK(costmark_response_new(&response, NULL));
  OK(costmark_client_send(client, &request, NULL, response, NULL));
  CHECK(IS(costmark_response_body, response, whole_answer));
  check_response(response);
  OK(costmark_cancel_new(&cancel, NULL));
  CHECK(costmark_cancel_retain(cancel) == cancel && !costmark_cancel_requested(cancel));
  how.on_head = take_head;
  how.on_body = take_piece;
  how.user_data = self;
  how.cancel = cancel;
  how.timeout_ms = 20000;
  how.max_attempts = 1;
  OK(costmark_client_send(client, &request, &how, response, NULL));
  CHECK(self->heads == 1 && self->pieces > 0);
  CHECK(IS(costmark_response_body, response, ""));
  check_response(response);
  costmark_cancel_request(cancel);
  CHECK(costmark_cancel_requested(cancel));
  CHECK(costmark_client_send(client, &request, &how, response, NULL) == COSTMARK_CANCELLED);
  costmark_cancel_release(cancel);
  costmark_cancel_release(cancel);
  costmark_response_free(response);
}

static void verifying(const costmark_client *client, const char *url) {
  costmark_verify_request what = COSTMARK_VERIFY_REQUEST_INIT;
  costmark_verification *found = NULL;
  costmark_probe probe = COSTMARK_PROBE_INIT;
  CHECK(!costmark_client_may_verify(client, url, strlen(url)));
  what.project = str("proj_abi");
  what.model = str("openai.gpt-oss-20b");
  what.url = str(url);
  what.timeout_ms = 20000;
  what.api = COSTMARK_API_CHAT_COMPLETIONS;
  what.force = 1;
  OK(costmark_client_verify(client, &what, &found, NULL));
  CHECK(costmark_verification_verdict(found) <= COSTMARK_VERDICT_UNKNOWN);
  CHECK(TAKE(costmark_verification_reason, found) && taken_len > 0);
  CHECK(IS(costmark_verification_endpoint, found, url));
  CHECK(IS(costmark_verification_carrier, found, "body"));
  CHECK(IS(costmark_verification_project, found, "proj_abi"));
  CHECK(IS(costmark_verification_model, found, "openai.gpt-oss-20b"));
  (void)costmark_verification_retryable(found);
  CHECK(costmark_verification_checked_unix_s(found) == noon);
  CHECK(costmark_verification_probe_count(found) > 0);
  OK(costmark_verification_probe(found, 0, &probe, NULL));
  CHECK(probe.struct_size == sizeof probe && probe.http_status == 404);
  CHECK(same_str(probe.request_id, "req_2") && same_str(probe.code, "not_found_error"));
  CHECK(probe.project.len > 0 && probe.request.len > 0 && probe.finding.len > 0);
  costmark_verification_free(found);
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
  errors();
  json();
  signing();
  providers();
  preparing();
  over_the_network();
  CHECK(costmark_live_handles() == 0);
  return failures == 0 ? 0 : 1;
}
