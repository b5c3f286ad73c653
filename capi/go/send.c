#include <string.h>

#include <_cgo_export.h> /* made by cgo of the functions that Go exports */
#include "inside.h"

static costmark_status take_head(void *user_data, const costmark_response *response) {
  return cmgoHead((uintptr_t)user_data, (costmark_response *)response);
}

static costmark_status take_body(void *user_data, const char *data, size_t len) {
  return cmgoBody((uintptr_t)user_data, (char *)data, len);
}

void cmgo_send(costmark_client *client, uintptr_t call, const char *text, const size_t *lengths,
               size_t length_count, const char *body, size_t body_len, costmark_cancel *cancel,
               int64_t timeout_ms, uint32_t max_attempts, bool wants_head, bool wants_body,
               cmgo_sent *out) {
  const cmgo_texts in = {text, lengths, length_count};
  costmark_send_options options = COSTMARK_SEND_OPTIONS_INIT;
  cmgo_request from;
  uintptr_t outer_call;
  memset(out, 0, sizeof *out);
  options.on_head = wants_head ? take_head : NULL;
  options.on_body = wants_body ? take_body : NULL;
  options.user_data = (void *)call;
  options.cancel = cancel;
  options.timeout_ms = timeout_ms;
  options.max_attempts = max_attempts;
  out->status = costmark_response_new(&out->response, &out->error);
  if (out->status != COSTMARK_OK) return;
  if (!cmgo_request_read(&from, in, body, body_len)) {
    out->status = COSTMARK_OUT_OF_MEMORY;
    return;
  }
  outer_call = cmgo_enter(call);
  out->status = costmark_client_send(client, &from.request, &options, out->response, &out->error);
  cmgo_leave(outer_call);
  cmgo_headers_free(&from.headers);
}

void cmgo_response_read(const costmark_response *response, cmgo_response *out) {
  costmark_status status;
  memset(out, 0, sizeof *out);
  costmark_init(&out->usage, sizeof out->usage);
  status = costmark_response_usage(response, &out->usage, NULL);
  (void)status; /* fails for what is no response, and that has no usage */
  out->headers = costmark_response_headers(response, &out->header_count);
  out->body.data = costmark_response_body(response, &out->body.len);
  out->request_id.data = costmark_response_request_id(response, &out->request_id.len);
  out->response_id.data = costmark_response_id(response, &out->response_id.len);
  out->model.data = costmark_response_model(response, &out->model.len);
  out->service_tier.data = costmark_response_service_tier(response, &out->service_tier.len);
  out->project.data = costmark_response_project(response, &out->project.len);
  out->hint.data = costmark_response_hint(response, &out->hint.len);
  out->source = costmark_response_project_source(response);
  out->outcome = costmark_response_outcome(response);
  out->http_status = costmark_response_http_status(response);
  out->attempts = costmark_response_attempts(response);
}
