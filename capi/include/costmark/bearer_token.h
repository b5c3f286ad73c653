/* costmark: a part of costmark.h, which has the rules. */
#ifndef COSTMARK_COSTMARK_H
#include <costmark/costmark.h> /* which includes this file */
#elif !defined(COSTMARK_BEARER_TOKEN_H)
#define COSTMARK_BEARER_TOKEN_H

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------
 * Bearer tokens alone
 *
 * Short-term Bedrock API keys ("bedrock-api-key-..."), made from AWS credentials without asking
 * AWS: a presigned request for CallWithBearerToken, as aws-bedrock-token-generator makes it. One is
 * good in its region alone, and for no longer than the credentials that it was made from.
 */

/* One token. Immutable, share freely. Wiped when it ends. */
typedef struct costmark_bearer_token costmark_bearer_token;

/* Keeps the newest token. Synchronized internally. Shared: counted by its owners. */
typedef struct costmark_bearer_token_cache costmark_bearer_token_cache;

/* A token. Lives as long as its handle. */
typedef struct costmark_bearer_token_view {
  size_t struct_size;
  costmark_str text;      /* without "Bearer ". Do not log it. */
  int64_t expires_unix_s; /* the earlier of its own end and that of its credentials */
} costmark_bearer_token_view;

#define COSTMARK_BEARER_TOKEN_VIEW_INIT {sizeof(costmark_bearer_token_view), COSTMARK_STR_INIT, 0}

/*
 * Makes a token.
 *
 * credentials: to make it from; copied for the call.
 * region, region_len: such as "us-east-1". Not NULL.
 * expires_in_s: its life, from 1 to 43,200 seconds; 0: 43,200.
 * time_unix_s: seconds since 1970 UTC; 0: now.
 * out_token: receives it.
 *
 * COSTMARK_NO_CREDENTIALS: a required field of the credentials is empty, or not printable.
 * COSTMARK_EXPIRED_CREDENTIALS: authenticate again.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status costmark_bearer_token_new(
    const costmark_credentials *credentials, const char *region, size_t region_len,
    int64_t expires_in_s, int64_t time_unix_s, costmark_bearer_token **out_token,
    costmark_error **out_error) COSTMARK_NOEXCEPT;

/* Shows a token. out_view: its struct_size set by the caller. */
COSTMARK_EXPORT void costmark_bearer_token_read(
    const costmark_bearer_token *token, costmark_bearer_token_view *out_view) COSTMARK_NOEXCEPT;

/* Ends a token. */
COSTMARK_EXPORT void costmark_bearer_token_free(costmark_bearer_token *token) COSTMARK_NOEXCEPT;

/*
 * Makes a cache of tokens. Fetches nothing yet.
 *
 * config: where its credentials come from, as in costmark_credentials_cache_new(), and option
 * `region`, else AWS_REGION, AWS_DEFAULT_REGION or the profile's; copied. expires_in_s: the life of
 * each token, from 1 to 43,200 seconds; 0: 43,200. out_cache: receives it, counted once.
 *
 * COSTMARK_INVALID_OPTION: there is no region, or options cannot go together.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status costmark_bearer_token_cache_new(
    const costmark_config *config, int64_t expires_in_s, costmark_bearer_token_cache **out_cache,
    costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Takes the token that is valid now; makes another one fifteen minutes before it expires, or when
 * half of its life is over where that is shorter.
 *
 * out_token: receives it.
 *
 * Statuses of costmark_operation_ready() that concern credentials.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status costmark_bearer_token_cache_get(
    costmark_bearer_token_cache *cache, costmark_bearer_token **out_token,
    costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Tells that a service refused a token: if it is still the newest, it is forgotten, and so are the
 * credentials that it was made from.
 *
 * token, token_len: its text.
 *
 * Returns false when the next one would be the same again.
 */
COSTMARK_EXPORT bool costmark_bearer_token_cache_refused(costmark_bearer_token_cache *cache,
                                                         const char *token,
                                                         size_t token_len) COSTMARK_NOEXCEPT;

/* Adds an owner. Returns `cache`; NULL if the argument is not a cache. */
COSTMARK_EXPORT costmark_bearer_token_cache *costmark_bearer_token_cache_retain(
    costmark_bearer_token_cache *cache) COSTMARK_NOEXCEPT;

/* Takes an owner away; the last one ends it. */
COSTMARK_EXPORT void costmark_bearer_token_cache_release(costmark_bearer_token_cache *cache)
    COSTMARK_NOEXCEPT;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* COSTMARK_BEARER_TOKEN_H */
