/* costmark: a part of costmark.h, which has the rules. */
#ifndef COSTMARK_COSTMARK_H
#include <costmark/costmark.h> /* which includes this file */
#elif !defined(COSTMARK_BUDGETS_H)
#define COSTMARK_BUDGETS_H

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------
 * Budgets: what may be spent in a UTC day or month
 *
 * Option `budgets` says which there are; docs/budgets.md explains them. costmark_operation_begin()
 * reserves what a call may use, and returns COSTMARK_BUDGET_EXCEEDED where a budget has no place
 * for it. Thresholds that are passed are told to the callback of
 * costmark_config_set_log_callback(), as warnings.
 */

/* What a budget is about: a costmark_budget_subject. */
typedef int32_t costmark_budget_subject;
enum {
  COSTMARK_BUDGET_OF_ALL = 1,     /* all calls */
  COSTMARK_BUDGET_OF_PROJECT = 2, /* those of project `value` */
  COSTMARK_BUDGET_OF_TAG = 3,     /* those whose project has tag `key` with `value` */
  COSTMARK_BUDGET_OF_LABEL = 4    /* those with label `key` of `value` */
};

/* What it counts: a costmark_budget_unit. */
typedef int32_t costmark_budget_unit;
enum {
  COSTMARK_BUDGET_PICO_USD = 1, /* a millionth of a millionth of a US dollar */
  COSTMARK_BUDGET_TOKENS = 2,
  COSTMARK_BUDGET_CALLS = 3
};

/* When it begins anew: a costmark_budget_period. */
typedef int32_t costmark_budget_period;
enum { COSTMARK_BUDGET_DAY = 1, COSTMARK_BUDGET_MONTH = 2 };

/* What happens to calls beyond its limit: a costmark_budget_action. */
typedef int32_t costmark_budget_action;
enum { COSTMARK_BUDGET_WARN = 1, COSTMARK_BUDGET_REFUSE = 2 };

/* One budget, in the period of now, with what all processes have used that share its ledger. Its
 * texts live as long as the client. */
typedef struct costmark_budget {
  size_t struct_size;
  costmark_str name;
  costmark_str key;   /* of a tag or label; absent otherwise */
  costmark_str value; /* of these, or the id of a project; absent for all calls */
  int64_t limit;      /* in its unit, as what follows */
  int64_t spent;      /* by calls that have ended */
  int64_t reserved;   /* by calls in flight */
  int64_t left;       /* of the limit; never below 0 */
  int64_t reset_us;   /* when its next period begins, in microseconds since 1970 UTC */
  costmark_budget_subject subject;
  costmark_budget_unit unit;
  costmark_budget_period period;
  costmark_budget_action action;
} costmark_budget;

#define COSTMARK_BUDGET_INIT \
  {sizeof(costmark_budget),  \
   COSTMARK_STR_INIT,        \
   COSTMARK_STR_INIT,        \
   COSTMARK_STR_INIT,        \
   0,                        \
   0,                        \
   0,                        \
   0,                        \
   0,                        \
   0,                        \
   0,                        \
   0,                        \
   0}

/* How many budgets a client has. */
COSTMARK_EXPORT size_t costmark_client_budget_count(const costmark_client *client)
    COSTMARK_NOEXCEPT;

/*
 * Shows one of them, in the order of the option. May read the small files of the processes that
 * share it, at most once a second.
 *
 * index: from 0 to costmark_client_budget_count() - 1.
 * out_budget: its struct_size set by the caller. All zero for another index.
 */
COSTMARK_EXPORT void costmark_client_budget_read(const costmark_client *client, size_t index,
                                                 costmark_budget *out_budget) COSTMARK_NOEXCEPT;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* COSTMARK_BUDGETS_H */
