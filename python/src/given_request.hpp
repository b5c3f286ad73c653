// A request as Python gives it: views for the core, and the objects that they point into.
#pragma once

#include <vector>

#include "bindings.hpp"
#include "costmark/client.hpp"

namespace costmark::python {

class GivenRequest {
 public:
  GivenRequest() = default;
  // `headers` are (name, value) tuples; a `body` of None is one that is streamed.
  GivenRequest(py::object method, py::object url, const py::sequence& headers, py::object body,
               py::object project, py::object scope);

  // Good as long as this object lives, also after it was moved.
  Request views() const;

  // Whether the other one is made of the very same immutable objects, and so says the same.
  bool is_same(const GivenRequest& other) const;

  const py::object& project() const noexcept { return project_; }
  const py::object& scope() const noexcept { return scope_; }

 private:
  py::object method_;
  py::object url_;
  py::tuple headers_{0};  // of our own: no other code can take a pair out of it
  py::object body_;
  py::object project_;
  py::object scope_;
  Buffer pinned_;
  bool streamed_ = false;
  std::vector<Header> header_views_;
};

}  // namespace costmark::python
