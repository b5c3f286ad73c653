/*
 * What the Go package needs around costmark.h: the steps of an operation in one call from Go, and
 * callbacks that carry numbers in place of pointers.
 *
 * Go may hand C the address of Go memory for the length of a call, if that memory holds no other Go
 * pointer. So the texts of a request come in one block with their lengths beside it. What a call
 * returns is read from costmark.h's own structs.
 */
// clang-format Language: C
#ifndef COSTMARK_GO_BRIDGE_H
#define COSTMARK_GO_BRIDGE_H

#include <costmark/costmark.h>
#include <costmark/testing.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* ---- Operations ------------------------------------------------------------------------------ */

/* Bits: what to do, in this order. */
enum {
  CMGO_BEGIN = 1,
  CMGO_READY = 2,
  CMGO_PREPARE = 4,
  CMGO_SEND = 8,
  /* And how. */
  CMGO_NO_WAIT = 16,
  CMGO_BODY_IS_STREAM = 32,
  CMGO_WANTS_HEAD = 64,
  CMGO_WANTS_BODY = 128,
  CMGO_OVERRIDES_BUDGETS = 256
};

/* One call from Go. Lives in C's memory, because results may point to Go's. */
typedef struct cmgo_call {
  costmark_client *client;
  costmark_operation *operation;    /* NULL: one is made */
  const costmark_operation *beside; /* to begin beside; NULL: none */
  uintptr_t call;                   /* a cgo.Handle: what callbacks are told they are for */
  uint32_t steps;                   /* CMGO_... */
  uint32_t max_attempts;            /* of CMGO_SEND */
  size_t label_count;               /* of the request */
  int64_t timeout_ms;               /* of each step that may wait; 0: the default, or no limit */
  costmark_cancel *cancel;          /* of these; NULL: none */

  bool begun; /* CMGO_BEGIN has succeeded */
  costmark_status status;
  costmark_error *error; /* the caller's; NULL where the status says it all */
  costmark_prepared prepared;
} cmgo_call;

/*
 * Takes the steps until one fails.
 *
 * text, lengths: method, project, scope, name and value of each label, URL, then name and value of
 *     each header. An empty project or scope is absent.
 */
void cmgo_run(cmgo_call *call, const char *text, const size_t *lengths, size_t length_count,
              const char *body, size_t body_len);

/* costmark_operation_head(). Texts: name and value of each header. */
void cmgo_head(costmark_operation *operation, int32_t http_status, bool encoded, const char *text,
               const size_t *lengths, size_t length_count, costmark_answer_plan *out);

/* What passes on of a piece of an answer. */
typedef struct cmgo_piece {
  const char *data; /* in the operation; NULL: in the piece itself, from `offset` */
  size_t offset;
  size_t len;
} cmgo_piece;

void cmgo_feed(costmark_operation *operation, const char *data, size_t len, cmgo_piece *out);

/* costmark_labels_check(). Texts: name and value of each label. */
costmark_status cmgo_labels_check(const char *text, const size_t *lengths, size_t length_count,
                                  costmark_error **out_error);

/* ---- Other calls that may call back ---------------------------------------------------------- */

costmark_status cmgo_verify(costmark_client *client, uintptr_t call,
                            const costmark_verify_request *request,
                            costmark_verification **out_verification, costmark_error **out_error);
costmark_status cmgo_credentials_get(costmark_credentials_cache *cache, uintptr_t call,
                                     costmark_credentials_set **out_set,
                                     costmark_error **out_error);
costmark_status cmgo_bearer_token_get(costmark_bearer_token_cache *cache, uintptr_t call,
                                      costmark_bearer_token **out_token,
                                      costmark_error **out_error);

/* ---- The Projects API ------------------------------------------------------------------------ */

typedef enum cmgo_projects_step {
  CMGO_PROJECTS_CREATE,
  CMGO_PROJECTS_GET,
  CMGO_PROJECTS_LIST,
  CMGO_PROJECTS_UPDATE,
  CMGO_PROJECTS_ARCHIVE,
  CMGO_PROJECTS_READ_TAGS,
  CMGO_PROJECTS_ADD_TAGS,
  CMGO_PROJECTS_SET_TAGS,
  CMGO_PROJECTS_REMOVE_TAGS
} cmgo_projects_step;

/* One call. What is of no concern to the step is zero. */
typedef struct cmgo_projects_call {
  const costmark_projects *projects;
  uintptr_t call; /* a cgo.Handle, as of cmgo_call */
  cmgo_projects_step step;
  uint32_t with_archived;
  costmark_str project;
  costmark_project_change change; /* its tags are those to add or set, too */
  const costmark_str *keys;
  size_t key_count;
  costmark_wait wait;

  costmark_project_list *list; /* the caller's; NULL for a call that returns no project */
  costmark_error *error;       /* the caller's */
} cmgo_projects_call;

costmark_status cmgo_projects_run(cmgo_projects_call *call);

/* ---- Callbacks ------------------------------------------------------------------------------- */

/* Which of the caller's calls this thread is in; 0 outside of them. Calls nest: a callback may make
 * another one. */
extern _Thread_local uintptr_t cmgo_current_call;

typedef enum cmgo_callback {
  CMGO_CREDENTIALS,
  CMGO_BEARER_TOKEN,
  CMGO_LOG,
  CMGO_CLOCK,
  CMGO_USAGE
} cmgo_callback;

/* Sets a callback. It arrives in Go with `handle`, a cgo.Handle that is deleted in the end. */
costmark_status cmgo_set_callback(costmark_config *config, cmgo_callback which, uintptr_t handle,
                                  costmark_error **out_error);

/* Callbacks of a send; user_data is the call. */
costmark_status cmgo_take_head(void *user_data, const costmark_response *response);
costmark_status cmgo_take_body(void *user_data, const char *data, size_t len);

#endif
