/*
 * costmark: attributes every Amazon Bedrock call to the project that pays for it.
 *
 * The library writes the project into a request, signs the request, and reads the usage out of the
 * answer. Your own HTTP client sends the request, or costmark_operation_send() does. The network is
 * used only to fetch credentials where they are kept there and, with option `verify`, to ask the
 * endpoint for proof. The library prints nothing, installs no signal handlers, and starts no
 * threads, except that libcurl looks up host names in one of its own. This header is the whole
 * manual.
 *
 * A program that prepares one request (examples that send and read answers: examples/c):
 *
 *     #include <costmark/costmark.h>
 *     #include <stdio.h>
 *
 *     int main(void) {
 *       costmark_config *config = NULL;
 *       costmark_client *client = NULL;
 *       costmark_operation *call = NULL;
 *       costmark_error *error = NULL;
 *       costmark_request request = COSTMARK_REQUEST_INIT;
 *       costmark_prepared out = COSTMARK_PREPARED_INIT;
 *       size_t i;
 *
 *       request.method = costmark_str_of("POST");
 *       request.url = costmark_str_of(
 *           "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions");
 *       request.body = costmark_str_of("{\"model\":\"openai.gpt-oss-20b\"}");
 *       if (costmark_config_new(&config, &error) ||
 *           costmark_config_set_z(config, "project", "proj_abc123", &error) ||
 *           costmark_client_new(config, &client, &error) ||
 *           costmark_operation_new(client, &call, &error) ||
 *           costmark_operation_begin(call, &request, &error) ||
 *           costmark_operation_prepare(call, NULL, NULL, &out, &error)) {
 *         costmark_error_view why = COSTMARK_ERROR_VIEW_INIT;
 *         costmark_error_read(error, &why);
 *         fprintf(stderr, "%s\n", why.message.data);
 *       }
 *       for (i = 0; i < out.set_header_count; ++i)
 *         printf("set %s\n", out.set_headers[i].name.data);
 *       costmark_error_free(error);
 *       costmark_operation_free(call);
 *       costmark_client_release(client);
 *       costmark_config_free(config);
 *       return out.set_header_count == 0;
 *     }
 *
 * It needs AWS credentials, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment,
 * and prints why it fails without them. It is built with
 *
 *     cc -std=c99 example.c $(pkg-config --cflags --libs costmark)
 *
 * The rules
 *
 *  1. Text and bytes are passed as pointer and length: two parameters in functions, a costmark_str
 *     in structs. Text is UTF-8. NULL with length 0 means absent and is allowed only where the
 *     comment says so. NULL with another length, or a length above PTRDIFF_MAX, is refused. Text
 *     that the library returns is followed by a NUL that its length does not count. Bodies are not.
 *
 *  2. Inputs are borrowed for the call, and copied if they are kept. The exceptions are named where
 *     they occur; the important one is costmark_request. What is returned through an `out_`
 *     parameter of `_new` belongs to the caller and has exactly one function that ends it. What a
 *     view struct shows belongs to the handle that filled it; its comment says how long it lives.
 *
 *  3. A handle is made by `_new` and ended by `_free`. A shared handle is counted instead:
 *     `_retain` adds an owner, `_release` takes one away. All of these accept NULL. When `_new`
 *     fails, its `out_` value is NULL. A handle of the wrong type, or one that has ended, is
 *     refused where that can be noticed. Using one is a mistake all the same.
 *
 *  4. A function that can fail returns a costmark_status: COSTMARK_OK, or a number that says what
 *     to do. Each can return COSTMARK_INVALID_ARGUMENT, COSTMARK_OUT_OF_MEMORY and
 *     COSTMARK_INTERNAL; comments name the others. The last parameter `out_error` may be NULL;
 *     otherwise a failure, and only a failure, stores an error there that the caller frees.
 *     COSTMARK_WOULD_BLOCK is a failure in this sense; pass NULL where it is expected.
 *     Messages hold no secrets. After a failure nothing has changed unless the comment says so.
 *     Functions that read an answer have no `out_error`: the answer must reach its reader whatever
 *     happens.
 *
 *  5. Results are read as views: one call fills a struct. A view of NULL, or of a handle that has
 *     ended, is all zero but its struct_size: absent texts, empty arrays, unknown numbers. In every
 *     enumeration 0 means unknown or absent. Truth values are `bool` in functions and uint32_t, 0
 *     or 1, in structs.
 *
 *  6. Plain structs begin with `struct_size`, which the caller sets to its own sizeof, best with
 *     the COSTMARK_..._INIT of the struct or with costmark_init(). Structs grow at the end only,
 *     and zero is the default of every later field. The size is read on every call.
 *     Input: a smaller struct of an older header is accepted. A larger one of a newer header is
 *     accepted if all that this library does not know is zero.
 *     Output: the library writes at most `struct_size` bytes, never changes `struct_size`, and
 *     zeroes what it does not know.
 *     Bad sizes: for an output of size 0 or above 4,096 nothing is written, and a function that
 *     returns a status returns COSTMARK_INVALID_ARGUMENT.
 *     costmark_str, costmark_header and costmark_label never grow.
 *
 *  7. A callback has `user_data` and, if it is kept beyond the call, `free_user_data`; both may be
 *     NULL. It runs on a thread that is inside a costmark function, never on another; its views
 *     live until it returns. `free_user_data` runs exactly once: when the last handle that needs
 *     the callback ends, on that thread, or at once if the call that received it fails. A callback
 *     must not throw, unwind or longjmp through the library. It may call everything here, except
 *     functions that take the client or cache that is calling it, an operation of that client, or
 *     an operation that a call is inside of: these return COSTMARK_INVALID_ARGUMENT, or do nothing.
 *     The callbacks of a send are called by its operation, and may use its client. A handle
 *     released inside its own callback is destroyed when the call returns. A callback that fails
 *     returns a status other than COSTMARK_OK, and the function that called it returns the same
 *     one, or COSTMARK_INTERNAL for an unknown number. COSTMARK_STOPPED_BY_CALLBACK never comes
 *     from anywhere else.
 *
 *  8. Each type says one of three things about threads. "Immutable, share freely": any thread, any
 *     time. "Synchronized internally": any thread, any time, and it changes. "One thread at a
 *     time": calls on one handle must not overlap; they may come from different threads. Whatever
 *     the type, no call may overlap with the one that ends the handle. Functions without a handle
 *     may be called by any thread.
 *
 *  9. Fork: a child may use every handle that is synchronized internally, whatever other threads
 *     did at the moment of fork(), and any handle that no other thread was using.
 *
 * 10. Everything here stays as it is while COSTMARK_ABI_VERSION, which is in the name of the shared
 *     library, stays the same. A function that came after 0.1 says so ("Since"). Ask
 *     costmark_has_feature(), not the version, what a build contains. Two copies in one process,
 *     such as a static and a shared one, are independent: each refuses the other's handles. A
 *     loaded shared library stays loaded: dlclose() has no effect.
 *
 * 11. Exit: while exit() runs, other threads, atexit handlers and destructors of static objects may
 *     be inside of calls and may begin new ones. The library destroys nothing of its own. Where the
 *     host used OpenSSL before it made its first client, OpenSSL shuts down during exit(): that
 *     waits, 5 seconds at most, for calls that are inside of it, callbacks of a send included, and
 *     from then on calls that need it return COSTMARK_INTERNAL.
 *
 * 12. pthread_cancel() takes effect when the call that the thread is inside of has returned,
 *     callbacks included; a costmark_cancel ends a send earlier. A thread whose cancelability type
 *     is asynchronous must not call the library.
 *
 * 13. Descriptors: a kept connection has three, its socket and two by which its thread is woken.
 *     All are close-on-exec. A program that becomes a daemon makes its clients afterwards. If it
 *     has closed the descriptors of one that it made before, what it opened under their numbers
 *     stays as it is, and the next call has a new connection.
 *
 * 14. Privileges: a program that has more of them than the user who started it (set-user-ID,
 *     set-group-ID, file capabilities) is configured by options alone: no environment variable is
 *     read, and so no file below HOME. SSLKEYLOGFILE is removed from its environment, as libcurl
 *     would write there.
 *
 * 15. Signals: no function may be called from a signal handler. Calls that a signal interrupts go
 *     on, also without SA_RESTART.
 *
 * 16. Stack: a call needs 32 KiB, one that may use the network 64 KiB, callbacks not counted.
 */
#ifndef COSTMARK_COSTMARK_H
#define COSTMARK_COSTMARK_H

#if !defined(__cplusplus) && defined(__STRICT_ANSI__) && \
    (!defined(__STDC_VERSION__) || __STDC_VERSION__ < 199901L)
#error "costmark.h needs C99 or later, or C++: compile with -std=c99"
#else

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__)
#define COSTMARK_EXPORT __attribute__((visibility("default")))
#define COSTMARK_MUST_USE __attribute__((warn_unused_result))
#else
#define COSTMARK_EXPORT
#define COSTMARK_MUST_USE
#endif

#if defined(__cplusplus) && __cplusplus < 201103L && !defined(_MSC_VER)
#define COSTMARK_NOEXCEPT throw()
#elif defined(__cplusplus)
#define COSTMARK_NOEXCEPT noexcept
#else
#define COSTMARK_NOEXCEPT
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------
 * Version
 */

#define COSTMARK_VERSION_MAJOR 0
#define COSTMARK_VERSION_MINOR 1
#define COSTMARK_VERSION_PATCH 0
/* Comparable: major * 1000000 + minor * 1000 + patch. */
#define COSTMARK_VERSION_NUMBER 1000
/* The number in libcostmark.so.N. */
#define COSTMARK_ABI_VERSION 1

/* The version of the library that is running, such as "0.1.0". Static storage. */
COSTMARK_EXPORT const char *costmark_version(void) COSTMARK_NOEXCEPT;

/* COSTMARK_VERSION_NUMBER of the library that is running. */
COSTMARK_EXPORT uint32_t costmark_version_number(void) COSTMARK_NOEXCEPT;

/* COSTMARK_ABI_VERSION of the library that is running. */
COSTMARK_EXPORT uint32_t costmark_abi_version(void) COSTMARK_NOEXCEPT;

/*
 * Whether this build contains a feature. Known names: "operation", "send", "verify", "usage",
 * "sign", "presign", "json", "bearer_token", "credentials", "routes". Later versions add names and
 * take none away. A build without the network (COSTMARK_NETWORK=OFF in CMake) lacks "send" and
 * "verify": what needs it returns COSTMARK_UNSUPPORTED. An unknown name, and NULL, give false.
 */
COSTMARK_EXPORT bool costmark_has_feature(const char *name, size_t name_len) COSTMARK_NOEXCEPT;

/* ------------------------------------------------------------------------------------------------
 * Strings and structs
 */

/* Bytes with a length. NULL with 0: absent; a pointer with 0: empty. */
typedef struct costmark_str {
  const char *data;
  size_t len; /* bytes */
} costmark_str;

/* One header field. Names compare without regard to ASCII case. */
typedef struct costmark_header {
  costmark_str name;
  costmark_str value;
} costmark_header;

/* A label of a call, or a tag of a project. Never grows. */
typedef struct costmark_label {
  costmark_str name;
  costmark_str value;
} costmark_label;

/* Initializes a costmark_str from a string literal. */
#define COSTMARK_STR(literal) {(literal), sizeof(literal) - 1}
#define COSTMARK_STR_INIT {NULL, 0}

/* A costmark_str of a C string; absent for NULL. */
static inline costmark_str costmark_str_of(const char *text) {
  costmark_str out = COSTMARK_STR_INIT;
  if (text != NULL) {
    out.data = text;
    out.len = strlen(text);
  }
  return out;
}

/*
 * Zeroes a plain struct and sets its struct_size, as the COSTMARK_..._INIT macros do, for languages
 * without macros.
 *
 * any_struct: where the struct is, aligned as its type needs. NULL: nothing happens.
 * struct_size: the caller's size of it, in bytes. Less than sizeof(size_t): nothing happens.
 */
COSTMARK_EXPORT void costmark_init(void *any_struct, size_t struct_size) COSTMARK_NOEXCEPT;

/*
 * The value of the first header field of a name.
 *
 * headers, count: such as those of a costmark_response. NULL with 0: none.
 * name, name_len: compared without regard to ASCII case. Not NULL.
 * out_value: receives the value. Absent when there is no such field.
 *
 * Returns whether there is one.
 */
COSTMARK_EXPORT bool costmark_header_find(const costmark_header *headers, size_t count,
                                          const char *name, size_t name_len,
                                          costmark_str *out_value) COSTMARK_NOEXCEPT;

/* ------------------------------------------------------------------------------------------------
 * Errors
 */

/*
 * What went wrong, grouped by what to do about it. Numbers are never used again and never change
 * their meaning. More may come: treat an unknown one as COSTMARK_INTERNAL.
 */
typedef int32_t costmark_status;
enum {
  COSTMARK_OK = 0,

  /* Fix the request. */
  COSTMARK_INVALID_ARGUMENT = 1, /* an argument is outside its documented range */
  COSTMARK_INVALID_JSON = 2,     /* the body is not the JSON object it should be; see the offset */
  COSTMARK_INVALID_URL = 3,      /* no host, user information, an impossible port, ... */
  COSTMARK_BODY_NEEDED = 4,      /* the body is a stream, and its bytes are needed */

  /* Fix the configuration. */
  COSTMARK_INVALID_OPTION = 10,    /* unknown option, or a value that it does not take */
  COSTMARK_ENDPOINT_MISMATCH = 11, /* region, service, scheme or origin disagree with the host */
  COSTMARK_UNSUPPORTED = 12,       /* this build lacks what the call needs, such as the network */

  /* Fix the attribution. */
  COSTMARK_INVALID_PROJECT = 20,     /* the text is not a project id */
  COSTMARK_UNATTRIBUTED = 21,        /* no project is named, and the policy refuses such calls */
  COSTMARK_CONFLICT = 22,            /* two sources name different projects */
  COSTMARK_PROJECT_NOT_ALLOWED = 23, /* the project is outside `allowed_projects` */

  /* Wait for the next period, or raise the budget. */
  COSTMARK_BUDGET_EXCEEDED = 24, /* a budget has no place for the call: nothing was sent */

  /* Authenticate again. */
  COSTMARK_NO_CREDENTIALS = 30,       /* nothing to sign with was found */
  COSTMARK_EXPIRED_CREDENTIALS = 31,  /* what was found has expired and could not be renewed */
  COSTMARK_UNUSABLE_CREDENTIALS = 32, /* a source is set up and cannot be used; see the message */

  /* Try again, or report. */
  COSTMARK_TRANSPORT = 40, /* the connection failed */
  COSTMARK_TIMEOUT = 41,   /* a deadline passed */
  COSTMARK_THROTTLED = 42, /* the service asked to slow down */
  COSTMARK_SERVICE = 43,   /* the service answered with an error */

  /* Report. */
  COSTMARK_OUT_OF_MEMORY = 50,
  COSTMARK_INTERNAL = 51, /* a bug in costmark, or a failing system library */

  /* The caller's own wish. */
  COSTMARK_STOPPED_BY_CALLBACK = 60, /* a callback returned it; see rule 7 */
  COSTMARK_CANCELLED = 61,           /* a costmark_cancel stopped the call */
  COSTMARK_WOULD_BLOCK = 62          /* the call would have to wait; see costmark_wait */
};

/*
 * Why a call failed. Immutable, share freely. A failure for lack of memory gives a static object
 * that costmark_error_free() ignores.
 */
typedef struct costmark_error costmark_error;

/* What an error says. Lives as long as the error. */
typedef struct costmark_error_view {
  size_t struct_size;
  costmark_str message; /* one line: what happened, where, and what would have been right. For
                           people: its wording may change. */
  costmark_str request_id; /* of the answer that caused the error; absent without one */
  uint64_t offset;         /* the byte of the input where the mistake is, if has_offset */
  uint32_t has_offset;
  costmark_status status; /* that the failed call returned */
  int32_t http_status;    /* of the answer that caused the error; 0 without one */
  uint32_t retryable;     /* the same call may succeed later without a change */
} costmark_error_view;

#define COSTMARK_ERROR_VIEW_INIT \
  {sizeof(costmark_error_view), COSTMARK_STR_INIT, COSTMARK_STR_INIT, 0, 0, 0, 0, 0}

/*
 * Shows an error.
 *
 * out_view: its struct_size set by the caller. All zero from NULL.
 */
COSTMARK_EXPORT void costmark_error_read(const costmark_error *error,
                                         costmark_error_view *out_view) COSTMARK_NOEXCEPT;

/* Ends an error. */
COSTMARK_EXPORT void costmark_error_free(costmark_error *error) COSTMARK_NOEXCEPT;

/* ------------------------------------------------------------------------------------------------
 * Client
 */

/* What clients are made from: option values and callbacks. One thread at a time. */
typedef struct costmark_config costmark_config;

/*
 * Makes a configuration in which every option has its default. By default a call that names no
 * project is sent all the same: look at costmark_prepared.unattributed or
 * costmark_usage_report_requests(), set a log callback, or set option unattributed=refuse.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status costmark_config_new(
    costmark_config **out_config, costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Sets one option; "Options" below lists them. The value is checked now. Setting an option again
 * replaces its value.
 *
 * name, name_len: such as "region". Not NULL.
 * value, value_len: its value as text. NULL with 0 counts as the empty text.
 *
 * COSTMARK_INVALID_OPTION: the message names what would have been right. A secret's value is not
 * repeated in it.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status
costmark_config_set(costmark_config *config, const char *name, size_t name_len, const char *value,
                    size_t value_len, costmark_error **out_error) COSTMARK_NOEXCEPT;

/* The same with C strings; a NULL value counts as the empty text. */
static inline costmark_status costmark_config_set_z(costmark_config *config, const char *name,
                                                    const char *value, costmark_error **out_error) {
  const costmark_str key = costmark_str_of(name);
  const costmark_str text = costmark_str_of(value);
  return costmark_config_set(config, key.data, key.len, text.data, text.len, out_error);
}

/* Ends a configuration. Clients that were made from it are not affected. */
COSTMARK_EXPORT void costmark_config_free(costmark_config *config) COSTMARK_NOEXCEPT;

/*
 * Attributes, signs and accounts for requests to one endpoint. Synchronized internally. Shared:
 * counted by its owners.
 */
typedef struct costmark_client costmark_client;

/*
 * Makes a client. Reads the environment for options that `config` does not set.
 *
 * config: copied; may be changed, used again or freed afterwards.
 * out_client: receives the client, counted once.
 *
 * COSTMARK_INVALID_OPTION, COSTMARK_INVALID_PROJECT, COSTMARK_PROJECT_NOT_ALLOWED,
 * COSTMARK_ENDPOINT_MISMATCH: options that cannot go together, or a bad variable in the
 * environment; the message names it.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status
costmark_client_new(const costmark_config *config, costmark_client **out_client,
                    costmark_error **out_error) COSTMARK_NOEXCEPT;

/* Adds an owner. Returns `client`; NULL if the argument is not a client. */
COSTMARK_EXPORT costmark_client *costmark_client_retain(costmark_client *client) COSTMARK_NOEXCEPT;

/* Takes an owner away; the last one ends the client. Its operations stay usable. */
COSTMARK_EXPORT void costmark_client_release(costmark_client *client) COSTMARK_NOEXCEPT;

/* ------------------------------------------------------------------------------------------------
 * Operation: one call of the user
 *
 *            begin                      prepare                    sent
 *     idle ─────────► decided ───────────────────► prepared ──────────────► answering
 *                        │  ready: does the waiting      ▲                       │  head, feed ...
 *                        │                               │ prepare               │
 *                        └─ sent (observe only)          └───────── ended ◄──────┘  finish or fail
 *                                                                     │
 *                                            next: done, again or after a pause
 *
 * `begin` decides which project pays. Then, for each attempt: `prepare` says what to send, `sent`
 * counts it, `head`, `feed` and `finish` (or `fail`) read the answer, and say what to do next. The
 * usage is counted once, at the attempt's end.
 *
 * What the calls do in the states that the picture does not show:
 * - begin, at any time: ends the operation before it, as costmark_operation_free() would.
 * - prepare while prepared: replaces what was prepared; it is not counted. While answering: the
 *   attempt ends first, as costmark_operation_free() would end it, also if the call then fails.
 *   After the end: starts the next attempt, even if `next` said done, because HTTP clients and SDKs
 *   repeat by themselves.
 * - prepare and ready while idle, and ready while answering: COSTMARK_INVALID_ARGUMENT.
 * - ready while prepared, or after the end: as while decided; what was prepared stays.
 * - sent while decided: an attempt that was not prepared here, for programs that only observe.
 *   Elsewhere nothing happens.
 * - head while prepared: counts as sent too. A second head, and one of a status below 200, change
 *   nothing. feed before a head or after the end passes the piece through, uncounted.
 * - fail while prepared: the request never left. The attempt is not counted.
 * - finish and fail after the end change nothing, and show the same `next`.
 */

/* Where the project of a request came from, in the order in which it is looked for. */
typedef int32_t costmark_project_source;
enum {
  COSTMARK_SOURCE_NONE = 0,       /* none is named: the endpoint's default project pays */
  COSTMARK_SOURCE_REQUEST = 1,    /* the call's argument, a header, or the body */
  COSTMARK_SOURCE_SCOPE = 2,      /* costmark_request.scope */
  COSTMARK_SOURCE_RULE = 3,       /* a rule of the client */
  COSTMARK_SOURCE_CLIENT = 4,     /* option `project` */
  COSTMARK_SOURCE_ENVIRONMENT = 5 /* COSTMARK_PROJECT or OPENAI_PROJECT_ID */
};

/* The family of API that a request speaks. */
typedef int32_t costmark_api;
enum {
  COSTMARK_API_OTHER = 0,
  COSTMARK_API_CHAT_COMPLETIONS = 1,
  COSTMARK_API_RESPONSES = 2,
  COSTMARK_API_MESSAGES = 3,
  COSTMARK_API_EMBEDDINGS = 4,
  COSTMARK_API_CONTROL = 5,
  COSTMARK_API_CONVERSE = 6,
  COSTMARK_API_INVOKE_MODEL = 7
};

/* How an attempt ended. */
typedef int32_t costmark_outcome;
enum {
  COSTMARK_OUTCOME_UNKNOWN = 0,    /* it has not ended, or the answer could not be read */
  COSTMARK_OUTCOME_OK = 1,         /* a complete answer */
  COSTMARK_OUTCOME_ERROR = 2,      /* an error of the service, or the connection failed */
  COSTMARK_OUTCOME_CANCELLED = 3,  /* the caller gave up */
  COSTMARK_OUTCOME_INCOMPLETE = 4, /* the answer was cut short, or says that it is not complete */
  COSTMARK_OUTCOME_OPEN = 5        /* a background response, which is still at work */
};

/* What to do after an attempt has ended. */
typedef int32_t costmark_step;
enum {
  COSTMARK_STEP_NONE = 0,       /* no attempt has ended */
  COSTMARK_STEP_DONE = 1,       /* this was the last attempt */
  COSTMARK_STEP_AGAIN = 2,      /* prepare again and send, at once */
  COSTMARK_STEP_AFTER_PAUSE = 3 /* the same after a pause, if your HTTP client does not do that */
};

/* Why. */
typedef int32_t costmark_reason;
enum {
  COSTMARK_REASON_NONE = 0,
  COSTMARK_REASON_ANSWERED = 1,     /* done: a complete answer */
  COSTMARK_REASON_CANCELLED = 2,    /* done: the caller gave up */
  COSTMARK_REASON_FINAL_ANSWER = 3, /* done: repeating would bring the same answer */
  COSTMARK_REASON_NOT_RENEWED = 4,  /* done: only the credentials or the token that were refused are
                                       to be had */
  COSTMARK_REASON_EXHAUSTED = 5,    /* done: as many attempts as option max_attempts allows */
  COSTMARK_REASON_REFUSED = 6,      /* again: the service refused the credentials, the token or the
                                       clock, and others may pass; at most once in an operation */
  COSTMARK_REASON_BUSY = 7,         /* after a pause: status 408, 409, 429 or at least 500 */
  COSTMARK_REASON_NO_ANSWER = 8,    /* after a pause: the connection failed */
  COSTMARK_REASON_CUT_SHORT = 9     /* after a pause, if nothing was passed on: it broke off */
};

/*
 * One call of the user. One thread at a time. Keeps its client alive. Keeps its own memory for the
 * next call.
 *
 * Memory: a call whose answer has not begun holds less than 4 KiB in at most 8 blocks, and the copy
 * of a body that had to be changed; one whose answer is being read some 4 KiB more, and one event
 * of a stream, or all of an answer that is JSON. A client keeps the memory of up to 64 operations
 * that were freed, less buffers above 64 KiB, and of 16 requests that are prepared at the same
 * time: in a steady state nothing is allocated.
 */
typedef struct costmark_operation costmark_operation;

/*
 * A request about to be sent.
 *
 * A call reads it until it returns. costmark_operation_ready(), costmark_operation_prepare() with
 * NULL and costmark_operation_send() read the last request again that the operation was given: its
 * method, the texts of its headers and its body. If you use one of them, keep these until the
 * operation is given another request, begins again or is freed. The struct and the array of headers
 * are copied.
 */
typedef struct costmark_request {
  size_t struct_size;
  costmark_str method;            /* Required: in upper case, such as "POST". */
  costmark_str url;               /* Required: absolute, http or https, percent-encoded. */
  const costmark_header *headers; /* Optional: those that will be sent. NULL with 0: none. A value
                                     may be empty, also as NULL with 0. */
  size_t header_count;
  costmark_str body;       /* Optional. What prepare returns may point into it. */
  costmark_str project;    /* Optional: the project that this very call asks for; empty: none. An
                              id, an ARN, or, with option `lock`, a name. */
  costmark_str scope;      /* Optional: the project of the innermost scope around the call; empty:
                              none. An id, or a name as above. */
  uint32_t body_is_stream; /* 1: there is a body, and it is not in `body`. Where its bytes are
                              needed, the call returns COSTMARK_BODY_NEEDED: read all of it and ask
                              again. */
  uint32_t overrides_budgets; /* 1: the operation is sent whatever budgets say, and counts under them
                                 all the same. Begin reads it. */
  const costmark_label *labels; /* Optional: for the rows of the operation, as
                                   costmark_labels_check() takes them; begin copies them, and prepare
                                   ignores them. NULL with 0: none. */
  size_t label_count;
} costmark_request;

#define COSTMARK_REQUEST_INIT                                                                   \
  {sizeof(costmark_request), COSTMARK_STR_INIT, COSTMARK_STR_INIT, NULL, 0, COSTMARK_STR_INIT, \
   COSTMARK_STR_INIT,        COSTMARK_STR_INIT, 0,                 0,    NULL, 0}

/* Stops calls from elsewhere. Synchronized internally. Shared: counted by its owners. */
typedef struct costmark_cancel costmark_cancel;

/* Makes a costmark_cancel, counted once. */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status
costmark_cancel_new(costmark_cancel **out_cancel, costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Stops every call that was given `cancel`, and those that will be: each send, and each ready or
 * prepare that has to wait, returns COSTMARK_CANCELLED without waiting for its peer, unless it has
 * just completed. Cannot be undone. Not safe in a signal handler. Callbacks may call it; an on_head
 * or on_body that does is not called again by that send.
 */
COSTMARK_EXPORT void costmark_cancel_stop(costmark_cancel *cancel) COSTMARK_NOEXCEPT;

/* Whether costmark_cancel_stop() was called. */
COSTMARK_EXPORT bool costmark_cancel_stopped(const costmark_cancel *cancel) COSTMARK_NOEXCEPT;

/* Adds an owner. Returns `cancel`; NULL if the argument is not a costmark_cancel. */
COSTMARK_EXPORT costmark_cancel *costmark_cancel_retain(costmark_cancel *cancel) COSTMARK_NOEXCEPT;

/* Takes an owner away; the last one ends it. */
COSTMARK_EXPORT void costmark_cancel_release(costmark_cancel *cancel) COSTMARK_NOEXCEPT;

/*
 * How long a call may wait for credentials or a proof. It limits the call's own fetch, and its
 * waiting for a fetch of another thread. NULL in its place: without limit. If it ends early, the
 * fetch has not failed: other threads that wait for it start their own. A callback is not
 * interrupted.
 *
 * Without blocking: prepare with `no_wait`. If it returns COSTMARK_WOULD_BLOCK, call
 * costmark_operation_ready() where waiting is allowed, then prepare again.
 */
typedef struct costmark_wait {
  size_t struct_size;
  costmark_cancel *cancel; /* Optional: ends the wait with COSTMARK_CANCELLED. Read until the call
                              returns. */
  int64_t timeout_ms;      /* Optional: ends the wait with COSTMARK_TIMEOUT after so long; 0: no
                              limit. More than a day counts as a day. */
  uint32_t no_wait;  /* 1: return COSTMARK_WOULD_BLOCK instead of doing I/O or asking a callback for
                        credentials or a token. */
  uint32_t reserved; /* zero */
} costmark_wait;

#define COSTMARK_WAIT_INIT {sizeof(costmark_wait), NULL, 0, 0, 0}

/*
 * What to send for an attempt. Lives until the operation's next prepare (also one that fails),
 * begin or free. `body` may point into the request's body, and is then valid only as long as that.
 * Take `remove_headers` out of the request, then set `set_headers`. Host and Content-Length are not
 * among them: they follow from `url` and `body`.
 */
typedef struct costmark_prepared {
  size_t struct_size;
  costmark_str url;                   /* where to send it: the request's, or with option route=auto
                                         the one that serves the model. The query of a request that
                                         is signed is spelled strictly: "%20", not "+". The signature
                                         is good for this URL alone: send it byte for byte. */
  const costmark_header *set_headers; /* replace every field of the same name; they carry the
                                         signature or token: do not log them */
  size_t set_header_count;
  const costmark_str *remove_headers; /* names: every field of these goes */
  size_t remove_header_count;
  costmark_str body;     /* the request's own memory if body_changed is 0; absent for a stream */
  costmark_str project;  /* that the request now names; absent for none */
  costmark_str model;    /* that the body names, or the path; absent for none */
  costmark_str hint;     /* what is probably wrong, to be shown with an answer of 400 or 404; absent
                            when nothing is known to be */
  uint32_t body_changed; /* 1: it differs from the request's; send its length */
  uint32_t authorized;   /* signed, or given a token, by costmark: do not follow redirects */
  uint32_t streamed;     /* the request asks for a streamed answer */
  uint32_t renewal_due;  /* 1, only with costmark_wait.no_wait: call costmark_operation_ready()
                            soon, to renew credentials ahead of their end; no other caller was
                            told */
  costmark_project_source project_source;
  costmark_api api;
  uint32_t unattributed; /* the request may cost money and names no project, or "default": the
                            endpoint's default project pays, which cannot be tagged. With option
                            unattributed=refuse such a call fails instead. */
  uint32_t unrecognized; /* no known route is like the request's: it is not edited, and its cost is
                            not known; see option strict_routes */
} costmark_prepared;

#define COSTMARK_PREPARED_INIT                                                                    \
  {sizeof(costmark_prepared), COSTMARK_STR_INIT, NULL, 0, NULL, 0, COSTMARK_STR_INIT,             \
   COSTMARK_STR_INIT, COSTMARK_STR_INIT, COSTMARK_STR_INIT, 0, 0, 0, 0, 0, 0, 0, 0}

/* The head of an answer. */
typedef struct costmark_answer_head {
  size_t struct_size;
  const costmark_header *headers; /* all fields. NULL with 0: none. */
  size_t header_count;
  int32_t http_status; /* Required: from 100 to 599. */
  uint32_t encoded;    /* 1: the body will be fed in a Content-Encoding that you do not undo. It
                          passes unread. */
} costmark_answer_head;

#define COSTMARK_ANSWER_HEAD_INIT {sizeof(costmark_answer_head), NULL, 0, 0, 0}

/* How to read the body of an answer. */
typedef struct costmark_answer_plan {
  size_t struct_size;
  size_t read_ahead_len;  /* more than 0: the service refuses what authenticated the request. Read
                             up to so many bytes before you pass anything on; if the answer ends
                             within them, finish it and look at `next`. */
  int64_t read_ahead_ms;  /* and for no longer than this */
  uint32_t body_may_change; /* feed may return other bytes than it takes: drop Content-Length */
  uint32_t reserved;
} costmark_answer_plan;

#define COSTMARK_ANSWER_PLAN_INIT {sizeof(costmark_answer_plan), 0, 0, 0, 0}

/* What to do next. */
typedef struct costmark_next {
  size_t struct_size;
  int64_t pause_ms; /* of COSTMARK_STEP_AFTER_PAUSE: what Retry-After asks for, else a backoff */
  costmark_step step;
  costmark_reason reason;
} costmark_next;

#define COSTMARK_NEXT_INIT {sizeof(costmark_next), 0, 0, 0}

/* Bits of costmark_usage.known. */
#define COSTMARK_USAGE_INPUT 0x01u
#define COSTMARK_USAGE_CACHED_INPUT 0x02u
#define COSTMARK_USAGE_CACHE_WRITE 0x04u
#define COSTMARK_USAGE_OUTPUT 0x08u
#define COSTMARK_USAGE_REASONING 0x10u
#define COSTMARK_USAGE_TOTAL 0x20u

/*
 * Bits of costmark_usage.flags: reported as it came, and doubtful. The first one also says that a
 * sum did not fit, that two reports disagree, or that input may or may not have the cached tokens.
 */
#define COSTMARK_USAGE_FLAG_PART_EXCEEDS_WHOLE 0x01u
#define COSTMARK_USAGE_FLAG_DECREASING 0x02u         /* a later report was smaller, and not taken */
#define COSTMARK_USAGE_FLAG_TOTAL 0x04u              /* the total is not the sum of its parts */
#define COSTMARK_USAGE_FLAG_UNREAD 0x08u             /* a report could not be read */
#define COSTMARK_USAGE_FLAG_OTHER_MODEL 0x10u        /* counts include work of another model */

/* Tokens that the server reported; never estimated. */
typedef struct costmark_usage {
  size_t struct_size;
  uint64_t input_tokens;        /* with the cached and the cache-written ones */
  uint64_t cached_input_tokens; /* part of input_tokens */
  uint64_t cache_write_tokens;  /* part of input_tokens */
  uint64_t output_tokens;       /* with the reasoning ones */
  uint64_t reasoning_tokens;    /* part of output_tokens */
  uint64_t total_tokens;        /* as reported */
  uint32_t known;               /* COSTMARK_USAGE_... bits of the counts that were reported */
  uint32_t flags;               /* COSTMARK_USAGE_FLAG_... bits */
} costmark_usage;

#define COSTMARK_USAGE_INIT {sizeof(costmark_usage), 0, 0, 0, 0, 0, 0, 0, 0}

/* A count by name. Never grows. */
typedef struct costmark_count {
  costmark_str kind; /* "cache_write_1h", "audio_input", "web_search", or a kind of a price book */
  uint64_t count;
} costmark_count;

/* What is known of a cost. */
typedef int32_t costmark_cost_state;
enum {
  COSTMARK_COST_UNKNOWN = 0,  /* no usage was reported */
  COSTMARK_COST_PRICED = 1,   /* every count has a price */
  COSTMARK_COST_PARTIAL = 2,  /* the cost leaves out counts whose details were not told */
  COSTMARK_COST_UNPRICED = 3, /* the book has no price; there is no cost */
  COSTMARK_COST_FREE = 4,     /* the book says that it costs nothing */
  COSTMARK_COST_ELSEWHERE = 5 /* reserved capacity and batch jobs are paid for elsewhere */
};

/* What an answer or a usage callback is about. */
typedef int32_t costmark_answer_kind;
enum {
  COSTMARK_ANSWER_ATTEMPT = 1,   /* an attempt */
  COSTMARK_ANSWER_SETTLEMENT = 2 /* the end of a background response, seen by a poll of it */
};

/*
 * One attempt: what is known so far, and all of it after its end. Lives until the operation's next
 * call, or until the callback returns.
 */
typedef struct costmark_answer {
  size_t struct_size;
  costmark_str operation;      /* id: a UUID of version 7, 36 characters. Absent for the settlement
                                  of a response that another process created. */
  costmark_str project;        /* "default" when the request named none */
  costmark_str model;          /* that the request named; absent for none */
  costmark_str model_answered; /* absent when not seen */
  costmark_str response_id;    /* such as "resp_..."; absent when not seen */
  costmark_str request_id;     /* the service's; absent when not seen */
  costmark_str service_tier;   /* of the answer; absent when not seen */
  costmark_str error_code;     /* that the body of an error named; absent when not seen */
  costmark_str usage_json;     /* the server's usage object as it came; absent when not seen, or
                                  larger than 4,096 bytes */
  const costmark_usage *usage; /* its struct_size is what this library knows of it; NULL before an
                                  attempt was sent */
  int64_t latency_us;          /* from sent to the end; 0 before that */
  int64_t first_byte_us;       /* from sent to the first byte of the body; -1 before that */
  costmark_answer_kind kind;
  costmark_project_source project_source; /* COSTMARK_SOURCE_NONE: nothing named a project, and the
                                             default project pays */
  costmark_api api;
  costmark_outcome outcome;
  int32_t http_status; /* 0: there was no answer */
  uint32_t attempt;    /* of its operation, from 1; 0 before one was sent */
  uint32_t concurrent; /* it began while another attempt of the operation was open */
  uint32_t price_flags; /* of the estimate below: COSTMARK_PRICE_FLAG_... bits, which say why it has
                           no cost, or what it assumes */
  int64_t start_us;       /* when it was sent, in microseconds since 1970; 0: not known */
  int64_t end_us;         /* when it ended; 0 before that */
  costmark_str url_host;  /* of the request; these four only with a ledger or a usage callback */
  costmark_str region;    /* absent: not known */
  costmark_str account;   /* of the credentials; absent: not known */
  costmark_str sdk;       /* the first words of User-Agent */
  const costmark_label *labels; /* of the operation. Of a settlement: of the operation that began the
                                   response, if this process did */
  size_t label_count;
  costmark_str labels_key;      /* id of the key that values of labels are hashed with; absent: none
                                   is */
  const costmark_label *tags;   /* of the project, as options `lock` and `tags` tell */
  size_t tag_count;
  const costmark_count *meters; /* what the server counted besides: "cache_write_1h", "web_search" */
  size_t meter_count;
  uint32_t streamed;   /* the request asked for a streamed answer */
  uint32_t background; /* it asked for a background response; of a settlement: it was one */
  costmark_str serving; /* where the model is served. This and what follows is an estimate, which
                           usage callbacks are told; absent or 0 elsewhere */
  costmark_str price_book; /* hash of the book that it was made with */
  int64_t cost_pico_usd;
  uint32_t has_cost_pico_usd; /* 1 for priced, partial and free alone */
  costmark_cost_state cost_state;
} costmark_answer;

#define COSTMARK_ANSWER_INIT                                                                       \
  {sizeof(costmark_answer), COSTMARK_STR_INIT, COSTMARK_STR_INIT, COSTMARK_STR_INIT,               \
   COSTMARK_STR_INIT,       COSTMARK_STR_INIT, COSTMARK_STR_INIT, COSTMARK_STR_INIT,               \
   COSTMARK_STR_INIT,       COSTMARK_STR_INIT, NULL,              0,                               \
   0,                       0,                 0,                 0,                               \
   0,                       0,                 0,                 0,                               \
   0,                       0,                 0,                 COSTMARK_STR_INIT,               \
   COSTMARK_STR_INIT,       COSTMARK_STR_INIT, COSTMARK_STR_INIT, NULL,                            \
   0,                       COSTMARK_STR_INIT, NULL,              0,                               \
   NULL,                    0,                 0,                 0,                               \
   COSTMARK_STR_INIT,       COSTMARK_STR_INIT, 0,                 0,                               \
   0}

/*
 * Makes an operation, which is idle.
 *
 * client: kept alive by the operation.
 * out_operation: receives it. It may be used for one call after the other.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status
costmark_operation_new(costmark_client *client, costmark_operation **out_operation,
                       costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Decides which project pays for a request, and gives the operation its id. Does no I/O and counts
 * nothing. After a failure the operation is idle.
 *
 * request: as costmark_request says.
 *
 * COSTMARK_INVALID_ARGUMENT: among others, labels that costmark_labels_check() refuses.
 * COSTMARK_INVALID_URL, COSTMARK_INVALID_JSON: fix the request, at the error's offset.
 * COSTMARK_BODY_NEEDED: read the body, and begin again with it.
 * COSTMARK_ENDPOINT_MISMATCH: the request goes elsewhere than the client; fix the URL or options.
 * COSTMARK_INVALID_PROJECT, COSTMARK_UNATTRIBUTED, COSTMARK_CONFLICT, COSTMARK_PROJECT_NOT_ALLOWED:
 *     name another project, or change the policy.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status
costmark_operation_begin(costmark_operation *operation, const costmark_request *request,
                         costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * The same for an attempt that starts while an attempt of another handle is open: both handles then
 * share the id, the count of attempts, and the one repetition after a refusal. Budgets are asked
 * when it is prepared: COSTMARK_BUDGET_EXCEEDED comes from costmark_operation_prepare.
 *
 * other: has begun. No other thread may use it during this call.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status
costmark_operation_begin_beside(costmark_operation *operation, const costmark_operation *other,
                                const costmark_request *request,
                                costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Does the waiting that prepare would do: fetches credentials (files, a program, the network, a
 * callback), and proof where option `verify` asks for it. It does so for the last request that the
 * operation was given.
 *
 * wait: may be NULL.
 *
 * COSTMARK_NO_CREDENTIALS, COSTMARK_EXPIRED_CREDENTIALS: authenticate again.
 * COSTMARK_UNUSABLE_CREDENTIALS: fix the file, variable, profile or program that the message names.
 * COSTMARK_TRANSPORT, COSTMARK_TIMEOUT, COSTMARK_THROTTLED, COSTMARK_SERVICE: credentials could not
 *     be fetched, and none are left; the error says whether to try again.
 * COSTMARK_UNATTRIBUTED: option `verify` found that the endpoint ignores the project.
 * COSTMARK_WOULD_BLOCK, COSTMARK_TIMEOUT, COSTMARK_CANCELLED: as `wait` says.
 * What a callback returned; see rule 7.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status
costmark_operation_ready(costmark_operation *operation, const costmark_wait *wait,
                         costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Prepares the next attempt: writes the project into the request and signs it. Call it for every
 * attempt: a signature is good for some minutes.
 *
 * request: as it is for this attempt; HTTP clients and SDKs rebuild it. The policies run again. Its
 *     `project`, `scope` and `labels` are ignored: those of `begin` stay. NULL: the last request that the
 *     operation was given, whose memory the caller has kept.
 * wait: may be NULL.
 * out_prepared: receives what to send; all zero after a failure, and what was prepared before is no
 *     longer valid.
 *
 * A failure after COSTMARK_STEP_AGAIN: give your caller the refused answer. Statuses of
 * costmark_operation_begin() and costmark_operation_ready().
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status costmark_operation_prepare(
    costmark_operation *operation, const costmark_request *request, const costmark_wait *wait,
    costmark_prepared *out_prepared, costmark_error **out_error) COSTMARK_NOEXCEPT;

/* The attempt is on its way: it counts, and its time starts. Cannot fail. */
COSTMARK_EXPORT void costmark_operation_sent(costmark_operation *operation) COSTMARK_NOEXCEPT;

/*
 * Takes the head of the answer.
 *
 * head: read until the call returns.
 * out_plan: receives how to read the body; all zero after a failure. May be NULL.
 */
COSTMARK_EXPORT costmark_status costmark_operation_head(costmark_operation *operation,
                                                        const costmark_answer_head *head,
                                                        costmark_answer_plan *out_plan)
    COSTMARK_NOEXCEPT;

/*
 * Takes the next piece of the body, cut anywhere and with its Content-Encoding undone, and says
 * what to pass on: the piece itself, unless costmark asked for a usage chunk that the caller did
 * not ask for.
 *
 * data, len: the piece. NULL with 0: nothing.
 * out_piece: receives what to pass on. It may be the caller's own memory, and lives until the next
 *     call with this operation. After a failure it is the piece. May be NULL.
 */
COSTMARK_EXPORT costmark_status costmark_operation_feed(costmark_operation *operation,
                                                        const char *data, size_t len,
                                                        costmark_str *out_piece) COSTMARK_NOEXCEPT;

/*
 * Ends the answer: it is complete. Counts it.
 *
 * out_piece: receives bytes that were held back and are now to be passed on; as above. May be NULL.
 * out_next: receives what to do next. May be NULL.
 */
COSTMARK_EXPORT costmark_status costmark_operation_finish(costmark_operation *operation,
                                                          costmark_str *out_piece,
                                                          costmark_next *out_next)
    COSTMARK_NOEXCEPT;

/*
 * Ends the answer: it was cut short, never arrived, or was abandoned. Counts it with what was seen.
 *
 * outcome: COSTMARK_OUTCOME_ERROR, _CANCELLED, _INCOMPLETE or _UNKNOWN.
 * out_piece, out_next: as above.
 */
COSTMARK_EXPORT costmark_status costmark_operation_fail(costmark_operation *operation,
                                                        costmark_outcome outcome,
                                                        costmark_str *out_piece,
                                                        costmark_next *out_next) COSTMARK_NOEXCEPT;

/*
 * Shows the last attempt.
 *
 * out_answer: its struct_size set by the caller. All zero while idle.
 */
COSTMARK_EXPORT void costmark_operation_answer(const costmark_operation *operation,
                                               costmark_answer *out_answer) COSTMARK_NOEXCEPT;

/*
 * Ends an operation, and wipes the secrets that it holds. An attempt whose answer has not ended
 * counts as cancelled, or as an error if its head said 400 or more. One that was prepared and not
 * sent leaves no trace. Free it after the HTTP client no longer reads the request body. Inside of a
 * call with the same operation nothing happens.
 */
COSTMARK_EXPORT void costmark_operation_free(costmark_operation *operation) COSTMARK_NOEXCEPT;

/* ------------------------------------------------------------------------------------------------
 * Send: the whole of an operation over libcurl
 *
 * One call makes up to `max_attempts` attempts, each prepared and signed anew. What the request's
 * headers say, such as an Idempotency-Key, stays the same. An attempt is repeated
 * - once, at once, for COSTMARK_REASON_REFUSED;
 * - once, at once, and beyond `max_attempts`, when the server closed a kept connection, or refused
 *   an HTTP/2 stream, before anything of an answer came;
 * - after a pause, for COSTMARK_REASON_BUSY, _NO_ANSWER and _CUT_SHORT. A pause that would outlast
 *   the deadline is not begun.
 * Nothing is repeated after a callback was given a piece of an answer. Redirects are not followed.
 *
 * Options: timeout_ms, connect_timeout_ms, read_timeout_ms, max_attempts, http_version, proxy,
 * no_proxy, ca_bundle, connection_pool, max_idle_connections. Without `proxy` the variables
 * https_proxy, http_proxy, all_proxy and no_proxy of the environment apply, as in curl.
 *
 * Connections are kept and used again. After fork() the child never writes to its parent's
 * connections and opens its own. A child that a callback of a send forks gets COSTMARK_TRANSPORT
 * from that send.
 */

/* An answer that was received. Lives until the operation is begun, sent or freed. */
typedef struct costmark_response {
  size_t struct_size;
  const costmark_header *headers; /* in their order */
  size_t header_count;
  costmark_str body;       /* what was gathered: without an on_body all of it, up to 256 MiB; of a
                              status from 300 on the first MiB. An encoding that the request allowed
                              is undone. */
  costmark_str request_id; /* absent when not seen */
  costmark_str hint;       /* as in costmark_prepared */
  int32_t http_status;     /* 0: there was no answer */
  uint32_t attempts;       /* that were sent */
} costmark_response;

#define COSTMARK_RESPONSE_INIT                                                                    \
  {sizeof(costmark_response), NULL, 0, COSTMARK_STR_INIT, COSTMARK_STR_INIT, COSTMARK_STR_INIT, 0, \
   0}

/*
 * Called once, before any piece of the body: an answer with a status below 300 has begun.
 *
 * response: its status, headers and request id; its struct_size is what this library knows of it.
 *     Lives until the callback returns.
 *
 * Another status than COSTMARK_OK stops the send; see rule 7.
 */
typedef costmark_status (*costmark_head_callback)(void *user_data,
                                                  const costmark_response *response);

/*
 * Called with each piece of the body of an answer with a status below 300, as it comes.
 *
 * data, len: the piece, at least one byte. Lives until the callback returns.
 *
 * Another status than COSTMARK_OK stops the send; see rule 7.
 */
typedef costmark_status (*costmark_body_callback)(void *user_data, const char *data, size_t len);

/* How to send. */
typedef struct costmark_send_options {
  size_t struct_size;
  costmark_head_callback on_head; /* Optional. */
  costmark_body_callback on_body; /* Optional. Absent: the body is gathered in the response. */
  void *user_data;                /* Optional: of both, for the length of the call. */
  costmark_cancel *cancel;        /* Optional: read until the call returns. */
  int64_t timeout_ms;             /* Optional: for all attempts and pauses; 0: option timeout_ms.
                                     More than a day, 86,400,000, counts as a day. */
  uint32_t max_attempts;          /* Optional: from 1 to 100; 0: option max_attempts. */
  uint32_t reserved;              /* zero */
} costmark_send_options;

#define COSTMARK_SEND_OPTIONS_INIT {sizeof(costmark_send_options), NULL, NULL, NULL, NULL, 0, 0, 0}

/*
 * Sends the request that the operation began with, and receives its answer. Blocks until the answer
 * is complete, its attempts or its time are used up, or it is stopped.
 *
 * A request that names no project is sent as well, unless option unattributed=refuse: see
 * costmark_answer.project_source, and the counters of costmark_usage_report_requests().
 *
 * operation: has begun; the request's memory is read until the call returns.
 * options: NULL: the client's.
 *
 * costmark_operation_response() then shows the answer of the last attempt, whatever its status,
 * also when the call fails: what had come of it.
 *
 * Statuses of costmark_operation_prepare(), and
 * COSTMARK_TRANSPORT, COSTMARK_TIMEOUT: the connection failed, or the deadline passed; an answer
 *     that had begun is not complete. Not retryable: a certificate that is not trusted, and a body above
 *     256 MiB without an on_body.
 * COSTMARK_INVALID_OPTION: option ca_bundle, or AWS_CA_BUNDLE, names no file of certificates.
 * COSTMARK_THROTTLED: the last answer had status 429; slow down.
 * COSTMARK_SERVICE: the last answer had another status from 300 on; see the error and the response.
 * COSTMARK_CANCELLED: options->cancel stopped it.
 * What a callback returned; see rule 7.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status
costmark_operation_send(costmark_operation *operation, const costmark_send_options *options,
                        costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Shows the answer that costmark_operation_send() received.
 *
 * out_response: its struct_size set by the caller. All zero when nothing was sent.
 */
COSTMARK_EXPORT void costmark_operation_response(const costmark_operation *operation,
                                                 costmark_response *out_response)
    COSTMARK_NOEXCEPT;

#ifdef __cplusplus
} /* extern "C" */
#endif

/* ------------------------------------------------------------------------------------------------
 * The rest, one header a noun
 *
 * options.h        the table of options
 * callbacks.h      log, usage, clock
 * credentials.h    sources of credentials and tokens; credentials alone
 * verify.h         the proof that an endpoint reads the project
 * usage.h          counters by project and model
 * ledger.h         what became of the rows of option `ledger`; labels
 * budgets.h        what of option `budgets` is spent, reserved and left
 * projects.h       the Projects API: create, list, tag and archive projects
 * bearer_token.h   short-term Bedrock API keys
 * signature.h      SigV4 alone
 * json.h           JSON editing alone
 * names.h          model routes, project ids, the names of numbers
 * prices.h         price books: what usage costs
 */

#include <costmark/options.h>
#include <costmark/callbacks.h>
#include <costmark/credentials.h>
#include <costmark/verify.h>
#include <costmark/usage.h>
#include <costmark/ledger.h>
#include <costmark/budgets.h>
#include <costmark/projects.h>
#include <costmark/bearer_token.h>
#include <costmark/signature.h>
#include <costmark/json.h>
#include <costmark/names.h>
#include <costmark/prices.h>

#endif /* C99 or later */
#endif /* COSTMARK_COSTMARK_H */
