#include <string.h>

#include "inside.h"

costmark_status cmgo_head(costmark_observation *observation, int32_t http_status,
                          const char *content_type, size_t content_type_len, const char *date,
                          size_t date_len, const char *error_type, size_t error_type_len,
                          costmark_error **out_error) {
  costmark_answer_head head = COSTMARK_ANSWER_HEAD_INIT;
  head.http_status = http_status;
  head.content_type = cmgo_optional(content_type, content_type_len);
  head.date = cmgo_optional(date, date_len);
  head.error_type = cmgo_optional(error_type, error_type_len);
  return costmark_observation_head(observation, &head, out_error);
}

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
  out->retry_advised = costmark_observation_retry_advised(observation);
  out->response_id.data = costmark_observation_response_id(observation, &out->response_id.len);
  out->model.data = costmark_observation_model(observation, &out->model.len);
  out->service_tier.data = costmark_observation_service_tier(observation, &out->service_tier.len);
}
