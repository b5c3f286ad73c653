#include "bindings.hpp"

// The module keeps no state that the GIL would have to guard beyond what each part locks itself.
PYBIND11_MODULE(_core, module) {
  module.doc() = "The C++ core of costmark. Private: use the costmark package.";
  module.attr("version") = COSTMARK_VERSION;
  costmark::python::bind_credentials(module);
  costmark::python::bind_usage(module);
  costmark::python::bind_tokens(module);
  costmark::python::bind_routes(module);
  costmark::python::bind_prices(module);
  costmark::python::bind_tools(module);
  costmark::python::bind_operation(module);
  costmark::python::bind_client(module);
}
