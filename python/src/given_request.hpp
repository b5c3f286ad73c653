// A request as Python gives it: views for the core, and the objects that they point into.
#pragma once

#include <vector>

#include "bindings.hpp"
#include "costmark/client.hpp"

namespace costmark::python {

class GivenRequest {
 public:
  GivenRequest() = default;
  // `url` is text, or an object that does not change and whose str() is the URL; `headers` as
  // `header_views` takes them; a `body` of None is one that is streamed; `labels` is a tuple of
  // pairs, or None; one that has `overrides_budgets` is of a call that overrides them.
  GivenRequest(py::object method, const py::object& url, py::handle headers, py::object body,
               py::object project, py::object scope, py::object labels = py::none());
  // The next request of the same operation. What did not change since is not looked at again.
  GivenRequest(const GivenRequest& before, py::object method, const py::object& url,
               py::handle headers, py::object body);

  // Good as long as this object lives, also after it was moved.
  Request views() const;

  // Whether it was made of these very objects, none of which has changed since.
  bool is_made_of(py::handle method, py::handle url, py::handle headers, py::handle body) const;
  // Whether the other one is made of the very same immutable objects, and so says the same.
  bool is_same(const GivenRequest& other) const;

  // The fields as they were given, and views of them in the same order.
  const py::tuple& fields() const noexcept { return headers_; }
  const std::vector<Header>& field_views() const noexcept { return header_views_; }
  std::size_t body_size() const noexcept { return pinned_.view().size(); }

 private:
  GivenRequest(py::object method, py::object given_url, py::object url, py::handle headers,
               py::object body, py::object project, py::object scope, py::object labels);
  bool has_body(py::handle body) const;

  py::object method_;
  py::object given_url_;
  py::object url_;        // its text
  py::tuple headers_{0};  // of our own: no other code can take a pair out of it
  py::object body_;
  py::object project_;
  py::object scope_;
  Buffer pinned_;
  bool streamed_ = false;
  std::vector<Header> header_views_;
  py::object labels_;
  std::vector<NameValue> label_views_;
  bool overrides_budgets_ = false;
};

// Views of a tuple of pairs, or of None. Raises what is not one.
std::vector<NameValue> label_views(py::handle labels);

}  // namespace costmark::python
