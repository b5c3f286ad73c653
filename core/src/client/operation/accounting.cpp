#include "client/operation/accounting.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "client/operation/background.hpp"
#include "client/operation/rows.hpp"

namespace costmark::client {
namespace {

bool has_ended(ResponseStatus status) noexcept {
  return status == ResponseStatus::completed || status == ResponseStatus::failed ||
         status == ResponseStatus::incomplete || status == ResponseStatus::cancelled;
}

// Less what was counted before, of a response that was cut short and is read whole later.
Usage rest_of(Usage usage, const Usage& counted) noexcept {
  for (auto Usage::* const count :
       {&Usage::input_tokens, &Usage::cached_input_tokens, &Usage::cache_write_tokens,
        &Usage::output_tokens, &Usage::reasoning_tokens, &Usage::total_tokens}) {
    if (usage.*count) *(usage.*count) -= std::min(*(usage.*count), (counted.*count).value_or(0));
  }
  return usage;
}

BackgroundResponses::Owner owner_of(const AttemptReport& attempt) {
  BackgroundResponses::Owner owner{std::string(attempt.operation),
                                   std::string(attempt.project),
                                   std::string(attempt.model),
                                   {},
                                   std::string(attempt.labels_key)};
  owner.labels.assign(attempt.labels);
  return owner;
}

}  // namespace

void Accounting::begin(const AttemptReport& attempt) {
  counters().begin_attempt(attempt.project, attempt.model, attempt.attempt == 1);
  if (parts_.ledger && parts_.notes_begin) write(begin_row(attempt));
}

void Accounting::end(const AttemptReport& attempt, std::string_view host, BudgetHold& hold) {
  const Answer& answer = attempt.answer;
  counters().end_attempt(attempt.project, attempt.model, answer.outcome, answer.usage);
  if (attempt.api == Api::responses && !answer.response_id.empty()) {
    chains_.remember(answer.response_id, attempt.project);
    auto& stored = BackgroundResponses::of_process();
    const bool ended = answer.outcome == Outcome::ok || has_ended(answer.status);
    if (ended) {
      stored.completed(host, answer.response_id);
    } else {
      stored.opened(host, answer.response_id, owner_of(attempt), answer.usage);
    }
  }
  if (!has_listener()) return;
  AttemptReport report = attempt;
  add_cost(report);
  if (parts_.budgets != nullptr) parts_.budgets->end(report, host, hold);
  tell(report);
}

void Accounting::settle(const AttemptReport& poll, std::string_view host) {
  const Answer& answer = poll.answer;
  if (answer.response_id.empty() || !has_ended(answer.status)) return;
  const auto settled =
      BackgroundResponses::of_process().settle(host, answer.response_id, answer.background);
  if (!settled) return;
  AttemptReport report = poll;
  report.kind = AttemptReport::Kind::settlement;
  report.operation = {};
  report.attempt = 0;
  report.model = answer.model;
  report.labels = {};
  report.labels_key = {};
  if (settled->owner) {
    report.operation = settled->owner->operation;
    report.project = settled->owner->project;
    report.model = settled->owner->model;
    report.labels = settled->owner->labels.view();
    report.labels_key = settled->owner->labels_key;
    report.tags = tags_.of(report.account, report.region, report.project);
  }
  counters().settle(report.project, report.model, rest_of(answer.usage, settled->counted));
  if (!has_listener()) return;
  add_cost(report);
  if (parts_.budgets != nullptr) {
    parts_.budgets->settle(report, host, settled->counted, settled->owner.has_value());
  }
  tell(report);
}

void Accounting::refuse(const AttemptReport& call, Code code) {
  if (parts_.ledger) write(refused_row(call, code));
}

// To the ledger, and to who listens.
void Accounting::tell(const AttemptReport& report) const {
  if (parts_.ledger) {
    const bool is_attempt = report.kind == AttemptReport::Kind::attempt;
    write(is_attempt ? attempt_row(report) : settle_row(report));
  }
  if (parts_.on_usage) parts_.on_usage(report);
}

// An estimate, by the prices that are known now; reports apply later ones.
void Accounting::add_cost(AttemptReport& report) const {
  if (!parts_.prices) return;
  const Cost cost = cost_of(*parts_.prices, report, report.answer.usage,
                            report.started_us + report.latency.count());
  report.serving = served_as(*parts_.prices, report).serving;
  report.cost_pico = cost.pico_usd;
  report.cost_state = cost.state;
  report.price_flags = cost.flags;
  report.price_book = parts_.prices->hash();
}

void Accounting::write(const LedgerRow& row) const {
  if (!parts_.ledger->write(row) && parts_.on_trouble) parts_.on_trouble();
}

}  // namespace costmark::client
