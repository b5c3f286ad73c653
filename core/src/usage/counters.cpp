#include <functional>
#include <limits>
#include <mutex>
#include <utility>

#include "base/fork.hpp"
#include "costmark/usage.hpp"

namespace costmark {
namespace {

constexpr std::string_view project_of_unattributed = "default";

void add(std::uint64_t& sum, std::uint64_t count) noexcept {
  const std::uint64_t left = std::numeric_limits<std::uint64_t>::max() - sum;
  sum += count < left ? count : left;
}

void add(UsageTotals& totals, const Usage& usage) noexcept {
  add(totals.input_tokens, usage.input_tokens.value_or(0));
  add(totals.cached_input_tokens, usage.cached_input_tokens.value_or(0));
  add(totals.cache_write_tokens, usage.cache_write_tokens.value_or(0));
  add(totals.output_tokens, usage.output_tokens.value_or(0));
  add(totals.reasoning_tokens, usage.reasoning_tokens.value_or(0));
  add(totals.inconsistent, usage.inconsistent() ? 1 : 0);
}

void add(UsageTotals& totals, const UsageTotals& more) noexcept {
  add(totals.operations, more.operations);
  add(totals.attempts, more.attempts);
  add(totals.failed_attempts, more.failed_attempts);
  add(totals.incomplete_attempts, more.incomplete_attempts);
  add(totals.open_attempts, more.open_attempts);
  add(totals.input_tokens, more.input_tokens);
  add(totals.cached_input_tokens, more.cached_input_tokens);
  add(totals.cache_write_tokens, more.cache_write_tokens);
  add(totals.output_tokens, more.output_tokens);
  add(totals.reasoning_tokens, more.reasoning_tokens);
  add(totals.inconsistent, more.inconsistent);
  totals.is_overflow = totals.is_overflow || more.is_overflow;
}

void count_end(UsageTotals& totals, Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::ok:
      return;
    case Outcome::error:
      return add(totals.failed_attempts, 1);
    case Outcome::open:
      return add(totals.open_attempts, 1);
    case Outcome::unknown:
    case Outcome::cancelled:
    case Outcome::incomplete:
      break;
  }
  add(totals.incomplete_attempts, 1);
}

// A key that is looked up and not kept.
struct KeyView {
  std::string_view project;
  std::string_view model;
};

KeyView view(const UsageKey& key) noexcept {
  return {key.project, key.model};
}
KeyView view(const KeyView& key) noexcept {
  return key;
}

struct InOrder {
  using is_transparent = void;

  template <class A, class B>
  bool operator()(const A& a, const B& b) const noexcept {
    const KeyView left = view(a);
    const KeyView right = view(b);
    const int order = left.project.compare(right.project);
    return order != 0 ? order < 0 : left.model < right.model;
  }
};

}  // namespace

struct UsageCounters::Impl {
  using Map = std::map<UsageKey, UsageTotals, InOrder>;

  explicit Impl(std::size_t most) noexcept : max_keys(most) {}

  // Call with the lock held. Allocates only for a key that has not been seen.
  UsageTotals& totals_of(std::string_view project, std::string_view model) {
    leave_to_parent();
    const KeyView key{project.empty() ? project_of_unattributed : project, model};
    const auto found = totals.find(key);
    if (found != totals.end()) return found->second;
    const bool too_long = key.project.size() > max_name || key.model.size() > max_name;
    if (too_long || totals.size() >= max_keys) {
      overflow.is_overflow = true;
      return overflow;
    }
    return totals.try_emplace({std::string(key.project), std::string(key.model)}).first->second;
  }

  // What was counted before a fork is the parent's.
  void leave_to_parent() noexcept {
    const std::uint64_t now = fork_generation();
    if (generation == now) return;
    generation = now;
    totals.clear();
    overflow = {};
    requests = {};
  }

  const std::size_t max_keys;
  std::mutex mutex;
  const HeldDuringFork across_fork{mutex};
  std::uint64_t generation = fork_generation();
  Map totals;
  UsageTotals overflow;
  RequestCounts requests;
};

UsageCounters::UsageCounters(std::size_t max_keys) : impl_(std::make_unique<Impl>(max_keys)) {}
UsageCounters::~UsageCounters() = default;

void UsageCounters::begin_attempt(std::string_view project, std::string_view model, bool first) {
  const std::lock_guard lock(impl_->mutex);
  UsageTotals& totals = impl_->totals_of(project, model);
  add(totals.attempts, 1);
  if (first) add(totals.operations, 1);
}

void UsageCounters::end_attempt(std::string_view project, std::string_view model, Outcome outcome,
                                const Usage& usage) {
  const std::lock_guard lock(impl_->mutex);
  UsageTotals& totals = impl_->totals_of(project, model);
  count_end(totals, outcome);
  add(totals, usage);
}

void UsageCounters::settle(std::string_view project, std::string_view model, const Usage& usage) {
  const std::lock_guard lock(impl_->mutex);
  add(impl_->totals_of(project, model), usage);
}

void UsageCounters::count_unattributed() noexcept {
  const std::lock_guard lock(impl_->mutex);
  impl_->leave_to_parent();
  add(impl_->requests.unattributed, 1);
}

void UsageCounters::count_unrecognized() noexcept {
  const std::lock_guard lock(impl_->mutex);
  impl_->leave_to_parent();
  add(impl_->requests.unrecognized, 1);
}

RequestCounts UsageCounters::requests() const {
  const std::lock_guard lock(impl_->mutex);
  impl_->leave_to_parent();
  return impl_->requests;
}

UsageSnapshot UsageCounters::snapshot() const {
  const std::lock_guard lock(impl_->mutex);
  impl_->leave_to_parent();
  UsageSnapshot copy(impl_->totals.begin(), impl_->totals.end());
  if (impl_->overflow.is_overflow) {
    copy[{std::string(overflow_name), std::string(overflow_name)}] = impl_->overflow;
  }
  return copy;
}

void UsageCounters::reset() {
  Impl::Map emptied;
  const std::lock_guard lock(impl_->mutex);
  impl_->totals.swap(emptied);
  impl_->overflow = {};
  impl_->requests = {};
}

std::map<std::string, UsageTotals> totals_by_project(const UsageSnapshot& snapshot) {
  std::map<std::string, UsageTotals> sums;
  for (const auto& [key, totals] : snapshot) add(sums[key.project], totals);
  return sums;
}

}  // namespace costmark
