#include "given_request.hpp"

#include <utility>

namespace costmark::python {

GivenRequest::GivenRequest(py::object method, py::object url, const py::sequence& headers,
                           py::object body, py::object project, py::object scope)
    : method_(std::move(method)),
      url_(std::move(url)),
      headers_(py::reinterpret_steal<py::tuple>(PySequence_Tuple(headers.ptr()))),
      project_(std::move(project)),
      scope_(std::move(scope)),
      streamed_(body.is_none()) {
  if (!headers_) throw py::error_already_set();
  if (!streamed_) pinned_ = Buffer(body);
  header_views(headers_, header_views_);
}

Request GivenRequest::views() const {
  return {text_view(method_, "method"),
          text_view(url_, "url"),
          header_views_,
          pinned_.view(),
          optional_text_view(project_, "project"),
          optional_text_view(scope_, "scope"),
          streamed_};
}

}  // namespace costmark::python
