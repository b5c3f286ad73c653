#include "costmark/budgets.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "base/fork.hpp"
#include "base/immortal.hpp"
#include "budgets/accounts.hpp"
#include "budgets/state_folder.hpp"

namespace costmark {

using budgets::Slot;
using budgets::StateFolder;

namespace {

// This process among the writers of a folder. Its mutex is held while the disk is waited for, and
// so not across fork: a child makes a board of its own.
struct Board {
  explicit Board(const std::string& ledger) : folder(ledger) {}

  std::mutex mutex;
  StateFolder folder;
  std::vector<Slot> slots;    // memory to work with
  std::uint64_t written = 0;  // the changes that are in the file
  const std::uint64_t generation = fork_generation();
};

}  // namespace

struct Budgets::Impl {
  Impl(std::vector<Budget> budgets, Unpriced unpriced, const std::string& folder)
      : ledger(folder), accounts(std::move(budgets), unpriced, !folder.empty()) {}
  ~Impl() {
    Board* const mine = board.load();
    if (mine != nullptr && mine->generation == fork_generation()) delete mine;
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Board& board_of_this_process() {
    Board* found = board.load(std::memory_order_acquire);
    if (found != nullptr && found->generation == fork_generation()) return *found;
    auto made = std::make_unique<Board>(ledger);
    // The parent's is left as it is: another thread may have been inside of it at the fork.
    if (board.compare_exchange_strong(found, made.get(), std::memory_order_acq_rel)) {
      return *made.release();
    }
    return *found;
  }

  // What changed until then is in the file when this returns, or cannot be. Threads that come
  // together write once.
  void publish(std::uint64_t change) {
    if (ledger.empty()) return;
    Board& mine = board_of_this_process();
    const std::lock_guard lock(mine.mutex);
    if (mine.written < change) write_changes(mine);
  }

  // With the board's mutex held.
  void write_changes(Board& mine) {
    mine.slots.clear();
    std::uint64_t change = 0;
    {
      const std::lock_guard lock(mutex);
      accounts.take_changes(mine.slots);
      change = accounts.changes();
    }
    mine.written = change;
    if (mine.folder.write(mine.slots)) return;
    const std::lock_guard lock(mutex);  // next time, then
    accounts.change_all();
  }

  // Likewise. What is our own is told before we see what others tell.
  void look(Board& mine, std::int64_t now_us) {
    if (mine.folder.is_lost()) {
      const std::lock_guard lock(mutex);
      accounts.change_all();
    }
    write_changes(mine);
    mine.slots.clear();
    const bool is_read = mine.folder.read_others(mine.slots);
    const std::lock_guard lock(mutex);
    if (is_read) {
      accounts.take_others(mine.slots, now_us);
    } else {
      accounts.look_failed(now_us);
    }
    if (std::string found = mine.folder.take_trouble(); !found.empty()) trouble = std::move(found);
  }

  void look_if_due(std::int64_t now_us) {
    {
      const std::lock_guard lock(mutex);
      if (!accounts.is_look_due(now_us)) return;
    }
    Board& mine = board_of_this_process();
    const std::lock_guard lock(mine.mutex);
    look(mine, now_us);
  }

  // Only for want of memory a change is not written; it is with the next one.
  template <class Change>
  void change(const Change& with) noexcept {
    std::uint64_t change = 0;
    {
      const std::lock_guard lock(mutex);
      with(accounts);
      change = accounts.changes();
    }
    try {
      publish(change);
    } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch)
    }
  }

  std::optional<Verdict> try_reserve(const BudgetedCall& call, const Spending& estimate,
                                     std::int64_t now_us, bool has_looked, Reservation& out,
                                     std::uint64_t& change) {
    const std::lock_guard lock(mutex);
    auto verdict = accounts.reserve(call, estimate, now_us, has_looked, out);
    change = accounts.changes();
    if (verdict && !trouble.empty()) verdict->trouble = std::exchange(trouble, {});
    return verdict;
  }

  // The one look at a time lets one call more than its allowance through.
  Verdict look_and_reserve(const BudgetedCall& call, const Spending& estimate, std::int64_t now_us,
                           Reservation& out) {
    Board& mine = board_of_this_process();
    const std::lock_guard lock(mine.mutex);
    std::uint64_t change = 0;
    auto verdict = try_reserve(call, estimate, now_us, false, out, change);
    if (!verdict) {
      look(mine, now_us);
      verdict = try_reserve(call, estimate, now_us, true, out, change);
    }
    if (!out.empty()) write_changes(mine);
    return *std::move(verdict);
  }

  const std::string ledger;
  mutable std::mutex mutex;
  const HeldDuringFork across_fork{mutex};
  Accounts accounts;
  std::string trouble;
  std::atomic<Board*> board{nullptr};
};

Budgets::Budgets(std::vector<Budget> budgets, Unpriced unpriced, const std::string& ledger)
    : impl_(std::make_unique<Impl>(std::move(budgets), unpriced, ledger)) {}
Budgets::~Budgets() = default;

Budgets::Verdict Budgets::reserve(const BudgetedCall& call, const Spending& estimate,
                                  std::int64_t now_us, Reservation& out) {
  std::uint64_t change = 0;
  auto verdict = impl_->try_reserve(call, estimate, now_us, false, out, change);
  if (!verdict) return impl_->look_and_reserve(call, estimate, now_us, out);
  if (!out.empty()) impl_->publish(change);
  return *std::move(verdict);
}

void Budgets::settle(Reservation& reservation, const Spending& used, std::int64_t now_us) noexcept {
  if (reservation.empty()) return;
  impl_->change([&](Accounts& accounts) { accounts.settle(reservation, used, now_us); });
}

void Budgets::release(Reservation& reservation) noexcept {
  if (reservation.empty()) return;
  impl_->change([&](Accounts& accounts) { accounts.release(reservation); });
}

void Budgets::spend(const BudgetedCall& call, const Spending& used, std::int64_t now_us) {
  impl_->change([&](Accounts& accounts) { accounts.spend(call, used, now_us); });
}

void Budgets::hold(std::string_view name, Reservation& reservation, std::int64_t now_us) {
  if (reservation.empty()) return;
  const std::lock_guard lock(impl_->mutex);
  impl_->accounts.hold(name, reservation, now_us);
}

bool Budgets::settle_held(std::string_view name, const Spending& used,
                          std::int64_t now_us) noexcept {
  bool is_held = false;
  impl_->change([&](Accounts& accounts) { is_held = accounts.settle_held(name, used, now_us); });
  return is_held;
}

std::span<const Budget> Budgets::all() const noexcept {
  return impl_->accounts.budgets();
}

BudgetState Budgets::state(std::size_t index, std::int64_t now_us) const {
  impl_->look_if_due(now_us);
  const std::lock_guard lock(impl_->mutex);
  return impl_->accounts.state(index, now_us);
}

Status Budgets::rebuild(std::span<const std::int64_t> spent, std::int64_t now_us) {
  if (impl_->ledger.empty()) {
    return {Code::invalid_argument, "budgets without a folder of a ledger are kept nowhere"};
  }
  Board& mine = impl_->board_of_this_process();
  const std::lock_guard board_lock(mine.mutex);
  std::vector<Slot> totals;
  {
    const std::lock_guard lock(impl_->mutex);
    totals = impl_->accounts.slots_of(spent, now_us);
  }
  if (Status status = mine.folder.rebuild(totals); !status) return status;
  impl_->look(mine, now_us);
  return {};
}

namespace {

// Budgets that say the same of the same folder have one key.
std::string key_of(const std::vector<Budget>& budgets, Budgets::Unpriced unpriced,
                   std::string_view ledger) {
  std::string key(ledger);
  key += unpriced == Budgets::Unpriced::allow ? "\nallow" : "\nrefuse";
  for (const Budget& budget : budgets) {
    key += '\n' + budget.name + '\n' + subject_text(budget) + '\n' +
           amount_text(budget.unit, budget.limit) + ' ' + std::string(to_string(budget.period)) +
           (budget.action == BudgetAction::refuse ? " refuse" : " warn");
    for (const int percent : budget.warn_at) key += ' ' + std::to_string(percent);
  }
  return key;
}

// What the clients of this process share.
class Registry {
 public:
  static Registry& of_process() {
    static const Immortal<Registry> all;
    return *all;
  }

  std::shared_ptr<Budgets> find_or_add(const std::string& key,
                                       const std::shared_ptr<Budgets>& made) {
    const std::lock_guard lock(mutex_);
    std::erase_if(budgets_, [](const auto& entry) { return entry.second.expired(); });
    std::weak_ptr<Budgets>& entry = budgets_[key];
    if (auto found = entry.lock()) return found;
    entry = made;
    return made;
  }

  std::vector<std::shared_ptr<Budgets>> all() {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<Budgets>> found;
    for (const auto& entry : budgets_) {
      if (auto living = entry.second.lock()) found.push_back(std::move(living));
    }
    return found;
  }

 private:
  std::mutex mutex_;
  const HeldDuringFork across_fork_{mutex_};
  std::map<std::string, std::weak_ptr<Budgets>> budgets_;
};

}  // namespace

std::shared_ptr<Budgets> Budgets::shared(std::vector<Budget> budgets, Unpriced unpriced,
                                         std::string_view ledger) {
  const std::string key = key_of(budgets, unpriced, ledger);
  const auto made = std::make_shared<Budgets>(std::move(budgets), unpriced, std::string(ledger));
  return Registry::of_process().find_or_add(key, made);
}

std::vector<std::shared_ptr<Budgets>> Budgets::of_process() {
  return Registry::of_process().all();
}

}  // namespace costmark
