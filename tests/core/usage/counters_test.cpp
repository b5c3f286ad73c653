#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "usage/support.hpp"

namespace costmark {
namespace {

TEST(UsageCounters, SumsByProject) {
  UsageCounters counters;
  EXPECT_TRUE(counters.snapshot().empty());
  counters.begin_attempt("proj_a", "m", true);
  counters.end_attempt("proj_a", "m", Outcome::error, {});
  counters.begin_attempt("proj_a", "m", false);
  counters.end_attempt("proj_a", "m", Outcome::ok, tokens(10, 8, 1, 5, 2));
  counters.begin_attempt("proj_b", "m", true);
  counters.end_attempt("proj_b", "m", Outcome::ok,
                       tokens(1, 2, none, none, none, {UsageFlag::inconsistent}));
  counters.begin_attempt("", "m", true);

  const auto sums = totals_by_project(counters.snapshot());
  ASSERT_EQ(sums.size(), 3U);
  EXPECT_EQ(sums.at("proj_a"), (UsageTotals{.operations = 1,
                                            .attempts = 2,
                                            .failed_attempts = 1,
                                            .input_tokens = 10,
                                            .cached_input_tokens = 8,
                                            .cache_write_tokens = 1,
                                            .output_tokens = 5,
                                            .reasoning_tokens = 2}));
  EXPECT_EQ(sums.at("proj_b"), (UsageTotals{.operations = 1,
                                            .attempts = 1,
                                            .input_tokens = 1,
                                            .cached_input_tokens = 2,
                                            .inconsistent = 1}));
  EXPECT_EQ(sums.at("default"), (UsageTotals{.operations = 1, .attempts = 1}));
}

TEST(UsageCounters, TellsFailedFromIncomplete) {
  UsageCounters counters;
  for (const Outcome outcome : {Outcome::ok, Outcome::error, Outcome::cancelled,
                                Outcome::incomplete, Outcome::unknown, Outcome::open}) {
    counters.begin_attempt("p", "m", true);
    counters.end_attempt("p", "m", outcome, tokens(1, none, none, none, none));
  }
  EXPECT_EQ(totals_by_project(counters.snapshot()).at("p"), (UsageTotals{.operations = 6,
                                                                         .attempts = 6,
                                                                         .failed_attempts = 1,
                                                                         .incomplete_attempts = 3,
                                                                         .open_attempts = 1,
                                                                         .input_tokens = 6}));
}

TEST(UsageCounters, ForgetsOnReset) {
  UsageCounters counters;
  counters.begin_attempt("p", "m", true);
  counters.reset();
  EXPECT_TRUE(counters.snapshot().empty());
  counters.end_attempt("p", "m", Outcome::ok, {});
  EXPECT_EQ(totals_by_project(counters.snapshot()).at("p"), UsageTotals{});
}

TEST(UsageCounters, StaysAtTheLargestSum) {
  UsageCounters counters;
  Usage usage;
  usage.output_tokens = std::numeric_limits<std::uint64_t>::max() - 1;
  counters.end_attempt("p", "m", Outcome::ok, usage);
  EXPECT_EQ(totals_by_project(counters.snapshot()).at("p").output_tokens, *usage.output_tokens);
  counters.end_attempt("p", "m", Outcome::ok, usage);
  EXPECT_EQ(totals_by_project(counters.snapshot()).at("p").output_tokens,
            std::numeric_limits<std::uint64_t>::max());
}

TEST(UsageCounters, CountsFromManyThreads) {
  constexpr int rounds = 2000;
  const std::vector<std::string> projects = {"proj_a", "proj_b", ""};
  UsageCounters counters;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&, i] {
      const std::string& project = projects[static_cast<std::size_t>(i) % projects.size()];
      for (int round = 0; round < rounds; ++round) {
        counters.begin_attempt(project, "m", true);
        counters.end_attempt(project, "m", Outcome::ok, tokens(3, 1, none, 2, none));
      }
    });
  }
  std::uint64_t seen = 0;
  while (seen < 6 * rounds) {
    std::uint64_t now = 0;
    for (const auto& [project, sums] : totals_by_project(counters.snapshot())) {
      now += sums.operations;
      ASSERT_LE(sums.output_tokens, 2 * sums.attempts);
    }
    ASSERT_GE(now, seen) << "counts never go back";
    seen = now;
  }
  threads.clear();
  for (const auto& [project, sums] : totals_by_project(counters.snapshot())) {
    EXPECT_EQ(sums, (UsageTotals{.operations = 2 * rounds,
                                 .attempts = 2 * rounds,
                                 .input_tokens = 6 * rounds,
                                 .cached_input_tokens = 2 * rounds,
                                 .output_tokens = 4 * rounds}));
  }
}

}  // namespace
}  // namespace costmark
