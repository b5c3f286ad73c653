#include "client/operation/accounting.hpp"

#include <string>
#include <utility>

#include "client/operation/background.hpp"

namespace costmark::client {
namespace {

// Less what was counted before, of a response that was cut short and is read whole later.
std::optional<std::uint64_t> rest(const std::optional<std::uint64_t>& all,
                                  const std::optional<std::uint64_t>& counted) noexcept {
  if (!all) return std::nullopt;
  return *all - std::min(*all, counted.value_or(0));
}

}  // namespace

void Accounting::begin(std::string_view project, std::string_view model, bool first_attempt) {
  counters_->begin_attempt(project, first_attempt);
}

void Accounting::end(const AttemptReport& attempt, std::string_view host) {
  const Answer& answer = attempt.answer;
  counters_->end_attempt(attempt.project, answer.outcome, answer.usage);
  if (attempt.api == Api::responses && !answer.response_id.empty()) {
    chains_.remember(answer.response_id, attempt.project);
    auto& stored = BackgroundResponses::of_process();
    if (answer.outcome == Outcome::ok) {
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
  (void)poll;
  (void)host;
  (void)rest;
}

}  // namespace costmark::client
