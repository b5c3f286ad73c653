#include <_cgo_export.h> /* made by cgo of the functions that Go exports */
#include "inside.h"

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

static void log_line(void *user_data, costmark_log_level level, const char *message,
                     size_t message_len) {
  cmgoLog(to_handle(user_data), cmgo_current_call, level, (char *)message, message_len);
}

static int64_t ask_clock(void *user_data) {
  return cmgoClock(to_handle(user_data));
}

static void tell_usage(void *user_data, const costmark_usage_event *event) {
  cmgoUsage(to_handle(user_data), (costmark_usage_event *)event);
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

costmark_status cmgo_set_clock(costmark_config *config, uintptr_t handle,
                               costmark_error **out_error) {
  return costmark_config_set_clock_callback(config, ask_clock, from_handle(handle), release_handle,
                                            out_error);
}

costmark_status cmgo_set_usage(costmark_config *config, uintptr_t handle,
                               costmark_error **out_error) {
  return costmark_config_set_usage_callback(config, tell_usage, from_handle(handle), release_handle,
                                            out_error);
}

costmark_status cmgo_put_credentials(costmark_credentials_sink *sink, const char *access_key_id,
                                     size_t access_key_id_len, const char *secret_access_key,
                                     size_t secret_access_key_len, const char *session_token,
                                     size_t session_token_len, const char *account_id,
                                     size_t account_id_len, int64_t expires_unix_s,
                                     costmark_error **out_error) {
  costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  credentials.access_key_id = cmgo_optional(access_key_id, access_key_id_len);
  credentials.secret_access_key = cmgo_optional(secret_access_key, secret_access_key_len);
  credentials.session_token = cmgo_optional(session_token, session_token_len);
  credentials.account_id = cmgo_optional(account_id, account_id_len);
  credentials.expires_unix_s = expires_unix_s;
  return costmark_credentials_put(sink, &credentials, out_error);
}

costmark_status cmgo_credentials_get(costmark_credentials_provider *provider, uintptr_t call,
                                     costmark_credentials_set **out_set,
                                     costmark_error **out_error) {
  const uintptr_t outer_call = cmgo_enter(call);
  const costmark_status status = costmark_credentials_provider_get(provider, out_set, out_error);
  cmgo_leave(outer_call);
  return status;
}

costmark_status cmgo_bearer_token_get(costmark_bearer_token_provider *provider, uintptr_t call,
                                      costmark_bearer_token **out_token,
                                      costmark_error **out_error) {
  const uintptr_t outer_call = cmgo_enter(call);
  const costmark_status status = costmark_bearer_token_provider_get(provider, out_token, out_error);
  cmgo_leave(outer_call);
  return status;
}
