#include "costmark/budgets.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "core/forking.hpp"

namespace costmark::testing {
namespace {

constexpr std::int64_t usd = 1'000'000'000'000;
constexpr std::int64_t day_us = 86'400'000'000;
constexpr std::int64_t now = 1'764'460'800'000'000;  // 2025-11-30T00:00:00Z

std::vector<Budget> budgets_of(std::string_view text) {
  auto parsed = parse_budgets(text);
  EXPECT_TRUE(parsed.ok()) << parsed.error().message;
  return parsed.ok() ? std::move(parsed).value() : std::vector<Budget>{};
}

std::string fault_of(std::string_view text) {
  const auto parsed = parse_budgets(text);
  if (parsed.ok()) return "";
  const std::string& message = parsed.error().message;
  return message.substr(0, message.find(';'));
}

TEST(BudgetsText, SaysWhatMayBeSpent) {
  const auto good = budgets_of(
      "support: project=proj_a 250.5usd/month refuse at=80,50; ; tag: tag.team=x=y 5tokens/day "
      "warn;"
      "all of it: all 0.000000000001usd/day refuse");
  ASSERT_EQ(good.size(), 3U);
  EXPECT_EQ(good[0], (Budget{"support",
                             BudgetSubject::project,
                             "",
                             "proj_a",
                             250 * usd + usd / 2,
                             BudgetUnit::pico_usd,
                             BudgetPeriod::month,
                             BudgetAction::refuse,
                             {50, 80}}));
  EXPECT_EQ(good[1], (Budget{"tag",
                             BudgetSubject::tag,
                             "team",
                             "x=y",
                             5,
                             BudgetUnit::tokens,
                             BudgetPeriod::day,
                             BudgetAction::warn,
                             {100}}));
  EXPECT_EQ(good[2].name, "all of it");
  EXPECT_EQ(good[2].limit, 1);
}

TEST(BudgetsText, MayHaveLinesAndComments) {
  const auto good = budgets_of(
      "# a comment; with a mark: and more\n\n  a: all 1calls/day refuse\n"
      "\t# another\nb: all 2calls/day refuse at=5 ; c: all 3calls/day warn;# the last");
  ASSERT_EQ(good.size(), 3U);
  EXPECT_EQ(good[0].name, "a");
  EXPECT_EQ(good[1].name, "b");
  EXPECT_EQ(good[2].name, "c");
  EXPECT_EQ(fault_of("a: all 1calls/day refuse # no\n"),
            "budgets: a word that is not at=PERCENT,PERCENT at line 1, column 26");
  EXPECT_EQ(fault_of("# budgets\n\nb: all 2calls/day refuse\nc: all 3calls/week warn\n"),
            "budgets: an unknown period (day, month) at line 4, column 8");
}

TEST(BudgetsText, NamesWhatIsWrong) {
  EXPECT_EQ(fault_of("a"), "budgets: a budget without ':' at line 1, column 1");
  EXPECT_EQ(fault_of(": all"), "budgets: a budget without a name at line 1, column 1");
  EXPECT_EQ(fault_of("a: all 5calls/day refuse; a: all 6calls/day warn"),
            "budgets: a second budget named 'a' at line 1, column 26");
  for (const auto& [text, what] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"a: project 5usd/day warn", "a subject that is not"},
           {"a: tag=x 5usd/day warn", "a subject without the name"},
           {"a: user.x=1 5usd/day warn", "an unknown subject"},
           {"a: all usd/day warn", "a limit that is not"},
           {"a: all 5usd warn", "a limit that is not"},
           {"a: all 5eur/day warn", "an unknown unit"},
           {"a: all 5usd/week warn", "an unknown period"},
           {"a: all 5.5calls/day warn", "a limit that is no number"},
           {"a: all 0.0000000000001usd/day warn", "a limit that is no number"},
           {"a: all 9223373usd/day warn", "a limit that is no number"},
           {"a: all 5usd/day stop", "an unknown action"},
           {"a: all 5usd/day", "an unknown action"},
           {"a: all 5usd/day warn 80", "a word that is not at="},
           {"a: all 5usd/day warn at=0", "a threshold that is not"},
           {"a: all 5usd/day warn at=50,", "a threshold that is not"}}) {
    EXPECT_NE(fault_of(text).find(what), std::string::npos) << text << ": " << fault_of(text);
  }
}

TEST(BudgetsText, SaysAmountsAsTheyAreWritten) {
  EXPECT_EQ(amount_text(BudgetUnit::pico_usd, 250 * usd), "250 USD");
  EXPECT_EQ(amount_text(BudgetUnit::pico_usd, usd / 2), "0.5 USD");
  EXPECT_EQ(amount_text(BudgetUnit::pico_usd, 1), "0.000000000001 USD");
  EXPECT_EQ(amount_text(BudgetUnit::pico_usd, 0), "0 USD");
  EXPECT_EQ(amount_text(BudgetUnit::tokens, 1), "1 token");
  EXPECT_EQ(amount_text(BudgetUnit::calls, 1000), "1000 calls");
  std::string subjects;
  for (const Budget& budget :
       budgets_of("a: all 1calls/day warn; b: project=p 1calls/month warn;"
                  "c: tag.x=y 1calls/day warn; d: label.x=y 1calls/day warn")) {
    subjects += subject_text(budget) + " " + std::string(to_string(budget.period)) + ";";
  }
  EXPECT_EQ(subjects, "all calls day;project p month;tag x=y day;label x=y day;");
}

TEST(Budgets, CountEachCallThatFallsUnderThem) {
  Budgets budgets(
      budgets_of("p: project=proj_a 10calls/day refuse; t: tag.team=search 1usd/month "
                 "refuse; l: label.user=ann 100tokens/day warn; other: project=proj_b "
                 "1calls/day refuse; all: all 10calls/month refuse"));
  const NameValue tag{"team", "search"};
  const NameValue label{"user", "ann"};
  const BudgetedCall call{"proj_a", {&tag, 1}, {&label, 1}};
  Reservation held;
  EXPECT_EQ(budgets.reserve(call, {usd / 4, 30}, now, held).refused_by, nullptr);
  EXPECT_EQ(budgets.state(0, now).reserved, 1);
  EXPECT_EQ(budgets.state(1, now).left, usd * 3 / 4);
  EXPECT_EQ(budgets.state(2, now).reserved, 30);
  EXPECT_EQ(budgets.state(3, now).reserved, 0);
  budgets.settle(held, {usd / 2, 50}, now + 1);
  EXPECT_TRUE(held.empty());
  EXPECT_EQ(budgets.state(0, now).spent, 1);
  EXPECT_EQ(budgets.state(1, now).spent, usd / 2);
  EXPECT_EQ(budgets.state(1, now).reserved, 0);
  EXPECT_EQ(budgets.state(2, now).left, 50);
  EXPECT_EQ(budgets.state(4, now).spent, 1);
}

TEST(Budgets, RefuseInAllOrReserveInAll) {
  Budgets budgets(budgets_of("all: all 100calls/day refuse; p: project=proj_a 1calls/day refuse"));
  const BudgetedCall call{"proj_a", {}, {}};
  Reservation first;
  Reservation second;
  EXPECT_EQ(budgets.reserve(call, {}, now, first).refused_by, nullptr);
  const auto verdict = budgets.reserve(call, {}, now, second);
  ASSERT_NE(verdict.refused_by, nullptr);
  EXPECT_EQ(verdict.refused_by->name, "p");
  EXPECT_TRUE(second.empty());
  EXPECT_EQ(budgets.state(0, now).reserved, 1);
  budgets.release(first);  // an error: it used nothing
  EXPECT_EQ(budgets.state(1, now).left, 1);
  EXPECT_EQ(budgets.reserve(call, {}, now, second).refused_by, nullptr);
}

TEST(Budgets, BeginAnewWithTheirPeriod) {
  Budgets budgets(budgets_of("d: all 1calls/day refuse; m: all 3calls/month refuse"));
  Reservation held;
  ASSERT_EQ(budgets.reserve({}, {}, now, held).refused_by, nullptr);
  EXPECT_EQ(budgets.state(0, now).reset_us, now + day_us);
  EXPECT_EQ(budgets.state(1, now).reset_us, now + day_us);  // 1 December
  // What ends in the next period is spent there, and is no longer reserved in the old one.
  budgets.settle(held, {}, now + day_us);
  EXPECT_EQ(budgets.state(0, now + day_us).spent, 1);
  EXPECT_EQ(budgets.state(0, now + day_us).reserved, 0);
  EXPECT_EQ(budgets.state(1, now + day_us).reset_us, now + 32 * day_us);
  // A clock that goes back gives nothing back.
  EXPECT_NE(budgets.reserve({}, {}, now, held).refused_by, nullptr);
  EXPECT_EQ(budgets.reserve({}, {}, now + 2 * day_us, held).refused_by, nullptr);
}

TEST(Budgets, RefuseWhatHasNoPriceUnlessTheyMayNot) {
  const std::string text = "a: all 1usd/day refuse";
  Reservation held;
  Budgets strict(budgets_of(text));
  const auto verdict = strict.reserve({}, {std::nullopt, 5}, now, held);
  ASSERT_NE(verdict.refused_by, nullptr);
  EXPECT_TRUE(verdict.is_unpriced);
  Budgets lenient(budgets_of(text), Budgets::Unpriced::allow);
  EXPECT_EQ(lenient.reserve({}, {std::nullopt, 5}, now, held).refused_by, nullptr);
  lenient.settle(held, {2 * usd, 5}, now);  // by then it had a price
  EXPECT_EQ(lenient.state(0, now).left, 0);
  EXPECT_NE(lenient.reserve({}, {std::nullopt, 5}, now, held).refused_by, nullptr);  // used up
}

TEST(Budgets, WhatIsHeldStaysReservedUntilItIsSettledOrAnHourIsOver) {
  Budgets budgets(budgets_of("a: all 100tokens/month refuse; c: all 9calls/month refuse"));
  const auto told = [&](std::int64_t at) {
    return std::to_string(budgets.state(0, at).spent) + " " +
           std::to_string(budgets.state(0, at).reserved) + " " +
           std::to_string(budgets.state(1, at).spent) + " " +
           std::to_string(budgets.state(1, at).reserved);
  };
  const std::int64_t at = now - day_us;  // not the last day of the month
  for (const char* name : {"first", "second"}) {
    Reservation held;
    ASSERT_EQ(budgets.reserve({}, {0, 40}, at, held).refused_by, nullptr);
    budgets.hold(name, held, at);
    EXPECT_TRUE(held.empty());
  }
  EXPECT_EQ(told(at), "0 80 0 2");
  EXPECT_FALSE(budgets.settle_held("third", {0, 5}, at));
  EXPECT_TRUE(budgets.settle_held("second", {0, 5}, at));
  EXPECT_FALSE(budgets.settle_held("second", {0, 5}, at));
  EXPECT_EQ(told(at + Budgets::longest_hold_us - 1), "5 40 1 1");
  EXPECT_EQ(told(at + Budgets::longest_hold_us), "5 0 1 0");
  EXPECT_FALSE(budgets.settle_held("first", {0, 5}, at));
  budgets.spend({}, {0, 7, 0}, at);
  EXPECT_EQ(told(at), "12 0 1 0");
}

TEST(Budgets, AnOverrideIsSentAndCounts) {
  Budgets budgets(budgets_of("a: all 0calls/day refuse; u: all 1usd/day refuse"));
  Reservation held;
  BudgetedCall call;
  EXPECT_NE(budgets.reserve(call, {}, now, held).refused_by, nullptr);
  call.overrides = true;
  EXPECT_EQ(budgets.reserve(call, {}, now, held).refused_by, nullptr);
  budgets.settle(held, {usd, 5}, now);
  EXPECT_EQ(budgets.state(0, now).spent, 1);
  EXPECT_EQ(budgets.state(1, now).spent, usd);
}

TEST(Budgets, WarnOnceAtEachThreshold) {
  Budgets budgets(budgets_of("a: all 100tokens/day warn at=50,80,100"));
  std::vector<int> warned;
  for (int i = 0; i < 12; ++i) {
    Reservation held;
    const auto verdict = budgets.reserve({}, {0, 10}, now, held);
    EXPECT_EQ(verdict.refused_by, nullptr);
    if (verdict.warns != nullptr) warned.push_back(verdict.warn_at);
    budgets.settle(held, {0, 10}, now);
  }
  EXPECT_EQ(warned, (std::vector<int>{50, 80, 100}));
}

TEST(Budgets, ThreadsNeverReserveMoreThanThereIs) {
  Budgets budgets(budgets_of("a: all 1000calls/day refuse"));
  std::atomic<int> sent{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 200; ++k) {
        Reservation held;
        if (budgets.reserve({}, {}, now, held).refused_by != nullptr) continue;
        if (k % 10 == 0) {
          budgets.release(held);
        } else {
          ++sent;
          budgets.settle(held, {}, now);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(sent, 1000);
  EXPECT_GT(sent, 900);
  EXPECT_EQ(budgets.state(0, now).spent, sent);
  EXPECT_EQ(budgets.state(0, now).reserved, 0);
}

TEST(Budgets, AForkedChildKeepsWhatWasSpentAndDropsWhatWasReserved) {
  Budgets budgets(budgets_of("a: all 3calls/day refuse"));
  Reservation spent;
  Reservation open;
  (void)budgets.reserve({}, {}, now, spent);
  budgets.settle(spent, {}, now);
  (void)budgets.reserve({}, {}, now, open);
  expect_good_child([&] {
    if (budgets.state(0, now).left != 2) return false;
    Reservation own;
    if (budgets.reserve({}, {}, now, own).refused_by != nullptr) return false;
    budgets.release(open);  // the parent's: it takes nothing off the child's own
    return budgets.state(0, now).reserved == 1;
  });
  EXPECT_EQ(budgets.state(0, now).reserved, 1);
}

}  // namespace
}  // namespace costmark::testing
