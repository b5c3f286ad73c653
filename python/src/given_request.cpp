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
                           py::object body, py::object project, py::object scope, py::object labels)
    : GivenRequest(std::move(method), url, text_of(url), headers, std::move(body),
                   std::move(project), std::move(scope), std::move(labels)) {}

GivenRequest::GivenRequest(const GivenRequest& before, py::object method, const py::object& url,
                           py::handle headers, py::object body)
    : GivenRequest(std::move(method), url, url.is(before.given_url_) ? before.url_ : text_of(url),
                   headers, std::move(body), before.project_, before.scope_, before.labels_) {}

GivenRequest::GivenRequest(py::object method, py::object given_url, py::object url,
                           py::handle headers, py::object body, py::object project,
                           py::object scope, py::object labels)
    : method_(std::move(method)),
      given_url_(std::move(given_url)),
      url_(std::move(url)),
      headers_(header_tuple(headers)),
      body_(std::move(body)),
      project_(std::move(project)),
      scope_(std::move(scope)),
      streamed_(body_.is_none()),
      labels_(std::move(labels)),
      label_views_(label_views(labels_)),
      overrides_budgets_(!labels_.is_none() && PyTuple_CheckExact(labels_.ptr()) == 0 &&
                         py::hasattr(labels_, "overrides_budgets")) {
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
          streamed_,
          label_views_,
          overrides_budgets_};
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

std::vector<NameValue> label_views(py::handle labels) {
  std::vector<NameValue> views;
  if (!labels || labels.is_none()) return views;
  // Tuples do not change, and so keep what the views show.
  const bool is_tuple = PyTuple_Check(labels.ptr()) != 0;
  const Py_ssize_t count = is_tuple ? PyTuple_GET_SIZE(labels.ptr()) : -1;
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* const pair = PyTuple_GET_ITEM(labels.ptr(), i);
    if (PyTuple_CheckExact(pair) == 0 || PyTuple_GET_SIZE(pair) != 2) {
      throw py::type_error("a label is a tuple of a name and a value");
    }
    views.push_back({text_view(PyTuple_GET_ITEM(pair, 0), "the name of a label"),
                     text_view(PyTuple_GET_ITEM(pair, 1), "the value of a label")});
  }
  if (!is_tuple) throw py::type_error("labels are a tuple of pairs");
  return views;
}

}  // namespace costmark::python
