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

}  // namespace

GivenRequest::GivenRequest(py::object method, py::object url, const py::sequence& headers,
                           py::object body, py::object project, py::object scope)
    : method_(std::move(method)),
      url_(std::move(url)),
      headers_(py::reinterpret_steal<py::tuple>(PySequence_Tuple(headers.ptr()))),
      body_(std::move(body)),
      project_(std::move(project)),
      scope_(std::move(scope)),
      streamed_(body_.is_none()) {
  if (!headers_) throw py::error_already_set();
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

bool GivenRequest::is_same(const GivenRequest& other) const {
  const bool same_body =
      body_.is(other.body_) && (streamed_ || PyBytes_CheckExact(body_.ptr()) != 0);
  return same_body &&
         std::equal(header_views_.begin(), header_views_.end(), other.header_views_.begin(),
                    other.header_views_.end(), is_same_field) &&
         text_view(method_, "method") == text_view(other.method_, "method") &&
         text_view(url_, "url") == text_view(other.url_, "url");
}

}  // namespace costmark::python
