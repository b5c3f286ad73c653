// The accounts of all budgets: what this process has used, and what the others had when they were
// looked at.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "budgets/state_folder.hpp"
#include "costmark/budgets.hpp"

namespace costmark {

namespace budgets {

// Its first microsecond, and that of the next one.
struct Period {
  std::int64_t begin = std::numeric_limits<std::int64_t>::min();
  std::int64_t end = std::numeric_limits<std::int64_t>::min();
};

// Up to the largest number there is.
std::int64_t plus(std::int64_t a, std::int64_t b) noexcept;

// What is spent and reserved of one budget, in one period.
struct Account {
  Period period;
  std::int64_t spent = 0;  // by this process
  std::int64_t reserved = 0;
  std::int64_t others_spent = 0;  // when they were looked at
  std::int64_t others_reserved = 0;
  std::int64_t allowance = 0;  // what may be reserved before they are looked at again
  int warned_at = 0;           // the highest threshold that was passed, in percent
  bool is_changed = false;     // since it was written

  std::int64_t all_spent() const noexcept { return plus(spent, others_spent); }
  std::int64_t all_reserved() const noexcept { return plus(reserved, others_reserved); }
  std::int64_t used() const noexcept { return plus(all_spent(), all_reserved()); }
};

// Views of a budget's texts, or of a call's.
struct Subject {
  BudgetSubject kind = BudgetSubject::all;
  std::string_view key;
  std::string_view value;

  friend bool operator==(const Subject&, const Subject&) = default;
};

struct HashOfSubject {
  std::size_t operator()(const Subject& subject) const noexcept;
};

}  // namespace budgets

// One thread at a time.
class Budgets::Accounts {
 public:
  // `is_shared`: with other processes.
  Accounts(std::vector<Budget> budgets, Unpriced unpriced, bool is_shared);

  // Absent: the others must be looked at first, which the caller `has_looked` has just done.
  std::optional<Verdict> reserve(const BudgetedCall& call, const Spending& estimate,
                                 std::int64_t now_us, bool has_looked, Reservation& out);
  void settle(Reservation& reservation, const Spending& used, std::int64_t now_us) noexcept;
  void release(Reservation& reservation) noexcept;
  void spend(const BudgetedCall& call, const Spending& used, std::int64_t now_us);
  void hold(std::string_view name, Reservation& reservation, std::int64_t now_us);
  bool settle_held(std::string_view name, const Spending& used, std::int64_t now_us) noexcept;

  const std::vector<Budget>& budgets() const noexcept { return budgets_; }
  BudgetState state(std::size_t index, std::int64_t now_us) noexcept;

  // Whether what is known of the others is too old.
  bool is_look_due(std::int64_t now_us) noexcept;
  // What they have used, as they say at that time.
  void take_others(std::span<const budgets::Slot> slots, std::int64_t now_us) noexcept;
  void look_failed(std::int64_t now_us) noexcept { looked_us_ = now_us; }

  // Counts what changes here.
  std::uint64_t changes() const noexcept { return changes_; }
  // What this process has used of those that changed since the last time.
  void take_changes(std::vector<budgets::Slot>& out);
  void change_all() noexcept;
  // What all spend together, for each of `budgets()`.
  std::vector<budgets::Slot> slots_of(std::span<const std::int64_t> spent, std::int64_t now_us);

 private:
  // What a call reserved that ends later.
  struct Held {
    std::string name;
    std::int64_t until_us;
    Reservation reservation;
  };

  budgets::Account& account(std::size_t index, std::int64_t now_us) noexcept;
  void drop_what_is_the_parents() noexcept;
  BudgetState state_of(std::size_t index, const budgets::Account& account) const noexcept;
  std::optional<std::int64_t> amount(std::size_t index, const Spending& spending) const noexcept;
  template <class Visit>
  void each_of(const budgets::Subject& subject, const Visit& visit) const;
  template <class Visit>
  void each_of(const BudgetedCall& call, const Visit& visit) const;
  bool refuses(std::size_t index, std::optional<std::int64_t> more, const budgets::Account& account,
               Verdict& verdict) const noexcept;
  bool may_be_too_much(std::size_t index, std::int64_t more,
                       const budgets::Account& account) const noexcept;
  void commit(const Reservation& reservation, Verdict& verdict) noexcept;
  void take_back(const Reservation& reservation, const Reservation::Share& share,
                 budgets::Account& account) const noexcept;
  void change(budgets::Account& account) noexcept;
  void add_to_spent(budgets::Account& account, std::int64_t amount) noexcept;
  void release_expired(std::int64_t now_us) noexcept;

  const std::vector<Budget> budgets_;
  const Unpriced unpriced_;
  const bool is_shared_;
  std::unordered_map<budgets::Subject, std::vector<std::size_t>, budgets::HashOfSubject>
      by_subject_;
  std::vector<std::uint64_t> keys_;  // in the files of the writers
  std::unordered_map<std::uint64_t, std::size_t> by_key_;

  std::uint64_t generation_;
  std::vector<budgets::Account> accounts_;
  std::deque<Held> held_;  // those that end first at the front
  std::int64_t looked_us_ = std::numeric_limits<std::int64_t>::max();  // never
  std::uint64_t changes_ = 0;
};

}  // namespace costmark
