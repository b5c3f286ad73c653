#include "usage.hpp"

#include <string>
#include <utility>
#include <vector>

#include "callbacks.hpp"
#include "client.hpp"
#include "guard.hpp"
#include "views.hpp"

struct costmark_usage_report {
  costmark::capi::Magic<0x636d'7265'706f'7274> magic;
  std::vector<std::pair<std::string, costmark::UsageTotals>> projects;  // sorted by id
};

namespace costmark::capi {
namespace {

constexpr std::size_t totals_first_size =
    offsetof(costmark_usage_totals, inconsistent) + sizeof(uint64_t);

std::uint64_t take(const std::optional<std::uint64_t>& count, std::uint32_t bit,
                   std::uint32_t& known) noexcept {
  if (count) known |= bit;
  return count.value_or(0);
}

costmark_usage_totals to_c(const UsageTotals& totals) noexcept {
  return {sizeof(costmark_usage_totals), totals.operations,          totals.attempts,
          totals.failed_attempts,        totals.incomplete_attempts, totals.input_tokens,
          totals.cached_input_tokens,    totals.cache_write_tokens,  totals.output_tokens,
          totals.reasoning_tokens,       totals.inconsistent};
}

Result<std::unique_ptr<costmark_usage_report>> take_report(const costmark_client* client) {
  if (Status status = require(client, "client"); !status) return status;
  if (Status status = Entry::check(client->core.get()); !status) return status;
  auto report = std::make_unique<costmark_usage_report>();
  auto usage = client->core->usage();
  report->projects.reserve(usage.size());
  while (!usage.empty()) {
    auto node = usage.extract(usage.begin());
    report->projects.emplace_back(std::move(node.key()), node.mapped());
  }
  return report;
}

}  // namespace

costmark_usage to_c(const Usage& usage) noexcept {
  costmark_usage out = COSTMARK_USAGE_INIT;
  out.input_tokens = take(usage.input_tokens, COSTMARK_USAGE_INPUT, out.known);
  out.cached_input_tokens = take(usage.cached_input_tokens, COSTMARK_USAGE_CACHED_INPUT, out.known);
  out.cache_write_tokens = take(usage.cache_write_tokens, COSTMARK_USAGE_CACHE_WRITE, out.known);
  out.output_tokens = take(usage.output_tokens, COSTMARK_USAGE_OUTPUT, out.known);
  out.reasoning_tokens = take(usage.reasoning_tokens, COSTMARK_USAGE_REASONING, out.known);
  out.inconsistent = usage.inconsistent() ? 1 : 0;
  return out;
}

costmark_outcome to_c(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::ok:
      return COSTMARK_OUTCOME_OK;
    case Outcome::error:
      return COSTMARK_OUTCOME_ERROR;
    case Outcome::cancelled:
      return COSTMARK_OUTCOME_CANCELLED;
    case Outcome::incomplete:
    case Outcome::open:
      return COSTMARK_OUTCOME_INCOMPLETE;
    case Outcome::unknown:
      break;
  }
  return COSTMARK_OUTCOME_UNKNOWN;
}

Outcome to_core(costmark_outcome outcome) noexcept {
  switch (outcome) {
    case COSTMARK_OUTCOME_OK:
      return Outcome::ok;
    case COSTMARK_OUTCOME_ERROR:
      return Outcome::error;
    case COSTMARK_OUTCOME_CANCELLED:
      return Outcome::cancelled;
    case COSTMARK_OUTCOME_INCOMPLETE:
      return Outcome::incomplete;
    default:
      return Outcome::unknown;
  }
}

}  // namespace costmark::capi

using namespace costmark::capi;
using costmark::Status;

costmark_status costmark_client_usage(const costmark_client* client,
                                      costmark_usage_report** out_report,
                                      costmark_error** out_error) noexcept {
  return guarded_new(out_report, out_error, [&] { return take_report(client); });
}

size_t costmark_usage_report_count(const costmark_usage_report* report) noexcept {
  return alive(report) ? report->projects.size() : 0;
}

const char* costmark_usage_report_project(const costmark_usage_report* report, size_t index,
                                          size_t* out_len) noexcept {
  if (index >= costmark_usage_report_count(report)) return give_text({}, out_len);
  return give_text(report->projects[index].first, out_len);
}

costmark_status costmark_usage_report_totals(const costmark_usage_report* report, size_t index,
                                             costmark_usage_totals* out_totals,
                                             costmark_error** out_error) noexcept {
  return guarded(out_error, [&]() -> Status {
    if (Status status = require(report, "report"); !status) return status;
    if (index >= report->projects.size()) {
      return invalid_argument("index is " + std::to_string(index) + "; the report holds " +
                              std::to_string(report->projects.size()) + " projects");
    }
    return write_struct(to_c(report->projects[index].second), totals_first_size, "out_totals",
                        out_totals);
  });
}

void costmark_usage_report_free(costmark_usage_report* report) noexcept {
  if (alive(report)) delete report;
}
