#include "answer.hpp"

#include "numbers.hpp"
#include "views.hpp"

namespace costmark::capi {
namespace {

std::uint64_t take(const std::optional<std::uint64_t>& count, std::uint32_t bit,
                   std::uint32_t& known) noexcept {
  if (count) known |= bit;
  return count.value_or(0);
}

// The core tells neither total_tokens nor the other flags yet.
costmark_usage to_c(const Usage& usage) noexcept {
  costmark_usage out = COSTMARK_USAGE_INIT;
  out.input_tokens = take(usage.input_tokens, COSTMARK_USAGE_INPUT, out.known);
  out.cached_input_tokens = take(usage.cached_input_tokens, COSTMARK_USAGE_CACHED_INPUT, out.known);
  out.cache_write_tokens = take(usage.cache_write_tokens, COSTMARK_USAGE_CACHE_WRITE, out.known);
  out.output_tokens = take(usage.output_tokens, COSTMARK_USAGE_OUTPUT, out.known);
  out.reasoning_tokens = take(usage.reasoning_tokens, COSTMARK_USAGE_REASONING, out.known);
  if (usage.inconsistent) out.flags |= COSTMARK_USAGE_FLAG_PART_EXCEEDS_WHOLE;
  return out;
}

// What is known before an attempt was sent.
costmark_answer decided(const AttemptReport& report) noexcept {
  costmark_answer out = COSTMARK_ANSWER_INIT;
  out.operation = view_or_absent(report.operation);
  out.project = view(report.project);
  out.model = view_or_absent(report.model);
  out.first_byte_us = -1;
  out.kind = number_of(report.kind);
  out.project_source = number_of(report.project_source);
  out.api = number_of(report.api);
  return out;
}

}  // namespace

// The core tells neither error_code nor usage_json yet.
costmark_answer to_c(const AttemptReport& report, costmark_usage& usage) noexcept {
  costmark_answer out = decided(report);
  if (report.kind == AttemptReport::Kind::attempt && report.attempt == 0) return out;
  const Answer& answer = report.answer;
  usage = to_c(answer.usage);
  out.usage = &usage;
  out.model_answered = view_or_absent(answer.model);
  out.response_id = view_or_absent(answer.response_id);
  out.request_id = view_or_absent(report.request_id);
  out.service_tier = view_or_absent(answer.service_tier);
  out.latency_us = report.latency.count();
  if (report.time_to_first_byte) out.first_byte_us = report.time_to_first_byte->count();
  out.outcome = number_of(answer.outcome);
  out.http_status = report.http_status;
  out.attempt = report.attempt;
  out.concurrent = report.concurrent ? 1 : 0;
  return out;
}

}  // namespace costmark::capi
