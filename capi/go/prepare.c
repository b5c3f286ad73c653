#include <string.h>

#include "inside.h"

static void collect(const costmark_prepared *prepared, cmgo_arena *to, cmgo_result *out) {
  size_t i, len, count;
  const char *text;
  const costmark_str *names;
  const costmark_header *headers;
  out->body_changed = costmark_prepared_body_changed(prepared);
  if (out->body_changed) {
    text = costmark_prepared_body(prepared, &out->body_len);
    cmgo_put_bytes(to, text, out->body_len);
  }
  text = costmark_prepared_project(prepared, &len);
  cmgo_put_text(to, text, len);
  text = costmark_prepared_url(prepared, &len);
  cmgo_put_text(to, text, len);
  text = costmark_prepared_hint(prepared, &len);
  cmgo_put_text(to, text, len);
  names = costmark_prepared_headers_to_remove(prepared, &count);
  out->remove_count = (uint32_t)count;
  for (i = 0; i < count; ++i) cmgo_put_text(to, names[i].data, names[i].len);
  headers = costmark_prepared_headers_to_set(prepared, &count);
  out->set_count = (uint32_t)count;
  cmgo_put_headers(to, headers, count);
  out->source = costmark_prepared_project_source(prepared);
  out->api = costmark_prepared_api(prepared);
  out->streamed = costmark_prepared_streamed(prepared);
  out->hides_usage_chunk = costmark_prepared_hides_usage_chunk(prepared);
  out->authorized = costmark_prepared_authorized(prepared);
  cmgo_arena_finish(to, out);
}

void cmgo_prepare(costmark_client *client, costmark_prepared *prepared, uintptr_t call,
                  const char *text, const size_t *lengths, size_t length_count, const char *body,
                  size_t body_len, uint32_t attempt, char *arena, size_t arena_len,
                  cmgo_result *out) {
  const cmgo_texts in = {text, lengths, length_count};
  cmgo_arena to = {arena, arena_len, 0, false};
  cmgo_request from;
  uintptr_t outer_call;
  memset(out, 0, sizeof *out);
  if (!cmgo_request_read(&from, in, body, body_len)) {
    out->status = COSTMARK_OUT_OF_MEMORY;
    return;
  }
  outer_call = cmgo_enter(call);
  out->status = costmark_client_prepare(client, &from.request, prepared, &out->error);
  if (out->status == COSTMARK_OK) collect(prepared, &to, out);
  if (out->status == COSTMARK_OK && attempt != 0 && !out->too_small) {
    out->status =
        costmark_observation_new(client, prepared, attempt, &out->observation, &out->error);
  }
  costmark_prepared_clear(prepared);
  cmgo_leave(outer_call);
  cmgo_headers_free(&from.headers);
}

void cmgo_check(costmark_client *client, costmark_prepared *scratch, uintptr_t call,
                const char *text, const size_t *lengths, size_t length_count, const char *body,
                size_t body_len, cmgo_result *out) {
  const cmgo_texts in = {text, lengths, length_count};
  cmgo_request from;
  uintptr_t outer_call;
  memset(out, 0, sizeof *out);
  if (!cmgo_request_read(&from, in, body, body_len)) {
    out->status = COSTMARK_OUT_OF_MEMORY;
    return;
  }
  outer_call = cmgo_enter(call);
  out->status = costmark_client_check(client, &from.request, scratch, &out->error);
  cmgo_leave(outer_call);
  cmgo_headers_free(&from.headers);
}
