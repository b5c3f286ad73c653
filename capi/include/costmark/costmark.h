/*
 * costmark: marks every Amazon Bedrock call with the project that pays for it.
 *
 * The library writes the project into a request, signs the request, hands it back to be sent, and
 * reads the usage out of the answer. It sends none of your requests itself; it asks the network for
 * credentials where they are kept there, and, with the option `verify`, the endpoint for proof. It
 * prints nothing, installs no signal handlers and starts no threads, except that libcurl looks up
 * the name of a host in one of its own. This header is its whole manual.
 *
 * A complete program (capi/examples/prepare.c is a longer one, with errors printed):
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
 *  5. A getter cannot fail: from NULL or an ended handle it returns 0, false, an empty text, or an
 *     empty array, which is NULL. Its `out_len` or `out_count` may be NULL.
 *
 *  6. Options are set by name; costmark_option_count() and costmark_option_get() list them.
 *
 *  7. A callback comes with `user_data` and `free_user_data`, which may be NULL. It runs on a
 *     thread that is inside a costmark function, never on another; views that it is given live
 *     until it returns. `free_user_data` runs exactly once: when the last handle that needs the
 *     callback is ended, on that thread, or at once if the call that received it fails. A callback
 *     must not throw, unwind or longjmp through the library. It may call everything here except
 *     functions that take the client, or an observation of the client, that is calling it: those
 *     return COSTMARK_INVALID_ARGUMENT. A failing callback returns a status other than COSTMARK_OK,
 *     and the function that called it returns the same one; COSTMARK_STOPPED_BY_CALLBACK never
 *     comes from anywhere else.
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
 * Whether this build contains a feature. Known names: "prepare", "observe", "usage", "sign",
 * "json", "credentials_callback", "bearer_token_callback", "log_callback". Later versions add more
 * and take none away; a name that is not known is not there.
 *
 * name, name_len: the name. NULL gives false.
 *
 * Any thread. Since 0.1.
 */
COSTMARK_API bool costmark_has_feature(const char *name, size_t name_len) COSTMARK_NOEXCEPT;

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

  COSTMARK_STOPPED_BY_CALLBACK = 60 /* a callback returned it; see rule 7 */
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

/*
 * Takes the head of the answer. Once, before the first costmark_observation_feed().
 *
 * http_status: from 100 to 599.
 * content_type, content_type_len: the value of that header. NULL with 0: it has none. A body with a
 *     Content-Encoding must be decoded before it is fed.
 *
 * One thread at a time. Since 0.1.
 */
COSTMARK_API COSTMARK_MUST_USE costmark_status costmark_observation_head(
    costmark_observation *observation, int32_t http_status, const char *content_type,
    size_t content_type_len, costmark_error **out_error) COSTMARK_NOEXCEPT;

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
 * Headers to set: authorization, x-amz-date, x-amz-content-sha256, and x-amz-security-token where
 * there is a session token. Do not log them.
 *
 * out_count: receives their number; may be NULL.
 *
 * Returns an array that lives until the next costmark_sign() with `signature` or its end.
 * Since 0.1.
 */
COSTMARK_API const costmark_header *costmark_signature_headers(const costmark_signature *signature,
                                                               size_t *out_count) COSTMARK_NOEXCEPT;

/*
 * The canonical request that was signed, for explaining a signature that the service refused. It
 * holds the session token: do not log it.
 *
 * out_len: receives the length in bytes; may be NULL.
 *
 * Lives until the next costmark_sign() with `signature` or its end. Not followed by a NUL.
 * Since 0.1.
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
