/* costmark: a part of costmark.h, which has the rules. */
#ifndef COSTMARK_COSTMARK_H
#include <costmark/costmark.h> /* which includes this file */
#elif !defined(COSTMARK_NAMES_H)
#define COSTMARK_NAMES_H

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------
 * Model routes, project ids and names
 */

/* Which path of a bedrock-mantle host serves a model. Lives as long as the client. */
typedef struct costmark_route {
  size_t struct_size;
  costmark_str path; /* "/v1", "/openai/v1", "/anthropic/v1"; "none": no path serves it; absent: not
                        written down anywhere */
  costmark_str file; /* where that stands: option `routes`, or the data that ships with costmark */
  costmark_str as_of;  /* "2026-09" or "2026-09-28"; absent when not told */
  costmark_str source; /* absent when not told */
  uint32_t line;       /* of the file, from 1 */
  uint32_t reserved;
} costmark_route;

#define COSTMARK_ROUTE_INIT \
  {sizeof(costmark_route),  \
   COSTMARK_STR_INIT,       \
   COSTMARK_STR_INIT,       \
   COSTMARK_STR_INIT,       \
   COSTMARK_STR_INIT,       \
   0,                       \
   0}

/*
 * Looks a model up.
 *
 * model, model_len: the whole model id.
 * out_route: its struct_size set by the caller. All zero when nothing is written down.
 */
COSTMARK_EXPORT void costmark_client_route(const costmark_client *client, const char *model,
                                           size_t model_len,
                                           costmark_route *out_route) COSTMARK_NOEXCEPT;

/*
 * Checks a project id, or a project's ARN that ends in one: letters, digits, '_' and '-', 1 to 128
 * characters, and not "default".
 *
 * COSTMARK_INVALID_PROJECT: the message says what is wrong, with its offset.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status
costmark_project_check(const char *id, size_t id_len, costmark_error **out_error) COSTMARK_NOEXCEPT;

/* The stable names of numbers, such as "invalid_json"; "unknown" for other numbers. Static storage.
 */
COSTMARK_EXPORT const char *costmark_status_name(costmark_status status) COSTMARK_NOEXCEPT;
COSTMARK_EXPORT const char *costmark_outcome_name(costmark_outcome outcome) COSTMARK_NOEXCEPT;
COSTMARK_EXPORT const char *costmark_step_name(costmark_step step) COSTMARK_NOEXCEPT;
COSTMARK_EXPORT const char *costmark_reason_name(costmark_reason reason) COSTMARK_NOEXCEPT;
COSTMARK_EXPORT const char *costmark_api_name(costmark_api api) COSTMARK_NOEXCEPT;
COSTMARK_EXPORT const char *costmark_project_source_name(costmark_project_source source)
    COSTMARK_NOEXCEPT;
COSTMARK_EXPORT const char *costmark_verdict_name(costmark_verdict verdict) COSTMARK_NOEXCEPT;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* COSTMARK_NAMES_H */
