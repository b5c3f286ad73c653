/* costmark: a part of costmark.h, which has the rules. */
#ifndef COSTMARK_COSTMARK_H
#include <costmark/costmark.h> /* which includes this file */
#elif !defined(COSTMARK_VERIFY_H)
#define COSTMARK_VERIFY_H

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------
 * Verify: the proof that an endpoint reads the project, and does not ignore it
 *
 * A request that names a project that cannot exist must fail because of it, and the same request
 * with the real project must pass.
 */

typedef int32_t costmark_verdict;
enum {
  COSTMARK_VERDICT_UNKNOWN = 0,    /* neither was shown; the reason says why */
  COSTMARK_VERDICT_HONORED = 1,    /* the impossible project was refused, the real one passed */
  COSTMARK_VERDICT_NOT_HONORED = 2 /* the impossible project was served: the name is ignored */
};

/* What to verify. All of it is optional. */
typedef struct costmark_verify_request {
  size_t struct_size;
  costmark_str project; /* Absent: the client's. */
  costmark_str model; /* One that the endpoint has. Absent: option verify_model; without one nothing
                         is generated, and of the real project only its own resource is read. */
  costmark_str url;   /* Of the API's requests, absolute. Absent: made of option base_url, or of the
                         region. */
  const costmark_header *headers; /* What requests carry besides, such as for a gateway. */
  size_t header_count;
  int64_t timeout_ms; /* Of each exchange; 0: 20,000. More than a day counts as a day. */
  costmark_api api;   /* COSTMARK_API_OTHER: messages where the URL or the model says so, else chat
                         completions, and responses for a model that has only those. */
  uint32_t force;     /* 1: even when the answer is known already. */
} costmark_verify_request;

#define COSTMARK_VERIFY_REQUEST_INIT \
  {sizeof(costmark_verify_request),  \
   COSTMARK_STR_INIT,                \
   COSTMARK_STR_INIT,                \
   COSTMARK_STR_INIT,                \
   NULL,                             \
   0,                                \
   0,                                \
   0,                                \
   0}

/* What was found out. Holds no secrets. Immutable, share freely. */
typedef struct costmark_verification costmark_verification;

/* What a verification says. Lives as long as the verification. */
typedef struct costmark_verification_view {
  size_t struct_size;
  costmark_str reason;    /* one sentence */
  costmark_str endpoint;  /* the URL that was asked, without its query */
  costmark_str carrier;   /* how the project was named: "header", "workspace", "body", or several */
  costmark_str project;   /* the real one */
  costmark_str model;     /* absent when none was named */
  int64_t checked_unix_s; /* when the last exchange was answered, in seconds since 1970 UTC */
  size_t probe_count;     /* see costmark_verification_probe() */
  costmark_verdict verdict;
  uint32_t retryable; /* unknown only for now: the network, or a busy or failing service */
} costmark_verification_view;

#define COSTMARK_VERIFICATION_VIEW_INIT \
  {sizeof(costmark_verification_view),  \
   COSTMARK_STR_INIT,                   \
   COSTMARK_STR_INIT,                   \
   COSTMARK_STR_INIT,                   \
   COSTMARK_STR_INIT,                   \
   COSTMARK_STR_INIT,                   \
   0,                                   \
   0,                                   \
   0,                                   \
   0}

/* One exchange of a verification. Lives as long as the verification. */
typedef struct costmark_probe {
  size_t struct_size;
  costmark_str project;    /* that it named */
  costmark_str request;    /* such as "POST https://host/path" */
  costmark_str code;       /* the error's, such as "not_found_error"; absent without one */
  costmark_str request_id; /* absent without one */
  costmark_str finding;    /* what it says, in words */
  int32_t http_status;     /* of the answer; 0: there was none */
  uint32_t reserved;
} costmark_probe;

#define COSTMARK_PROBE_INIT \
  {sizeof(costmark_probe),  \
   COSTMARK_STR_INIT,       \
   COSTMARK_STR_INIT,       \
   COSTMARK_STR_INIT,       \
   COSTMARK_STR_INIT,       \
   COSTMARK_STR_INIT,       \
   0,                       \
   0}

/*
 * Finds out whether an endpoint reads the project of requests. Blocks for two or three exchanges.
 * The second may spend a few tokens of the project (and the first, if it is not refused, of the
 * endpoint's default one); they are counted like calls of the user. A proof is kept for the life of
 * the client. One thread at a time verifies; others with the same question share its answer.
 *
 * request: NULL: of the client's own project, endpoint and model.
 * out_verification: receives the result, also of exchanges that failed.
 *
 * Statuses of costmark_operation_begin() and costmark_operation_ready(), for requests that could
 * not be made.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status costmark_client_verify(
    const costmark_client *client, const costmark_verify_request *request,
    costmark_verification **out_verification, costmark_error **out_error) COSTMARK_NOEXCEPT;

/* Shows a verification. out_view: its struct_size set by the caller. */
COSTMARK_EXPORT void costmark_verification_read(const costmark_verification *verification,
                                                costmark_verification_view *out_view)
    COSTMARK_NOEXCEPT;

/*
 * Shows one exchange.
 *
 * index: from 0 to probe_count - 1, in the order of time.
 * out_probe: its struct_size set by the caller. All zero for another index.
 */
COSTMARK_EXPORT void costmark_verification_probe(const costmark_verification *verification,
                                                 size_t index,
                                                 costmark_probe *out_probe) COSTMARK_NOEXCEPT;

/* Ends a verification. */
COSTMARK_EXPORT void costmark_verification_free(costmark_verification *verification)
    COSTMARK_NOEXCEPT;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* COSTMARK_VERIFY_H */
