#include <string.h>

#include "inside.h"

static void take_credentials(costmark_credentials *to, cmgo_texts *in, int64_t expires_unix_s) {
  costmark_init(to, sizeof *to);
  to->access_key_id = cmgo_next(in);
  to->secret_access_key = cmgo_next(in);
  to->session_token = cmgo_next_optional(in);
  to->expires_unix_s = expires_unix_s;
}

void cmgo_sign(costmark_signature *signature, const char *text, const size_t *lengths,
               size_t length_count, const char *body, size_t body_len, int64_t expires_unix_s,
               int64_t time_unix_s, int64_t presigned_s, char *arena, size_t arena_len,
               cmgo_result *out) {
  cmgo_texts in = {text, lengths, length_count};
  cmgo_arena to = {arena, arena_len, 0, false};
  costmark_sign_request request = COSTMARK_SIGN_REQUEST_INIT;
  costmark_credentials credentials;
  cmgo_headers headers;
  const costmark_header *produced;
  const char *url;
  size_t count;
  memset(out, 0, sizeof *out);
  request.method = cmgo_next(&in);
  request.url = cmgo_next(&in);
  request.region = cmgo_next(&in);
  request.service = cmgo_next(&in);
  take_credentials(&credentials, &in, expires_unix_s);
  request.credentials = &credentials;
  if (!cmgo_headers_read(&headers, &in)) {
    out->status = COSTMARK_OUT_OF_MEMORY;
    return;
  }
  request.headers = headers.data;
  request.header_count = headers.count;
  request.body.data = body;
  request.body.len = body_len;
  request.time_unix_s = time_unix_s;
  if (presigned_s == 0) {
    out->status = costmark_sign(&request, signature, &out->error);
    produced = costmark_signature_headers(signature, &count);
    out->set_count = (uint32_t)count;
    cmgo_put_headers(&to, produced, count);
  } else {
    out->status = costmark_presign(&request, presigned_s, signature, &out->error);
    url = costmark_signature_url(signature, &count);
    cmgo_put_text(&to, url, count);
  }
  cmgo_arena_finish(&to, out);
  cmgo_headers_free(&headers);
}

costmark_status cmgo_bearer_token_new(const char *text, const size_t *lengths, size_t length_count,
                                      int64_t credentials_expire_unix_s, int64_t expires_in_s,
                                      int64_t time_unix_s, costmark_bearer_token **out_token,
                                      costmark_error **out_error) {
  cmgo_texts in = {text, lengths, length_count};
  costmark_credentials credentials;
  costmark_str region;
  take_credentials(&credentials, &in, credentials_expire_unix_s);
  region = cmgo_next(&in);
  return costmark_bearer_token_new(&credentials, region.data, region.len, expires_in_s, time_unix_s,
                                   out_token, out_error);
}
