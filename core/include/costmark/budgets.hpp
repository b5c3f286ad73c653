// Budgets: what a project, a tag, a label or all calls may spend in a UTC day or month.
//
//   a call ──► reserve(estimate) ──► refused: nothing is sent
//                   │
//                   └──► a reservation ──► settle(what it used): spent
//                                     └──► release: it used nothing
//
// A limit is soft. Spent and reserved together never exceed it where a reservation is made, so what
// is spent exceeds it by no more than what calls used beyond their estimates:
//
//   spent <= limit + sum over the calls in flight of max(0, used - estimate)
//
// This counts what one process does.
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

// "NAME: SUBJECT LIMIT/PERIOD ACTION [at=PERCENT,...]", and ';' between budgets:
//
//   support: project=proj_support 250usd/month refuse at=80; nightly: label.job=nightly
//   5000000tokens/day warn at=50,100; everyone: all 1000calls/day refuse
//
// Errors: invalid_option with the byte offset.
Result<std::vector<Budget>> parse_budgets(std::string_view text);

// What a call is, as far as budgets ask.
struct BudgetedCall {
  std::string_view project;
  std::span<const NameValue> tags;
  std::span<const NameValue> labels;
};

// What a call may use, or has used; it is one call whatever it used.
struct Spending {
  std::optional<std::int64_t> pico_usd;  // absent: it has no price
  std::int64_t tokens = 0;
};

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

// Synchronized internally. A forked child keeps what was spent, and drops what was reserved.
class Budgets {
 public:
  enum class Unpriced : std::uint8_t { refuse, allow };

  // What became of a call. Views of the budgets.
  struct Verdict {
    const Budget* refused_by = nullptr;  // null: it may be sent
    bool is_unpriced = false;            // refused, since its cost is not known
    const Budget* warns = nullptr;       // a threshold was passed by this call
    int warn_at = 0;                     // that one, in percent
  };

  explicit Budgets(std::vector<Budget> budgets, Unpriced unpriced = Unpriced::refuse);
  ~Budgets();
  Budgets(const Budgets&) = delete;
  Budgets& operator=(const Budgets&) = delete;

  // Asks every budget that the call falls under, and reserves the estimate in each, or in none
  // where one of them refuses. `out` must be empty. In the steady state it allocates nothing.
  Verdict reserve(const BudgetedCall& call, const Spending& estimate, std::int64_t now_us,
                  Reservation& out);
  // The call has ended: what it used is spent, in the period that it ended in.
  void settle(Reservation& reservation, const Spending& used, std::int64_t now_us) noexcept;
  // It used nothing, and was no call.
  void release(Reservation& reservation) noexcept;

  std::span<const Budget> all() const noexcept;
  // Of `all()[index]`, in the period of that time.
  BudgetState state(std::size_t index, std::int64_t now_us) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace costmark
