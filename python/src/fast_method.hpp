// Methods that take their arguments by place alone, called without pybind11's dispatcher: to look
// for names, overloads and conversions costs more than the short methods of an operation do.
#pragma once

#include <cxxabi.h>

#include <string>

#include "bindings.hpp"

namespace costmark::python {

// What a method was called with; they live as long as the call.
class Arguments {
 public:
  Arguments(PyObject* self, PyObject* const* values, Py_ssize_t count) noexcept
      : self_(self), values_(values), count_(count) {}

  py::object self() const { return py::reinterpret_borrow<py::object>(self_); }
  bool has(Py_ssize_t index) const noexcept { return index < count_; }
  py::object operator[](Py_ssize_t index) const {
    return py::reinterpret_borrow<py::object>(values_[index]);
  }
  // False for one that was left out.
  bool flag(Py_ssize_t index) const {
    if (!has(index)) return false;
    const int value = PyObject_IsTrue(values_[index]);
    if (value < 0) throw py::error_already_set();
    return value != 0;
  }

 private:
  PyObject* self_;
  PyObject* const* values_;
  Py_ssize_t count_;
};

// How many arguments a method takes.
struct Takes {
  Py_ssize_t least;
  Py_ssize_t most;

  void check(Py_ssize_t count) const {
    if (count >= least && count <= most) return;
    throw py::type_error("the method takes " + std::to_string(least) + " to " +
                         std::to_string(most) + " arguments by place, not " +
                         std::to_string(count));
  }
};

// The object of C++ in an object of that very class, of which Python has made sure.
template <class T>
T& object_in(PyObject* self) {
  auto* instance = reinterpret_cast<py::detail::instance*>(self);
  auto* object =
      static_cast<T*>(instance->simple_layout ? instance->simple_value_holder[0]
                                              : instance->get_value_and_holder().value_ptr());
  if (object == nullptr) throw py::type_error("the object was never initialized");
  return *object;
}

// What `work` returns, for Python; null with its exception.
template <class Work>
PyObject* for_python(Work work) {
  try {
    return work().release().ptr();
  } catch (const abi::__forced_unwind&) {  // a thread that ends
    throw;
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (...) {
    py::detail::try_translate_exceptions();
  }
  return nullptr;
}

template <class T, auto Function, Takes takes>
PyObject* call_fast(PyObject* self, PyObject* const* values, Py_ssize_t count) {
  return for_python([&] {
    takes.check(count);
    return Function(object_in<T>(self), Arguments(self, values, count));
  });
}

template <class T, auto Function>
PyObject* call_with_keywords(PyObject* self, PyObject* values, PyObject* keywords) {
  return for_python([&] {
    if (PyTuple_GET_SIZE(values) != 0 || keywords == nullptr) {
      throw py::type_error("the method takes arguments by keyword, and no others");
    }
    return Function(object_in<T>(self), py::handle(keywords));
  });
}

template <class Class>
void add_method(Class& type, PyMethodDef& definition) {
  auto* cls = reinterpret_cast<PyTypeObject*>(type.ptr());
  PyObject* method = PyDescr_NewMethod(cls, &definition);
  if (method == nullptr) throw py::error_already_set();
  type.attr(definition.ml_name) = py::reinterpret_steal<py::object>(method);
}

// Adds a method: `Function` takes a T& and `Arguments`, and returns an object.
template <class T, auto Function, Takes takes, class Class>
void add_fast_method(Class& type, const char* name) {
  using Untyped = void (*)();
  static PyMethodDef definition{
      name,
      reinterpret_cast<PyCFunction>(reinterpret_cast<Untyped>(&call_fast<T, Function, takes>)),
      METH_FASTCALL, nullptr};
  add_method(type, definition);
}

// Adds a method that takes whatever keywords: `Function` takes a T& and the dict of them, and
// returns an object. `signature` names the method, as `inspect` reads it.
template <class T, auto Function, class Class>
void add_keyword_method(Class& type, const char* name, const char* signature) {
  using Untyped = void (*)();
  static PyMethodDef definition{
      name,
      reinterpret_cast<PyCFunction>(reinterpret_cast<Untyped>(&call_with_keywords<T, Function>)),
      METH_VARARGS | METH_KEYWORDS, signature};
  add_method(type, definition);
}

}  // namespace costmark::python
