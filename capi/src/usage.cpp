#include "costmark/usage.hpp"

#include <string>
#include <utility>
#include <vector>

#include "callbacks.hpp"
#include "client.hpp"
#include "guard.hpp"
#include "views.hpp"

namespace costmark::capi {

// The sums of one project and model.
struct UsageRow {
  std::string project;
  std::string model;
  UsageTotals totals;
};

}  // namespace costmark::capi

struct costmark_usage_report {
  costmark::capi::Magic<0x636d'7265'706f'7274> magic;
  std::vector<costmark::capi::UsageRow> rows;  // sorted by the bytes of project, then model
  costmark::RequestCounts requests;
};

namespace costmark::capi {
namespace {

std::vector<UsageRow> rows_of(const Client& client) {
  std::vector<UsageRow> rows;
  auto usage = client.usage_by_model();
  rows.reserve(usage.size());
  while (!usage.empty()) {
    auto node = usage.extract(usage.begin());
    rows.push_back({std::move(node.key().project), std::move(node.key().model), node.mapped()});
  }
  return rows;
}

costmark_usage_totals to_c(const UsageRow& row) noexcept {
  costmark_usage_totals out = COSTMARK_USAGE_TOTALS_INIT;
  out.project = view(row.project);
  out.model = view_or_absent(row.model);
  out.operations = row.totals.operations;
  out.attempts = row.totals.attempts;
  out.failed_attempts = row.totals.failed_attempts;
  out.incomplete_attempts = row.totals.incomplete_attempts;
  out.input_tokens = row.totals.input_tokens;
  out.cached_input_tokens = row.totals.cached_input_tokens;
  out.cache_write_tokens = row.totals.cache_write_tokens;
  out.output_tokens = row.totals.output_tokens;
  out.reasoning_tokens = row.totals.reasoning_tokens;
  out.flagged = row.totals.inconsistent;
  out.open_attempts = row.totals.open_attempts;
  out.overflow = row.totals.is_overflow ? 1 : 0;
  return out;
}

Result<std::unique_ptr<costmark_usage_report>> take_report(const costmark_client* client) {
  if (Status status = require(client, "client"); !status) return status;
  if (Status status = Entry::check(client->number); !status) return status;
  auto report = std::make_unique<costmark_usage_report>();
  report->rows = rows_of(*client->core);
  report->requests = client->core->request_counts();
  return report;
}

}  // namespace
}  // namespace costmark::capi

using namespace costmark::capi;
using costmark::Status;

costmark_status costmark_client_usage(const costmark_client* client,
                                      costmark_usage_report** out_report,
                                      costmark_error** out_error) noexcept {
  return guarded_new(out_report, out_error, [&] { return take_report(client); });
}

void costmark_client_usage_reset(const costmark_client* client) noexcept {
  if (!alive(client)) return;
  (void)guarded(nullptr, [&]() -> Status {
    if (Status status = Entry::check(client->number); !status) return status;
    client->core->reset_usage();
    return {};
  });
}

size_t costmark_usage_report_count(const costmark_usage_report* report) noexcept {
  return alive(report) ? report->rows.size() : 0;
}

void costmark_usage_report_read(const costmark_usage_report* report, size_t index,
                                costmark_usage_totals* out_totals) noexcept {
  if (index >= costmark_usage_report_count(report)) return show_nothing(out_totals);
  show(to_c(report->rows[index]), out_totals);
}

void costmark_usage_report_requests(const costmark_usage_report* report,
                                    costmark_request_counts* out_counts) noexcept {
  if (!alive(report)) return show_nothing(out_counts);
  costmark_request_counts out = COSTMARK_REQUEST_COUNTS_INIT;
  out.unattributed = report->requests.unattributed;
  out.unrecognized = report->requests.unrecognized;
  show(out, out_counts);
}

void costmark_usage_report_free(costmark_usage_report* report) noexcept {
  if (alive(report)) delete report;
}
