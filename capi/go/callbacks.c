#include <_cgo_export.h> /* made by cgo of the functions that Go exports */
#include "bridge.h"

static void *from_handle(uintptr_t handle) {
  return (void *)handle;
}
static uintptr_t to_handle(void *user_data) {
  return (uintptr_t)user_data;
}

static costmark_status ask_credentials(void *user_data, costmark_credentials_sink *sink) {
  return cmgoCredentials(to_handle(user_data), cmgo_current_call, sink);
}

static costmark_status ask_bearer_token(void *user_data, costmark_bearer_token_sink *sink) {
  return cmgoBearerToken(to_handle(user_data), cmgo_current_call, sink);
}

static void tell_refused(void *user_data, const char *token, size_t token_len) {
  cmgoRefused(to_handle(user_data), (char *)token, token_len);
}

static void log_line(void *user_data, costmark_log_level level, const char *message,
                     size_t message_len) {
  cmgoLog(to_handle(user_data), cmgo_current_call, level, (char *)message, message_len);
}

static int64_t ask_clock(void *user_data) {
  return cmgoClock(to_handle(user_data));
}

static void tell_usage(void *user_data, const costmark_answer *answer) {
  cmgoUsage(to_handle(user_data), (costmark_answer *)answer);
}

static void release_handle(void *user_data) {
  cmgoRelease(to_handle(user_data));
}

costmark_status cmgo_set_callback(costmark_config *config, cmgo_callback which, uintptr_t handle,
                                  costmark_error **out_error) {
  void *data = from_handle(handle);
  switch (which) {
    case CMGO_CREDENTIALS:
      return costmark_config_set_credentials_callback(config, ask_credentials, data, release_handle,
                                                      out_error);
    case CMGO_BEARER_TOKEN:
      return costmark_config_set_bearer_token_callback(config, ask_bearer_token, tell_refused, data,
                                                       release_handle, out_error);
    case CMGO_LOG:
      return costmark_config_set_log_callback(config, log_line, data, release_handle, out_error);
    case CMGO_CLOCK:
      return costmark_config_set_clock_callback(config, ask_clock, data, release_handle, out_error);
    case CMGO_USAGE:
      return costmark_config_set_usage_callback(config, tell_usage, data, release_handle,
                                                out_error);
  }
  release_handle(data);
  return COSTMARK_INTERNAL;
}

costmark_status cmgo_take_head(void *user_data, const costmark_response *response) {
  return cmgoHead(to_handle(user_data), (costmark_response *)response);
}

costmark_status cmgo_take_body(void *user_data, const char *data, size_t len) {
  return cmgoBody(to_handle(user_data), (char *)data, len);
}
