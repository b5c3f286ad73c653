#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "core/forking.hpp"
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

constexpr Usage no_usage;

TEST(UsageCounters, KeepsModelsApart) {
  UsageCounters counters;
  counters.begin_attempt("p", "a", true);
  counters.end_attempt("p", "a", Outcome::ok, tokens(1, none, none, 2, none));
  counters.begin_attempt("p", "", true);
  counters.begin_attempt("", "a", true);
  const UsageSnapshot sums = counters.snapshot();
  ASSERT_EQ(sums.size(), 3U);
  EXPECT_EQ(sums.at({"p", "a"}),
            (UsageTotals{.operations = 1, .attempts = 1, .input_tokens = 1, .output_tokens = 2}));
  EXPECT_EQ(sums.at({"p", ""}), (UsageTotals{.operations = 1, .attempts = 1}));
  EXPECT_EQ(sums.at({"default", "a"}), (UsageTotals{.operations = 1, .attempts = 1}));
  const auto by_project = totals_by_project(sums);
  ASSERT_EQ(by_project.size(), 2U);
  EXPECT_EQ(by_project.at("p"),
            (UsageTotals{.operations = 2, .attempts = 2, .input_tokens = 1, .output_tokens = 2}));
}

TEST(UsageCounters, SettlesTokensWithoutAnAttempt) {
  UsageCounters counters;
  counters.begin_attempt("p", "m", true);
  counters.end_attempt("p", "m", Outcome::open, no_usage);
  counters.settle("p", "m", tokens(7, 1, 2, 3, 4, {UsageFlag::total}));
  counters.settle("q", "m", tokens(1, none, none, none, none));
  EXPECT_EQ(counters.snapshot().at({"p", "m"}), (UsageTotals{.operations = 1,
                                                             .attempts = 1,
                                                             .open_attempts = 1,
                                                             .input_tokens = 7,
                                                             .cached_input_tokens = 1,
                                                             .cache_write_tokens = 2,
                                                             .output_tokens = 3,
                                                             .reasoning_tokens = 4,
                                                             .inconsistent = 1}));
  EXPECT_EQ(counters.snapshot().at({"q", "m"}), UsageTotals{.input_tokens = 1});
}

TEST(UsageCounters, SumsByProjectStayAtTheLargest) {
  UsageSnapshot snapshot;
  snapshot[{"p", "a"}].input_tokens = std::numeric_limits<std::uint64_t>::max() - 1;
  snapshot[{"p", "b"}].input_tokens = 5;
  EXPECT_EQ(totals_by_project(snapshot).at("p").input_tokens,
            std::numeric_limits<std::uint64_t>::max());
}

TEST(UsageCounters, PutsWhatComesTooLateIntoOneKey) {
  UsageCounters counters(2);
  const UsageKey other{std::string(UsageCounters::overflow_name),
                       std::string(UsageCounters::overflow_name)};
  for (const char* project : {"a", "b"}) counters.begin_attempt(project, "m", true);
  EXPECT_FALSE(counters.snapshot().contains(other));
  for (const char* project : {"c", "d", "a"}) {
    counters.begin_attempt(project, "m", true);
    counters.end_attempt(project, "m", Outcome::ok, tokens(1, none, none, none, none));
  }
  const UsageSnapshot sums = counters.snapshot();
  ASSERT_EQ(sums.size(), 3U);
  EXPECT_EQ(sums.at({"a", "m"}), (UsageTotals{.operations = 2, .attempts = 2, .input_tokens = 1}));
  EXPECT_EQ(sums.at(other),
            (UsageTotals{.operations = 2, .attempts = 2, .input_tokens = 2, .is_overflow = true}));
  EXPECT_TRUE(totals_by_project(sums).at("(other)").is_overflow);
  counters.reset();
  counters.begin_attempt("d", "m", true);
  EXPECT_EQ(counters.snapshot().size(), 1U);
  EXPECT_FALSE(counters.snapshot().at({"d", "m"}).is_overflow);
}

TEST(UsageCounters, BoundsNamesAndKeys) {
  UsageCounters counters;
  counters.begin_attempt("p", std::string(UsageCounters::max_name, 'm'), true);
  EXPECT_EQ(counters.snapshot().size(), 1U);
  counters.begin_attempt("p", std::string(UsageCounters::max_name + 1, 'm'), true);
  counters.begin_attempt(std::string(UsageCounters::max_name + 1, 'p'), "m", true);
  ASSERT_EQ(counters.snapshot().size(), 2U);
  EXPECT_EQ(counters.snapshot().at({"(other)", "(other)"}).attempts, 2U);
  for (std::size_t i = 0; i < 2 * UsageCounters::default_max_keys; ++i) {
    counters.begin_attempt("p", std::to_string(i), true);
  }
  EXPECT_EQ(counters.snapshot().size(), UsageCounters::default_max_keys + 1);
  EXPECT_EQ(counters.snapshot().at({"(other)", "(other)"}).attempts,
            UsageCounters::default_max_keys + 3);
}

TEST(UsageCounters, CountsFromManyThreadsPastTheBound) {
  constexpr std::uint64_t rounds = 500;
  UsageCounters counters(3);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&, i] {
      for (std::uint64_t round = 0; round < rounds; ++round) {
        const std::string model = std::to_string(round % 7);
        counters.begin_attempt(i % 2 == 0 ? "a" : "b", model, true);
        counters.settle("c", model, tokens(1, none, none, none, none));
      }
    });
  }
  threads.clear();
  UsageTotals all;
  for (const auto& [key, totals] : counters.snapshot()) {
    all.attempts += totals.attempts;
    all.input_tokens += totals.input_tokens;
  }
  EXPECT_EQ(counters.snapshot().size(), 4U);
  EXPECT_EQ(all.attempts, 6 * rounds);
  EXPECT_EQ(all.input_tokens, 6 * rounds);
}

TEST(UsageCounters, StartFromZeroInAForkedChild) {
  UsageCounters counters(1);
  counters.begin_attempt("p", "m", true);
  counters.begin_attempt("q", "m", true);
  testing::expect_good_child([&] {
    if (!counters.snapshot().empty()) return false;
    counters.begin_attempt("q", "m", true);
    if (counters.snapshot() != UsageSnapshot{{{"q", "m"}, {.operations = 1, .attempts = 1}}}) {
      return false;
    }
    testing::expect_good_child([&] { return counters.snapshot().empty(); });
    return !::testing::Test::HasFailure() && counters.snapshot().size() == 1;
  });
  EXPECT_EQ(counters.snapshot().size(), 2U);
  EXPECT_EQ(counters.snapshot().at({"p", "m"}).attempts, 1U);
}

TEST(UsageCounters, SurvivesAForkWhileThreadsCount) {
  SKIP_WHERE_A_CHILD_OF_BUSY_THREADS_MAY_NOT_ALLOCATE();
  UsageCounters counters;
  std::atomic<bool> over{false};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!over) counters.begin_attempt("p", "m", true);
    });
  }
  while (counters.snapshot().empty()) std::this_thread::yield();
  for (int round = 0; round < 20; ++round) {
    testing::expect_good_child([&] {
      counters.begin_attempt("child", "m", true);
      const UsageSnapshot sums = counters.snapshot();
      return sums.size() == 1 && sums.begin()->first.project == "child";
    });
  }
  over = true;
  threads.clear();
  EXPECT_FALSE(counters.snapshot().contains({"child", "m"}));
}

}  // namespace
}  // namespace costmark
