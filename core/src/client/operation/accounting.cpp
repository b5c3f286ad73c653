#include "client/operation/accounting.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "client/operation/background.hpp"

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

}  // namespace

void Accounting::begin(std::string_view project, std::string_view model, bool first_attempt) {
  counters_->begin_attempt(project, model, first_attempt);
}

void Accounting::end(const AttemptReport& attempt, std::string_view host) {
  const Answer& answer = attempt.answer;
  counters_->end_attempt(attempt.project, attempt.model, answer.outcome, answer.usage);
  if (attempt.api == Api::responses && !answer.response_id.empty()) {
    chains_.remember(answer.response_id, attempt.project);
    auto& stored = BackgroundResponses::of_process();
    const bool ended = answer.outcome == Outcome::ok || has_ended(answer.status);
    if (ended) {
      stored.completed(host, answer.response_id);
    } else {
      stored.opened(host, answer.response_id,
                    {std::string(attempt.operation), std::string(attempt.project),
                     std::string(attempt.model)},
                    answer.usage);
    }
  }
  if (on_usage_) on_usage_(attempt);
}

void Accounting::settle(const AttemptReport& poll, std::string_view host) {
  const Answer& answer = poll.answer;
  if (answer.response_id.empty() || !has_ended(answer.status)) return;
  const auto settled = BackgroundResponses::of_process().settle(host, answer.response_id,
                                                                answer.background);
  if (!settled) return;
  AttemptReport report = poll;
  report.kind = AttemptReport::Kind::settlement;
  report.operation = {};
  report.attempt = 0;
  report.model = answer.model;
  if (settled->owner) {
    report.operation = settled->owner->operation;
    report.project = settled->owner->project;
    report.model = settled->owner->model;
  }
  counters_->settle(report.project, report.model, rest_of(answer.usage, settled->counted));
  if (on_usage_) on_usage_(report);
}

}  // namespace costmark::client
