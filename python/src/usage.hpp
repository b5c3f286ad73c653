#pragma once

#include <map>
#include <string>

#include "bindings.hpp"
#include "costmark/client.hpp"
#include "costmark/usage.hpp"

namespace costmark::python {

// {project id: {name of a sum: value}}
py::dict rows_by_project(const std::map<std::string, UsageTotals>& totals);

// {project id: {model: the same}}
py::dict rows_by_model(const UsageSnapshot& snapshot);

py::dict as_dict(const AttemptReport& report);

}  // namespace costmark::python
