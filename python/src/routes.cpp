// The routes of models.
#include <string>

#include "bindings.hpp"
#include "costmark/client.hpp"
#include "costmark/model_routes.hpp"
#include "costmark/options.hpp"

namespace costmark::python {
namespace {

py::object find_route(py::handle model, py::handle file) {
  Options options;
  check(options.set("routes", text_view(file, "routes")));
  const ModelRoutes routes = check(configured_routes(options));
  const ModelRoute* found = routes.find(text_view(model, "model"));
  if (found == nullptr) return py::none();
  py::dict result;
  result["family"] = to_string(found->family);
  result["pattern"] = found->pattern;
  result["as_of"] = found->as_of;
  result["source"] = found->source;
  result["where"] = found->where();
  return result;
}

}  // namespace

void bind_routes(py::module_& module) {
  module.def("find_route", &find_route, py::arg("model"), py::arg("file") = "");
  module.def("shipped_routes", &ModelRoutes::shipped_text);
}

}  // namespace costmark::python
