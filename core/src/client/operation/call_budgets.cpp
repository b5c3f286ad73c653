#include "client/operation/call_budgets.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#include "base/text.hpp"
#include "base/timestamp.hpp"
#include "client/operation/rows.hpp"

namespace costmark::client {
namespace {

constexpr std::int64_t us_per_second = 1'000'000;
constexpr std::uint64_t most_tokens = std::numeric_limits<std::int32_t>::max();

// A rough guess of the tokens that a body has, prompt and all: four bytes for each.
std::uint64_t tokens_of(std::size_t body_bytes) noexcept {
  constexpr std::size_t bytes_per_token = 4;
  return (body_bytes + bytes_per_token - 1) / bytes_per_token;
}

std::int64_t bounded(std::uint64_t tokens) noexcept {
  return static_cast<std::int64_t>(std::min(tokens, most_tokens));
}

bool is_told(const Usage& usage) noexcept {
  return usage.input_tokens || usage.output_tokens || usage.total_tokens;
}

std::int64_t tokens_of(const Usage& usage) noexcept {
  const std::uint64_t sum =
      bounded(usage.input_tokens.value_or(0)) + bounded(usage.output_tokens.value_or(0));
  return bounded(usage.total_tokens.value_or(sum));
}

Spending spending_of(const AttemptReport& report) noexcept {
  return {report.cost_pico, tokens_of(report.answer.usage), 1};
}

std::string name_of(const AttemptReport& report, std::string_view host) {
  return std::string(host) + '\n' + report.answer.response_id;
}

BudgetedCall asked_of(const AttemptReport& report) noexcept {
  return {report.project, report.tags, report.labels};
}

// "budget 'support' of 250 USD a month for project proj_support".
std::string described(const Budget& budget) {
  return "budget " + text::quoted(budget.name) + " of " + amount_text(budget.unit, budget.limit) +
         " a " + std::string(to_string(budget.period)) + " for " + subject_text(budget);
}

std::string figures(const Budget& budget, const BudgetState& state) {
  return amount_text(budget.unit, state.spent) + " spent, " +
         amount_text(budget.unit, state.reserved) +
         " reserved by calls in flight; it begins anew " +
         format_timestamp(state.reset_us / us_per_second);
}

Error used_up(const Budgets::Verdict& verdict, const Spending& estimate) {
  const Budget& budget = *verdict.refused_by;
  const std::int64_t more = budget.unit == BudgetUnit::pico_usd ? estimate.pico_usd.value_or(0)
                            : budget.unit == BudgetUnit::tokens ? estimate.tokens
                                                                : estimate.calls;
  return {Code::budget_exceeded, described(budget) + " has no place for a call that may use " +
                                     amount_text(budget.unit, more) + ": " +
                                     figures(budget, verdict.state)};
}

Error without_price(const Budgets::Verdict& verdict, const AttemptReport& report) {
  const Budget& budget = *verdict.refused_by;
  const bool has_region = !report.region.empty();
  return {Code::budget_exceeded,
          described(budget) + " refuses calls that have no price, and there is none for model " +
              text::quoted(report.model) + (has_region ? ": " : " without a Region: ") +
              figures(budget, verdict.state) +
              (has_region ? "; name a price book that has one in option 'prices'"
                          : "; set option 'region', which the host does not name") +
              ", or set budget_unpriced=allow"};
}

}  // namespace

// --- How much output calls had -------------------------------------------------------------------

// 0 to 3 stand for themselves; then four places for each power of two.
std::size_t OutputSizes::place_of(std::uint64_t tokens) noexcept {
  const auto small = static_cast<std::uint32_t>(std::min(tokens, most_tokens));
  if (small < per_octave) return small;
  const auto octave = static_cast<std::size_t>(std::bit_width(small)) - 2;  // 4 to 7: 1
  return octave * per_octave + ((small >> (octave - 1)) & (per_octave - 1));
}

std::uint64_t OutputSizes::largest_at(std::size_t place) noexcept {
  if (place < per_octave) return place;
  const std::size_t octave = place / per_octave;
  return ((per_octave + place % per_octave + 1) << (octave - 1)) - 1;
}

void OutputSizes::add(std::uint64_t tokens) noexcept {
  counts_[place_of(tokens)].fetch_add(1, std::memory_order_relaxed);
}

std::optional<std::uint64_t> OutputSizes::percentile_99() const noexcept {
  std::uint64_t all = 0;
  for (const auto& count : counts_) all += count.load(std::memory_order_relaxed);
  if (all == 0) return std::nullopt;
  constexpr std::uint64_t one_of = 100;
  std::uint64_t above = 0;
  for (std::size_t place = counts_.size(); place-- > 0;) {
    above += counts_[place].load(std::memory_order_relaxed);
    if (above > all / one_of) return largest_at(place);
  }
  return 0;
}

// --- A call --------------------------------------------------------------------------------------

std::uint64_t CallBudgets::output_of(const Call& call) const noexcept {
  if (call.most_output) return static_cast<std::uint64_t>(*call.most_output);
  if (parts_.output_tokens > 0) return static_cast<std::uint64_t>(parts_.output_tokens);
  return outputs_.percentile_99().value_or(output_before_any_answer);
}

Spending CallBudgets::estimate(const Call& call) const noexcept {
  Usage usage;
  usage.input_tokens = tokens_of(call.body_bytes);
  usage.output_tokens = output_of(call);
  return {cost_of(parts_.prices, call.report, usage, now_us()).pico_usd, tokens_of(usage), 1};
}

Status CallBudgets::reserve(const Call& call, BudgetHold& hold) {
  const AttemptReport& report = call.report;
  if (!hold.reservation.empty()) {
    if (hold.project == report.project) return {};
    release(hold);
  }
  hold.project = report.project;
  hold.estimate = estimate(call);
  hold.estimate.calls = hold.is_counted || report.concurrent ? 0 : 1;
  BudgetedCall asked = asked_of(report);
  asked.overrides = call.overrides;
  const auto verdict = parts_.budgets->reserve(asked, hold.estimate, now_us(), hold.reservation);
  if (!verdict.trouble.empty()) parts_.warn(verdict.trouble);
  if (verdict.refused_by != nullptr) {
    return verdict.is_unpriced ? without_price(verdict, report) : used_up(verdict, hold.estimate);
  }
  if (verdict.warns != nullptr) warn(verdict);
  return {};
}

void CallBudgets::warn(const Budgets::Verdict& verdict) const {
  const Budget& budget = *verdict.warns;
  parts_.warn(std::to_string(verdict.warn_at) + "% of " + described(budget) +
              " are used: " + figures(budget, verdict.state));
}

void CallBudgets::end(const AttemptReport& attempt, std::string_view host, BudgetHold& hold) {
  const Answer& answer = attempt.answer;
  if (answer.outcome == Outcome::open && !answer.response_id.empty()) {
    parts_.budgets->hold(name_of(attempt, host), hold.reservation, now_us());
    hold.is_counted = true;
    return;
  }
  constexpr int first_status_of_errors = 300;
  const bool told = is_told(answer.usage);
  const bool was_answered = attempt.http_status != 0 &&
                            attempt.http_status < first_status_of_errors &&
                            answer.outcome != Outcome::error;
  if (!told && !was_answered) return;
  // What was answered and not told is taken to be what was expected.
  parts_.budgets->settle(hold.reservation, told ? spending_of(attempt) : hold.estimate, now_us());
  hold.is_counted = true;
  if (answer.usage.output_tokens) outputs_.add(*answer.usage.output_tokens);
}

void CallBudgets::settle(const AttemptReport& settlement, std::string_view host,
                         const Usage& counted, bool began_here) {
  Spending used = spending_of(settlement);
  const std::int64_t now = now_us();
  if (parts_.budgets->settle_held(name_of(settlement, host), used, now)) return;
  // What was counted before is spent before.
  const auto cost = cost_of(parts_.prices, settlement, counted, now).pico_usd;
  if (used.pico_usd) *used.pico_usd -= std::min(*used.pico_usd, cost.value_or(0));
  used.tokens -= std::min(used.tokens, tokens_of(counted));
  used.calls = began_here ? 0 : 1;
  parts_.budgets->spend(asked_of(settlement), used, now);
}

}  // namespace costmark::client
