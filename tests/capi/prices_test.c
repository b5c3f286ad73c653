/* Price books, and what they make of usage. */
#define _XOPEN_SOURCE 700
#include "check.h"

#include <unistd.h>

static const char text[] =
    "date 2026-09-30\n"
    "m us-east-1 in-region standard input - - token 2026-09-01 - USD 10 2026-09 its card\n"
    "m us-east-1 in-region standard output - - token - 2026-12-01 USD unknown 2026-09 its card\n"
    "m us-east-1 in-region standard cached - - token - - USD 1 2026-09 its card\n"
    "m us-east-1 in-region standard cache_write 1h - token - - USD 20 2026-09 its card\n"
    "m us-east-1 in-region standard input - 1000 token - - USD 100 2026-09 its card\n"
    "m us-east-1 in-region standard page - - image - - USD 7 2026-09 its card\n";

static const int64_t a_moment_us = INT64_C(1790000000000000); /* 2026-09-21 */

static costmark_price_book *book_of_text(void) {
  costmark_price_book *book = NULL;
  CHECK_OK(costmark_price_book_parse(text, strlen(text), "book.txt", 8, &book, &error));
  return book;
}

static costmark_priced_call call_with(const costmark_usage *usage) {
  costmark_priced_call call = COSTMARK_PRICED_CALL_INIT;
  call.model = str("m");
  call.region = str("us-east-1");
  call.serving = str("in-region");
  call.tier = str("default");
  call.usage = usage;
  call.end_us = a_moment_us;
  return call;
}

static costmark_usage usage_of(uint64_t input, uint64_t output) {
  costmark_usage usage = COSTMARK_USAGE_INIT;
  usage.input_tokens = input;
  usage.output_tokens = output;
  usage.known = COSTMARK_USAGE_INPUT | COSTMARK_USAGE_OUTPUT | COSTMARK_USAGE_CACHED_INPUT |
                COSTMARK_USAGE_CACHE_WRITE;
  return usage;
}

static costmark_cost cost_of(const costmark_price_book *book, const costmark_priced_call *call) {
  costmark_cost cost = COSTMARK_COST_INIT;
  CHECK_OK(costmark_price_book_cost(book, call, &cost, NULL, 0, &error));
  return cost;
}

static void a_book_shows_what_it_is(void) {
  costmark_price_book *book = book_of_text();
  costmark_price_book_view view = COSTMARK_PRICE_BOOK_VIEW_INIT;
  costmark_price price = COSTMARK_PRICE_INIT;
  size_t i, unknown = 0;
  costmark_price_book_read(book, &view);
  CHECK(view.hash.len == 64 && strlen(view.hash.data) == 64);
  CHECK(equal(view.date, "2026-09-30") && equal(view.file, "book.txt"));
  CHECK(view.price_count == 6);
  CHECK(view.threshold_count == 1 && view.thresholds[0] == 1000);
  for (i = 0; i < view.price_count; ++i) {
    costmark_price_book_price(book, i, &price);
    CHECK(equal(price.model, "m") && strlen(price.model.data) == 1);
    CHECK(equal(price.source, "its card") && strlen(price.source.data) == 8);
    CHECK(equal(price.as_of, "2026-09") && strlen(price.kind.data) == price.kind.len);
    CHECK(price.line >= 2 && price.line <= 7);
    if (price.has_pico_usd == 0) {
      ++unknown;
      CHECK(equal(price.kind, "output") && price.pico_usd == 0 && price.from.data == NULL);
      CHECK(equal(price.to, "2026-12-01"));
    }
    if (equal(price.kind, "cache_write")) CHECK(equal(price.time_to_live, "1h"));
    if (equal(price.kind, "cached")) CHECK(price.time_to_live.data == NULL && price.pico_usd == 1);
  }
  CHECK(unknown == 1);
  costmark_price_book_price(book, view.price_count, &price);
  CHECK(shows_nothing(&price, sizeof price));
  CHECK(costmark_price_book_age_days(book, INT64_C(1790726400)) == 0);
  CHECK(costmark_price_book_age_days(book, INT64_C(1790726400) + 31 * 86400) == 31);
  CHECK(costmark_price_book_age_days(book, 0) != 0);
  costmark_price_book_free(book);
}

static void usage_is_priced(void) {
  costmark_price_book *book = book_of_text();
  costmark_usage usage = usage_of(100, 0);
  costmark_priced_call call = call_with(&usage);
  costmark_cost cost = COSTMARK_COST_INIT;
  costmark_cost_part parts[3] = {{9, 9}, {9, 9}, {9, 9}};
  costmark_count meters[3];
  costmark_price price = COSTMARK_PRICE_INIT;
  memset(meters, 0, sizeof meters);
  usage.cached_input_tokens = 30;
  usage.cache_write_tokens = 20;
  meters[0].kind = str("cache_write_1h");
  meters[0].count = 20;
  meters[1].kind = str("page");
  meters[1].count = 2;
  meters[2].kind = str("web_search");
  call.meters = meters;
  call.meter_count = 3;
  CHECK_OK(costmark_price_book_cost(book, &call, &cost, parts, 2, &error));
  CHECK(cost.state == COSTMARK_COST_PRICED && cost.has_pico_usd == 1);
  CHECK(cost.pico_usd == 50 * 10 + 30 * 1 + 20 * 20 + 2 * 7);
  CHECK(cost.flags == 0 && cost.part_count == 4);
  CHECK(parts[0].count == 50 && parts[1].count == 30 && parts[2].count == 9);
  costmark_price_book_price(book, (size_t)parts[1].price, &price);
  CHECK(equal(price.kind, "cached"));
  meters[2].count = 1;
  cost = cost_of(book, &call);
  CHECK(cost.state == COSTMARK_COST_UNPRICED && cost.has_pico_usd == 0 && cost.pico_usd == 0);
  CHECK(cost.flags == COSTMARK_PRICE_FLAG_NO_PRICE && cost.part_count == 0);
  costmark_price_book_free(book);
}

static void what_is_not_told_is_said(void) {
  costmark_price_book *book = book_of_text();
  costmark_usage usage = usage_of(1001, 0);
  costmark_priced_call call = call_with(&usage);
  costmark_cost cost = cost_of(book, &call);
  CHECK(cost.state == COSTMARK_COST_PRICED && cost.pico_usd == 100100);
  call.tier = str("");
  usage.known &= ~COSTMARK_USAGE_CACHED_INPUT;
  cost = cost_of(book, &call);
  CHECK(cost.flags == (COSTMARK_PRICE_FLAG_TIER_ASSUMED | COSTMARK_PRICE_FLAG_PARTS_ABSENT));
  usage.known = 0;
  CHECK(cost_of(book, &call).state == COSTMARK_COST_UNKNOWN);
  call.usage = NULL;
  CHECK(cost_of(book, &call).state == COSTMARK_COST_UNKNOWN);
  usage = usage_of(10, 1);
  call = call_with(&usage);
  CHECK(cost_of(book, &call).flags == COSTMARK_PRICE_FLAG_NO_PRICE); /* not known which */
  call.tier = str("batch");
  CHECK(cost_of(book, &call).state == COSTMARK_COST_ELSEWHERE);
  call.tier = str("flex");
  CHECK(cost_of(book, &call).flags == COSTMARK_PRICE_FLAG_NO_TIER);
  call.model = str("other");
  CHECK(cost_of(book, &call).flags == COSTMARK_PRICE_FLAG_NO_MODEL);
  costmark_price_book_free(book);
}

static void the_shipped_book_has_prices(void) {
  costmark_price_book *book = NULL;
  costmark_price_book_view view = COSTMARK_PRICE_BOOK_VIEW_INIT;
  CHECK_OK(costmark_price_book_shipped(&book, &error));
  costmark_price_book_read(book, &view);
  CHECK(view.price_count > 50 && view.threshold_count == 1);
  costmark_price_book_free(book);
}

static void errors_have_a_place(void) {
  static const char wrong[] = "date 2026-09-30\nm X";
  costmark_price_book *book = NULL;
  costmark_error *failed = NULL;
  costmark_error_view why = COSTMARK_ERROR_VIEW_INIT;
  CHECK(costmark_price_book_parse(wrong, strlen(wrong), "b", 1, &book, &failed) ==
        COSTMARK_INVALID_OPTION);
  CHECK(book == NULL);
  costmark_error_read(failed, &why);
  CHECK(strncmp(why.message.data, "b:2:3: 'X': ", 12) == 0 && why.has_offset == 1);
  CHECK(why.offset == 18);
  costmark_error_free(failed);
  CHECK_FAILS(COSTMARK_INVALID_OPTION, costmark_price_book_load("/nowhere/b", 10, &book, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_price_book_load("", 0, &book, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_price_book_load("a\0b", 3, &book, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_price_book_load("a", 1, NULL, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_price_book_parse(NULL, 1, "b", 1, &book, &error));
}

static void a_file_is_read(void) {
  char path[] = "/tmp/costmark-prices-XXXXXX";
  const int file = mkstemp(path);
  costmark_price_book *book = NULL;
  costmark_price_book_view view = COSTMARK_PRICE_BOOK_VIEW_INIT;
  CHECK(file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text));
  close(file);
  CHECK_OK(costmark_price_book_load(path, strlen(path), &book, &error));
  costmark_price_book_read(book, &view);
  CHECK(equal(view.file, path) && view.price_count == 6);
  costmark_price_book_free(book);
  unlink(path);
}

static void calls_are_checked(void) {
  costmark_price_book *book = book_of_text();
  costmark_usage usage = usage_of(1, 0);
  costmark_priced_call call = call_with(&usage);
  costmark_cost cost = COSTMARK_COST_INIT;
  costmark_count meters[33];
  size_t i;
  for (i = 0; i < 33; ++i) {
    meters[i].kind = str("page");
    meters[i].count = 1;
  }
#define REFUSED(call) CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, call)
  REFUSED(costmark_price_book_cost(NULL, &call, &cost, NULL, 0, &error));
  REFUSED(costmark_price_book_cost(book, NULL, &cost, NULL, 0, &error));
  REFUSED(costmark_price_book_cost(book, &call, NULL, NULL, 0, &error));
  REFUSED(costmark_price_book_cost(book, &call, &cost, NULL, 1, &error));
  call.meter_count = 1;
  REFUSED(costmark_price_book_cost(book, &call, &cost, NULL, 0, &error));
  call.meters = meters;
  for (i = 0; i <= 33; ++i) {
    call.meter_count = i;
    if (i <= 16) {
      CHECK_OK(costmark_price_book_cost(book, &call, &cost, NULL, 0, &error));
      CHECK(cost.pico_usd == 10 + 7 * (int64_t)i);
    } else {
      REFUSED(costmark_price_book_cost(book, &call, &cost, NULL, 0, &error));
    }
  }
  call.meter_count = 0;
  usage.struct_size = 8;
  REFUSED(costmark_price_book_cost(book, &call, &cost, NULL, 0, &error));
#undef REFUSED
  costmark_price_book_free(book);
}

static void numbers_have_names(void) {
  CHECK(strcmp(costmark_cost_state_name(COSTMARK_COST_UNKNOWN), "unknown") == 0);
  CHECK(strcmp(costmark_cost_state_name(COSTMARK_COST_PRICED), "priced") == 0);
  CHECK(strcmp(costmark_cost_state_name(COSTMARK_COST_ELSEWHERE), "elsewhere") == 0);
  CHECK(strcmp(costmark_cost_state_name(6), "unknown") == 0);
  CHECK(strcmp(costmark_cost_state_name(-1), "unknown") == 0);
  CHECK(strcmp(costmark_price_flag_name(COSTMARK_PRICE_FLAG_NO_MODEL), "no_model") == 0);
  CHECK(strcmp(costmark_price_flag_name(COSTMARK_PRICE_FLAG_TIER_ASSUMED), "tier_assumed") == 0);
  CHECK(strcmp(costmark_price_flag_name(0), "unknown") == 0);
  CHECK(strcmp(costmark_price_flag_name(3), "unknown") == 0);
}

void test_prices(void) {
  a_book_shows_what_it_is();
  usage_is_priced();
  what_is_not_told_is_said();
  the_shipped_book_has_prices();
  errors_have_a_place();
  a_file_is_read();
  calls_are_checked();
  numbers_have_names();
}
