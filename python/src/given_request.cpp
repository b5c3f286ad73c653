#include "given_request.hpp"

#include <algorithm>
#include <utility>

namespace costmark::python {
namespace {

// Texts of str and bytes do not change: those at the same place are the same.
bool is_same_text(std::string_view a, std::string_view b) noexcept {
  return a.data() == b.data() && a.size() == b.size();
}

bool is_same_field(const Header& a, const Header& b) noexcept {
  return is_same_text(a.name, b.name) && is_same_text(a.value, b.value);
}

// Whether a list holds the very objects of a tuple.
bool holds_exactly(py::handle list, const py::tuple& objects) {
  if (PyList_CheckExact(list.ptr()) == 0) return list.is(objects);
  const Py_ssize_t size = PyList_GET_SIZE(list.ptr());
  if (size != PyTuple_GET_SIZE(objects.ptr())) return false;
  for (Py_ssize_t i = 0; i < size; ++i) {
    if (PyList_GET_ITEM(list.ptr(), i) != PyTuple_GET_ITEM(objects.ptr(), i)) return false;
  }
  return true;
}

py::object text_of(const py::object& url) {
  if (PyUnicode_Check(url.ptr()) || PyBytes_Check(url.ptr())) return url;
  return py::str(url);
}

}  // namespace

GivenRequest::GivenRequest(py::object method, const py::object& url, py::handle headers,
                           py::object body, py::object project, py::object scope)
    : GivenRequest(std::move(method), url, text_of(url), headers, std::move(body),
                   std::move(project), std::move(scope)) {}

GivenRequest::GivenRequest(const GivenRequest& before, py::object method, const py::object& url,
                           py::handle headers, py::object body)
    : GivenRequest(std::move(method), url, url.is(before.given_url_) ? before.url_ : text_of(url),
                   headers, std::move(body), before.project_, before.scope_) {}

GivenRequest::GivenRequest(py::object method, py::object given_url, py::object url,
                           py::handle headers, py::object body, py::object project,
                           py::object scope)
    : method_(std::move(method)),
      given_url_(std::move(given_url)),
      url_(std::move(url)),
      headers_(header_tuple(headers)),
      body_(std::move(body)),
      project_(std::move(project)),
      scope_(std::move(scope)),
      streamed_(body_.is_none()) {
  if (!streamed_) pinned_ = Buffer(body_);
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

bool GivenRequest::is_made_of(py::handle method, py::handle url, py::handle headers,
                              py::handle body) const {
  return has_body(body) && method.is(method_) && url.is(given_url_) &&
         holds_exactly(headers, headers_);
}

// A body that may change is never the same.
bool GivenRequest::has_body(py::handle body) const {
  return body.is(body_) && (streamed_ || PyBytes_CheckExact(body_.ptr()) != 0);
}

bool GivenRequest::is_same(const GivenRequest& other) const {
  return has_body(other.body_) &&
         std::equal(header_views_.begin(), header_views_.end(), other.header_views_.begin(),
                    other.header_views_.end(), is_same_field) &&
         text_view(method_, "method") == text_view(other.method_, "method") &&
         text_view(url_, "url") == text_view(other.url_, "url");
}

}  // namespace costmark::python
