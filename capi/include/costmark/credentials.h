/* costmark: a part of costmark.h, which has the rules. */
#ifndef COSTMARK_COSTMARK_H
#include <costmark/costmark.h> /* which includes this file */
#elif !defined(COSTMARK_CREDENTIALS_H)
#define COSTMARK_CREDENTIALS_H

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------
 * Credentials
 *
 * A client takes the options access_key_id, secret_access_key and session_token; else the
 * environment; else a profile of the shared config and credentials files (option profile), with its
 * keys, role, SSO session or credential_process; else web identity, the container's endpoint or the
 * instance's, as the AWS SDKs do. A callback replaces all of them.
 */

/* One set of AWS credentials. */
typedef struct costmark_credentials {
  size_t struct_size;
  costmark_str access_key_id;     /* Required. */
  costmark_str secret_access_key; /* Required. */
  costmark_str session_token;     /* Optional: absent for long-term keys. */
  costmark_str account_id;        /* Optional: twelve digits, where known. */
  costmark_str source;            /* Output: where they came from, such as "environment". Ignored as
                                     input. */
  int64_t expires_unix_s;         /* Optional: seconds since 1970 UTC; 0: they do not expire. */
} costmark_credentials;

#define COSTMARK_CREDENTIALS_INIT \
  {sizeof(costmark_credentials),  \
   COSTMARK_STR_INIT,             \
   COSTMARK_STR_INIT,             \
   COSTMARK_STR_INIT,             \
   COSTMARK_STR_INIT,             \
   COSTMARK_STR_INIT,             \
   0}

/* Where a callback puts its credentials. Lives during the callback. One thread at a time. */
typedef struct costmark_credentials_sink costmark_credentials_sink;

/*
 * A source of credentials: puts them into `sink` and returns COSTMARK_OK, or returns why it has
 * none (COSTMARK_NO_CREDENTIALS, COSTMARK_STOPPED_BY_CALLBACK, ...). Called when a request needs
 * credentials and those at hand are absent or about to expire; for one client never by two threads
 * at once. It may block: other threads go on with credentials that are still valid.
 */
typedef costmark_status (*costmark_credentials_callback)(void *user_data,
                                                         costmark_credentials_sink *sink);

/*
 * Supplies the credentials from inside a costmark_credentials_callback. Again: replaces them.
 *
 * credentials: copied. The copy of the secrets is wiped when no request needs it any more.
 *
 * COSTMARK_NO_CREDENTIALS: a required field is empty, or a field holds a control character.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status
costmark_credentials_put(costmark_credentials_sink *sink, const costmark_credentials *credentials,
                         costmark_error **out_error) COSTMARK_NOEXCEPT;

/* Sets the source of credentials. Several clients of one configuration may call it at once. */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status costmark_config_set_credentials_callback(
    costmark_config *config, costmark_credentials_callback callback, void *user_data,
    costmark_free_user_data free_user_data, costmark_error **out_error) COSTMARK_NOEXCEPT;

/* Where a callback puts its bearer token. Lives during the callback. One thread at a time. */
typedef struct costmark_bearer_token_sink costmark_bearer_token_sink;

/*
 * A source of bearer tokens: puts one into `sink` and returns COSTMARK_OK, or returns why it has
 * none. Called whenever a request needs one, by several threads at once if they need one at once.
 */
typedef costmark_status (*costmark_bearer_token_callback)(void *user_data,
                                                          costmark_bearer_token_sink *sink);

/*
 * Supplies the token from inside a costmark_bearer_token_callback. Again: replaces it.
 *
 * token, token_len: without "Bearer ". Copied.
 *
 * COSTMARK_NO_CREDENTIALS: the token is empty.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status
costmark_bearer_token_put(costmark_bearer_token_sink *sink, const char *token, size_t token_len,
                          costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Receives a token of the source that the service refused: a source that keeps its token drops it.
 *
 * token, token_len: not followed by a NUL.
 */
typedef void (*costmark_bearer_token_refused_callback)(void *user_data, const char *token,
                                                       size_t token_len);

/*
 * Sets the source of bearer tokens.
 *
 * refused: NULL: the source is not told of refusals. Called with the same user_data.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status costmark_config_set_bearer_token_callback(
    costmark_config *config, costmark_bearer_token_callback callback,
    costmark_bearer_token_refused_callback refused, void *user_data,
    costmark_free_user_data free_user_data, costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Tells which API key the host's own HTTP client carries. With option auth=auto it counts as a
 * bearer token if it looks like one of Bedrock's ("bedrock-api-key-...", "ABSK..."); any other is
 * ignored.
 *
 * key, key_len: NULL with 0: none.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status
costmark_config_set_host_api_key(costmark_config *config, const char *key, size_t key_len,
                                 costmark_error **out_error) COSTMARK_NOEXCEPT;

/* ------------------------------------------------------------------------------------------------
 * Credentials alone
 */

/*
 * The credentials that a client of the same configuration signs with: kept, and renewed before they
 * expire. Synchronized internally. Shared: counted by its owners.
 */
typedef struct costmark_credentials_cache costmark_credentials_cache;

/* One set of credentials as it was at one moment. Immutable, share freely. Wiped when it ends. */
typedef struct costmark_credentials_set costmark_credentials_set;

/*
 * Makes a cache. Fetches nothing yet.
 *
 * config: its credentials callback, keys or profile, else the default chain; copied.
 * out_cache: receives it, counted once.
 *
 * COSTMARK_INVALID_OPTION: options that cannot go together, or a bad variable in the environment.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status costmark_credentials_cache_new(
    const costmark_config *config, costmark_credentials_cache **out_cache,
    costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Takes the credentials that are valid now; fetches or renews them first where that is due. One
 * thread does that, while others go on with those that are still valid.
 *
 * out_set: receives them.
 *
 * Statuses of costmark_operation_ready() that concern credentials.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status costmark_credentials_cache_get(
    costmark_credentials_cache *cache, costmark_credentials_set **out_set,
    costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Tells that a service refused a set as expired or invalid: if it is still the newest, the next
 * costmark_credentials_cache_get() fetches another one, at most every five seconds.
 *
 * Returns false when the next one would be the same set again.
 */
COSTMARK_EXPORT bool costmark_credentials_cache_refused(
    costmark_credentials_cache *cache, const costmark_credentials_set *set) COSTMARK_NOEXCEPT;

/* Adds an owner. Returns `cache`; NULL if the argument is not a cache. */
COSTMARK_EXPORT costmark_credentials_cache *costmark_credentials_cache_retain(
    costmark_credentials_cache *cache) COSTMARK_NOEXCEPT;

/* Takes an owner away; the last one ends it. */
COSTMARK_EXPORT void costmark_credentials_cache_release(costmark_credentials_cache *cache)
    COSTMARK_NOEXCEPT;

/* Shows a set, for as long as it lives. out_credentials: its struct_size set by the caller. */
COSTMARK_EXPORT void costmark_credentials_set_read(
    const costmark_credentials_set *set, costmark_credentials *out_credentials) COSTMARK_NOEXCEPT;

/* Ends a set. */
COSTMARK_EXPORT void costmark_credentials_set_free(costmark_credentials_set *set) COSTMARK_NOEXCEPT;

/* How the default chain came to its answer. Holds no secrets. Immutable, share freely. */
typedef struct costmark_credentials_report costmark_credentials_report;

/* What a report says. Lives as long as the report. */
typedef struct costmark_credentials_report_view {
  size_t struct_size;
  costmark_str region;        /* that the environment or the profile names; absent for none */
  costmark_str region_origin; /* where that stands, such as "AWS_REGION"; absent for none */
  size_t source_count; /* that were asked; those after the one that won, or failed, were not */
  uint32_t found;      /* there are credentials */
  uint32_t reserved;
} costmark_credentials_report_view;

#define COSTMARK_CREDENTIALS_REPORT_VIEW_INIT \
  {sizeof(costmark_credentials_report_view), COSTMARK_STR_INIT, COSTMARK_STR_INIT, 0, 0, 0}

/*
 * Runs the default chain and records each source's result. Blocks as fetching credentials does.
 *
 * config: of which the options `profile`, `region`, and those of keys and of a role count. Keys go
 * before the chain, as source "options"; a role is asked for at the end, as source "role".
 * out_report: receives the report.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status costmark_config_explain_credentials(
    const costmark_config *config, costmark_credentials_report **out_report,
    costmark_error **out_error) COSTMARK_NOEXCEPT;

/* Shows a report. out_view: its struct_size set by the caller. */
COSTMARK_EXPORT void costmark_credentials_report_read(const costmark_credentials_report *report,
                                                      costmark_credentials_report_view *out_view)
    COSTMARK_NOEXCEPT;

/*
 * Shows one source, in the order of the chain.
 *
 * index: from 0 to source_count - 1.
 * out_name: receives its name; absent for another index.
 * out_failure: receives why it has no credentials; empty for the source that has.
 */
COSTMARK_EXPORT void costmark_credentials_report_source(
    const costmark_credentials_report *report, size_t index, costmark_str *out_name,
    costmark_str *out_failure) COSTMARK_NOEXCEPT;

/* Ends a report. */
COSTMARK_EXPORT void costmark_credentials_report_free(costmark_credentials_report *report)
    COSTMARK_NOEXCEPT;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* COSTMARK_CREDENTIALS_H */
