#include "http/retry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <ostream>

namespace costmark::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr UnixSeconds half_past_eight = 784111777 - 7;  // Sun, 06 Nov 1994 08:49:30 GMT

TEST(Retry, Statuses) {
  for (const int status : {408, 409, 429, 500, 502, 503, 504, 529, 599}) {
    EXPECT_TRUE(is_retryable(status)) << status;
  }
  for (const int status : {200, 300, 400, 401, 403, 404, 410, 422, 451, 499}) {
    EXPECT_FALSE(is_retryable(status)) << status;
  }
}

TEST(Retry, AnAnswerGoesByItsStatusAndAnErrorByWhatItSays) {
  Error error{Code::transport, "refused"};
  EXPECT_FALSE(is_retryable(Attempted{}));
  EXPECT_FALSE(is_retryable({.error = &error}));
  error.retryable = true;
  EXPECT_TRUE(is_retryable({.error = &error}));
  EXPECT_FALSE(is_retryable({.status = 200, .error = &error}));
  EXPECT_TRUE(is_retryable({.status = 503}));
}

TEST(Retry, TheServiceSaysHowLong) {
  struct Case {
    const char* retry_after_ms;
    const char* retry_after;
    std::int64_t ms;  // -1: nothing that can be read
  };
  const Case cases[] = {
      {"", "", -1},
      {"", "0", 0},
      {"", "2", 2000},
      {"", " 2\t", 2000},
      {"", "0.25", 250},
      {"250", "9", 250},
      {"0.5", "", 1},
      {"soon", "3", 3000},
      {"-1", "3", 3000},
      {"", "-1", -1},
      {"", "-0", -1},
      {"", "+1", -1},
      {"", "1 s", -1},
      {"", "0x10", -1},
      {"", "1e3", -1},
      {"", "nan", -1},
      {"", "inf", -1},
      {"", "99999999999999999999", 31'536'000'000},
      {"", "Sun, 06 Nov 1994 08:49:37 GMT", 7000},
      {"", "Sun, 06 Nov 1994 08:49:30 GMT", 0},
      {"", "Sun, 06 Nov 1994 08:00:00 GMT", 0},
      {"", "Sun, 06 Nov 9994 08:00:00 GMT", 31'536'000'000},
      {"", "Sunday, 06-Nov-94 08:49:37 GMT", -1},
      {"", "\xff\xfe", -1},
  };
  for (const Case& each : cases) {
    const auto pause = asked_pause(each.retry_after_ms, each.retry_after, half_past_eight);
    EXPECT_EQ(pause ? pause->count() : -1, each.ms)
        << each.retry_after_ms << " / " << each.retry_after;
  }
}

// The least and the most that a policy waits, over many random numbers.
struct Range {
  std::int64_t least;
  std::int64_t most;
  bool operator==(const Range&) const = default;
};

Range range_of(const RetryPolicy& policy, std::uint32_t attempt) {
  Range range{std::numeric_limits<std::int64_t>::max(), -1};
  for (std::uint32_t random = 0; random < 10'000; ++random) {
    const std::int64_t pause = policy.backoff(attempt, random).count();
    range = {std::min(range.least, pause), std::max(range.most, pause)};
  }
  return range;
}

void PrintTo(const Range& range, std::ostream* out) {
  *out << range.least << " to " << range.most << " ms";
}

TEST(Retry, BackoffDoublesUpToEightSeconds) {
  constexpr RetryPolicy policy;
  const std::int64_t most[] = {500, 500, 1000, 2000, 4000, 8000, 8000, 8000};
  for (std::uint32_t attempt = 0; attempt < 8; ++attempt) {
    EXPECT_EQ(range_of(policy, attempt), (Range{most[attempt] * 3 / 4, most[attempt]}));
  }
  EXPECT_EQ(policy.backoff(4'000'000'000U, 0), seconds(8));
  EXPECT_GE(policy.backoff(1, 4'000'000'000U), milliseconds(375));
}

TEST(Retry, FactorCapAndJitterAreThePolicys) {
  constexpr RetryPolicy steep{.first_pause = milliseconds(200),
                              .factor = 4,
                              .longest_pause = milliseconds(1000),
                              .jitter_percent = 50};
  EXPECT_EQ(range_of(steep, 1), (Range{100, 200}));
  EXPECT_EQ(range_of(steep, 2), (Range{400, 800}));
  EXPECT_EQ(range_of(steep, 3), (Range{500, 1000}));
  constexpr RetryPolicy even{.first_pause = seconds(1), .factor = 1, .jitter_percent = 0};
  EXPECT_EQ(range_of(even, 1), (Range{1000, 1000}));
  EXPECT_EQ(range_of(even, 4'000'000'000U), (Range{1000, 1000}));
  constexpr RetryPolicy none{.first_pause = milliseconds(0), .jitter_percent = 100};
  EXPECT_EQ(range_of(none, 3), (Range{0, 0}));
  constexpr RetryPolicy low{.first_pause = seconds(5), .longest_pause = seconds(1)};
  EXPECT_EQ(low.backoff(1, 0), seconds(1));
}

TEST(Retry, NextCountsTheAttempts) {
  constexpr RetryPolicy policy;
  const Attempted busy{.status = 503};
  EXPECT_EQ(policy.next(1, busy, 0, 0), milliseconds(500));
  EXPECT_EQ(policy.next(2, busy, 0, 0), milliseconds(1000));
  EXPECT_EQ(policy.next(3, busy, 0, 0), std::nullopt);
  EXPECT_EQ(policy.next(4, busy, 0, 0), std::nullopt);
  EXPECT_EQ(policy.with_attempts(1).next(1, busy, 0, 0), std::nullopt);
  EXPECT_EQ(policy.with_attempts(0).next(1, busy, 0, 0), std::nullopt);
  EXPECT_EQ(policy.with_attempts(9).next(8, busy, 0, 0), seconds(8));
}

TEST(Retry, NextEndsWhereThePredicateDoes) {
  constexpr RetryPolicy policy;
  Error error{Code::transport, "the certificate does not verify"};
  EXPECT_EQ(policy.next(1, {.status = 200}, 0, 0), std::nullopt);
  EXPECT_EQ(policy.next(1, {.status = 400, .retry_after = "1"}, 0, 0), std::nullopt);
  EXPECT_EQ(policy.next(1, {.error = &error}, 0, 0), std::nullopt);
  constexpr RetryPolicy any{.predicate = [](const Attempted&) noexcept { return true; }};
  EXPECT_EQ(any.next(1, {.status = 400}, 0, 0), milliseconds(500));
}

TEST(Retry, WhatIsAskedForComesBeforeTheBackoff) {
  constexpr RetryPolicy policy;
  EXPECT_EQ(policy.next(1, {.status = 429, .retry_after = "20"}, 0, 7), seconds(20));
  EXPECT_EQ(policy.next(1, {.status = 429, .retry_after_ms = "0", .retry_after = "20"}, 0, 7),
            milliseconds(0));
  EXPECT_EQ(policy.next(2, {.status = 503, .retry_after = "Sun, 06 Nov 1994 08:49:37 GMT"},
                        half_past_eight, 0),
            seconds(7));
  EXPECT_EQ(policy.next(2, {.status = 503, .retry_after = "soon"}, 0, 0), seconds(1));
}

}  // namespace
}  // namespace costmark::http
