#pragma once

#include <string>

#include "bindings.hpp"
#include "costmark/verification.hpp"

namespace costmark::python {

// The API of that name; `other` for an empty one. Raises ValueError for any that is not attributed.
Api api_named(std::string_view name);

// A verification as keyword arguments of costmark.Verification, its probes as those of Probe.
py::dict as_dict(const Verification& verification);

}  // namespace costmark::python
