/*
 * costmark: marks every Amazon Bedrock call with the project that pays for it.
 *
 * The library writes the project into a request, signs the request, hands it back to be sent or
 * sends it itself (costmark_client_send), and reads the usage out of the answer. It asks the network
 * for credentials where they are kept there, and, with the option `verify`, the endpoint for proof.
 * It prints nothing, installs no signal handlers and starts no threads, except that libcurl looks up
 * the name of a host in one of its own. This header is its whole manual.
 *
 * A complete program (capi/examples has longer ones, with errors printed and answers read):
 *
 *     #include <costmark/costmark.h>
 *     #include <stdio.h>
 *
 *     int main(void) {
 *       costmark_config *config = NULL;
 *       costmark_client *client = NULL;
 *       costmark_prepared *prepared = NULL;
 *       costmark_request request = COSTMARK_REQUEST_INIT;
 *       const costmark_str method = COSTMARK_STR("POST");
 *       const costmark_str url = COSTMARK_STR(
 *           "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions");
 *       const costmark_str body = COSTMARK_STR("{\"model\":\"openai.gpt-oss-20b\"}");
 *       const costmark_header *headers;
 *       size_t i, count = 0;
 *       int failed;
 *
 *       request.method = method;
 *       request.url = url;
 *       request.body = body;
 *       failed = costmark_config_new(&config, NULL) ||
 *                costmark_config_set(config, "project", 7, "proj_abc123", 11, NULL) ||
 *                costmark_client_new(config, &client, NULL) ||
 *                costmark_prepared_new(&prepared, NULL) ||
 *                costmark_client_prepare(client, &request, prepared, NULL);
 *       headers = costmark_prepared_headers_to_set(prepared, &count);
 *       for (i = 0; i < count; ++i)
 *         printf("set %.*s\n", (int)headers[i].name.len, headers[i].name.data);
 *       costmark_prepared_free(prepared);
 *       costmark_client_release(client);
 *       costmark_config_free(config);
 *       return failed;
 *     }
 *
 * The rules
 *
 *  1. Text and bytes go in as pointer and length: two parameters in functions, a costmark_str in
 *     structs. Text is UTF-8. NULL with length 0 means absent, and is allowed only where the
 *     comment says so; NULL with another length, or a length above PTRDIFF_MAX, is refused. What
 *     comes back as `const char *` is followed by a NUL that its length does not count, unless
 *     the comment says otherwise; a costmark_str is not.
 *
 *  2. Inputs are borrowed for the call, and copied if they are kept; exceptions are named where
 *     they occur. What comes back through an `out_` parameter belongs to the caller and has exactly
 *     one function that ends it. What a getter returns belongs to the handle, and lives until the
 *     handle is changed or ended.
 *
 *  3. A handle is made by `_new` and ended by `_free`, or, if it is shared, counted by `_retain`
 *     and `_release`. Those take NULL and ignore it. When `_new` fails, its `out_` value is NULL.
 *     A handle of the wrong type, or one that was ended, is refused where that can be noticed;
 *     using an ended handle is a mistake all the same.
 *
 *  4. A function that can fail returns a costmark_status: COSTMARK_OK, or a number that says what
 *     to do about it. Each of them can return COSTMARK_INVALID_ARGUMENT (an argument is outside the
 *     range given here), COSTMARK_OUT_OF_MEMORY and COSTMARK_INTERNAL; comments name the others.
 *     Its last parameter `out_error` may be NULL; otherwise a failure, and only a failure, stores
 *     an error there that the caller frees. Messages hold no secrets. After a failure nothing has
 *     changed unless the comment says so.
 *
 *  5. A getter cannot fail: from NULL or an ended handle it returns 0, false, an empty text, an
 *     empty array, which is NULL, or a COSTMARK_..._UNKNOWN where there is one. Its `out_len` or
 *     `out_count` may be NULL.
 *
 *  6. Options are set by name; costmark_option_count() and costmark_option_get() list them.
 *
 *  7. A callback comes with `user_data` and, if it is kept beyond the call, `free_user_data`; both
 *     may be NULL. It runs on a thread that is inside a costmark function, never on another; views
 *     that it is given live until it returns. `free_user_data` runs exactly once: when the last
 *     handle that needs the callback is ended, on that thread, or at once if the call that received
 *     it fails. A callback must not throw, unwind or longjmp through the library. It may call
 *     everything here except functions that take the client or provider that is calling it, or an
 *     observation of that client: those return COSTMARK_INVALID_ARGUMENT. It may retain and release
 *     them: given back for the last time, they end when the call does. It cannot end or fill what
 *     the call works on. A failing callback returns a status other than COSTMARK_OK, and the
 *     function that called it returns the same one, or COSTMARK_INTERNAL for a number that is no
 *     status; COSTMARK_STOPPED_BY_CALLBACK never comes from anywhere else.
 *
 *  8. Each type says one of three things about threads. "Immutable, share freely": any thread, at
 *     any time. "Synchronised internally": likewise, and it changes. "One thread at a time": calls
 *     on one handle must not overlap, except calls that take it as const with each other. Whatever
 *     the type, no call may overlap with the one that ends the handle. A function is what its
 *     handles are, unless its comment says otherwise.
 *
 *  9. Fork: a child may use every handle that is synchronised internally, whatever other threads did
 *     at the moment of fork(); of the others those that no other thread was inside of.
 *
 * 10. Plain structs begin with `struct_size`, which the caller sets to its own sizeof, best with
 *     the COSTMARK_..._INIT of the struct or with costmark_init(). Structs grow at the end only,
 *     and zero is every later field's default. The size is read on every call: a smaller struct of
 *     an older header is accepted; so is a larger one of a newer header, if all that this library
 *     does not know is zero. costmark_str and costmark_header never grow.
 *
 * 11. Everything here stays as it is while COSTMARK_ABI_VERSION, which is in the name of the shared
 *     library, stays the same. Ask costmark_has_feature(), not the version, what a build contains.
 *     Two copies in one process, such as a static and a shared one, keep to themselves: each
 *     refuses the other's handles. A shared library that was loaded stays: dlclose() leaves it.
 */
// clang-format Language: C
#ifndef COSTMARK_COSTMARK_H
#define COSTMARK_COSTMARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* COSTMARK_STATIC: defined by the user of the static library. Matters on Windows only. */
#if defined(_WIN32) && defined(COSTMARK_BUILDING)
#define COSTMARK_API __declspec(dllexport)
#elif defined(_WIN32) && !defined(COSTMARK_STATIC)
#define COSTMARK_API __declspec(dllimport)
#elif defined(__GNUC__)
#define COSTMARK_API __attribute__((visibility("default")))
#else
#define COSTMARK_API
#endif

#if defined(__GNUC__)
#define COSTMARK_MUST_USE __attribute__((warn_unused_result))
#else
#define COSTMARK_MUST_USE
#endif

#ifdef __cplusplus
#define COSTMARK_NOEXCEPT noexcept
extern "C" {
#else
#define COSTMARK_NOEXCEPT
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

/* The version of the library that is running, such as "0.1.0". Static storage. Since 0.1. */
COSTMARK_API const char *costmark_version(void) COSTMARK_NOEXCEPT;

/* COSTMARK_VERSION_NUMBER of the library that is running. Since 0.1. */
COSTMARK_API uint32_t costmark_version_number(void) COSTMARK_NOEXCEPT;

/* COSTMARK_ABI_VERSION of the library that is running. Since 0.1. */
COSTMARK_API uint32_t costmark_abi_version(void) COSTMARK_NOEXCEPT;

/*
 * Whether this build contains a feature. Known names: "prepare", "observe", "send", "verify",
 * "usage", "sign", "presign", "json", "bearer_token", "credentials", "credentials_callback",
 * "bearer_token_callback", "log_callback", "usage_callback", "clock_callback". Later versions add
 * more and take none away; a name that is not known is not there.
 *
 * name, name_len: the name. NULL gives false.
 *
 * Any thread. Since 0.1.
 */
COSTMARK_API bool costmark_has_feature(const char *name, size_t name_len) COSTMARK_NOEXCEPT;

/*
 * How many handles, errors included, this copy of the library has made that are not ended: 0 when a
 * program has ended all of its own. For tests that look for leaks.
 *
 * Any thread. Since 0.1.
 */
COSTMARK_API size_t costmark_live_handles(void) COSTMARK_NOEXCEPT;

/* ------------------------------------------------------------------------------------------------
 * Basic types
 */

/* Bytes that somebody else owns. NULL with 0: absent; a pointer with 0: empty. */
typedef struct costmark_str {
  const char *data;
  size_t len; /* bytes */
} costmark_str;

/* One header field. Names compare without regard to ASCII case. */
typedef struct costmark_header {
  costmark_str name;
  costmark_str value;
} costmark_header;

/* Initialises a costmark_str from a string literal. */
#define COSTMARK_STR(literal) {(literal), sizeof(literal) - 1}
#define COSTMARK_STR_INIT {NULL, 0}

/*
 * Zeroes a plain struct and sets its struct_size: what the COSTMARK_..._INIT macros do, for
 * languages that have no macros.
 *
 * any_struct: where the struct is; aligned as size_t. NULL: nothing happens.
 * struct_size: the caller's size of it, in bytes. Less than sizeof(size_t): nothing happens.
 *
 * Any thread. Since 0.1.
 */
COSTMARK_API void costmark_init(void *any_struct, size_t struct_size) COSTMARK_NOEXCEPT;

/* ------------------------------------------------------------------------------------------------
 * Errors
 */

/*
 * What went wrong, grouped by what can be done about it. Numbers are never used again and never
 * change their meaning; more may come, so treat one that you do not know as COSTMARK_INTERNAL.
 */
typedef int32_t costmark_status;
enum {
  COSTMARK_OK = 0,

  /* Fix the request. */
  COSTMARK_INVALID_ARGUMENT = 1, /* an argument is outside its documented range */
  COSTMARK_INVALID_JSON = 2,     /* the body is not the JSON object it should be; see the offset */
  COSTMARK_INVALID_URL = 3,      /* no host, user information, an impossible port, ... */

  /* Fix the configuration. */
  COSTMARK_INVALID_OPTION = 10,    /* unknown option, or a value that it does not take */
  COSTMARK_ENDPOINT_MISMATCH = 11, /* region, service, scheme or origin disagree with the host */

  /* Fix the attribution. */
  COSTMARK_INVALID_PROJECT = 20,     /* the text is not a project id */
  COSTMARK_UNATTRIBUTED = 21,        /* no project is named, and the policy refuses such calls */
  COSTMARK_CONFLICT = 22,            /* two sources name different projects */
  COSTMARK_PROJECT_NOT_ALLOWED = 23, /* the project is outside `allowed_projects` */

  /* Authenticate again. */
  COSTMARK_NO_CREDENTIALS = 30,      /* nothing to sign with was found */
  COSTMARK_EXPIRED_CREDENTIALS = 31, /* what was found has expired and could not be renewed */
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
  COSTMARK_CANCELLED = 61            /* a costmark_cancel stopped the call */
};

/*
 * Why a call failed. Immutable, share freely. A failure for want of memory gives a static object
 * that costmark_error_free() ignores.
 */
typedef struct costmark_error costmark_error;

/*
 * The stable spelling of a status, such as "invalid_json"; "unknown" for a number that this library
 * does not know. Static storage. Any thread. Since 0.1.
 */
COSTMARK_API const char *costmark_status_name(costmark_status status) COSTMARK_NOEXCEPT;

/*
 * The status that the failed call returned; COSTMARK_OK from NULL.
 *
 * Any thread. Since 0.1.
 */
COSTMARK_API costmark_status costmark_error_status(const costmark_error *error) COSTMARK_NOEXCEPT;

/*
 * One line that says what happened, where, and what would have been right. For people: its wording
 * may change, and it holds no secrets.
 *
 * out_len: receives the length in bytes; may be NULL.
 *
 * Lives as long as `error`. Any thread. Since 0.1.
 */
COSTMARK_API const char *costmark_error_message(const costmark_error *error,
                                                size_t *out_len) COSTMARK_NOEXCEPT;

/*
 * The byte offset into the input at which the mistake is.
 *
 * out_offset: receives the offset; 0 when there is none. May be NULL.
 *
 * Returns whether the error has such a place. Any thread. Since 0.1.
 */
COSTMARK_API bool costmark_error_offset(const costmark_error *error,
                                        uint64_t *out_offset) COSTMARK_NOEXCEPT;

/* HTTP status of the answer that caused the error, 0 without one. Any thread. Since 0.1. */
COSTMARK_API int32_t costmark_error_http_status(const costmark_error *error) COSTMARK_NOEXCEPT;

/*
 * The service's request id in the answer that caused the error; empty without one.
 *
 * out_len: receives the length in bytes; may be NULL.
 *
 * Lives as long as `error`. Any thread. Since 0.1.
 */
COSTMARK_API const char *costmark_error_request_id(const costmark_error *error,
                                                   size_t *out_len) COSTMARK_NOEXCEPT;

/* Whether the same call may succeed later without a change. Any thread. Since 0.1. */
COSTMARK_API bool costmark_error_retryable(const costmark_error *error) COSTMARK_NOEXCEPT;

/* Ends an error. NULL is ignored. Since 0.1. */
COSTMARK_API void costmark_error_free(costmark_error *error) COSTMARK_NOEXCEPT;

/* ------------------------------------------------------------------------------------------------
 * Options
 */

/* The type of an option's value. Values are always passed as text. */
typedef int32_t costmark_option_type;
enum {
  COSTMARK_OPTION_TEXT = 0,    /* UTF-8 without control characters */
  COSTMARK_OPTION_SECRET = 1,  /* text that is never shown */
  COSTMARK_OPTION_BOOLEAN = 2, /* true or false; also 1/0, yes/no, on/off */
  COSTMARK_OPTION_INTEGER = 3, /* decimal, from `minimum` to `maximum` */
  COSTMARK_OPTION_CHOICE = 4,  /* one of `choices` */
  COSTMARK_OPTION_LIST = 5,    /* texts separated by commas */
  COSTMARK_OPTION_URL = 6      /* an absolute http or https URL */
};

/* One line of the table of options, filled by costmark_option_get(). Its texts are static. */
typedef struct costmark_option_info {
  size_t struct_size;         /* sizeof(costmark_option_info), see rule 10 */
  costmark_str name;          /* such as "region"; COSTMARK_REGION in the environment */
  costmark_str default_value; /* absent: not set */
  costmark_str choices;       /* for choices and some lists: the values, separated by '|' */
  costmark_str description;   /* one sentence */
  int64_t minimum;            /* for integers */
  int64_t maximum;            /* for integers */
  costmark_option_type type;
  uint32_t reserved; /* zero */
} costmark_option_info;

#define COSTMARK_OPTION_INFO_INIT                                                         \
  {sizeof(costmark_option_info), COSTMARK_STR_INIT, COSTMARK_STR_INIT, COSTMARK_STR_INIT, \
   COSTMARK_STR_INIT, 0, 0, 0, 0}

/* How many options there are. Any thread. Since 0.1. */
COSTMARK_API size_t costmark_option_count(void) COSTMARK_NOEXCEPT;

/*
 * Describes one option. Options are sorted by name; a later version may put new ones between them.
 *
 * index: from 0 to costmark_option_count() - 1.
 * out_info: its struct_size set by the caller; receives the description.
 *
 * Any thread. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status
costmark_option_get(size_t index, costmark_option_info *out_info,
                    costmark_error **out_error) COSTMARK_NOEXCEPT;

/* What clients are made from: option values and callbacks. One thread at a time. */
typedef struct costmark_config costmark_config;

/*
 * Makes a configuration in which every option has its default.
 *
 * out_config: receives the configuration; end it with costmark_config_free().
 *
 * Any thread. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status costmark_config_new(
    costmark_config **out_config, costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Sets one option. The value is checked now; setting an option again replaces its value.
 *
 * name, name_len: the option, such as "region". Not NULL.
 * value, value_len: its value as text. NULL with 0 counts as the empty text.
 *
 * COSTMARK_INVALID_OPTION: the message names what would have been right. A secret's value is not
 * repeated in it.
 *
 * One thread at a time. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status
costmark_config_set(costmark_config *config, const char *name, size_t name_len, const char *value,
                    size_t value_len, costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Ends a configuration. Clients that were made from it are not affected. NULL is ignored.
 *
 * One thread at a time. Since 0.1.
 */
COSTMARK_API void costmark_config_free(costmark_config *config) COSTMARK_NOEXCEPT;

/* ------------------------------------------------------------------------------------------------
 * Credentials
 *
 * Without more, a client takes the options access_key_id, secret_access_key and session_token; else
 * the environment; else a profile of the shared config and credentials files (option profile), with
 * its keys, role, SSO session or credential_process; else web identity, the container's endpoint or
 * the instance's, as in the AWS SDKs. A callback takes the place of all of them.
 */

/* Ends what a callback needs; see rule 7. */
typedef void (*costmark_free_user_data)(void *user_data);

/* One set of AWS credentials. */
typedef struct costmark_credentials {
  size_t struct_size;             /* sizeof(costmark_credentials), see rule 10 */
  costmark_str access_key_id;     /* Required. */
  costmark_str secret_access_key; /* Required. */
  costmark_str session_token;     /* Optional: absent for long-term keys. */
  costmark_str account_id;        /* Optional: twelve digits, where known. */
  int64_t expires_unix_s;         /* Optional: seconds since 1970 UTC; 0: they do not expire. */
} costmark_credentials;

#define COSTMARK_CREDENTIALS_INIT                                                         \
  {sizeof(costmark_credentials), COSTMARK_STR_INIT, COSTMARK_STR_INIT, COSTMARK_STR_INIT, \
   COSTMARK_STR_INIT, 0}

/* Where a callback puts its credentials. Lives during the callback. One thread at a time. */
typedef struct costmark_credentials_sink costmark_credentials_sink;

/*
 * Supplies credentials: puts them into `sink` and returns COSTMARK_OK, or returns why it has none
 * (COSTMARK_NO_CREDENTIALS, COSTMARK_STOPPED_BY_CALLBACK, ...). Called when a request needs
 * credentials and those at hand are absent or about to expire; for one client never by two threads
 * at once. It may block: other threads go on with credentials that are still valid.
 */
typedef costmark_status (*costmark_credentials_callback)(void *user_data,
                                                         costmark_credentials_sink *sink);

/*
 * Supplies the credentials from inside a costmark_credentials_callback. Again: replaces them.
 *
 * sink: the one that the callback was given.
 * credentials: copied; the copy of the secrets is wiped when no request needs it any more.
 *
 * COSTMARK_NO_CREDENTIALS: a required field is empty, or a field holds a control character.
 *
 * One thread at a time. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status
costmark_credentials_put(costmark_credentials_sink *sink, const costmark_credentials *credentials,
                         costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Lets clients ask the host application for credentials. Replaces an earlier callback.
 *
 * callback: see costmark_credentials_callback. Not NULL. Several clients of one configuration may
 *     call it at the same moment.
 * user_data, free_user_data: see rule 7.
 *
 * One thread at a time. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status costmark_config_set_credentials_callback(
    costmark_config *config, costmark_credentials_callback callback, void *user_data,
    costmark_free_user_data free_user_data, costmark_error **out_error) COSTMARK_NOEXCEPT;

/* Where a callback puts its bearer token. Lives during the callback. One thread at a time. */
typedef struct costmark_bearer_token_sink costmark_bearer_token_sink;

/*
 * Supplies a bearer token: puts it into `sink` and returns COSTMARK_OK, or returns why it has none.
 * Called whenever a request needs one, by several threads at once if they need one at once.
 */
typedef costmark_status (*costmark_bearer_token_callback)(void *user_data,
                                                          costmark_bearer_token_sink *sink);

/*
 * Supplies the token from inside a costmark_bearer_token_callback. A second call replaces it.
 *
 * sink: the one that the callback was given.
 * token, token_len: the token without "Bearer ". Not NULL, not empty. Copied.
 *
 * One thread at a time. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status
costmark_bearer_token_put(costmark_bearer_token_sink *sink, const char *token, size_t token_len,
                          costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Lets clients ask the host application for bearer tokens. Replaces an earlier callback.
 *
 * callback: see costmark_bearer_token_callback. Not NULL.
 * user_data, free_user_data: see rule 7.
 *
 * One thread at a time. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status costmark_config_set_bearer_token_callback(
    costmark_config *config, costmark_bearer_token_callback callback, void *user_data,
    costmark_free_user_data free_user_data, costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Tells which API key the host's own HTTP client carries. With the option auth=auto it counts as a
 * bearer token when it looks like one of Bedrock's ("bedrock-api-key-...", "ABSK..."); any other is
 * taken for a placeholder.
 *
 * key, key_len: the key. NULL with 0: none.
 *
 * One thread at a time. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status
costmark_config_set_host_api_key(costmark_config *config, const char *key, size_t key_len,
                                 costmark_error **out_error) COSTMARK_NOEXCEPT;

/* ------------------------------------------------------------------------------------------------
 * Log
 */

typedef int32_t costmark_log_level;
enum {
  COSTMARK_LOG_DEBUG = 0,
  COSTMARK_LOG_INFO = 1,
  COSTMARK_LOG_WARNING = 2,
  COSTMARK_LOG_ERROR = 3
};

/*
 * Receives one line, without a line break. It may be called by several threads at once.
 *
 * message, message_len: the line; lives until the callback returns, and is not followed by a NUL.
 */
typedef void (*costmark_log_callback)(void *user_data, costmark_log_level level,
                                      const char *message, size_t message_len);

/*
 * Sends what clients have to say to a callback; without one it is not said. Replaces an earlier
 * callback.
 *
 * callback: see costmark_log_callback. Not NULL.
 * user_data, free_user_data: see rule 7.
 *
 * One thread at a time. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status costmark_config_set_log_callback(
    costmark_config *config, costmark_log_callback callback, void *user_data,
    costmark_free_user_data free_user_data, costmark_error **out_error) COSTMARK_NOEXCEPT;

/* ------------------------------------------------------------------------------------------------
 * Clock
 */

/* Returns the time, in seconds since 1970 UTC. It may be called by several threads at once. */
typedef int64_t (*costmark_clock_callback)(void *user_data);

/*
 * Lets clients, and what else is made of the configuration, ask the host application for the time;
 * without one they ask the system. For programs that correct the system's clock, and for tests.
 * Replaces an earlier callback.
 *
 * callback: see costmark_clock_callback. Not NULL. What it returns must be from 0 to 253402300799
 *     (the year 9999), or nothing can be signed.
 * user_data, free_user_data: see rule 7.
 *
 * One thread at a time. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status costmark_config_set_clock_callback(
    costmark_config *config, costmark_clock_callback callback, void *user_data,
    costmark_free_user_data free_user_data, costmark_error **out_error) COSTMARK_NOEXCEPT;

/* ------------------------------------------------------------------------------------------------
 * Client
 */

/* Attributes, signs and accounts for requests to one endpoint. Synchronised internally. */
typedef struct costmark_client costmark_client;

/*
 * Makes a client. Reads the environment for options that `config` does not set.
 *
 * config: what the client is to do; copied, and may be changed, used again or freed afterwards.
 * out_client: receives the client, counted once; give it back with costmark_client_release().
 *
 * COSTMARK_INVALID_OPTION, COSTMARK_INVALID_PROJECT, COSTMARK_ENDPOINT_MISMATCH: options that
 * cannot go together, or a bad variable in the environment; fix the one that the message names.
 *
 * Overlaps only with calls that take `config` as const. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status
costmark_client_new(const costmark_config *config, costmark_client **out_client,
                    costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Counts one more owner, who will release the client. Returns `client`; NULL from NULL or from what
 * is no client.
 *
 * Synchronised internally. Since 0.1.
 */
COSTMARK_API costmark_client *costmark_client_retain(costmark_client *client) COSTMARK_NOEXCEPT;

/*
 * Gives one count back; the last one ends the client. Observations of it may be used on. NULL is
 * ignored.
 *
 * Synchronised internally. Since 0.1.
 */
COSTMARK_API void costmark_client_release(costmark_client *client) COSTMARK_NOEXCEPT;

/* ------------------------------------------------------------------------------------------------
 * Prepare: what to change in a request before it is sent
 */

/* A request about to be sent. */
typedef struct costmark_request {
  size_t struct_size;             /* sizeof(costmark_request), see rule 10 */
  costmark_str method;            /* Required: in upper case, such as "POST". */
  costmark_str url;               /* Required: absolute, http or https, percent-encoded. */
  const costmark_header *headers; /* Optional: those that will be sent. NULL with 0: none. */
  size_t header_count;
  costmark_str body;    /* Optional. Read until the costmark_prepared is filled anew or freed. */
  costmark_str project; /* Optional: the project that this very call asks for. */
  costmark_str scope;   /* Optional: the project of the innermost scope around the call. */
} costmark_request;

#define COSTMARK_REQUEST_INIT                                                           \
  {sizeof(costmark_request), COSTMARK_STR_INIT, COSTMARK_STR_INIT, NULL, 0,             \
   COSTMARK_STR_INIT,        COSTMARK_STR_INIT, COSTMARK_STR_INIT}

/*
 * What to change in a request. One thread at a time. Make one for each thread and fill it again and
 * again, also for different clients: it keeps its memory, so that costmark allocates nothing for a
 * steady stream of requests. (OpenSSL 3.0 does, four blocks of some hundred bytes a signature.)
 */
typedef struct costmark_prepared costmark_prepared;

/* Where the project of a request came from, in the order in which it is looked for. */
typedef int32_t costmark_project_source;
enum {
  COSTMARK_SOURCE_NONE = 0,       /* none is named: it goes to the endpoint's default project */
  COSTMARK_SOURCE_REQUEST = 1,    /* the call's argument, a header, or the body */
  COSTMARK_SOURCE_SCOPE = 2,      /* costmark_request.scope */
  COSTMARK_SOURCE_RULE = 3,       /* a rule of the client */
  COSTMARK_SOURCE_CLIENT = 4,     /* the option "project" */
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
  COSTMARK_API_CONTROL = 5
};

/*
 * Makes an empty costmark_prepared.
 *
 * out_prepared: receives it; end it with costmark_prepared_free().
 *
 * Any thread. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status costmark_prepared_new(
    costmark_prepared **out_prepared, costmark_error **out_error) COSTMARK_NOEXCEPT;

/* Ends a costmark_prepared. NULL is ignored. One thread at a time. Since 0.1. */
COSTMARK_API void costmark_prepared_free(costmark_prepared *prepared) COSTMARK_NOEXCEPT;

/*
 * Empties a costmark_prepared, which keeps its memory: views of the request and of its body are let
 * go, and the signature or token is wiped. NULL is ignored.
 *
 * One thread at a time. Since 0.1.
 */
COSTMARK_API void costmark_prepared_clear(costmark_prepared *prepared) COSTMARK_NOEXCEPT;

/*
 * Attributes a request, then signs it. Does no I/O but what fetches or renews credentials (files, a
 * program, the network; on one thread, while others go on with those at hand) and, with the option
 * `verify`, asks the endpoint for proof. Call it again for every attempt: a signature is good for
 * some minutes.
 *
 * request: read until the call returns, its body longer (see there).
 * prepared: receives what to change (headers, body, and with option route=auto the URL); empty
 *     after a failure.
 *
 * COSTMARK_INVALID_URL, COSTMARK_INVALID_JSON: fix the request, at the error's offset.
 * COSTMARK_ENDPOINT_MISMATCH: the request goes elsewhere than the client; fix the URL or the
 *     options.
 * COSTMARK_INVALID_PROJECT, COSTMARK_UNATTRIBUTED, COSTMARK_CONFLICT, COSTMARK_PROJECT_NOT_ALLOWED:
 *     name another project, or change the policy.
 * COSTMARK_NO_CREDENTIALS, COSTMARK_EXPIRED_CREDENTIALS: authenticate again.
 * COSTMARK_UNUSABLE_CREDENTIALS: mend the file, variable, profile or program that the message names.
 * COSTMARK_TRANSPORT, COSTMARK_TIMEOUT, COSTMARK_THROTTLED, COSTMARK_SERVICE: credentials could not
 *     be fetched, and none are left; costmark_error_retryable() tells whether to try again.
 * What a callback returned; see rule 7.
 *
 * Synchronised internally; `prepared` one thread at a time. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status costmark_client_prepare(
    const costmark_client *client, const costmark_request *request, costmark_prepared *prepared,
    costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Attributes a request without signing it: the same errors as costmark_client_prepare() has, except
 * those of credentials and callbacks. For telling early what would be refused.
 *
 * request: read until the call returns.
 * scratch: memory to work with; empty afterwards.
 *
 * Synchronised internally; `scratch` one thread at a time. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status
costmark_client_check(const costmark_client *client, const costmark_request *request,
                      costmark_prepared *scratch, costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Names of headers to take out of the request, every field of that name, before the others are set.
 *
 * out_count: receives their number; may be NULL.
 *
 * Returns an array that lives until `prepared` is filled again or freed. Since 0.1.
 */
COSTMARK_API const costmark_str *costmark_prepared_headers_to_remove(
    const costmark_prepared *prepared, size_t *out_count) COSTMARK_NOEXCEPT;

/*
 * Headers to set. They replace fields of the same name. They carry the signature: do not log them.
 *
 * out_count: receives their number; may be NULL.
 *
 * Returns an array that lives until `prepared` is filled again or freed. Since 0.1.
 */
COSTMARK_API const costmark_header *costmark_prepared_headers_to_set(
    const costmark_prepared *prepared, size_t *out_count) COSTMARK_NOEXCEPT;

/*
 * The body to send. When nothing had to change it is the request's own memory.
 *
 * out_len: receives its length in bytes; may be NULL.
 *
 * Lives until `prepared` is filled again or freed, and no longer than the request's body. Not
 * followed by a NUL. Since 0.1.
 */
COSTMARK_API const char *costmark_prepared_body(const costmark_prepared *prepared,
                                                size_t *out_len) COSTMARK_NOEXCEPT;

/* Whether the body differs from the request's (and Content-Length with it). Since 0.1. */
COSTMARK_API bool costmark_prepared_body_changed(const costmark_prepared *prepared)
    COSTMARK_NOEXCEPT;

/*
 * The project that the request now names; empty when it names none.
 *
 * out_len: receives the length in bytes; may be NULL.
 *
 * Lives until `prepared` is filled again or freed. Since 0.1.
 */
COSTMARK_API const char *costmark_prepared_project(const costmark_prepared *prepared,
                                                   size_t *out_len) COSTMARK_NOEXCEPT;

/* Where the project came from. Since 0.1. */
COSTMARK_API costmark_project_source
costmark_prepared_project_source(const costmark_prepared *prepared) COSTMARK_NOEXCEPT;

/* Which family of API the request speaks. Since 0.1. */
COSTMARK_API costmark_api costmark_prepared_api(const costmark_prepared *prepared)
    COSTMARK_NOEXCEPT;

/* Whether the request asks for a streamed answer. Since 0.1. */
COSTMARK_API bool costmark_prepared_streamed(const costmark_prepared *prepared) COSTMARK_NOEXCEPT;

/*
 * Whether the library asked for a usage chunk that the caller did not ask for: then what
 * costmark_observation_feed() gives out differs from what it takes in. Since 0.1.
 */
COSTMARK_API bool costmark_prepared_hides_usage_chunk(const costmark_prepared *prepared)
    COSTMARK_NOEXCEPT;

/*
 * Whether the library signed the request, or gave it a token, so that a refusal is the library's to
 * mend; see costmark_observation_retry_advised(). Since 0.1.
 */
COSTMARK_API bool costmark_prepared_authorized(const costmark_prepared *prepared) COSTMARK_NOEXCEPT;

/*
 * The URL to send to in place of the request's own; empty when that stays, which it always does
 * unless option route is auto. The signature is good for this URL alone.
 *
 * out_len: receives the length in bytes; may be NULL.
 *
 * Lives until `prepared` is filled again or freed. Since 0.1.
 */
COSTMARK_API const char *costmark_prepared_url(const costmark_prepared *prepared,
                                               size_t *out_len) COSTMARK_NOEXCEPT;

/*
 * What is probably wrong with the request, in one line, to be shown with an answer of status 400 or
 * 404: that its model is served on another path. Empty when nothing is known to be wrong.
 *
 * out_len: receives the length in bytes; may be NULL.
 *
 * Lives until `prepared` is filled again or freed. Since 0.1.
 */
COSTMARK_API const char *costmark_prepared_hint(const costmark_prepared *prepared,
                                                size_t *out_len) COSTMARK_NOEXCEPT;

/* The name of a project source, such as "scope"; "unknown" for another number. Since 0.1. */
COSTMARK_API const char *costmark_project_source_name(costmark_project_source source)
    COSTMARK_NOEXCEPT;

/* The name of an API, such as "chat_completions"; "unknown" for another number. Since 0.1. */
COSTMARK_API const char *costmark_api_name(costmark_api api) COSTMARK_NOEXCEPT;

/* ------------------------------------------------------------------------------------------------
 * Observe: what an answer says about its cost
 */

/* Reads one answer and counts it with its client. One thread at a time. */
typedef struct costmark_observation costmark_observation;

/* How an attempt ended. */
typedef int32_t costmark_outcome;
enum {
  COSTMARK_OUTCOME_OK = 0,         /* a complete answer */
  COSTMARK_OUTCOME_ERROR = 1,      /* an error of the service, or the connection failed */
  COSTMARK_OUTCOME_CANCELLED = 2,  /* the caller gave up */
  COSTMARK_OUTCOME_INCOMPLETE = 3, /* the answer broke off, or says that it is not complete */
  COSTMARK_OUTCOME_UNKNOWN = 4     /* the answer could not be read, or has not ended */
};

/* Bits of costmark_usage.known. */
#define COSTMARK_USAGE_INPUT 0x01u
#define COSTMARK_USAGE_CACHED_INPUT 0x02u
#define COSTMARK_USAGE_CACHE_WRITE 0x04u
#define COSTMARK_USAGE_OUTPUT 0x08u
#define COSTMARK_USAGE_REASONING 0x10u

/* Tokens that the server reported; never estimated. */
typedef struct costmark_usage {
  size_t struct_size;           /* sizeof(costmark_usage), see rule 10 */
  uint64_t input_tokens;        /* with the cached and the cache-written ones */
  uint64_t cached_input_tokens; /* part of input_tokens */
  uint64_t cache_write_tokens;  /* part of input_tokens */
  uint64_t output_tokens;       /* with the reasoning ones */
  uint64_t reasoning_tokens;    /* part of output_tokens */
  uint32_t known;               /* COSTMARK_USAGE_... bits of the counts that were reported */
  uint32_t inconsistent;        /* 1: a part exceeds its whole, or a count was no integer */
} costmark_usage;

#define COSTMARK_USAGE_INIT {sizeof(costmark_usage), 0, 0, 0, 0, 0, 0, 0}

/*
 * Begins an attempt: counts it, and its operation with the first one.
 *
 * prepared: as filled by costmark_client_prepare() with the same client; may be used for something
 *     else afterwards.
 * attempt: which attempt of its operation this is, from 1.
 * out_observation: receives the observation, which keeps the client alive; end it with
 *     costmark_observation_free().
 *
 * Synchronised internally; `prepared` one thread at a time. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status costmark_observation_new(
    const costmark_client *client, const costmark_prepared *prepared, uint32_t attempt,
    costmark_observation **out_observation, costmark_error **out_error) COSTMARK_NOEXCEPT;

/* The head of an answer. */
typedef struct costmark_answer_head {
  size_t struct_size;        /* sizeof(costmark_answer_head), see rule 10 */
  int32_t http_status;       /* Required: from 100 to 599. */
  uint32_t reserved;         /* zero */
  costmark_str content_type; /* Optional: the value of that header. */
  costmark_str date;         /* Optional: the header Date; tells how wrong the local clock is. */
  costmark_str error_type;   /* Optional: the header x-amzn-errortype; tells why it was refused. */
} costmark_answer_head;

#define COSTMARK_ANSWER_HEAD_INIT                                                             \
  {sizeof(costmark_answer_head), 0, 0, COSTMARK_STR_INIT, COSTMARK_STR_INIT, COSTMARK_STR_INIT}

/*
 * Takes the head of the answer. Once, before the first costmark_observation_feed().
 *
 * head: read until the call returns. A body with a Content-Encoding must be decoded before it is
 *     fed.
 *
 * One thread at a time. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status
costmark_observation_head(costmark_observation *observation, const costmark_answer_head *head,
                          costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Takes the next piece of the answer's body, and says what to pass on to its reader: the piece
 * itself, unless the library asked the service for a usage chunk that the caller did not ask for.
 *
 * data, len: the piece, cut anywhere. NULL with 0: nothing.
 * out_data, out_len: receive what to pass on. It may be the caller's own memory, lives until the
 *     next call with this observation, and no NUL follows it. After a failure it is the piece
 *     itself: an answer reaches its reader whatever happens here. Both may be NULL, for a caller
 *     who passes nothing on.
 *
 * One thread at a time. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status
costmark_observation_feed(costmark_observation *observation, const char *data, size_t len,
                          const char **out_data, size_t *out_len,
                          costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Ends the answer: it is complete. Counts it; a repeated call changes nothing.
 *
 * out_data, out_len: receive bytes that were held back and are now to be passed on; as above.
 *
 * One thread at a time. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status
costmark_observation_finish(costmark_observation *observation, const char **out_data,
                            size_t *out_len, costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Ends the answer: it broke off, never came, or nobody wants it any more. Counts it with what was
 * seen; after an end of either kind it changes nothing.
 *
 * outcome: a COSTMARK_OUTCOME_... other than COSTMARK_OUTCOME_OK.
 * out_data, out_len: receive bytes that were held back and are now to be passed on; as above.
 *
 * One thread at a time. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status
costmark_observation_fail(costmark_observation *observation, costmark_outcome outcome,
                          const char **out_data, size_t *out_len,
                          costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * The usage that the answer reported: complete after its end, before it what is known so far.
 *
 * out_usage: its struct_size set by the caller; receives the counts.
 *
 * One thread at a time. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status
costmark_observation_usage(const costmark_observation *observation, costmark_usage *out_usage,
                           costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Whether to prepare the request anew and send it once more, as the next attempt: after its end, of
 * an answer that refused what the library signed with, though another set of credentials, another
 * token or the right time may be accepted. At most once in a call.
 *
 * One thread at a time. Since 0.1.
 */
COSTMARK_API bool costmark_observation_retry_advised(const costmark_observation *observation)
    COSTMARK_NOEXCEPT;

/* How the attempt ended; COSTMARK_OUTCOME_UNKNOWN before it has. Since 0.1. */
COSTMARK_API costmark_outcome
costmark_observation_outcome(const costmark_observation *observation) COSTMARK_NOEXCEPT;

/* The id of the answer, such as "resp_..."; empty when not seen. See rules 1 and 2. Since 0.1. */
COSTMARK_API const char *costmark_observation_response_id(const costmark_observation *observation,
                                                          size_t *out_len) COSTMARK_NOEXCEPT;

/* The model that answered; empty when not seen. See rules 1 and 2. Since 0.1. */
COSTMARK_API const char *costmark_observation_model(const costmark_observation *observation,
                                                    size_t *out_len) COSTMARK_NOEXCEPT;

/* The service tier of the answer; empty when not seen. See rules 1 and 2. Since 0.1. */
COSTMARK_API const char *costmark_observation_service_tier(
    const costmark_observation *observation, size_t *out_len) COSTMARK_NOEXCEPT;

/*
 * Ends an observation. One whose answer has not ended counts as cancelled. NULL is ignored.
 *
 * One thread at a time. Since 0.1.
 */
COSTMARK_API void costmark_observation_free(costmark_observation *observation) COSTMARK_NOEXCEPT;

/* The name of an outcome, such as "incomplete"; "unknown" for another number. Since 0.1. */
COSTMARK_API const char *costmark_outcome_name(costmark_outcome outcome) COSTMARK_NOEXCEPT;

/* ------------------------------------------------------------------------------------------------
 * Send: prepare, exchange over libcurl, observe
 *
 * One call is one operation and up to `max_attempts` attempts, each prepared and signed anew; what
 * the request's headers say, such as an Idempotency-Key, stays the same. An attempt is made again
 * - once, at once, when the service refused its signature or token and another one is to be had;
 * - once, at once, and beyond `max_attempts`, when the server closed a kept connection, or refused an
 *   HTTP/2 stream, without anything of an answer;
 * - after a pause, when the connection failed, when the answer broke off before any of it was handed
 *   on, or when its status is 408, 409, 429 or at least 500. The pause is what Retry-After or
 *   retry-after-ms asks for, else half a second, doubled for each attempt up to eight seconds, less
 *   up to a quarter of it by chance. A pause that would outlast the deadline is not begun.
 * Nothing is made again once a callback has been given a piece of an answer. Redirects are not
 * followed.
 *
 * Options: timeout_ms, connect_timeout_ms, read_timeout_ms, max_attempts, http_version, proxy,
 * no_proxy, ca_bundle, connection_pool, max_idle_connections. Without `proxy` the variables
 * https_proxy, http_proxy, all_proxy and no_proxy of the environment apply, as in curl.
 *
 * Connections are kept and used again; a call takes one that is idle. After fork() the child leaves
 * its parent's alone and opens its own. A child that a callback of a send forks gets
 * COSTMARK_TRANSPORT from that send.
 */

/* Stops sends from elsewhere. Synchronised internally. Shared: counted by its owners. */
typedef struct costmark_cancel costmark_cancel;

/*
 * Makes a costmark_cancel, counted once.
 *
 * out_cancel: receives it; give it back with costmark_cancel_release().
 *
 * Any thread. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status
costmark_cancel_new(costmark_cancel **out_cancel, costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Stops every call of costmark_client_send() that was given `cancel`, and those that will be: each
 * returns COSTMARK_CANCELLED without waiting for its peer, unless it is just done. There is no way
 * back. NULL is ignored. Not safe in a signal handler.
 *
 * Synchronised internally; callbacks may call it, and an on_head or on_body that does is not called
 * again by that send. Since 0.1.
 */
COSTMARK_API void costmark_cancel_request(costmark_cancel *cancel) COSTMARK_NOEXCEPT;

/* Whether that was called. Synchronised internally. Since 0.1. */
COSTMARK_API bool costmark_cancel_requested(const costmark_cancel *cancel) COSTMARK_NOEXCEPT;

/*
 * Counts one more owner, who will release it. Returns `cancel`; NULL from NULL or from what is none.
 *
 * Synchronised internally. Since 0.1.
 */
COSTMARK_API costmark_cancel *costmark_cancel_retain(costmark_cancel *cancel) COSTMARK_NOEXCEPT;

/* Gives one count back; the last one ends it. NULL is ignored. Synchronised internally. Since 0.1. */
COSTMARK_API void costmark_cancel_release(costmark_cancel *cancel) COSTMARK_NOEXCEPT;

/*
 * The last answer of an operation. One thread at a time. Make one for each thread and use it again
 * and again: it keeps its memory, but for that of a body above 16 MiB.
 */
typedef struct costmark_response costmark_response;

/*
 * Called once, before any piece of the body: an answer with a status below 300 has begun.
 *
 * response: shows its status, headers and request id until the callback returns. From then on it is
 *     empty until the send is over.
 *
 * Another status than COSTMARK_OK stops the operation; see rule 7.
 */
typedef costmark_status (*costmark_head_callback)(void *user_data,
                                                  const costmark_response *response);

/*
 * Called with each piece of the body of an answer with a status below 300, as it comes.
 *
 * data, len: the piece, at least one byte; lives until the callback returns.
 *
 * Another status than COSTMARK_OK stops the operation; see rule 7.
 */
typedef costmark_status (*costmark_body_callback)(void *user_data, const char *data, size_t len);

/* How one operation is sent. */
typedef struct costmark_send_options {
  size_t struct_size;             /* sizeof(costmark_send_options), see rule 10 */
  costmark_head_callback on_head; /* Optional. */
  costmark_body_callback on_body; /* Optional. Absent: the body is gathered in the response. */
  void *user_data;                /* Optional: of both, for the length of the call. */
  costmark_cancel *cancel;        /* Optional: read until the call returns. */
  int64_t timeout_ms;             /* Optional: for the whole operation; 0: option timeout_ms. More
                                     than a day, 86,400,000, counts as a day. */
  uint32_t max_attempts;          /* Optional: from 1 to 100; 0: option max_attempts. */
  uint32_t reserved;              /* zero */
} costmark_send_options;

#define COSTMARK_SEND_OPTIONS_INIT {sizeof(costmark_send_options), NULL, NULL, NULL, NULL, 0, 0, 0}

/*
 * Makes an empty response.
 *
 * out_response: receives it; end it with costmark_response_free().
 *
 * Any thread. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status costmark_response_new(
    costmark_response **out_response, costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Sends a request and receives its answer. Blocks until the answer is complete, its attempts or its
 * time are used up, or it is stopped.
 *
 * request: read until the call returns.
 * options: NULL: none.
 * response: receives the answer of the last attempt that was begun, whatever its status, and also
 *     when the call fails: what had come of it. Empty when nothing had, and after
 *     COSTMARK_INVALID_ARGUMENT.
 *
 * Statuses of costmark_client_prepare(), and
 * COSTMARK_TRANSPORT, COSTMARK_TIMEOUT: the connection failed, or the time was up; the answer, if
 *     one had begun, is not complete. costmark_error_retryable() tells whether to try again later.
 *     COSTMARK_TRANSPORT, and not retryable, is also a certificate that is not trusted, and a body
 *     above 256 MiB without an `on_body`.
 * COSTMARK_INVALID_OPTION: option ca_bundle, or AWS_CA_BUNDLE, names no file of certificates.
 * COSTMARK_THROTTLED: the last answer had status 429; slow down.
 * COSTMARK_SERVICE: the last answer had another status from 300 on; see costmark_error_http_status()
 *     and the body, which is in `response`.
 * COSTMARK_CANCELLED: options->cancel stopped it.
 * What a callback returned; see rule 7.
 *
 * Synchronised internally; `response` one thread at a time. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status
costmark_client_send(const costmark_client *client, const costmark_request *request,
                     const costmark_send_options *options, costmark_response *response,
                     costmark_error **out_error) COSTMARK_NOEXCEPT;

/* The status of the answer; 0 without one. Since 0.1. */
COSTMARK_API int32_t costmark_response_http_status(const costmark_response *response)
    COSTMARK_NOEXCEPT;

/*
 * The header fields of the answer, in their order.
 *
 * out_count: receives their number; may be NULL.
 *
 * Returns an array that lives until `response` is filled again or freed. Since 0.1.
 */
COSTMARK_API const costmark_header *costmark_response_headers(const costmark_response *response,
                                                              size_t *out_count) COSTMARK_NOEXCEPT;

/*
 * The first header field of a name; empty when there is none.
 *
 * name, name_len: compared without regard to ASCII case. Not NULL.
 * out_len: receives the length in bytes; may be NULL.
 *
 * Lives until `response` is filled again or freed. Since 0.1.
 */
COSTMARK_API const char *costmark_response_header(const costmark_response *response,
                                                  const char *name, size_t name_len,
                                                  size_t *out_len) COSTMARK_NOEXCEPT;

/*
 * The body that was gathered: without an `on_body` all of it, up to 256 MiB; of an answer with a
 * status from 300 on in either case the first MiB. An encoding that the request allowed is undone.
 *
 * out_len: receives its length in bytes; may be NULL.
 *
 * Lives until `response` is filled again or freed. Since 0.1.
 */
COSTMARK_API const char *costmark_response_body(const costmark_response *response,
                                                size_t *out_len) COSTMARK_NOEXCEPT;

/* The service's request id; empty without one. See rules 1 and 2. Since 0.1. */
COSTMARK_API const char *costmark_response_request_id(const costmark_response *response,
                                                      size_t *out_len) COSTMARK_NOEXCEPT;

/* How many attempts were begun. Since 0.1. */
COSTMARK_API uint32_t costmark_response_attempts(const costmark_response *response)
    COSTMARK_NOEXCEPT;

/*
 * The usage that the last attempt reported.
 *
 * out_usage: its struct_size set by the caller; receives the counts.
 *
 * One thread at a time. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status
costmark_response_usage(const costmark_response *response, costmark_usage *out_usage,
                        costmark_error **out_error) COSTMARK_NOEXCEPT;

/* How the last attempt ended; COSTMARK_OUTCOME_UNKNOWN before there was one. Since 0.1. */
COSTMARK_API costmark_outcome costmark_response_outcome(const costmark_response *response)
    COSTMARK_NOEXCEPT;

/* The id of the answer, such as "resp_..."; empty when not seen. See rules 1 and 2. Since 0.1. */
COSTMARK_API const char *costmark_response_id(const costmark_response *response,
                                              size_t *out_len) COSTMARK_NOEXCEPT;

/* The model that answered; empty when not seen. See rules 1 and 2. Since 0.1. */
COSTMARK_API const char *costmark_response_model(const costmark_response *response,
                                                 size_t *out_len) COSTMARK_NOEXCEPT;

/* The service tier of the answer; empty when not seen. See rules 1 and 2. Since 0.1. */
COSTMARK_API const char *costmark_response_service_tier(const costmark_response *response,
                                                        size_t *out_len) COSTMARK_NOEXCEPT;

/* The project that was named to the service; empty for none. See rules 1 and 2. Since 0.1. */
COSTMARK_API const char *costmark_response_project(const costmark_response *response,
                                                   size_t *out_len) COSTMARK_NOEXCEPT;

/* Where that project came from. Since 0.1. */
COSTMARK_API costmark_project_source
costmark_response_project_source(const costmark_response *response) COSTMARK_NOEXCEPT;

/* As costmark_prepared_hint(), of the last attempt. See rules 1 and 2. Since 0.1. */
COSTMARK_API const char *costmark_response_hint(const costmark_response *response,
                                                size_t *out_len) COSTMARK_NOEXCEPT;

/* Ends a response. NULL is ignored. One thread at a time. Since 0.1. */
COSTMARK_API void costmark_response_free(costmark_response *response) COSTMARK_NOEXCEPT;

/* ------------------------------------------------------------------------------------------------
 * Verify: the proof that an endpoint reads the project, and does not merely ignore it
 *
 * A request that names a project that cannot exist must fail because of it, and the same request
 * with the real project must pass.
 */

typedef int32_t costmark_verdict;
enum {
  COSTMARK_VERDICT_HONOURED = 0,     /* the impossible project was refused, the real one passed */
  COSTMARK_VERDICT_NOT_HONOURED = 1, /* the impossible project was served: the name is ignored */
  COSTMARK_VERDICT_UNKNOWN = 2       /* neither was shown; the reason says why */
};

/* The name of a verdict, such as "not_honoured"; "unknown" for another number. Since 0.1. */
COSTMARK_API const char *costmark_verdict_name(costmark_verdict verdict) COSTMARK_NOEXCEPT;

/* What to verify. All of it is optional. */
typedef struct costmark_verify_request {
  size_t struct_size;   /* sizeof(costmark_verify_request), see rule 10 */
  costmark_str project; /* Absent: the client's. */
  costmark_str model;   /* One that the endpoint is known to have. Absent: option verify_model;
                           without one nothing is generated, and of the real project only its own
                           resource is read. */
  costmark_str url;     /* Of the API's requests, absolute. Absent: made of option base_url, or of
                           the region. */
  const costmark_header *headers; /* What requests carry besides, such as for a gateway. */
  size_t header_count;
  int64_t timeout_ms; /* Of each exchange; 0: 20,000. More than a day counts as a day. */
  costmark_api api;   /* COSTMARK_API_OTHER: messages where the URL or the model says so, else chat
                         completions, and responses for a model that has only those. */
  uint32_t force;     /* 1: even when the answer is known already. */
} costmark_verify_request;

#define COSTMARK_VERIFY_REQUEST_INIT                                                              \
  {sizeof(costmark_verify_request), COSTMARK_STR_INIT, COSTMARK_STR_INIT, COSTMARK_STR_INIT, NULL, \
   0,                               0,                 0,                 0}

/* One exchange of a verification. Its texts live as long as the verification. */
typedef struct costmark_probe {
  size_t struct_size;      /* sizeof(costmark_probe), see rule 10 */
  costmark_str project;    /* that it named */
  costmark_str request;    /* such as "POST https://host/path" */
  costmark_str code;       /* the error's, such as "not_found_error"; absent without one */
  costmark_str request_id; /* absent without one */
  costmark_str finding;    /* what it says, in words */
  int32_t http_status;     /* of the answer; 0: there was none */
  uint32_t reserved;       /* zero */
} costmark_probe;

#define COSTMARK_PROBE_INIT                                                            \
  {sizeof(costmark_probe), COSTMARK_STR_INIT, COSTMARK_STR_INIT, COSTMARK_STR_INIT,    \
   COSTMARK_STR_INIT,      COSTMARK_STR_INIT, 0,                 0}

/* What was found out. Holds no secrets. Immutable, share freely. */
typedef struct costmark_verification costmark_verification;

/*
 * Finds out whether an endpoint reads the project of requests. Blocks for two or three exchanges,
 * the second of which may spend a few tokens of the project (and the first, where it is not refused,
 * of the endpoint's default one); they are counted like calls of the user. A proof is kept for the
 * life of the client. One thread at a time verifies; others with the same question share its answer.
 *
 * request: NULL: of the client's own project, endpoint and model.
 * out_verification: receives the result, also of exchanges that failed; end it with
 *     costmark_verification_free().
 *
 * Statuses of costmark_client_prepare(), for requests that could not be made. Synchronised
 * internally. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status costmark_client_verify(
    const costmark_client *client, const costmark_verify_request *request,
    costmark_verification **out_verification, costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Whether costmark_client_prepare() of a request to a URL may block for a proof, because option
 * `verify` asks for one and there is none yet.
 *
 * url, url_len: absolute.
 *
 * Synchronised internally. Since 0.1.
 */
COSTMARK_API bool costmark_client_may_verify(const costmark_client *client, const char *url,
                                             size_t url_len) COSTMARK_NOEXCEPT;

/* COSTMARK_VERDICT_UNKNOWN from NULL. Any thread. Since 0.1. */
COSTMARK_API costmark_verdict
costmark_verification_verdict(const costmark_verification *verification) COSTMARK_NOEXCEPT;

/* One sentence that says why. See rules 1 and 2. Any thread. Since 0.1. */
COSTMARK_API const char *costmark_verification_reason(const costmark_verification *verification,
                                                      size_t *out_len) COSTMARK_NOEXCEPT;

/* The URL that was asked, without its query. See rules 1 and 2. Any thread. Since 0.1. */
COSTMARK_API const char *costmark_verification_endpoint(const costmark_verification *verification,
                                                        size_t *out_len) COSTMARK_NOEXCEPT;

/* How the project was named: "header", "workspace", "body" or several. See rules 1 and 2.
 * Any thread. Since 0.1. */
COSTMARK_API const char *costmark_verification_carrier(const costmark_verification *verification,
                                                       size_t *out_len) COSTMARK_NOEXCEPT;

/* The real project. See rules 1 and 2. Any thread. Since 0.1. */
COSTMARK_API const char *costmark_verification_project(const costmark_verification *verification,
                                                       size_t *out_len) COSTMARK_NOEXCEPT;

/* The model; empty when none was named. See rules 1 and 2. Any thread. Since 0.1. */
COSTMARK_API const char *costmark_verification_model(const costmark_verification *verification,
                                                     size_t *out_len) COSTMARK_NOEXCEPT;

/* Whether an unknown verdict is so only for now: the network, a busy or failing service. Any thread.
 * Since 0.1. */
COSTMARK_API bool costmark_verification_retryable(const costmark_verification *verification)
    COSTMARK_NOEXCEPT;

/* When the last exchange was answered, in seconds since 1970 UTC. Any thread. Since 0.1. */
COSTMARK_API int64_t
costmark_verification_checked_unix_s(const costmark_verification *verification) COSTMARK_NOEXCEPT;

/* How many exchanges there were. Any thread. Since 0.1. */
COSTMARK_API size_t
costmark_verification_probe_count(const costmark_verification *verification) COSTMARK_NOEXCEPT;

/*
 * One exchange.
 *
 * index: from 0 to costmark_verification_probe_count() - 1, in the order of time.
 * out_probe: its struct_size set by the caller; receives what is known of it.
 *
 * Any thread. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status costmark_verification_probe(
    const costmark_verification *verification, size_t index, costmark_probe *out_probe,
    costmark_error **out_error) COSTMARK_NOEXCEPT;

/* Ends a verification. NULL is ignored. Since 0.1. */
COSTMARK_API void costmark_verification_free(costmark_verification *verification)
    COSTMARK_NOEXCEPT;

/* ------------------------------------------------------------------------------------------------
 * Usage by project
 */

/* The counters of a client as they stood at one moment. Immutable, share freely. */
typedef struct costmark_usage_report costmark_usage_report;

/* Sums of one project. Counts are over operations, sums of tokens over attempts. */
typedef struct costmark_usage_totals {
  size_t struct_size;           /* sizeof(costmark_usage_totals), see rule 10 */
  uint64_t operations;          /* calls of the user */
  uint64_t attempts;            /* HTTP exchanges */
  uint64_t failed_attempts;     /* outcome error */
  uint64_t incomplete_attempts; /* outcome cancelled, incomplete or unknown */
  uint64_t input_tokens;        /* with the cached and the cache-written ones */
  uint64_t cached_input_tokens;
  uint64_t cache_write_tokens;
  uint64_t output_tokens; /* with the reasoning ones */
  uint64_t reasoning_tokens;
  uint64_t inconsistent; /* attempts whose usage was flagged */
} costmark_usage_totals;

#define COSTMARK_USAGE_TOTALS_INIT {sizeof(costmark_usage_totals), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}

/*
 * Takes the counters of a client, by project.
 *
 * out_report: receives the report; end it with costmark_usage_report_free().
 *
 * Synchronised internally. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status
costmark_client_usage(const costmark_client *client, costmark_usage_report **out_report,
                      costmark_error **out_error) COSTMARK_NOEXCEPT;

/* How many projects the report holds. Any thread. Since 0.1. */
COSTMARK_API size_t costmark_usage_report_count(const costmark_usage_report *report)
    COSTMARK_NOEXCEPT;

/*
 * The id of one project; calls that named none are under "default". Sorted by bytes.
 *
 * index: from 0 to costmark_usage_report_count() - 1; empty for another.
 * out_len: receives the length in bytes; may be NULL.
 *
 * Lives as long as `report`. Any thread. Since 0.1.
 */
COSTMARK_API const char *costmark_usage_report_project(const costmark_usage_report *report,
                                                       size_t index,
                                                       size_t *out_len) COSTMARK_NOEXCEPT;

/*
 * The sums of one project.
 *
 * index: as in costmark_usage_report_project().
 * out_totals: its struct_size set by the caller; receives the sums.
 *
 * Any thread. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status costmark_usage_report_totals(
    const costmark_usage_report *report, size_t index, costmark_usage_totals *out_totals,
    costmark_error **out_error) COSTMARK_NOEXCEPT;

/* Ends a report. NULL is ignored. Since 0.1. */
COSTMARK_API void costmark_usage_report_free(costmark_usage_report *report) COSTMARK_NOEXCEPT;

/* One attempt that has ended. Its texts live until the callback returns. */
typedef struct costmark_usage_event {
  size_t struct_size;          /* what this library knows of the struct */
  costmark_str project;        /* "default" when the request named none */
  costmark_str model;          /* that answered; absent when not seen */
  costmark_str response_id;    /* absent when not seen */
  costmark_str service_tier;   /* absent when not seen */
  const costmark_usage *usage; /* its struct_size is what this library knows of it */
  costmark_api api;
  costmark_outcome outcome;
  int32_t http_status; /* 0: there was no answer */
  uint32_t attempt;    /* of its operation, from 1 */
} costmark_usage_event;

/*
 * Receives every attempt of an inference request when it ends, on the thread that ends it, after it
 * was counted. It may be called by several threads at once. A reader of an older header sees the
 * fields that it knows: struct_size is never smaller than theirs.
 */
typedef void (*costmark_usage_callback)(void *user_data, const costmark_usage_event *event);

/*
 * Tells the host application of every attempt and what it used. Replaces an earlier callback.
 *
 * callback: see costmark_usage_callback. Not NULL.
 * user_data, free_user_data: see rule 7.
 *
 * One thread at a time. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status costmark_config_set_usage_callback(
    costmark_config *config, costmark_usage_callback callback, void *user_data,
    costmark_free_user_data free_user_data, costmark_error **out_error) COSTMARK_NOEXCEPT;

/* ------------------------------------------------------------------------------------------------
 * Credentials alone
 */

/*
 * The credentials that a client of the same configuration would sign with: kept, and renewed before
 * they end. Synchronised internally. Shared: counted by its owners.
 */
typedef struct costmark_credentials_provider costmark_credentials_provider;

/* One set of credentials as it was at one moment. Immutable, share freely. Wiped when it ends. */
typedef struct costmark_credentials_set costmark_credentials_set;

/*
 * Makes a provider. Fetches nothing yet.
 *
 * config: its credentials callback, keys or profile, else the default chain; copied.
 * out_provider: receives it, counted once; give it back with
 *     costmark_credentials_provider_release().
 *
 * COSTMARK_INVALID_OPTION: options that cannot go together, or a bad variable in the environment.
 *
 * Overlaps only with calls that take `config` as const. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status costmark_credentials_provider_new(
    const costmark_config *config, costmark_credentials_provider **out_provider,
    costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Takes the credentials that are valid now; fetches or renews them first where that is due. One
 * thread does that, while others go on with those that are still valid.
 *
 * out_set: receives them; end them with costmark_credentials_set_free().
 *
 * Statuses of costmark_client_prepare() that concern credentials. Synchronised internally.
 * Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status costmark_credentials_provider_get(
    costmark_credentials_provider *provider, costmark_credentials_set **out_set,
    costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Tells that a service refused a set as expired or invalid: if it is still the newest, the next
 * costmark_credentials_provider_get() fetches another one, at most every five seconds.
 *
 * set: as it was got from `provider`.
 *
 * Returns false when the next one would be the same set again. Synchronised internally. Since 0.1.
 */
COSTMARK_API bool costmark_credentials_provider_refused(
    costmark_credentials_provider *provider, const costmark_credentials_set *set) COSTMARK_NOEXCEPT;

/* Counts one more owner. Returns `provider`; NULL from NULL or from what is none. Synchronised
 * internally. Since 0.1. */
COSTMARK_API costmark_credentials_provider *costmark_credentials_provider_retain(
    costmark_credentials_provider *provider) COSTMARK_NOEXCEPT;

/* Gives one count back; the last one ends it. NULL is ignored. Synchronised internally. Since 0.1. */
COSTMARK_API void costmark_credentials_provider_release(costmark_credentials_provider *provider)
    COSTMARK_NOEXCEPT;

/*
 * Shows a set, as costmark_sign() takes it.
 *
 * out_credentials: its struct_size set by the caller; receives views that live as long as `set`.
 *
 * Any thread. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status costmark_credentials_set_view(
    const costmark_credentials_set *set, costmark_credentials *out_credentials,
    costmark_error **out_error) COSTMARK_NOEXCEPT;

/* Where a set came from, such as "environment". See rules 1 and 2. Any thread. Since 0.1. */
COSTMARK_API const char *costmark_credentials_set_source(const costmark_credentials_set *set,
                                                         size_t *out_len) COSTMARK_NOEXCEPT;

/* Ends a set. NULL is ignored. Since 0.1. */
COSTMARK_API void costmark_credentials_set_free(costmark_credentials_set *set) COSTMARK_NOEXCEPT;

/* How the default chain came to its answer. Holds no secrets. Immutable, share freely. */
typedef struct costmark_credentials_report costmark_credentials_report;

/*
 * Walks the default chain anew and writes down what each source said. Blocks as a fetch does.
 *
 * config: of which the option `profile` counts.
 * out_report: receives the report; end it with costmark_credentials_report_free().
 *
 * Overlaps only with calls that take `config` as const. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status costmark_credentials_report_new(
    const costmark_config *config, costmark_credentials_report **out_report,
    costmark_error **out_error) COSTMARK_NOEXCEPT;

/* How many sources were asked; those behind the one that won, or that failed, were not. Any thread.
 * Since 0.1. */
COSTMARK_API size_t
costmark_credentials_report_count(const costmark_credentials_report *report) COSTMARK_NOEXCEPT;

/*
 * The name of a source, and why it has no credentials; an empty text for the one that has.
 *
 * index: from 0 to costmark_credentials_report_count() - 1, in the order of the chain; empty for
 *     another.
 * out_len: receives the length in bytes; may be NULL.
 *
 * Live as long as `report`. Any thread. Since 0.1.
 */
COSTMARK_API const char *costmark_credentials_report_source(
    const costmark_credentials_report *report, size_t index, size_t *out_len) COSTMARK_NOEXCEPT;
COSTMARK_API const char *costmark_credentials_report_failure(
    const costmark_credentials_report *report, size_t index, size_t *out_len) COSTMARK_NOEXCEPT;

/* Whether there are credentials. Any thread. Since 0.1. */
COSTMARK_API bool costmark_credentials_report_found(const costmark_credentials_report *report)
    COSTMARK_NOEXCEPT;

/* The region that the environment or the profile names; empty for none. See rules 1 and 2. Any
 * thread. Since 0.1. */
COSTMARK_API const char *costmark_credentials_report_region(
    const costmark_credentials_report *report, size_t *out_len) COSTMARK_NOEXCEPT;

/* Where that region stands, such as "AWS_REGION"; empty for none. See rules 1 and 2. Any thread.
 * Since 0.1. */
COSTMARK_API const char *costmark_credentials_report_region_origin(
    const costmark_credentials_report *report, size_t *out_len) COSTMARK_NOEXCEPT;

/* Ends a report. NULL is ignored. Since 0.1. */
COSTMARK_API void costmark_credentials_report_free(costmark_credentials_report *report)
    COSTMARK_NOEXCEPT;

/* ------------------------------------------------------------------------------------------------
 * Bearer tokens alone
 *
 * Short-term Bedrock API keys ("bedrock-api-key-..."), made from AWS credentials without asking
 * AWS: a presigned request for CallWithBearerToken, as aws-bedrock-token-generator makes it. One is
 * good in its region alone, and for no longer than the credentials that it was made from.
 */

/* One token. Immutable, share freely. Wiped when it ends. */
typedef struct costmark_bearer_token costmark_bearer_token;

/* Keeps the newest token. Synchronised internally. Shared: counted by its owners. */
typedef struct costmark_bearer_token_provider costmark_bearer_token_provider;

/*
 * Makes a token.
 *
 * credentials: to make it from; copied for the call.
 * region, region_len: such as "us-east-1". Not NULL.
 * expires_in_s: its life, from 1 to 43,200 seconds.
 * time_unix_s: seconds since 1970 UTC; 0: now.
 * out_token: receives it; end it with costmark_bearer_token_free().
 *
 * COSTMARK_NO_CREDENTIALS: a required field of the credentials is empty, or not printable.
 * COSTMARK_EXPIRED_CREDENTIALS: authenticate again.
 *
 * Any thread. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status costmark_bearer_token_new(
    const costmark_credentials *credentials, const char *region, size_t region_len,
    int64_t expires_in_s, int64_t time_unix_s, costmark_bearer_token **out_token,
    costmark_error **out_error) COSTMARK_NOEXCEPT;

/* The token itself, without "Bearer ". Do not log it. See rules 1 and 2. Any thread. Since 0.1. */
COSTMARK_API const char *costmark_bearer_token_text(const costmark_bearer_token *token,
                                                    size_t *out_len) COSTMARK_NOEXCEPT;

/* When it ends, in seconds since 1970 UTC: the earlier of its own end and that of its credentials.
 * Any thread. Since 0.1. */
COSTMARK_API int64_t costmark_bearer_token_expires_unix_s(const costmark_bearer_token *token)
    COSTMARK_NOEXCEPT;

/* Ends a token. NULL is ignored. Since 0.1. */
COSTMARK_API void costmark_bearer_token_free(costmark_bearer_token *token) COSTMARK_NOEXCEPT;

/*
 * Makes a provider of tokens. Fetches nothing yet.
 *
 * config: where its credentials come from, as in costmark_credentials_provider_new(), and option
 *     `region`, else AWS_REGION, AWS_DEFAULT_REGION or the profile's; copied.
 * expires_in_s: the life of each token, from 1 to 43,200 seconds; 0: 43,200.
 * out_provider: receives it, counted once; give it back with
 *     costmark_bearer_token_provider_release().
 *
 * COSTMARK_INVALID_OPTION: there is no region, or options cannot go together.
 *
 * Overlaps only with calls that take `config` as const. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status costmark_bearer_token_provider_new(
    const costmark_config *config, int64_t expires_in_s,
    costmark_bearer_token_provider **out_provider, costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Takes the token that is valid now; makes another one fifteen minutes before it ends, or when half
 * of its life is over where that is shorter.
 *
 * out_token: receives it; end it with costmark_bearer_token_free().
 *
 * Statuses of costmark_client_prepare() that concern credentials. Synchronised internally.
 * Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status costmark_bearer_token_provider_get(
    costmark_bearer_token_provider *provider, costmark_bearer_token **out_token,
    costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Tells that a service refused a token: if it is still the newest, it is forgotten, and so are the
 * credentials that it was made from.
 *
 * token, token_len: its text.
 *
 * Returns false when the next one would be the same again. Synchronised internally. Since 0.1.
 */
COSTMARK_API bool costmark_bearer_token_provider_refused(costmark_bearer_token_provider *provider,
                                                         const char *token,
                                                         size_t token_len) COSTMARK_NOEXCEPT;

/* Counts one more owner. Returns `provider`; NULL from NULL or from what is none. Synchronised
 * internally. Since 0.1. */
COSTMARK_API costmark_bearer_token_provider *costmark_bearer_token_provider_retain(
    costmark_bearer_token_provider *provider) COSTMARK_NOEXCEPT;

/* Gives one count back; the last one ends it. NULL is ignored. Synchronised internally. Since 0.1. */
COSTMARK_API void costmark_bearer_token_provider_release(costmark_bearer_token_provider *provider)
    COSTMARK_NOEXCEPT;

/* ------------------------------------------------------------------------------------------------
 * Signing alone
 */

/* A request to sign with AWS Signature Version 4. */
typedef struct costmark_sign_request {
  size_t struct_size;             /* sizeof(costmark_sign_request), see rule 10 */
  costmark_str method;            /* Required: such as "POST". */
  costmark_str url;               /* Required: absolute, http or https, percent-encoded. */
  costmark_str region;            /* Required: such as "us-east-1". */
  costmark_str service;           /* Required: the signing name, such as "bedrock-mantle". */
  const costmark_credentials *credentials; /* Required. */
  const costmark_header *headers; /* Optional: what to sign besides host and the x-amz-... headers
                                     that signing adds. Those that no SDK signs are skipped. */
  size_t header_count;
  costmark_str body;   /* Optional. */
  int64_t time_unix_s; /* Optional: seconds since 1970 UTC; 0: now. */
} costmark_sign_request;

#define COSTMARK_SIGN_REQUEST_INIT                                                         \
  {sizeof(costmark_sign_request), COSTMARK_STR_INIT, COSTMARK_STR_INIT, COSTMARK_STR_INIT, \
   COSTMARK_STR_INIT,             NULL,              NULL,              0,                 \
   COSTMARK_STR_INIT,             0}

/*
 * What signing produced. One thread at a time. Use one again and again: it keeps its memory, and
 * the last credentials with the keys derived from them, until it is freed, which wipes them.
 */
typedef struct costmark_signature costmark_signature;

/*
 * Makes an empty signature.
 *
 * out_signature: receives it; end it with costmark_signature_free().
 *
 * Any thread. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status costmark_signature_new(
    costmark_signature **out_signature, costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Signs a request.
 *
 * request: read until the call returns.
 * signature: receives the headers to set; empty after a failure.
 *
 * COSTMARK_INVALID_URL: fix the URL at the error's offset.
 * COSTMARK_NO_CREDENTIALS: a required field of the credentials is empty, or not printable.
 * COSTMARK_EXPIRED_CREDENTIALS: authenticate again.
 *
 * One thread at a time. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status
costmark_sign(const costmark_sign_request *request, costmark_signature *signature,
              costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Signs into the query instead: whoever has the URL may send this request, and no other, until it
 * expires or the credentials do.
 *
 * request: read until the call returns. Of its headers, those that are signed must be sent with the
 *     URL.
 * expires_in_s: from 1 to 604,800 seconds.
 * signature: receives the URL; it has no headers to set. Empty after a failure.
 *
 * Statuses of costmark_sign().
 *
 * One thread at a time. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status
costmark_presign(const costmark_sign_request *request, int64_t expires_in_s,
                 costmark_signature *signature, costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * The URL to send after costmark_presign(); empty after costmark_sign(). It carries the signature:
 * do not log it.
 *
 * out_len: receives the length in bytes; may be NULL.
 *
 * Lives until `signature` is filled again or freed. Since 0.1.
 */
COSTMARK_API const char *costmark_signature_url(const costmark_signature *signature,
                                                size_t *out_len) COSTMARK_NOEXCEPT;

/*
 * Headers to set: authorization, x-amz-date, x-amz-content-sha256, and x-amz-security-token where
 * there is a session token. Do not log them.
 *
 * out_count: receives their number; may be NULL.
 *
 * Returns an array that lives until `signature` is filled again or freed. Since 0.1.
 */
COSTMARK_API const costmark_header *costmark_signature_headers(const costmark_signature *signature,
                                                               size_t *out_count) COSTMARK_NOEXCEPT;

/*
 * The canonical request that was signed, for explaining a signature that the service refused. It
 * holds the session token: do not log it.
 *
 * out_len: receives the length in bytes; may be NULL.
 *
 * Lives until `signature` is filled again or freed. Not followed by a NUL. Since 0.1.
 */
COSTMARK_API const char *costmark_signature_canonical_request(const costmark_signature *signature,
                                                              size_t *out_len) COSTMARK_NOEXCEPT;

/* Ends a signature. NULL is ignored. One thread at a time. Since 0.1. */
COSTMARK_API void costmark_signature_free(costmark_signature *signature) COSTMARK_NOEXCEPT;

/* ------------------------------------------------------------------------------------------------
 * JSON rewriting alone
 *
 * Sets or removes one member of a JSON object. Everything outside of it stays byte for byte: order,
 * white space, escapes, the spelling of numbers. A member that occurs twice ends up once.
 */

/* Bits of `flags`. Without this one an edit checks no more of the text than it has to, and never
 * turns invalid text into valid text or valid into invalid. */
#define COSTMARK_JSON_STRICT 0x1u /* exactly the texts of RFC 8259 pass */

/*
 * A capacity that is enough for costmark_json_set() with inputs of these lengths, in bytes;
 * SIZE_MAX when no memory could hold it. For costmark_json_remove(), json_len is enough.
 *
 * Any thread. Since 0.1.
 */
COSTMARK_API size_t costmark_json_set_bound(size_t json_len, size_t path_len,
                                            size_t value_len) COSTMARK_NOEXCEPT;

/*
 * Gives a member a value.
 *
 * json, json_len: the text; its root must be an object.
 * path, path_len: names of members from the root, separated by dots, such as
 *     "stream_options.include_usage"; a backslash keeps the next character literal. Parents that
 *     are not there are made.
 * value, value_len: one complete JSON text.
 * flags: 0, or COSTMARK_JSON_STRICT.
 * buffer, capacity: receives the edited text, without a NUL. Must not overlap with the inputs. NULL
 *     with 0 asks for the size. Not written to on failure.
 * out_len: receives the length of the edited text, also when `capacity` is too small for it, which
 *     is COSTMARK_INVALID_ARGUMENT; 0 after other failures. Not NULL.
 *
 * COSTMARK_INVALID_JSON: fix the text at the error's offset.
 *
 * Any thread. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status costmark_json_set(
    const char *json, size_t json_len, const char *path, size_t path_len, const char *value,
    size_t value_len, uint32_t flags, char *buffer, size_t capacity, size_t *out_len,
    costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Removes every occurrence of a member. One that is not there is no error.
 *
 * Parameters and statuses are those of costmark_json_set().
 *
 * Any thread. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status costmark_json_remove(
    const char *json, size_t json_len, const char *path, size_t path_len, uint32_t flags,
    char *buffer, size_t capacity, size_t *out_len, costmark_error **out_error) COSTMARK_NOEXCEPT;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* COSTMARK_COSTMARK_H */
