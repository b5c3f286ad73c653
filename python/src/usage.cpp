#include "usage.hpp"

#include <span>

namespace costmark::python {
namespace {

py::dict as_dict(std::span<const NameValue> pairs) {
  py::dict result;
  for (const NameValue& pair : pairs) result[as_text(pair.name)] = as_text(pair.value);
  return result;
}

py::dict row_of(const UsageTotals& sums) {
  py::dict row;
  row["operations"] = sums.operations;
  row["attempts"] = sums.attempts;
  row["failed_attempts"] = sums.failed_attempts;
  row["incomplete_attempts"] = sums.incomplete_attempts;
  row["open_attempts"] = sums.open_attempts;
  row["input_tokens"] = sums.input_tokens;
  row["cached_input_tokens"] = sums.cached_input_tokens;
  row["cache_write_tokens"] = sums.cache_write_tokens;
  row["output_tokens"] = sums.output_tokens;
  row["reasoning_tokens"] = sums.reasoning_tokens;
  row["inconsistent"] = sums.inconsistent;
  return row;
}

}  // namespace

py::dict rows_by_project(const std::map<std::string, UsageTotals>& totals) {
  py::dict result;
  for (const auto& [project, sums] : totals) result[as_text(project)] = row_of(sums);
  return result;
}

py::dict rows_by_model(const UsageSnapshot& snapshot) {
  py::dict result;
  for (const auto& [key, sums] : snapshot) {
    const py::str project = as_text(key.project);
    if (!result.contains(project)) result[project] = py::dict();
    result[project][as_text(key.model)] = row_of(sums);
  }
  return result;
}

py::dict as_dict(const AttemptReport& report) {
  const Answer& answer = report.answer;
  const bool settles = report.kind == AttemptReport::Kind::settlement;
  py::dict result;
  result["kind"] = settles ? "settlement" : "attempt";
  result["operation"] = as_text(report.operation);
  result["project"] = as_text(report.project);
  result["project_source"] = as_text(to_string(report.project_source));
  result["api"] = as_text(to_string(report.api));
  result["requested_model"] = as_text(report.model);
  result["attempt"] = report.attempt;
  result["concurrent"] = report.concurrent;
  result["status"] = report.http_status;
  result["request_id"] = as_text(report.request_id);
  result["outcome"] = as_text(to_string(answer.outcome));
  result["response_id"] = as_text(answer.response_id);
  result["model"] = as_text(answer.model);
  result["service_tier"] = as_text(answer.service_tier);
  result["error_code"] = as_text(answer.error_code);
  result["usage_json"] = as_text(answer.usage_json);
  result["latency_us"] = report.latency.count();
  result["first_byte_us"] = report.time_to_first_byte
                                ? py::object(py::int_(report.time_to_first_byte->count()))
                                : py::object(py::none());
  result["input_tokens"] = answer.usage.input_tokens;
  result["cached_input_tokens"] = answer.usage.cached_input_tokens;
  result["cache_write_tokens"] = answer.usage.cache_write_tokens;
  result["output_tokens"] = answer.usage.output_tokens;
  result["reasoning_tokens"] = answer.usage.reasoning_tokens;
  result["total_tokens"] = answer.usage.total_tokens;
  result["inconsistent"] = answer.usage.inconsistent();
  py::dict meters;
  for (const Meter meter : all_meters) {
    if (const auto count = answer.usage.meters[meter]) meters[as_text(to_string(meter))] = *count;
  }
  result["meters"] = std::move(meters);
  result["flags"] = names_of(answer.usage.flags, all_usage_flags);
  result["started_us"] = report.started_us;
  result["host"] = as_text(report.host);
  result["region"] = as_text(report.region);
  result["account"] = as_text(report.account);
  result["sdk"] = as_text(report.sdk);
  result["stream"] = report.streamed;
  result["background"] = report.background;
  result["labels"] = as_dict(report.labels);
  result["labels_key"] = as_text(report.labels_key);
  result["tags"] = as_dict(report.tags);
  result["serving"] = as_text(report.serving);
  result["cost_pico"] = report.cost_pico;
  result["cost_state"] = as_text(to_string(report.cost_state));
  result["cost_flags"] = names_of(report.price_flags, all_price_flags);
  result["price_book"] = as_text(report.price_book);
  return result;
}

void bind_usage(py::module_& module) {
  py::class_<UsageCounters, std::shared_ptr<UsageCounters>>(
      module, "UsageCounters", "Sums of usage by project, shared by any number of clients.")
      .def(py::init<>())
      .def("snapshot",
           [](const UsageCounters& self) {
             return rows_by_project(costmark::totals_by_project(self.snapshot()));
           })
      .def("by_model", [](const UsageCounters& self) { return rows_by_model(self.snapshot()); })
      .def("requests",
           [](const UsageCounters& self) {
             const RequestCounts counts = self.requests();
             py::dict result;
             result["unattributed"] = counts.unattributed;
             result["unrecognized"] = counts.unrecognized;
             return result;
           })
      .def("reset", &UsageCounters::reset);
}

}  // namespace costmark::python
