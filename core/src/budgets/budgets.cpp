#include "costmark/budgets.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/fork.hpp"

namespace costmark {
namespace {

// Up to the largest number there is.
std::int64_t plus(std::int64_t a, std::int64_t b) noexcept {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  return a > most - b ? most : a + b;
}

std::int64_t microseconds(std::chrono::sys_days day) noexcept {
  return std::chrono::duration_cast<std::chrono::microseconds>(day.time_since_epoch()).count();
}

// The first microsecond of the period that a time is in, or of the next one.
std::int64_t begin_of(BudgetPeriod period, std::int64_t us, bool next) noexcept {
  using namespace std::chrono;
  const auto day = floor<days>(sys_time<std::chrono::microseconds>(std::chrono::microseconds(us)));
  if (period == BudgetPeriod::day) return microseconds(day + days(next ? 1 : 0));
  const year_month_day date(day);
  const auto month = year_month(date.year(), date.month()) + months(next ? 1 : 0);
  return microseconds(sys_days(month / 1));
}

// Views of a budget's texts, or of a call's.
struct Subject {
  BudgetSubject kind = BudgetSubject::all;
  std::string_view key;
  std::string_view value;

  friend bool operator==(const Subject&, const Subject&) = default;
};

struct HashOfSubject {
  std::size_t operator()(const Subject& subject) const noexcept {
    constexpr std::size_t factor = 31;
    const std::hash<std::string_view> hash;
    return (hash(subject.key) * factor + hash(subject.value)) * factor +
           static_cast<std::size_t>(subject.kind);
  }
};

// What is spent and reserved of one budget, in one period.
struct Account {
  std::int64_t period = std::numeric_limits<std::int64_t>::min();  // its first microsecond
  std::int64_t spent = 0;
  std::int64_t reserved = 0;

  std::int64_t used() const noexcept { return plus(spent, reserved); }
};

// The percentage of the limit that an amount is; large ones are all alike.
std::int64_t percent_of(std::int64_t amount, std::int64_t limit) noexcept {
  constexpr std::int64_t most = 1'000'000;
  if (limit == 0) return most;
  const auto percent = static_cast<double>(amount) * 100.0 / static_cast<double>(limit);
  return percent >= static_cast<double>(most) ? most : static_cast<std::int64_t>(percent);
}

}  // namespace

struct Budgets::Impl {
  Impl(std::vector<Budget> given, Unpriced what) : budgets(std::move(given)), unpriced(what) {
    accounts.resize(budgets.size());
    for (std::size_t i = 0; i < budgets.size(); ++i) {
      const Budget& budget = budgets[i];
      by_subject[{budget.subject, budget.key, budget.value}].push_back(i);
    }
  }

  // The account in the period of that time. A clock that goes back changes no period.
  Account& account(std::size_t index, std::int64_t now_us) noexcept {
    if (std::exchange(generation, fork_generation()) != generation) {
      for (Account& each : accounts) each.reserved = 0;  // those are the parent's calls
    }
    Account& found = accounts[index];
    const std::int64_t period = begin_of(budgets[index].period, now_us, false);
    if (period > found.period) found = {period, 0, 0};
    return found;
  }

  // How much of a budget that is; nothing where it has no price.
  std::optional<std::int64_t> amount(std::size_t index, const Spending& spending) const noexcept {
    switch (budgets[index].unit) {
      case BudgetUnit::pico_usd:
        return spending.pico_usd;
      case BudgetUnit::tokens:
        return spending.tokens;
      case BudgetUnit::calls:
        return 1;
    }
    return std::nullopt;
  }

  template <class Visit>
  void each_of(const Subject& subject, const Visit& visit) const {
    const auto found = by_subject.find(subject);
    if (found == by_subject.end()) return;
    for (const std::size_t index : found->second) visit(index);
  }

  // The budgets that a call falls under.
  template <class Visit>
  void each_of(const BudgetedCall& call, const Visit& visit) const {
    each_of(Subject{}, visit);
    each_of(Subject{BudgetSubject::project, {}, call.project}, visit);
    for (const NameValue& tag : call.tags) {
      each_of(Subject{BudgetSubject::tag, tag.name, tag.value}, visit);
    }
    for (const NameValue& label : call.labels) {
      each_of(Subject{BudgetSubject::label, label.name, label.value}, visit);
    }
  }

  // Whether a budget lets so much more be used.
  bool refuses(std::size_t index, std::optional<std::int64_t> more, const Account& account,
               Verdict& verdict) const noexcept {
    const Budget& budget = budgets[index];
    if (budget.action != BudgetAction::refuse) return false;
    verdict.is_unpriced = !more && unpriced == Unpriced::refuse;
    const std::int64_t used = account.used();
    const bool is_used_up = used >= budget.limit || more.value_or(0) > budget.limit - used;
    return verdict.is_unpriced || is_used_up;
  }

  // The highest threshold that lies between what was used before and now.
  static int passed(const Budget& budget, std::int64_t before, std::int64_t now) noexcept {
    int highest = 0;
    for (const int percent : budget.warn_at) {
      if (percent_of(before, budget.limit) < percent && percent_of(now, budget.limit) >= percent) {
        highest = percent;
      }
    }
    return highest;
  }

  const std::vector<Budget> budgets;
  const Unpriced unpriced;
  std::unordered_map<Subject, std::vector<std::size_t>, HashOfSubject> by_subject;

  mutable std::mutex mutex;
  const HeldDuringFork across_fork{mutex};
  std::uint64_t generation = fork_generation();
  std::vector<Account> accounts;
};

Budgets::Budgets(std::vector<Budget> budgets, Unpriced unpriced)
    : impl_(std::make_unique<Impl>(std::move(budgets), unpriced)) {}
Budgets::~Budgets() = default;

Budgets::Verdict Budgets::reserve(const BudgetedCall& call, const Spending& estimate,
                                  std::int64_t now_us, Reservation& out) {
  const std::lock_guard lock(impl_->mutex);
  Verdict verdict;
  out.shares_.clear();
  out.generation_ = fork_generation();
  impl_->each_of(call, [&](std::size_t index) {
    if (verdict.refused_by != nullptr) return;
    const auto more = impl_->amount(index, estimate);
    const Account& account = impl_->account(index, now_us);
    if (impl_->refuses(index, more, account, verdict)) {
      verdict.refused_by = &impl_->budgets[index];
      return;
    }
    out.shares_.push_back({index, std::max<std::int64_t>(more.value_or(0), 0), account.period});
  });
  if (verdict.refused_by != nullptr) {
    out.shares_.clear();
    return verdict;
  }
  for (const Reservation::Share& share : out.shares_) {
    Account& account = impl_->accounts[share.budget];
    const std::int64_t before = account.used();
    account.reserved = plus(account.reserved, share.amount);
    const Budget& budget = impl_->budgets[share.budget];
    const int percent = Impl::passed(budget, before, account.used());
    if (percent > verdict.warn_at) {
      verdict.warns = &budget;
      verdict.warn_at = percent;
    }
  }
  return verdict;
}

void Budgets::settle(Reservation& reservation, const Spending& used, std::int64_t now_us) noexcept {
  const std::lock_guard lock(impl_->mutex);
  for (const Reservation::Share& share : reservation.shares_) {
    Account& account = impl_->account(share.budget, now_us);
    const bool is_ours = reservation.generation_ == impl_->generation;
    if (is_ours && share.period == account.period) account.reserved -= share.amount;
    const std::int64_t amount = impl_->amount(share.budget, used).value_or(0);
    account.spent = plus(account.spent, std::max<std::int64_t>(amount, 0));
  }
  reservation.shares_.clear();
}

void Budgets::release(Reservation& reservation) noexcept {
  const std::lock_guard lock(impl_->mutex);
  for (const Reservation::Share& share : reservation.shares_) {
    Account& account = impl_->account(share.budget, share.period);
    const bool is_ours = reservation.generation_ == impl_->generation;
    if (is_ours && share.period == account.period) account.reserved -= share.amount;
  }
  reservation.shares_.clear();
}

std::span<const Budget> Budgets::all() const noexcept {
  return impl_->budgets;
}

BudgetState Budgets::state(std::size_t index, std::int64_t now_us) const {
  const std::lock_guard lock(impl_->mutex);
  const Account& account = impl_->account(index, now_us);
  const Budget& budget = impl_->budgets[index];
  return {account.spent, account.reserved, std::max<std::int64_t>(budget.limit - account.used(), 0),
          begin_of(budget.period, account.period, true)};
}

}  // namespace costmark
