/*
 * What the Go package needs around costmark.h: the whole of a prepare in one call from Go, and
 * callbacks that carry numbers in place of pointers.
 *
 * Go may hand C the address of Go memory for the length of a call, if that memory holds no other Go
 * pointer. So texts come in one block with their lengths beside it, and go out the same way.
 */
// clang-format Language: C
#ifndef COSTMARK_GO_BRIDGE_H
#define COSTMARK_GO_BRIDGE_H

#include <costmark/costmark.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
  bool too_small; /* the arena: nothing was written, no attempt has begun */
} cmgo_result;

/*
 * Prepares a request, writes the outcome to the arena, and empties `prepared`, so that nothing of
 * the caller's memory is remembered.
 *
 * text, lengths: method, project, scope, URL, then name and value of each header. An empty project
 *     or scope is absent.
 * call: what a callback during this call is told it is for.
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

/*
 * Signs a request. Texts: method, URL, region, service, access key id, secret access key, session
 * token, then name and value of each header. The arena receives the headers to set.
 */
void cmgo_sign(costmark_signature *signature, const char *text, const size_t *lengths,
               size_t length_count, const char *body, size_t body_len, int64_t expires_unix_s,
               int64_t time_unix_s, char *arena, size_t arena_len, cmgo_result *out);

/* Callbacks that arrive in Go with `handle`, a cgo.Handle that is deleted in the end. */
costmark_status cmgo_set_credentials(costmark_config *config, uintptr_t handle,
                                     costmark_error **out_error);
costmark_status cmgo_set_bearer_token(costmark_config *config, uintptr_t handle,
                                      costmark_error **out_error);
costmark_status cmgo_set_log(costmark_config *config, uintptr_t handle, costmark_error **out_error);

/* costmark_credentials_put(), its struct taken apart. */
costmark_status cmgo_put_credentials(costmark_credentials_sink *sink, const char *access_key_id,
                                     size_t access_key_id_len, const char *secret_access_key,
                                     size_t secret_access_key_len, const char *session_token,
                                     size_t session_token_len, const char *account_id,
                                     size_t account_id_len, int64_t expires_unix_s,
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
} cmgo_answer;

/* Ends the answer: complete with COSTMARK_OUTCOME_OK, else broken off. */
void cmgo_end(costmark_observation *observation, costmark_outcome outcome, cmgo_answer *out);

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
