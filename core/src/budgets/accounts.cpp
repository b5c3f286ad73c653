#include "budgets/accounts.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

#include "base/fork.hpp"

namespace costmark {

using budgets::Account;
using budgets::Period;
using budgets::Slot;
using budgets::Subject;

namespace budgets {

std::int64_t plus(std::int64_t a, std::int64_t b) noexcept {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  return a > most - b ? most : a + b;
}

std::size_t HashOfSubject::operator()(const Subject& subject) const noexcept {
  constexpr std::size_t factor = 31;
  const std::hash<std::string_view> hash;
  return (hash(subject.key) * factor + hash(subject.value)) * factor +
         static_cast<std::size_t>(subject.kind);
}

}  // namespace budgets

namespace {

using budgets::plus;

// How long others are taken to be as they were.
constexpr std::int64_t look_interval_us = 1'000'000;
// Which part of what is left may be reserved meanwhile.
constexpr std::int64_t parts = 16;

std::int64_t microseconds(std::chrono::sys_days day) noexcept {
  return std::chrono::duration_cast<std::chrono::microseconds>(day.time_since_epoch()).count();
}

Period period_at(BudgetPeriod period, std::int64_t us) noexcept {
  using namespace std::chrono;
  const auto day = floor<days>(sys_time<std::chrono::microseconds>(std::chrono::microseconds(us)));
  if (period == BudgetPeriod::day) return {microseconds(day), microseconds(day + days(1))};
  const year_month_day date(day);
  const year_month month(date.year(), date.month());
  return {microseconds(sys_days(month / 1)), microseconds(sys_days((month + months(1)) / 1))};
}

// The percentage of the limit that an amount is; large ones are all alike.
std::int64_t percent_of(std::int64_t amount, std::int64_t limit) noexcept {
  constexpr std::int64_t most = 1'000'000;
  if (limit == 0) return most;
  const auto percent = static_cast<double>(amount) * 100.0 / static_cast<double>(limit);
  return percent >= static_cast<double>(most) ? most : static_cast<std::int64_t>(percent);
}

// Of a budget's definition, less what may change in the middle of a period: limit and action.
std::uint64_t key_of(const Budget& budget) {
  return budgets::hash_of(budget.name + '\n' + subject_text(budget) + '\n' +
                          amount_text(budget.unit, 0) + '\n' +
                          std::string(to_string(budget.period)));
}

// The highest threshold that was passed now, and not before in this period.
int passed(const Budget& budget, Account& account) noexcept {
  if (budget.warn_at.empty() || budget.warn_at.back() <= account.warned_at) return 0;
  const std::int64_t percent = percent_of(account.used(), budget.limit);
  int highest = 0;
  for (const int threshold : budget.warn_at) {
    if (threshold > account.warned_at && threshold <= percent) highest = threshold;
  }
  account.warned_at = std::max(account.warned_at, highest);
  return highest;
}

}  // namespace

Budgets::Accounts::Accounts(std::vector<Budget> budgets, Unpriced unpriced, bool is_shared)
    : budgets_(std::move(budgets)),
      unpriced_(unpriced),
      is_shared_(is_shared),
      generation_(fork_generation()),
      accounts_(budgets_.size()) {
  for (std::size_t i = 0; i < budgets_.size(); ++i) {
    const Budget& budget = budgets_[i];
    by_subject_[{budget.subject, budget.key, budget.value}].push_back(i);
    keys_.push_back(key_of(budget));
    by_key_.emplace(keys_.back(), i);
  }
}

// --- The accounts --------------------------------------------------------------------------------

// The account in the period of that time. A clock that goes back changes no period.
Account& Budgets::Accounts::account(std::size_t index, std::int64_t now_us) noexcept {
  if (generation_ != fork_generation()) drop_what_is_the_parents();
  Account& found = accounts_[index];
  if (now_us >= found.period.end) found = {period_at(budgets_[index].period, now_us)};
  return found;
}

// What it has spent is that of another process now; what it has reserved are its own calls.
void Budgets::Accounts::drop_what_is_the_parents() noexcept {
  generation_ = fork_generation();
  looked_us_ = std::numeric_limits<std::int64_t>::max();
  for (Account& each : accounts_) {
    each.others_spent = plus(each.others_spent, std::exchange(each.spent, 0));
    each.reserved = 0;
    each.is_changed = false;
  }
}

BudgetState Budgets::Accounts::state_of(std::size_t index, const Account& account) const noexcept {
  return {account.all_spent(), account.all_reserved(),
          std::max<std::int64_t>(budgets_[index].limit - account.used(), 0), account.period.end};
}

BudgetState Budgets::Accounts::state(std::size_t index, std::int64_t now_us) noexcept {
  release_expired(now_us);
  return state_of(index, account(index, now_us));
}

void Budgets::Accounts::change(Account& account) noexcept {
  account.is_changed = true;
  ++changes_;
}

void Budgets::Accounts::add_to_spent(Account& account, std::int64_t amount) noexcept {
  account.spent = plus(account.spent, std::max<std::int64_t>(amount, 0));
  change(account);
}

// How much of a budget that is; nothing where it has no price.
std::optional<std::int64_t> Budgets::Accounts::amount(std::size_t index,
                                                      const Spending& spending) const noexcept {
  switch (budgets_[index].unit) {
    case BudgetUnit::pico_usd:
      return spending.pico_usd;
    case BudgetUnit::tokens:
      return spending.tokens;
    case BudgetUnit::calls:
      return spending.calls;
  }
  return std::nullopt;
}

template <class Visit>
void Budgets::Accounts::each_of(const Subject& subject, const Visit& visit) const {
  const auto found = by_subject_.find(subject);
  if (found == by_subject_.end()) return;
  for (const std::size_t index : found->second) visit(index);
}

// The budgets that a call falls under.
template <class Visit>
void Budgets::Accounts::each_of(const BudgetedCall& call, const Visit& visit) const {
  each_of(Subject{}, visit);
  each_of(Subject{BudgetSubject::project, {}, call.project}, visit);
  for (const NameValue& tag : call.tags) {
    each_of(Subject{BudgetSubject::tag, tag.name, tag.value}, visit);
  }
  for (const NameValue& label : call.labels) {
    each_of(Subject{BudgetSubject::label, label.name, label.value}, visit);
  }
}

// --- A call --------------------------------------------------------------------------------------

// Whether a budget has no place for so much more.
bool Budgets::Accounts::refuses(std::size_t index, std::optional<std::int64_t> more,
                                const Account& account, Verdict& verdict) const noexcept {
  const Budget& budget = budgets_[index];
  if (budget.action != BudgetAction::refuse || more == 0) return false;
  verdict.is_unpriced = !more && unpriced_ == Unpriced::refuse;
  const std::int64_t used = account.used();
  const bool is_used_up = used >= budget.limit || more.value_or(0) > budget.limit - used;
  return verdict.is_unpriced || is_used_up;
}

// Whether others may have used meanwhile what seems to be left for so much more.
bool Budgets::Accounts::may_be_too_much(std::size_t index, std::int64_t more,
                                        const Account& account) const noexcept {
  return is_shared_ && budgets_[index].action == BudgetAction::refuse && more > account.allowance;
}

std::optional<Budgets::Verdict> Budgets::Accounts::reserve(const BudgetedCall& call,
                                                           const Spending& estimate,
                                                           std::int64_t now_us, bool has_looked,
                                                           Reservation& out) {
  release_expired(now_us);
  Verdict verdict;
  bool must_look = false;
  out.shares_.clear();
  out.generation_ = fork_generation();
  each_of(call, [&](std::size_t index) {
    if (verdict.refused_by != nullptr) return;
    const auto more = amount(index, estimate);
    const Account& found = account(index, now_us);
    must_look = must_look || is_look_due(now_us);
    if (!call.overrides && refuses(index, more, found, verdict)) {
      verdict.refused_by = &budgets_[index];
      verdict.state = state_of(index, found);
      return;
    }
    const std::int64_t share = std::max<std::int64_t>(more.value_or(0), 0);
    must_look = must_look || (!call.overrides && may_be_too_much(index, share, found));
    out.shares_.push_back({index, share, found.period.begin});
  });
  if (must_look && !has_looked) {
    out.shares_.clear();
    return std::nullopt;
  }
  if (verdict.refused_by != nullptr) {
    out.shares_.clear();
  } else {
    commit(out, verdict);
  }
  return verdict;
}

void Budgets::Accounts::commit(const Reservation& reservation, Verdict& verdict) noexcept {
  for (const Reservation::Share& share : reservation.shares_) {
    Account& account = accounts_[share.budget];
    account.reserved = plus(account.reserved, share.amount);
    account.allowance = std::max<std::int64_t>(account.allowance - share.amount, 0);
    change(account);
    const Budget& budget = budgets_[share.budget];
    const int percent = passed(budget, account);
    if (percent <= verdict.warn_at) continue;
    verdict.warns = &budget;
    verdict.warn_at = percent;
    verdict.state = state_of(share.budget, account);
  }
}

void Budgets::Accounts::take_back(const Reservation& reservation, const Reservation::Share& share,
                                  Account& account) const noexcept {
  const bool is_ours = reservation.generation_ == generation_;
  if (is_ours && share.period == account.period.begin) account.reserved -= share.amount;
}

void Budgets::Accounts::settle(Reservation& reservation, const Spending& used,
                               std::int64_t now_us) noexcept {
  for (const Reservation::Share& share : reservation.shares_) {
    Account& found = account(share.budget, now_us);
    take_back(reservation, share, found);
    // A call is one call, whatever it used.
    const bool is_as_reserved = budgets_[share.budget].unit == BudgetUnit::calls;
    const auto more = is_as_reserved ? std::nullopt : amount(share.budget, used);
    add_to_spent(found, more.value_or(share.amount));
  }
  reservation.shares_.clear();
}

void Budgets::Accounts::release(Reservation& reservation) noexcept {
  for (const Reservation::Share& share : reservation.shares_) {
    Account& found = account(share.budget, share.period);
    take_back(reservation, share, found);
    change(found);
  }
  reservation.shares_.clear();
}

void Budgets::Accounts::spend(const BudgetedCall& call, const Spending& used, std::int64_t now_us) {
  each_of(call, [&](std::size_t index) {
    add_to_spent(account(index, now_us), amount(index, used).value_or(0));
  });
}

void Budgets::Accounts::hold(std::string_view name, Reservation& reservation, std::int64_t now_us) {
  held_.push_back({std::string(name), now_us + longest_hold_us, {}});
  std::swap(held_.back().reservation, reservation);
}

bool Budgets::Accounts::settle_held(std::string_view name, const Spending& used,
                                    std::int64_t now_us) noexcept {
  release_expired(now_us);
  const auto found = std::find_if(held_.begin(), held_.end(),
                                  [name](const Held& held) { return held.name == name; });
  if (found == held_.end()) return false;
  settle(found->reservation, used, now_us);
  held_.erase(found);
  return true;
}

void Budgets::Accounts::release_expired(std::int64_t now_us) noexcept {
  while (!held_.empty() && held_.front().until_us <= now_us) {
    release(held_.front().reservation);
    held_.pop_front();
  }
}

// --- The others ----------------------------------------------------------------------------------

bool Budgets::Accounts::is_look_due(std::int64_t now_us) noexcept {
  if (generation_ != fork_generation()) drop_what_is_the_parents();
  return is_shared_ && (now_us < looked_us_ || now_us - looked_us_ >= look_interval_us);
}

void Budgets::Accounts::take_others(std::span<const Slot> slots, std::int64_t now_us) noexcept {
  for (std::size_t i = 0; i < accounts_.size(); ++i) {
    Account& found = account(i, now_us);
    found.others_spent = found.others_reserved = 0;
  }
  for (const Slot& slot : slots) {
    const auto at = by_key_.find(slot.key);
    if (at == by_key_.end()) continue;
    Account& found = accounts_[at->second];
    if (slot.period != found.period.begin) continue;
    found.others_spent = plus(found.others_spent, slot.spent);
    found.others_reserved = plus(found.others_reserved, slot.reserved);
  }
  for (std::size_t i = 0; i < accounts_.size(); ++i) {
    accounts_[i].allowance = state_of(i, accounts_[i]).left / parts;
  }
  looked_us_ = now_us;
}

void Budgets::Accounts::take_changes(std::vector<Slot>& out) {
  for (std::size_t i = 0; i < accounts_.size(); ++i) {
    Account& each = accounts_[i];
    if (!each.is_changed) continue;
    out.push_back({keys_[i], each.period.begin, each.spent, each.reserved});
    each.is_changed = false;
  }
}

void Budgets::Accounts::change_all() noexcept {
  for (Account& each : accounts_) {
    if (each.spent != 0 || each.reserved != 0) change(each);
  }
}

std::vector<Slot> Budgets::Accounts::slots_of(std::span<const std::int64_t> spent,
                                              std::int64_t now_us) {
  std::vector<Slot> slots;
  for (std::size_t i = 0; i < std::min(spent.size(), accounts_.size()); ++i) {
    slots.push_back(
        {keys_[i], account(i, now_us).period.begin, std::max<std::int64_t>(spent[i], 0), 0});
  }
  return slots;
}

}  // namespace costmark
