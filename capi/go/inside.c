#include "inside.h"

#include <stdlib.h>
#include <string.h>

_Thread_local uintptr_t cmgo_current_call;

uintptr_t cmgo_enter(uintptr_t call) {
  const uintptr_t outer_call = cmgo_current_call;
  cmgo_current_call = call;
  return outer_call;
}

void cmgo_leave(uintptr_t outer_call) {
  cmgo_current_call = outer_call;
}

/* ---- Texts in -------------------------------------------------------------------------------- */

costmark_str cmgo_optional(const char *data, size_t len) {
  const costmark_str text = {len == 0 ? NULL : data, len};
  return text;
}

costmark_str cmgo_next(cmgo_texts *in) {
  const costmark_str text = {in->at, *in->lengths};
  in->at += text.len;
  ++in->lengths;
  --in->left;
  return text;
}

costmark_str cmgo_next_optional(cmgo_texts *in) {
  const costmark_str text = cmgo_next(in);
  return cmgo_optional(text.data, text.len);
}

bool cmgo_headers_read(cmgo_headers *headers, cmgo_texts *in) {
  size_t i;
  costmark_header *to = headers->few;
  headers->count = in->left / 2;
  headers->many = NULL;
  if (headers->count > cmgo_few_headers) {
    to = headers->many = malloc(headers->count * sizeof *to);
    if (to == NULL) return false;
  }
  for (i = 0; i < headers->count; ++i) {
    to[i].name = cmgo_next(in);
    to[i].value = cmgo_next(in);
  }
  headers->data = headers->count == 0 ? NULL : to;
  return true;
}

void cmgo_headers_free(cmgo_headers *headers) {
  free(headers->many);
}

bool cmgo_request_read(cmgo_request *request, cmgo_texts in, const char *body, size_t body_len) {
  costmark_request *to = &request->request;
  costmark_init(to, sizeof *to);
  to->method = cmgo_next(&in);
  to->project = cmgo_next_optional(&in);
  to->scope = cmgo_next_optional(&in);
  to->url = cmgo_next(&in);
  to->body.data = body;
  to->body.len = body_len;
  if (!cmgo_headers_read(&request->headers, &in)) return false;
  to->headers = request->headers.data;
  to->header_count = request->headers.count;
  return true;
}

/* ---- Texts out ------------------------------------------------------------------------------- */

void cmgo_put_bytes(cmgo_arena *out, const void *bytes, size_t len) {
  out->used += len;
  out->too_small = out->too_small || len > out->left;
  if (out->too_small || len == 0) return;
  memcpy(out->at, bytes, len);
  out->at += len;
  out->left -= len;
}

void cmgo_put_text(cmgo_arena *out, const char *data, size_t len) {
  const uint32_t length = (uint32_t)len; /* a header or a URL, never as long as a body */
  cmgo_put_bytes(out, &length, sizeof length);
  cmgo_put_bytes(out, data, len);
}

void cmgo_put_headers(cmgo_arena *out, const costmark_header *headers, size_t count) {
  size_t i;
  for (i = 0; i < count; ++i) {
    cmgo_put_text(out, headers[i].name.data, headers[i].name.len);
    cmgo_put_text(out, headers[i].value.data, headers[i].value.len);
  }
}

void cmgo_arena_finish(const cmgo_arena *from, cmgo_result *out) {
  out->used = from->used;
  out->too_small = from->too_small;
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
