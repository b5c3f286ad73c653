// Python callables that the core calls.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings.hpp"
#include "gil.hpp"

namespace costmark::python {

// A Python callable that C++ code may copy and release on any thread, with or without the GIL.
class Callback {
 public:
  Callback() = default;
  explicit Callback(py::object callable);
  explicit operator bool() const noexcept { return callable_ != nullptr; }

  // With the GIL. What Python code raised is thrown.
  template <class... Arguments>
  py::object operator()(const Arguments&... arguments) const {
    // A reference of this call's own: the collector may let go of the other one meanwhile.
    const py::object callable = *callable_;
    if (!callable) throw py::value_error("the client of this callback is gone");
    const py::tuple values = py::make_tuple(arguments...);
    PyObject* result =
        or_stop_at_exit([&] { return PyObject_CallObject(callable.ptr(), values.ptr()); });
    if (result == nullptr) throw py::error_already_set();
    return py::reinterpret_steal<py::object>(result);
  }

  // For the garbage collector.
  int traverse(visitproc visit, void* argument) const;
  void clear() const;

 private:
  std::shared_ptr<py::object> callable_;
};

// The callables that an object of Python keeps by way of C++, where the garbage collector would
// not see them.
class KeptCallbacks {
 public:
  Callback keep(const py::object& callable);
  int traverse(visitproc visit, void* argument) const;
  void clear();

 private:
  std::vector<Callback> callbacks_;
};

// Tells a listener; what it raises does not disturb the call, unless it is to end the program.
template <class Tell>
void tell(const char* who, Tell tell_it) {
  try {
    tell_it();
  } catch (py::error_already_set& exception) {
    if (!keep_interruption(exception)) exception.discard_as_unraisable(who);
  } catch (const py::builtin_exception&) {  // its client is gone
    return;
  }
}

// For py::class_ of a T with `traverse` and `clear`: lets the garbage collector look into it.
template <class T>
py::custom_type_setup collectable() {
  return py::custom_type_setup([](PyHeapTypeObject* heap) {
    PyTypeObject* type = &heap->ht_type;
    type->tp_flags |= Py_TPFLAGS_HAVE_GC;
    type->tp_traverse = [](PyObject* self, visitproc visit, void* arg) {
      Py_VISIT(Py_TYPE(self));
      if (!py::detail::is_holder_constructed(self)) return 0;
      return py::cast<T&>(py::handle(self)).traverse(visit, arg);
    };
    type->tp_clear = [](PyObject* self) {
      if (py::detail::is_holder_constructed(self)) py::cast<T&>(py::handle(self)).clear();
      return 0;
    };
  });
}

}  // namespace costmark::python
