#include "inside.h"

costmark_status cmgo_verify(costmark_client *client, uintptr_t call, const char *text,
                            const size_t *lengths, size_t length_count, costmark_api api,
                            bool force, int64_t timeout_ms,
                            costmark_verification **out_verification, costmark_error **out_error) {
  cmgo_texts in = {text, lengths, length_count};
  costmark_verify_request request = COSTMARK_VERIFY_REQUEST_INIT;
  cmgo_headers headers;
  costmark_status status;
  uintptr_t outer_call;
  request.project = cmgo_next_optional(&in);
  request.model = cmgo_next_optional(&in);
  request.url = cmgo_next_optional(&in);
  if (!cmgo_headers_read(&headers, &in)) return COSTMARK_OUT_OF_MEMORY;
  request.headers = headers.data;
  request.header_count = headers.count;
  request.timeout_ms = timeout_ms;
  request.api = api;
  request.force = force ? 1 : 0;
  outer_call = cmgo_enter(call);
  status = costmark_client_verify(client, &request, out_verification, out_error);
  cmgo_leave(outer_call);
  cmgo_headers_free(&headers);
  return status;
}
