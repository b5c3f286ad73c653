/* costmark: a part of costmark.h, which has the rules. */
#ifndef COSTMARK_COSTMARK_H
#include <costmark/costmark.h> /* which includes this file */
#elif !defined(COSTMARK_USAGE_H)
#define COSTMARK_USAGE_H

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------
 * Usage by project and model
 */

/* The counters of a client at one moment. Immutable, share freely. */
typedef struct costmark_usage_report costmark_usage_report;

/* Sums of one project and one model. Counts are over operations, sums of tokens over attempts. */
typedef struct costmark_usage_totals {
  size_t struct_size;
  costmark_str project;     /* "default" for calls that named none. Lives as long as the report. */
  costmark_str model;       /* that requests named; absent for none. Lives as long as the report. */
  uint64_t operations;      /* calls of the user */
  uint64_t attempts;        /* HTTP exchanges */
  uint64_t failed_attempts; /* outcome error */
  uint64_t incomplete_attempts; /* outcome cancelled, incomplete or unknown */
  uint64_t open_attempts; /* outcome open: background responses; their tokens count when a poll
                             shows their end */
  uint64_t input_tokens;  /* with the cached and the cache-written ones */
  uint64_t cached_input_tokens;
  uint64_t cache_write_tokens;
  uint64_t output_tokens; /* with the reasoning ones */
  uint64_t reasoning_tokens;
  uint64_t flagged;  /* attempts whose usage has a COSTMARK_USAGE_FLAG_... */
  uint32_t overflow; /* 1: not one project, but all that came after the first 10,000 pairs */
  uint32_t reserved;
} costmark_usage_totals;

#define COSTMARK_USAGE_TOTALS_INIT \
  {sizeof(costmark_usage_totals),  \
   COSTMARK_STR_INIT,              \
   COSTMARK_STR_INIT,              \
   0,                              \
   0,                              \
   0,                              \
   0,                              \
   0,                              \
   0,                              \
   0,                              \
   0,                              \
   0,                              \
   0,                              \
   0,                              \
   0,                              \
   0}

/* Requests that tell of a gap in the attribution. Each that was prepared counts, each attempt, and
 * each that was only observed. */
typedef struct costmark_request_counts {
  size_t struct_size;
  uint64_t unattributed; /* that may cost money and named no project, or "default" */
  uint64_t unrecognized; /* to no known route: passed unedited, at an unknown cost */
} costmark_request_counts;

#define COSTMARK_REQUEST_COUNTS_INIT {sizeof(costmark_request_counts), 0, 0}

/*
 * Takes the counters of a client. A forked child counts from zero.
 *
 * out_report: receives the report.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status
costmark_client_usage(const costmark_client *client, costmark_usage_report **out_report,
                      costmark_error **out_error) COSTMARK_NOEXCEPT;

/* Sets the counters of a client to zero. Attempts that are open count when they end. */
COSTMARK_EXPORT void costmark_client_usage_reset(const costmark_client *client) COSTMARK_NOEXCEPT;

/* How many pairs of project and model the report holds; 0 from NULL. */
COSTMARK_EXPORT size_t costmark_usage_report_count(const costmark_usage_report *report)
    COSTMARK_NOEXCEPT;

/*
 * Shows one pair. They are sorted by the bytes of project, then model.
 *
 * index: from 0 to costmark_usage_report_count() - 1.
 * out_totals: its struct_size set by the caller. All zero for another index.
 */
COSTMARK_EXPORT void costmark_usage_report_read(const costmark_usage_report *report, size_t index,
                                                costmark_usage_totals *out_totals)
    COSTMARK_NOEXCEPT;

/*
 * Shows how many requests went out with a gap in their attribution.
 *
 * out_counts: its struct_size set by the caller. All zero from NULL.
 */
COSTMARK_EXPORT void costmark_usage_report_requests(
    const costmark_usage_report *report, costmark_request_counts *out_counts) COSTMARK_NOEXCEPT;

/* Ends a report. */
COSTMARK_EXPORT void costmark_usage_report_free(costmark_usage_report *report) COSTMARK_NOEXCEPT;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* COSTMARK_USAGE_H */
