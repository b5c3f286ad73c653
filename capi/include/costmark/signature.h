/* costmark: a part of costmark.h, which has the rules. */
#ifndef COSTMARK_COSTMARK_H
#include <costmark/costmark.h> /* which includes this file */
#elif !defined(COSTMARK_SIGNATURE_H)
#define COSTMARK_SIGNATURE_H

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------
 * Signing alone
 */

/* A request to sign with AWS Signature Version 4. */
typedef struct costmark_sign_request {
  size_t struct_size;
  costmark_str method;  /* Required: such as "POST". */
  costmark_str url;     /* Required: absolute, http or https, percent-encoded. */
  costmark_str region;  /* Required: such as "us-east-1". */
  costmark_str service; /* Required: the signing name, such as "bedrock-mantle". */
  const costmark_credentials *credentials; /* Required. */
  const costmark_header *headers; /* Optional: what to sign besides host and the x-amz-... headers
                                     that signing adds. Those that no SDK signs are skipped. */
  size_t header_count;
  costmark_str body;   /* Optional. */
  int64_t time_unix_s; /* Optional: seconds since 1970 UTC; 0: now. */
} costmark_sign_request;

#define COSTMARK_SIGN_REQUEST_INIT \
  {sizeof(costmark_sign_request),  \
   COSTMARK_STR_INIT,              \
   COSTMARK_STR_INIT,              \
   COSTMARK_STR_INIT,              \
   COSTMARK_STR_INIT,              \
   NULL,                           \
   NULL,                           \
   0,                              \
   COSTMARK_STR_INIT,              \
   0}

/*
 * What signing produces. One thread at a time. Use one again and again: it keeps its memory, and
 * the last credentials with the keys derived from them, until it is freed, which wipes them.
 */
typedef struct costmark_signature costmark_signature;

/* A signature. Lives until its handle is used again or freed. Do not log any of it. */
typedef struct costmark_signature_view {
  size_t struct_size;
  costmark_str url;               /* to send, after costmark_signature_presign(); else absent */
  const costmark_header *headers; /* to set, after costmark_signature_sign(): authorization,
                                     x-amz-date, x-amz-content-sha256, and x-amz-security-token
                                     where there is a session token */
  size_t header_count;
  costmark_str canonical_request; /* what was signed, for explaining a signature that was refused;
                                     no NUL follows it */
} costmark_signature_view;

#define COSTMARK_SIGNATURE_VIEW_INIT \
  {sizeof(costmark_signature_view), COSTMARK_STR_INIT, NULL, 0, COSTMARK_STR_INIT}

/* Makes an empty signature. */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status costmark_signature_new(
    costmark_signature **out_signature, costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Signs a request. After a failure the signature is empty.
 *
 * request: read until the call returns.
 *
 * COSTMARK_INVALID_URL: fix the URL at the error's offset.
 * COSTMARK_NO_CREDENTIALS: a required field of the credentials is empty, or not printable.
 * COSTMARK_EXPIRED_CREDENTIALS: authenticate again.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status
costmark_signature_sign(costmark_signature *signature, const costmark_sign_request *request,
                        costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Signs into the query instead: everyone who has the URL may send this request, and no other, until
 * it expires or the credentials do. After a failure the signature is empty.
 *
 * request: read until the call returns. Those of its headers that are signed must be sent with the
 * URL. expires_in_s: from 1 to 604,800 seconds; 0: 604,800.
 *
 * Statuses of costmark_signature_sign().
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status
costmark_signature_presign(costmark_signature *signature, const costmark_sign_request *request,
                           int64_t expires_in_s, costmark_error **out_error) COSTMARK_NOEXCEPT;

/* Shows a signature. out_view: its struct_size set by the caller. */
COSTMARK_EXPORT void costmark_signature_read(const costmark_signature *signature,
                                             costmark_signature_view *out_view) COSTMARK_NOEXCEPT;

/* Ends a signature. */
COSTMARK_EXPORT void costmark_signature_free(costmark_signature *signature) COSTMARK_NOEXCEPT;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* COSTMARK_SIGNATURE_H */
