#include "usage.hpp"

namespace costmark::python {

py::dict rows_by_project(const std::map<std::string, UsageTotals>& totals) {
  py::dict result;
  for (const auto& [project, sums] : totals) {
    py::dict row;
    row["operations"] = sums.operations;
    row["attempts"] = sums.attempts;
    row["failed_attempts"] = sums.failed_attempts;
    row["incomplete_attempts"] = sums.incomplete_attempts;
    row["input_tokens"] = sums.input_tokens;
    row["cached_input_tokens"] = sums.cached_input_tokens;
    row["cache_write_tokens"] = sums.cache_write_tokens;
    row["output_tokens"] = sums.output_tokens;
    row["reasoning_tokens"] = sums.reasoning_tokens;
    row["inconsistent"] = sums.inconsistent;
    result[py::str(project)] = std::move(row);
  }
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
      .def("reset", &UsageCounters::reset);
}

}  // namespace costmark::python
