#include "client/operation/next.hpp"

#include "http/retry.hpp"

namespace costmark {

std::string_view to_string(NextStep step) noexcept {
  switch (step) {
    case NextStep::none:
      break;
    case NextStep::done:
      return "done";
    case NextStep::again:
      return "again";
    case NextStep::after_pause:
      return "after_pause";
  }
  return "none";
}

std::string_view to_string(NextReason reason) noexcept {
  switch (reason) {
    case NextReason::none:
      break;
    case NextReason::answered:
      return "answered";
    case NextReason::cancelled:
      return "cancelled";
    case NextReason::final_answer:
      return "final_answer";
    case NextReason::not_renewed:
      return "not_renewed";
    case NextReason::exhausted:
      return "exhausted";
    case NextReason::refused:
      return "refused";
    case NextReason::busy:
      return "busy";
    case NextReason::no_answer:
      return "no_answer";
    case NextReason::cut_short:
      return "cut_short";
  }
  return "none";
}

namespace client {
namespace {

constexpr int first_status_of_errors = 300;

// Why another attempt may have better luck; none when it would not.
NextReason reason_to_repeat(const AttemptEnd& end) noexcept {
  // Readers of streams commonly close the connection once they have seen the last event.
  if (end.outcome == Outcome::ok) return NextReason::none;
  if (end.http_status == 0) return end.failed ? NextReason::no_answer : NextReason::none;
  if (http::is_retryable(end.http_status)) return NextReason::busy;
  const bool is_error = end.http_status >= first_status_of_errors;
  return end.failed && !is_error ? NextReason::cut_short : NextReason::none;
}

}  // namespace

Next next_after(const AttemptEnd& end) noexcept {
  if (end.failed && end.outcome == Outcome::cancelled) {
    return {NextStep::done, NextReason::cancelled};
  }
  if (end.may_resend) return {NextStep::again, NextReason::refused};
  const NextReason reason = reason_to_repeat(end);
  if (reason == NextReason::none) {
    const bool is_error = end.http_status == 0 || end.http_status >= first_status_of_errors;
    return {NextStep::done, is_error ? NextReason::final_answer : NextReason::answered};
  }
  if (end.attempts >= end.max_attempts) return {NextStep::done, NextReason::exhausted};
  return {NextStep::after_pause, reason};
}

}  // namespace client
}  // namespace costmark
