#include "answer.hpp"

#include <algorithm>
#include <span>

#include "numbers.hpp"
#include "views.hpp"

namespace costmark::capi {
namespace {

std::uint64_t take(const std::optional<std::uint64_t>& count, std::uint32_t bit,
                   std::uint32_t& known) noexcept {
  if (count) known |= bit;
  return count.value_or(0);
}

costmark_usage to_c(const Usage& usage) noexcept {
  costmark_usage out = COSTMARK_USAGE_INIT;
  out.input_tokens = take(usage.input_tokens, COSTMARK_USAGE_INPUT, out.known);
  out.cached_input_tokens = take(usage.cached_input_tokens, COSTMARK_USAGE_CACHED_INPUT, out.known);
  out.cache_write_tokens = take(usage.cache_write_tokens, COSTMARK_USAGE_CACHE_WRITE, out.known);
  out.output_tokens = take(usage.output_tokens, COSTMARK_USAGE_OUTPUT, out.known);
  out.reasoning_tokens = take(usage.reasoning_tokens, COSTMARK_USAGE_REASONING, out.known);
  out.total_tokens = take(usage.total_tokens, COSTMARK_USAGE_TOTAL, out.known);
  out.flags = usage.flags.bits();
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
  out.url_host = view_or_absent(report.host);
  out.region = view_or_absent(report.region);
  out.sdk = view_or_absent(report.sdk);
  out.labels_key = view_or_absent(report.labels_key);
  out.streamed = report.streamed ? 1 : 0;
  const bool settles = report.kind == AttemptReport::Kind::settlement;
  out.background = (settles ? report.answer.background : report.background) ? 1 : 0;
  return out;
}

void show_labels(std::span<const NameValue> from, ShownAnswer::Labels& to,
                 const costmark_label*& out, std::size_t& out_count) noexcept {
  out_count = std::min(from.size(), to.size());
  for (std::size_t i = 0; i < out_count; ++i) to[i] = {view(from[i].name), view(from[i].value)};
  out = out_count == 0 ? nullptr : to.data();
}

void add_estimate(const AttemptReport& report, costmark_answer& out) noexcept {
  if (report.price_book.empty()) return;
  out.serving = view_or_absent(report.serving);
  out.price_book = view(report.price_book);
  out.cost_pico_usd = report.cost_pico.value_or(0);
  out.has_cost_pico_usd = report.cost_pico ? 1 : 0;
  out.cost_state = number_of(report.cost_state);
  out.price_flags = report.price_flags.bits();
}

}  // namespace

std::size_t ShownAnswer::fill_meters(const Meters& from) noexcept {
  std::size_t count = 0;
  for (const Meter meter : all_meters) {
    if (const auto value = from[meter]) meters[count++] = {view(to_string(meter)), *value};
  }
  return count;
}

costmark_answer ShownAnswer::fill(const AttemptReport& report) noexcept {
  costmark_answer out = decided(report);
  show_labels(report.labels, labels, out.labels, out.label_count);
  show_labels(report.tags, tags, out.tags, out.tag_count);
  if (report.kind == AttemptReport::Kind::attempt && report.attempt == 0) return out;
  const Answer& answer = report.answer;
  usage = to_c(answer.usage);
  out.usage = &usage;
  out.model_answered = view_or_absent(answer.model);
  out.response_id = view_or_absent(answer.response_id);
  out.request_id = view_or_absent(report.request_id);
  out.service_tier = view_or_absent(answer.service_tier);
  out.error_code = view_or_absent(answer.error_code);
  out.usage_json = view_or_absent(answer.usage_json);
  out.latency_us = report.latency.count();
  if (report.time_to_first_byte) out.first_byte_us = report.time_to_first_byte->count();
  out.outcome = number_of(answer.outcome);
  out.http_status = report.http_status;
  out.attempt = report.attempt;
  out.concurrent = report.concurrent ? 1 : 0;
  out.start_us = report.started_us;
  if (report.latency.count() > 0) out.end_us = report.started_us + report.latency.count();
  out.account = view_or_absent(report.account);
  out.meter_count = fill_meters(answer.usage.meters);
  out.meters = out.meter_count == 0 ? nullptr : meters.data();
  add_estimate(report, out);
  return out;
}

}  // namespace costmark::capi
