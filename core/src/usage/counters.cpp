#include <functional>
#include <limits>
#include <mutex>
#include <utility>

#include "costmark/usage.hpp"
#include "fork.hpp"

namespace costmark {
namespace {

constexpr std::string_view project_of_unattributed = "default";

// A sum that no longer fits stays at the largest count instead of starting over.
void add(std::uint64_t& sum, const std::optional<std::uint64_t>& count) noexcept {
  const std::uint64_t room = std::numeric_limits<std::uint64_t>::max() - sum;
  sum += count.value_or(0) < room ? count.value_or(0) : room;
}

}  // namespace

struct UsageCounters::Impl {
  // Allocates only for a project that has not been seen.
  UsageTotals& totals_of(std::string_view project) {
    const std::string_view key = project.empty() ? project_of_unattributed : project;
    const auto found = totals.find(key);
    if (found != totals.end()) return found->second;
    return totals.try_emplace(std::string(key)).first->second;
  }

  mutable std::mutex mutex;
  const HeldDuringFork across_fork{mutex};
  std::map<std::string, UsageTotals, std::less<>> totals;
};

UsageCounters::UsageCounters() : impl_(std::make_unique<Impl>()) {}
UsageCounters::~UsageCounters() = default;

void UsageCounters::begin_attempt(std::string_view project, bool first) {
  const std::lock_guard lock(impl_->mutex);
  UsageTotals& totals = impl_->totals_of(project);
  ++totals.attempts;
  if (first) ++totals.operations;
}

void UsageCounters::end_attempt(std::string_view project, Outcome outcome, const Usage& usage) {
  const std::lock_guard lock(impl_->mutex);
  UsageTotals& totals = impl_->totals_of(project);
  if (outcome == Outcome::error) {
    ++totals.failed_attempts;
  } else if (outcome != Outcome::ok) {
    ++totals.incomplete_attempts;
  }
  add(totals.input_tokens, usage.input_tokens);
  add(totals.cached_input_tokens, usage.cached_input_tokens);
  add(totals.cache_write_tokens, usage.cache_write_tokens);
  add(totals.output_tokens, usage.output_tokens);
  add(totals.reasoning_tokens, usage.reasoning_tokens);
  if (usage.inconsistent) ++totals.inconsistent;
}

std::map<std::string, UsageTotals> UsageCounters::snapshot() const {
  const std::lock_guard lock(impl_->mutex);
  return {impl_->totals.begin(), impl_->totals.end()};
}

void UsageCounters::reset() {
  std::map<std::string, UsageTotals, std::less<>> emptied;
  const std::lock_guard lock(impl_->mutex);
  impl_->totals.swap(emptied);
}

}  // namespace costmark
