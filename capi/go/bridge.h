/*
 * What the Go package needs around costmark.h: the whole of a prepare in one call from Go, and
 * callbacks that carry numbers in place of pointers.
 *
 * Go may hand C the address of Go memory for the length of a call, if that memory holds no other Go
 * pointer. So texts come in one block with their lengths beside it, and go out the same way.
 *
 * `call` is what a callback during that call is told it is for, and reached by: a cgo.Handle.
 */
// clang-format Language: C
#ifndef COSTMARK_GO_BRIDGE_H
#define COSTMARK_GO_BRIDGE_H

#include <costmark/costmark.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Prepare --------------------------------------------------------------------------------- */

/* What came of a request. */
typedef struct cmgo_result {
  costmark_error *error;             /* the caller's; NULL with COSTMARK_OK */
  costmark_observation *observation; /* the caller's; NULL unless one was asked for */
  size_t used;                       /* bytes written to the arena, or that it would need */
  size_t body_len;                   /* of the changed body */
  uint32_t remove_count;
  uint32_t set_count;
  costmark_status status;
  costmark_project_source source;
  costmark_api api;
  bool body_changed;
  bool streamed;
  bool hides_usage_chunk;
  bool authorized;
  bool too_small; /* the arena: nothing was written, no attempt has begun */
} cmgo_result;

/*
 * Prepares a request, writes the outcome to the arena, and empties `prepared`, so that nothing of
 * the caller's memory is remembered.
 *
 * text, lengths: method, project, scope, URL, then name and value of each header. An empty project
 *     or scope is absent.
 * attempt: which attempt to begin an observation for, from 1; 0 for none.
 * arena: receives the body if it changed, then, each after its length as a uint32_t: the project,
 *     the URL, the hint, the names of headers to remove, names and values of those to set.
 */
void cmgo_prepare(costmark_client *client, costmark_prepared *prepared, uintptr_t call,
                  const char *text, const size_t *lengths, size_t length_count, const char *body,
                  size_t body_len, uint32_t attempt, char *arena, size_t arena_len,
                  cmgo_result *out);

/* The same with costmark_client_check(); only `error` and `status` say something. */
void cmgo_check(costmark_client *client, costmark_prepared *scratch, uintptr_t call,
                const char *text, const size_t *lengths, size_t length_count, const char *body,
                size_t body_len, cmgo_result *out);

/* ---- Observe --------------------------------------------------------------------------------- */

/* costmark_observation_head(), its struct taken apart. */
costmark_status cmgo_head(costmark_observation *observation, int32_t http_status,
                          const char *content_type, size_t content_type_len, const char *date,
                          size_t date_len, const char *error_type, size_t error_type_len,
                          costmark_error **out_error);

/* What passes on of a piece of an answer. */
typedef struct cmgo_piece {
  const char *data; /* in the observation; NULL: in the piece itself, from `offset` */
  size_t offset;
  size_t len;
} cmgo_piece;

void cmgo_feed(costmark_observation *observation, const char *data, size_t len, cmgo_piece *out);

/* How an answer ended. Texts live as long as the observation. */
typedef struct cmgo_answer {
  costmark_usage usage;
  costmark_str held_back;
  costmark_str response_id;
  costmark_str model;
  costmark_str service_tier;
  costmark_outcome outcome;
  bool retry_advised;
} cmgo_answer;

/* Ends the answer: complete with COSTMARK_OUTCOME_OK, else broken off. */
void cmgo_end(costmark_observation *observation, costmark_outcome outcome, cmgo_answer *out);

/* ---- Send ------------------------------------------------------------------------------------ */

/* What came of a send. */
typedef struct cmgo_sent {
  costmark_response *response; /* the caller's; NULL: for want of memory */
  costmark_error *error;       /* the caller's; NULL with COSTMARK_OK */
  costmark_status status;
} cmgo_sent;

/*
 * Sends a request. Texts are those of cmgo_prepare(). The head of the answer goes to cmgoHead if
 * `wants_head`, the pieces of its body to cmgoBody if `wants_body`.
 */
void cmgo_send(costmark_client *client, uintptr_t call, const char *text, const size_t *lengths,
               size_t length_count, const char *body, size_t body_len, costmark_cancel *cancel,
               int64_t timeout_ms, uint32_t max_attempts, bool wants_head, bool wants_body,
               cmgo_sent *out);

/* Everything that a response says. Lives as long as the response, and until it is filled again. */
typedef struct cmgo_response {
  const costmark_header *headers;
  size_t header_count;
  costmark_str body;
  costmark_str request_id;
  costmark_str response_id;
  costmark_str model;
  costmark_str service_tier;
  costmark_str project;
  costmark_str hint;
  costmark_usage usage;
  costmark_project_source source;
  costmark_outcome outcome;
  int32_t http_status;
  uint32_t attempts;
} cmgo_response;

void cmgo_response_read(const costmark_response *response, cmgo_response *out);

/* ---- Verify ---------------------------------------------------------------------------------- */

/* Verifies. Texts, absent where empty: project, model, URL, then name and value of each header. */
costmark_status cmgo_verify(costmark_client *client, uintptr_t call, const char *text,
                            const size_t *lengths, size_t length_count, costmark_api api,
                            bool force, int64_t timeout_ms,
                            costmark_verification **out_verification, costmark_error **out_error);

/* ---- Sign ------------------------------------------------------------------------------------ */

/*
 * Signs a request. Texts: method, URL, region, service, access key id, secret access key, session
 * token, then name and value of each header.
 *
 * presigned_s: 0: the arena receives the headers to set; else it receives the URL with a signature
 *     that is good for so many seconds.
 */
void cmgo_sign(costmark_signature *signature, const char *text, const size_t *lengths,
               size_t length_count, const char *body, size_t body_len, int64_t expires_unix_s,
               int64_t time_unix_s, int64_t presigned_s, char *arena, size_t arena_len,
               cmgo_result *out);

/* ---- Credentials and tokens ------------------------------------------------------------------ */

/* costmark_credentials_provider_get() and costmark_bearer_token_provider_get(), for a call. */
costmark_status cmgo_credentials_get(costmark_credentials_provider *provider, uintptr_t call,
                                     costmark_credentials_set **out_set,
                                     costmark_error **out_error);
costmark_status cmgo_bearer_token_get(costmark_bearer_token_provider *provider, uintptr_t call,
                                      costmark_bearer_token **out_token,
                                      costmark_error **out_error);

/* costmark_bearer_token_new(). Texts: access key id, secret access key, session token, region. */
costmark_status cmgo_bearer_token_new(const char *text, const size_t *lengths, size_t length_count,
                                      int64_t credentials_expire_unix_s, int64_t expires_in_s,
                                      int64_t time_unix_s, costmark_bearer_token **out_token,
                                      costmark_error **out_error);

/* ---- Callbacks ------------------------------------------------------------------------------- */

/* They arrive in Go with `handle`, a cgo.Handle that is deleted in the end. */
costmark_status cmgo_set_credentials(costmark_config *config, uintptr_t handle,
                                     costmark_error **out_error);
costmark_status cmgo_set_bearer_token(costmark_config *config, uintptr_t handle,
                                      costmark_error **out_error);
costmark_status cmgo_set_log(costmark_config *config, uintptr_t handle, costmark_error **out_error);
costmark_status cmgo_set_clock(costmark_config *config, uintptr_t handle,
                               costmark_error **out_error);
costmark_status cmgo_set_usage(costmark_config *config, uintptr_t handle,
                               costmark_error **out_error);

/* costmark_credentials_put(), its struct taken apart. */
costmark_status cmgo_put_credentials(costmark_credentials_sink *sink, const char *access_key_id,
                                     size_t access_key_id_len, const char *secret_access_key,
                                     size_t secret_access_key_len, const char *session_token,
                                     size_t session_token_len, const char *account_id,
                                     size_t account_id_len, int64_t expires_unix_s,
                                     costmark_error **out_error);

/* ---- Errors ---------------------------------------------------------------------------------- */

/* Everything that an error says. Texts live as long as the error. */
typedef struct cmgo_error {
  costmark_str message;
  costmark_str request_id;
  uint64_t offset;
  costmark_status status;
  int32_t http_status;
  bool has_offset;
  bool retryable;
} cmgo_error;

void cmgo_error_read(const costmark_error *error, cmgo_error *out);

#endif
