#include "client/operation/rows.hpp"

#include <algorithm>
#include <chrono>

namespace costmark::client {
namespace {

// What is known before an answer.
LedgerRow row_of(const AttemptReport& report, LedgerRow::Kind kind) {
  LedgerRow row;
  row.kind = kind;
  row.op = report.operation;
  row.attempt = report.attempt;
  row.start_us = report.started_us;
  row.account = report.account;
  row.region = report.region;
  row.url_host = report.host;
  row.project = report.project;
  row.project_source = to_string(report.project_source);
  row.api = to_string(report.api);
  row.model = report.model;
  row.stream = report.streamed;
  row.background = report.background;
  row.concurrent = report.concurrent;
  row.sdk = report.sdk;
  row.labels = report.labels;
  row.labels_key = report.labels_key;
  row.tags = report.tags;
  return row;
}

void add_answer(const AttemptReport& report, LedgerRow& row) {
  const Answer& answer = report.answer;
  row.model_answered = answer.model;
  row.tier = answer.service_tier;
  row.outcome = to_string(answer.outcome);
  row.status = report.http_status;
  row.error_code = answer.error_code;
  row.request_id = report.request_id;
  row.response_id = answer.response_id;
  row.usage = &answer.usage;
  row.usage_json = answer.usage_json;
  // The steady clock tells how long it took, whatever was done to the other one meanwhile.
  row.latency_us = report.latency.count();
  row.end_us = row.start_us + report.latency.count();
  if (report.time_to_first_byte) row.ttfb_us = report.time_to_first_byte->count();
  if (report.price_book.empty()) return;
  row.serving = report.serving;
  row.cost_pico = report.cost_pico;
  row.cost_state = to_string(report.cost_state);
  row.why_unpriced = why_unpriced(report.cost_state, report.price_flags);
  row.price_book = report.price_book;
}

// bedrock-runtime tells by the model's name alone how it is served, and by no prefix that it is the
// Region; nothing tells it of bedrock-mantle, whose names have no prefixes.
bool tells_serving(const AttemptReport& call, const ServedModel& served) noexcept {
  return served.model.size() != call.model.size() || is_of_runtime(call.api) ||
         call.host.find("bedrock-runtime") != std::string_view::npos;
}

}  // namespace

ServedModel served_as(const PriceBook& prices, const AttemptReport& call) noexcept {
  ServedModel served = served_model(call.model);
  const std::string_view priced = prices.serving_of(served.model, call.region);
  if (priced != served.serving && !tells_serving(call, served)) served.serving = priced;
  return served;
}

LedgerRow begin_row(const AttemptReport& attempt) {
  return row_of(attempt, LedgerRow::Kind::begin);
}

LedgerRow attempt_row(const AttemptReport& attempt) {
  LedgerRow row = row_of(attempt, LedgerRow::Kind::attempt);
  add_answer(attempt, row);
  return row;
}

LedgerRow settle_row(const AttemptReport& settlement) {
  LedgerRow row = row_of(settlement, LedgerRow::Kind::settle);
  add_answer(settlement, row);
  row.background = settlement.answer.background;
  return row;
}

LedgerRow refused_row(const AttemptReport& call, Code code) {
  LedgerRow row = row_of(call, LedgerRow::Kind::refused);
  row.error_code = to_string(code);
  row.start_us = row.end_us = now_us();
  return row;
}

Cost cost_of(const PriceBook& prices, const AttemptReport& call, const Usage& usage,
             std::int64_t end_us) noexcept {
  const ServedModel served = served_as(prices, call);
  return prices.price({.account = call.account,
                       .region = call.region,
                       .model = served.model,
                       .serving = served.serving,
                       .tier = call.answer.service_tier,
                       .end_us = end_us,
                       .usage = usage});
}

std::int64_t now_us() noexcept {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string_view sdk_of(std::string_view user_agent) noexcept {
  constexpr std::size_t longest = 64;
  const std::string_view words = user_agent.substr(0, user_agent.find_first_of("(;,"));
  const std::string_view cut = words.substr(0, longest);
  return cut.substr(0, cut.find_last_not_of(' ') + 1);
}

}  // namespace costmark::client
