#include "bridge.h"

#include <_cgo_export.h> /* made by cgo of the functions that callbacks.go exports */
#include <stdlib.h>
#include <string.h>

/* The layout that this package was written for; see the header's rule 10. */
#if UINTPTR_MAX == UINT64_MAX
#define LAYOUT(type, size) _Static_assert(sizeof(type) == (size), "the size of " #type)
#define OFFSET(type, field, at) \
  _Static_assert(offsetof(type, field) == (at), "where " #field " is in " #type)
LAYOUT(costmark_str, 16);
LAYOUT(costmark_header, 32);
LAYOUT(costmark_option_info, 96);
OFFSET(costmark_option_info, description, 56);
OFFSET(costmark_option_info, minimum, 72);
OFFSET(costmark_option_info, type, 88);
LAYOUT(costmark_credentials, 80);
OFFSET(costmark_credentials, access_key_id, 8);
OFFSET(costmark_credentials, account_id, 56);
OFFSET(costmark_credentials, expires_unix_s, 72);
LAYOUT(costmark_request, 104);
OFFSET(costmark_request, method, 8);
OFFSET(costmark_request, headers, 40);
OFFSET(costmark_request, body, 56);
OFFSET(costmark_request, scope, 88);
LAYOUT(costmark_usage, 56);
OFFSET(costmark_usage, input_tokens, 8);
OFFSET(costmark_usage, known, 48);
LAYOUT(costmark_usage_totals, 88);
OFFSET(costmark_usage_totals, input_tokens, 40);
OFFSET(costmark_usage_totals, inconsistent, 80);
LAYOUT(costmark_sign_request, 120);
OFFSET(costmark_sign_request, credentials, 72);
OFFSET(costmark_sign_request, body, 96);
OFFSET(costmark_sign_request, time_unix_s, 112);
#endif

enum { few_headers = 48 };

/* Which of the caller's calls this thread is in; 0 outside of them. */
static _Thread_local uintptr_t current_call;

/* ---- Texts in -------------------------------------------------------------------------------- */

typedef struct texts {
  const char *at;
  const size_t *lengths;
  size_t left;
} texts;

static costmark_str next_text(texts *in) {
  const costmark_str text = {in->at, *in->lengths};
  in->at += text.len;
  ++in->lengths;
  --in->left;
  return text;
}

static costmark_str next_optional(texts *in) {
  const costmark_str absent = COSTMARK_STR_INIT;
  const costmark_str text = next_text(in);
  return text.len == 0 ? absent : text;
}

/* Reads what is left as headers. NULL, with a count: out of memory. */
static costmark_header *next_headers(texts *in, costmark_header few[few_headers], size_t *count) {
  size_t i;
  costmark_header *headers = few;
  *count = in->left / 2;
  if (*count > few_headers) headers = malloc(*count * sizeof *headers);
  if (headers == NULL) return NULL;
  for (i = 0; i < *count; ++i) {
    headers[i].name = next_text(in);
    headers[i].value = next_text(in);
  }
  return headers;
}

static void free_headers(costmark_header *headers, const costmark_header few[few_headers]) {
  if (headers != few) free(headers);
}

/* ---- Texts out ------------------------------------------------------------------------------- */

typedef struct arena {
  char *at;
  size_t left;
  size_t used;
  bool too_small;
} arena;

static void put_bytes(arena *out, const void *bytes, size_t len) {
  out->used += len;
  out->too_small = out->too_small || len > out->left;
  if (out->too_small || len == 0) return;
  memcpy(out->at, bytes, len);
  out->at += len;
  out->left -= len;
}

static void put_text(arena *out, const char *data, size_t len) {
  const uint32_t length = (uint32_t)len; /* a header, never as long as a body */
  put_bytes(out, &length, sizeof length);
  put_bytes(out, data, len);
}

static void put_headers(arena *out, const costmark_header *headers, size_t count) {
  size_t i;
  for (i = 0; i < count; ++i) {
    put_text(out, headers[i].name.data, headers[i].name.len);
    put_text(out, headers[i].value.data, headers[i].value.len);
  }
}

static void finish(const arena *from, cmgo_result *out) {
  out->used = from->used;
  out->too_small = from->too_small;
}

/* ---- Prepare --------------------------------------------------------------------------------- */

/* Makes `prepared` forget the request: a failed call leaves it empty, and this one fails. */
static void empty(const costmark_client *client, costmark_prepared *prepared) {
  const costmark_status failed = costmark_client_check(client, NULL, prepared, NULL);
  (void)failed;
}

static void collect(const costmark_prepared *prepared, arena *to, cmgo_result *out) {
  size_t i, len, count;
  const char *text;
  const costmark_str *names;
  const costmark_header *headers;
  out->body_changed = costmark_prepared_body_changed(prepared);
  if (out->body_changed) {
    text = costmark_prepared_body(prepared, &out->body_len);
    put_bytes(to, text, out->body_len);
  }
  text = costmark_prepared_project(prepared, &len);
  put_text(to, text, len);
  text = costmark_prepared_url(prepared, &len);
  put_text(to, text, len);
  text = costmark_prepared_hint(prepared, &len);
  put_text(to, text, len);
  names = costmark_prepared_headers_to_remove(prepared, &count);
  out->remove_count = (uint32_t)count;
  for (i = 0; i < count; ++i) put_text(to, names[i].data, names[i].len);
  headers = costmark_prepared_headers_to_set(prepared, &count);
  out->set_count = (uint32_t)count;
  put_headers(to, headers, count);
  out->source = costmark_prepared_project_source(prepared);
  out->api = costmark_prepared_api(prepared);
  out->streamed = costmark_prepared_streamed(prepared);
  finish(to, out);
}

typedef struct request_parts {
  costmark_request request;
  costmark_header few[few_headers];
  costmark_header *headers;
} request_parts;

static bool read_request(request_parts *parts, texts in, const char *body, size_t body_len) {
  costmark_request *request = &parts->request;
  costmark_init(request, sizeof *request);
  request->method = next_text(&in);
  request->project = next_optional(&in);
  request->scope = next_optional(&in);
  request->url = next_text(&in);
  request->body.data = body;
  request->body.len = body_len;
  parts->headers = next_headers(&in, parts->few, &request->header_count);
  request->headers = request->header_count == 0 ? NULL : parts->headers;
  return parts->headers != NULL;
}

void cmgo_prepare(costmark_client *client, costmark_prepared *prepared, uintptr_t call,
                  const char *text, const size_t *lengths, size_t length_count, const char *body,
                  size_t body_len, uint32_t attempt, char *arena_begin, size_t arena_len,
                  cmgo_result *out) {
  const uintptr_t outer_call = current_call;
  const texts in = {text, lengths, length_count};
  arena to = {arena_begin, arena_len, 0, false};
  request_parts parts;
  memset(out, 0, sizeof *out);
  if (!read_request(&parts, in, body, body_len)) {
    out->status = COSTMARK_OUT_OF_MEMORY;
    return;
  }
  current_call = call;
  out->status = costmark_client_prepare(client, &parts.request, prepared, &out->error);
  if (out->status == COSTMARK_OK) collect(prepared, &to, out);
  if (out->status == COSTMARK_OK && attempt != 0 && !out->too_small) {
    out->status =
        costmark_observation_new(client, prepared, attempt, &out->observation, &out->error);
  }
  empty(client, prepared);
  current_call = outer_call;
  free_headers(parts.headers, parts.few);
}

void cmgo_check(costmark_client *client, costmark_prepared *scratch, uintptr_t call,
                const char *text, const size_t *lengths, size_t length_count, const char *body,
                size_t body_len, cmgo_result *out) {
  const uintptr_t outer_call = current_call;
  const texts in = {text, lengths, length_count};
  request_parts parts;
  memset(out, 0, sizeof *out);
  if (!read_request(&parts, in, body, body_len)) {
    out->status = COSTMARK_OUT_OF_MEMORY;
    return;
  }
  current_call = call;
  out->status = costmark_client_check(client, &parts.request, scratch, &out->error);
  current_call = outer_call;
  free_headers(parts.headers, parts.few);
}

/* ---- Sign ------------------------------------------------------------------------------------ */

void cmgo_sign(costmark_signature *signature, const char *text, const size_t *lengths,
               size_t length_count, const char *body, size_t body_len, int64_t expires_unix_s,
               int64_t time_unix_s, char *arena_begin, size_t arena_len, cmgo_result *out) {
  texts in = {text, lengths, length_count};
  arena to = {arena_begin, arena_len, 0, false};
  costmark_sign_request request = COSTMARK_SIGN_REQUEST_INIT;
  costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  costmark_header few[few_headers];
  costmark_header *headers;
  const costmark_header *produced;
  size_t count;
  memset(out, 0, sizeof *out);
  request.method = next_text(&in);
  request.url = next_text(&in);
  request.region = next_text(&in);
  request.service = next_text(&in);
  credentials.access_key_id = next_text(&in);
  credentials.secret_access_key = next_text(&in);
  credentials.session_token = next_optional(&in);
  credentials.expires_unix_s = expires_unix_s;
  request.credentials = &credentials;
  headers = next_headers(&in, few, &request.header_count);
  if (headers == NULL) {
    out->status = COSTMARK_OUT_OF_MEMORY;
    return;
  }
  request.headers = request.header_count == 0 ? NULL : headers;
  request.body.data = body;
  request.body.len = body_len;
  request.time_unix_s = time_unix_s;
  out->status = costmark_sign(&request, signature, &out->error);
  produced = costmark_signature_headers(signature, &count);
  out->set_count = (uint32_t)count;
  put_headers(&to, produced, count);
  finish(&to, out);
  free_headers(headers, few);
}

/* ---- Callbacks ------------------------------------------------------------------------------- */

static void *from_handle(uintptr_t handle) {
  return (void *)handle;
}
static uintptr_t to_handle(void *user_data) {
  return (uintptr_t)user_data;
}

static costmark_status ask_credentials(void *user_data, costmark_credentials_sink *sink) {
  return cmgoCredentials(to_handle(user_data), current_call, sink);
}

static costmark_status ask_bearer_token(void *user_data, costmark_bearer_token_sink *sink) {
  return cmgoBearerToken(to_handle(user_data), current_call, sink);
}

static void log_line(void *user_data, costmark_log_level level, const char *message,
                     size_t message_len) {
  cmgoLog(to_handle(user_data), current_call, level, (char *)message, message_len);
}

static void release_handle(void *user_data) {
  cmgoRelease(to_handle(user_data));
}

costmark_status cmgo_set_credentials(costmark_config *config, uintptr_t handle,
                                     costmark_error **out_error) {
  return costmark_config_set_credentials_callback(config, ask_credentials, from_handle(handle),
                                                  release_handle, out_error);
}

costmark_status cmgo_set_bearer_token(costmark_config *config, uintptr_t handle,
                                      costmark_error **out_error) {
  return costmark_config_set_bearer_token_callback(config, ask_bearer_token, from_handle(handle),
                                                   release_handle, out_error);
}

costmark_status cmgo_set_log(costmark_config *config, uintptr_t handle,
                             costmark_error **out_error) {
  return costmark_config_set_log_callback(config, log_line, from_handle(handle), release_handle,
                                          out_error);
}

static costmark_str optional(const char *data, size_t len) {
  const costmark_str text = {len == 0 ? NULL : data, len};
  return text;
}

costmark_status cmgo_put_credentials(costmark_credentials_sink *sink, const char *access_key_id,
                                     size_t access_key_id_len, const char *secret_access_key,
                                     size_t secret_access_key_len, const char *session_token,
                                     size_t session_token_len, const char *account_id,
                                     size_t account_id_len, int64_t expires_unix_s,
                                     costmark_error **out_error) {
  costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  credentials.access_key_id = optional(access_key_id, access_key_id_len);
  credentials.secret_access_key = optional(secret_access_key, secret_access_key_len);
  credentials.session_token = optional(session_token, session_token_len);
  credentials.account_id = optional(account_id, account_id_len);
  credentials.expires_unix_s = expires_unix_s;
  return costmark_credentials_put(sink, &credentials, out_error);
}

/* ---- Observe --------------------------------------------------------------------------------- */

void cmgo_feed(costmark_observation *observation, const char *data, size_t len, cmgo_piece *out) {
  const char *passed = NULL;
  const costmark_status status =
      costmark_observation_feed(observation, data, len, &passed, &out->len, NULL);
  (void)status; /* after a failure the piece passes as it is */
  if ((uintptr_t)passed >= (uintptr_t)data &&
      (uintptr_t)passed + out->len <= (uintptr_t)data + len) {
    out->data = NULL;
    out->offset = (size_t)(passed - data);
  } else {
    out->data = passed;
    out->offset = 0;
  }
}

void cmgo_end(costmark_observation *observation, costmark_outcome outcome, cmgo_answer *out) {
  costmark_str *held = &out->held_back;
  costmark_status status;
  memset(out, 0, sizeof *out);
  status = outcome == COSTMARK_OUTCOME_OK
               ? costmark_observation_finish(observation, &held->data, &held->len, NULL)
               : costmark_observation_fail(observation, outcome, &held->data, &held->len, NULL);
  costmark_init(&out->usage, sizeof out->usage);
  if (status == COSTMARK_OK) status = costmark_observation_usage(observation, &out->usage, NULL);
  (void)status;
  out->outcome = costmark_observation_outcome(observation);
  out->response_id.data = costmark_observation_response_id(observation, &out->response_id.len);
  out->model.data = costmark_observation_model(observation, &out->model.len);
  out->service_tier.data = costmark_observation_service_tier(observation, &out->service_tier.len);
}

/* ---- Errors ---------------------------------------------------------------------------------- */

void cmgo_error_read(const costmark_error *error, cmgo_error *out) {
  out->message.data = costmark_error_message(error, &out->message.len);
  out->request_id.data = costmark_error_request_id(error, &out->request_id.len);
  out->has_offset = costmark_error_offset(error, &out->offset);
  out->status = costmark_error_status(error);
  out->http_status = costmark_error_http_status(error);
  out->retryable = costmark_error_retryable(error);
}
