/* costmark: a part of costmark.h, which has the rules. */
// clang-format Language: C
#ifndef COSTMARK_COSTMARK_H
#include <costmark/costmark.h> /* which includes this file */
#elif !defined(COSTMARK_PRICES_H)
#define COSTMARK_PRICES_H

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------
 * Prices
 *
 * A price book says what usage costs, line by line with its source. Money is a whole number of
 * pico-USD: 1 pico-USD for a token is 1 micro-USD for a million tokens. What has no price is
 * unpriced, which is not 0, and no other price stands in for it.
 */

/* A book of prices. Immutable, share freely. */
typedef struct costmark_price_book costmark_price_book;

/*
 * Bits of costmark_cost.flags and costmark_answer.price_flags; from NO_MODEL on: why it is
 * unpriced.
 */
#define COSTMARK_PRICE_FLAG_TIER_ASSUMED 0x0001u      /* no tier was told; Standard is meant */
#define COSTMARK_PRICE_FLAG_PARTS_ABSENT 0x0002u      /* cached, cache-written: not told, so none */
#define COSTMARK_PRICE_FLAG_CACHE_TIME_ABSENT 0x0004u /* not told which of several */
#define COSTMARK_PRICE_FLAG_COUNTS_ABSENT 0x0008u     /* the input or the output was not told */
#define COSTMARK_PRICE_FLAG_INCONSISTENT 0x0010u      /* parts were larger than their whole */
#define COSTMARK_PRICE_FLAG_OVERFLOW 0x0020u          /* the cost does not fit into 64 bits */
#define COSTMARK_PRICE_FLAG_NO_MODEL 0x0040u          /* the book does not have the model */
#define COSTMARK_PRICE_FLAG_NO_REGION 0x0080u         /* not the model in that Region */
#define COSTMARK_PRICE_FLAG_NO_SERVING 0x0100u        /* not served that way */
#define COSTMARK_PRICE_FLAG_NO_TIER 0x0200u           /* not in that tier */
#define COSTMARK_PRICE_FLAG_NO_DAY 0x0400u            /* there are prices of other days */
#define COSTMARK_PRICE_FLAG_NO_PRICE 0x0800u          /* one of the counts has no price */
#define COSTMARK_PRICE_FLAG_REGION_ABSENT 0x1000u     /* the Region is not known */

/* What a book is. Lives as long as the book. */
typedef struct costmark_price_book_view {
  size_t struct_size;
  costmark_str hash; /* SHA-256 of its prices, in lower-case hexadecimal */
  costmark_str date; /* the day on which it was last compared with its sources: "2026-09-30" */
  costmark_str file; /* the name that it was given */
  size_t price_count;
  const uint64_t *thresholds; /* numbers of input tokens above which other prices apply */
  size_t threshold_count;
} costmark_price_book_view;

#define COSTMARK_PRICE_BOOK_VIEW_INIT \
  {sizeof(costmark_price_book_view),  \
   COSTMARK_STR_INIT,                 \
   COSTMARK_STR_INIT,                 \
   COSTMARK_STR_INIT,                 \
   0,                                 \
   NULL,                              \
   0}

/* One price. Lives as long as the book. */
typedef struct costmark_price {
  size_t struct_size;
  costmark_str model;
  costmark_str region;  /* "*": every Region of the commercial partition */
  costmark_str serving; /* "in-region", "geo", "global" */
  costmark_str tier;
  costmark_str kind;         /* "input", "cached", "cache_write", "output", "web_search", ... */
  costmark_str time_to_live; /* of cache writes; absent where the source names none */
  costmark_str unit;         /* "token", "request", ... */
  costmark_str from;         /* the first day; absent: since ever */
  costmark_str to;           /* the first day after; absent: until further notice */
  costmark_str as_of;        /* "2026-09" or "2026-09-28" */
  costmark_str source;
  uint64_t over;         /* for requests with more input tokens; 0: all */
  int64_t pico_usd;      /* for one unit */
  uint32_t has_pico_usd; /* 0: there is a price, and it is not known which */
  uint32_t line;         /* of the file, from 1 */
} costmark_price;

#define COSTMARK_PRICE_INIT \
  {sizeof(costmark_price),  \
   COSTMARK_STR_INIT,       \
   COSTMARK_STR_INIT,       \
   COSTMARK_STR_INIT,       \
   COSTMARK_STR_INIT,       \
   COSTMARK_STR_INIT,       \
   COSTMARK_STR_INIT,       \
   COSTMARK_STR_INIT,       \
   COSTMARK_STR_INIT,       \
   COSTMARK_STR_INIT,       \
   COSTMARK_STR_INIT,       \
   COSTMARK_STR_INIT,       \
   0,                       \
   0,                       \
   0,                       \
   0}

/* A call to be priced. */
typedef struct costmark_priced_call {
  size_t struct_size;
  costmark_str model;           /* Required: that the request named. */
  costmark_str region;          /* Required: such as "us-east-1". */
  costmark_str serving;         /* Required: "in-region", "geo" or "global". */
  costmark_str tier;            /* Of the answer; absent: not told. */
  const costmark_usage *usage;  /* NULL: not told. */
  const costmark_count *meters; /* What was counted besides. */
  size_t meter_count;           /* At most 32. */
  int64_t end_us; /* When it ended, in microseconds since 1970 UTC: the prices of that day apply. */
} costmark_priced_call;

#define COSTMARK_PRICED_CALL_INIT \
  {sizeof(costmark_priced_call),  \
   COSTMARK_STR_INIT,             \
   COSTMARK_STR_INIT,             \
   COSTMARK_STR_INIT,             \
   COSTMARK_STR_INIT,             \
   NULL,                          \
   NULL,                          \
   0,                             \
   0}

/* A price that was used, and for how many units. Never grows. */
typedef struct costmark_cost_part {
  uint64_t price; /* its number; see costmark_price_book_price() */
  uint64_t count;
} costmark_cost_part;

/* What a call costs. */
typedef struct costmark_cost {
  size_t struct_size;
  int64_t pico_usd;
  costmark_cost_state state;
  uint32_t has_pico_usd; /* 1 for priced, partial and free alone */
  uint32_t flags;        /* COSTMARK_PRICE_FLAG_... bits */
  uint32_t part_count;   /* how many prices were used */
} costmark_cost;

#define COSTMARK_COST_INIT {sizeof(costmark_cost), 0, 0, 0, 0, 0}

/* Takes the book that ships with costmark. out_book: receives it. */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status costmark_price_book_shipped(
    costmark_price_book **out_book, costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Reads the text of a book, whose form the head of the shipped file explains.
 *
 * text, text_len: copied. At most 16 MiB.
 * name, name_len: the file's, for errors. Not NULL.
 * out_book: receives the book.
 *
 * COSTMARK_INVALID_OPTION: the message has line and column, and what would be right; the error's
 * offset is that of the same place.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status costmark_price_book_parse(
    const char *text, size_t text_len, const char *name, size_t name_len,
    costmark_price_book **out_book, costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Reads the file of a book.
 *
 * path, path_len: without NUL characters. Not NULL.
 * out_book: receives the book.
 *
 * COSTMARK_INVALID_OPTION: there is no such file, or as in costmark_price_book_parse().
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status
costmark_price_book_load(const char *path, size_t path_len, costmark_price_book **out_book,
                         costmark_error **out_error) COSTMARK_NOEXCEPT;

/* Shows a book. out_view: its struct_size set by the caller. */
COSTMARK_EXPORT void costmark_price_book_read(const costmark_price_book *book,
                                              costmark_price_book_view *out_view) COSTMARK_NOEXCEPT;

/*
 * How many days old a book is; more than 30 are worth a warning. 0 from NULL.
 *
 * time_unix_s: seconds since 1970 UTC; 0: now.
 */
COSTMARK_EXPORT int64_t costmark_price_book_age_days(const costmark_price_book *book,
                                                     int64_t time_unix_s) COSTMARK_NOEXCEPT;

/*
 * Shows one price. They are sorted by their names.
 *
 * index: from 0 to price_count - 1.
 * out_price: its struct_size set by the caller. All zero for another index.
 */
COSTMARK_EXPORT void costmark_price_book_price(const costmark_price_book *book, size_t index,
                                               costmark_price *out_price) COSTMARK_NOEXCEPT;

/*
 * Says what a call costs. Allocates nothing.
 *
 * out_cost: its struct_size set by the caller. Not NULL.
 * parts, part_capacity: receive the first `part_capacity` prices that were used; NULL with 0 for
 *     none. 44 are always enough.
 *
 * COSTMARK_INVALID_ARGUMENT: there are more than 32 meters, or more than 16 that costmark does not
 * know by name. What the book does not have is not an error, but a state of the cost.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status costmark_price_book_cost(
    const costmark_price_book *book, const costmark_priced_call *call, costmark_cost *out_cost,
    costmark_cost_part *parts, size_t part_capacity, costmark_error **out_error) COSTMARK_NOEXCEPT;

/* Ends a book. */
COSTMARK_EXPORT void costmark_price_book_free(costmark_price_book *book) COSTMARK_NOEXCEPT;

/* The stable names, such as "unpriced" and "no_model"; "unknown" for others. Static storage. */
COSTMARK_EXPORT const char *costmark_cost_state_name(costmark_cost_state state) COSTMARK_NOEXCEPT;
COSTMARK_EXPORT const char *costmark_price_flag_name(uint32_t flag) COSTMARK_NOEXCEPT;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* COSTMARK_PRICES_H */
