// Budgets: what a project, a tag, a label or all calls may spend in a UTC day or month.
//
//   a call ──► reserve(estimate) ──► refused: nothing is sent
//                   │
//                   └──► a reservation ──► settle(what it used): spent
//                                     ├──► release: it used nothing
//                                     └──► hold: it ends later, or never
//
// A limit is soft. Spent and reserved together never exceed it where a reservation is made, so what
// is spent exceeds it by no more than what calls used beyond their estimates:
//
//   spent <= limit + sum over the calls in flight of max(0, used - estimate)
//
// Writers of one ledger see what the others have used, at most a second late, and anew once they
// themselves have reserved a sixteenth of what was left. That adds, for P processes,
//
//   (P - 1) * max(what was left a second before / 16, one call)
//
// and what was reserved by processes that were killed. docs/budgets.md explains it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/error.hpp"
#include "costmark/labels.hpp"

namespace costmark {

enum class BudgetSubject : std::uint8_t { all, project, tag, label };
enum class BudgetUnit : std::uint8_t { pico_usd, tokens, calls };
enum class BudgetPeriod : std::uint8_t { day, month };
enum class BudgetAction : std::uint8_t { warn, refuse };

struct Budget {
  std::string name;
  BudgetSubject subject = BudgetSubject::all;
  std::string key;    // of a tag or label
  std::string value;  // of these; or the project's id
  std::int64_t limit = 0;
  BudgetUnit unit = BudgetUnit::pico_usd;
  BudgetPeriod period = BudgetPeriod::month;
  BudgetAction action = BudgetAction::refuse;
  std::vector<int> warn_at;  // in percent of the limit, rising

  friend bool operator==(const Budget&, const Budget&) = default;
};

// "NAME: SUBJECT LIMIT/PERIOD ACTION [at=PERCENT,...]", one a line, or with ';' between them:
//
//   # what the teams may spend
//   support: project=proj_support 250usd/month refuse at=80
//   nightly: label.job=nightly 5000000tokens/day warn at=50,100; everyone: all 1000calls/day refuse
//
// `warn` without `at` warns at 100. Errors: invalid_option with the byte offset.
Result<std::vector<Budget>> parse_budgets(std::string_view text);

// What a call is, as far as budgets ask.
struct BudgetedCall {
  std::string_view project;
  std::span<const NameValue> tags;
  std::span<const NameValue> labels;
  bool overrides = false;  // it may be sent whatever is spent, and counts all the same
};

// What a call may use, or has used.
struct Spending {
  std::optional<std::int64_t> pico_usd;  // absent: it has no price
  std::int64_t tokens = 0;
  std::int64_t calls = 1;  // 0: a further attempt of a call that was counted
};

// "250 USD", "1000 calls": an amount in the unit of a budget.
std::string amount_text(BudgetUnit unit, std::int64_t amount);
// "all calls", "project proj_a", "tag team=search".
std::string subject_text(const Budget& budget);
std::string_view to_string(BudgetPeriod period) noexcept;  // "day", "month"

struct BudgetState {
  std::int64_t spent = 0;
  std::int64_t reserved = 0;
  std::int64_t left = 0;      // of the limit; never below 0
  std::int64_t reset_us = 0;  // when the next period begins
};

// What one call has reserved. It belongs to the Budgets that filled it; one thread at a time.
class Reservation {
 public:
  bool empty() const noexcept { return shares_.empty(); }

 private:
  friend class Budgets;
  struct Share {
    std::size_t budget;
    std::int64_t amount;
    std::int64_t period;
  };
  std::vector<Share> shares_;  // keeps its memory for the next call
  std::uint64_t generation_ = 0;
};

// Synchronized internally; starts no threads. With a folder, each change is one small write(2). A
// forked child keeps what was spent, and drops what was reserved.
class Budgets {
 public:
  enum class Unpriced : std::uint8_t { refuse, allow };

  // How long what is held stays reserved.
  static constexpr std::int64_t longest_hold_us = 3'600'000'000;

  // What became of a call. Views of the budgets.
  struct Verdict {
    const Budget* refused_by = nullptr;  // null: it may be sent
    bool is_unpriced = false;            // refused, since its cost is not known
    const Budget* warns = nullptr;       // it passed a threshold, as the first of its period
    int warn_at = 0;                     // that one, in percent
    BudgetState state;                   // of `refused_by`, else of `warns`
    std::string trouble;  // what was wrong with what others say of themselves; told once
  };

  // `ledger` is the folder whose writers share them; empty: this process alone.
  explicit Budgets(std::vector<Budget> budgets, Unpriced unpriced = Unpriced::refuse,
                   const std::string& ledger = {});
  // Those of this process that say the same of the same folder, made when there are none.
  static std::shared_ptr<Budgets> shared(std::vector<Budget> budgets, Unpriced unpriced,
                                         std::string_view ledger);
  // All that `shared` has given to this process and that are still in use.
  static std::vector<std::shared_ptr<Budgets>> of_process();
  ~Budgets();
  Budgets(const Budgets&) = delete;
  Budgets& operator=(const Budgets&) = delete;

  // Asks every budget that the call falls under, and reserves the estimate in each, or in none
  // where one of them refuses. `out` must be empty. In the steady state it allocates nothing.
  Verdict reserve(const BudgetedCall& call, const Spending& estimate, std::int64_t now_us,
                  Reservation& out);
  // The call has ended: what it used is spent, in the period that it ended in. What has no price
  // counts as it was reserved.
  void settle(Reservation& reservation, const Spending& used, std::int64_t now_us) noexcept;
  // It used nothing, and was no call.
  void release(Reservation& reservation) noexcept;
  // What was used without a reservation here.
  void spend(const BudgetedCall& call, const Spending& used, std::int64_t now_us);

  // The call has not ended: its reservation stays under that name until it is settled, or for
  // `longest_hold_us`.
  void hold(std::string_view name, Reservation& reservation, std::int64_t now_us);
  // False when nothing is held under that name.
  bool settle_held(std::string_view name, const Spending& used, std::int64_t now_us) noexcept;

  std::span<const Budget> all() const noexcept;
  // Of `all()[index]`, in the period of that time, all writers together.
  BudgetState state(std::size_t index, std::int64_t now_us) const;

  // Makes `spent`, one for each of `all()`, what all writers together have spent in the periods of
  // that time. What living writers say of themselves stays. Errors: invalid_argument without a
  // folder, or where that cannot be written.
  Status rebuild(std::span<const std::int64_t> spent, std::int64_t now_us);

 private:
  class Accounts;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace costmark
