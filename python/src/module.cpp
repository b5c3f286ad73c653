#include "bindings.hpp"
#include "one_at_a_time.hpp"

// The module keeps no state that the GIL would have to guard beyond what each part locks itself.
PYBIND11_MODULE(_core_of_main, module) {
  module.doc() = "The C++ core of costmark. Private: use the costmark package.";
  module.attr("version") = COSTMARK_VERSION;
  costmark::python::count_forks();
  costmark::python::bind_credentials(module);
  costmark::python::bind_usage(module);
  costmark::python::bind_tokens(module);
  costmark::python::bind_budgets(module);
  costmark::python::bind_routes(module);
  costmark::python::bind_prices(module);
  costmark::python::bind_rows(module);
  costmark::python::bind_tools(module);
  costmark::python::bind_operation(module);
  costmark::python::bind_client(module);
  costmark::python::bind_botocore(module);
  costmark::python::bind_projects(module);
}

// Callbacks come by way of `PyGILState_Ensure`, which knows the main interpreter alone; pybind11
// would hang in it before it could say so.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming): as CPython calls it
extern "C" PYBIND11_EXPORT PyObject* PyInit__core() {
  if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
    PyErr_SetString(PyExc_ImportError,
                    "costmark works in the main interpreter of a process alone, and cannot be "
                    "imported in a subinterpreter");
    return nullptr;
  }
  return PyInit__core_of_main();
}
