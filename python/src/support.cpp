#include "bindings.hpp"

#include <utility>

namespace costmark::python {
namespace {

// The exception of a callback that ran inside the core on this thread; owned.
thread_local PyObject* kept_exception = nullptr;

py::object take_kept_exception() {
  return py::reinterpret_steal<py::object>(std::exchange(kept_exception, nullptr));
}

py::object optional_offset(const Error& error) {
  if (!error.offset) return py::none();
  return py::int_(*error.offset);
}

}  // namespace

void raise(const Error& error) {
  raise_interruption();
  const py::object cause = take_kept_exception();
  const auto make = py::module_::import("costmark.errors").attr("_from_core");
  const py::object raised =
      make(py::str(to_string(error.code).data(), to_string(error.code).size()), error.message,
           optional_offset(error), error.http_status, error.request_id, error.retryable);
  if (cause) PyException_SetCause(raised.ptr(), cause.inc_ref().ptr());
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(raised.ptr())), raised.ptr());
  throw py::error_already_set();
}

bool is_interrupted() noexcept {
  return kept_exception != nullptr && PyObject_IsInstance(kept_exception, PyExc_Exception) != 1;
}

void interrupt_later() noexcept {
  if (!is_interrupted()) return;
  const bool by_key = PyObject_IsInstance(kept_exception, PyExc_KeyboardInterrupt) == 1;
  const py::object kept = take_kept_exception();
  if (by_key) {
    PyErr_SetInterrupt();
    return;
  }
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(kept.ptr())), kept.ptr());
  PyErr_WriteUnraisable(nullptr);
}

Error keep_exception(py::error_already_set& exception, Code code, std::string_view what) {
  std::string message(what);
  message.append(" raised ").append(py::str(exception.type().attr("__name__")));
  Py_XDECREF(std::exchange(kept_exception, exception.value().inc_ref().ptr()));
  return Error{code, std::move(message), std::nullopt, 0, {}, false};
}

bool keep_interruption(py::error_already_set& exception) {
  if (exception.matches(PyExc_Exception)) return false;
  Py_XDECREF(std::exchange(kept_exception, exception.value().inc_ref().ptr()));
  return true;
}

void forget_exception() noexcept {
  Py_XDECREF(std::exchange(kept_exception, nullptr));
}

void raise_interruption() {
  if (!is_interrupted()) return;
  const py::object kept = take_kept_exception();
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(kept.ptr())), kept.ptr());
  throw py::error_already_set();
}

std::string_view text_view(py::handle object, const char* name) {
  if (PyBytes_Check(object.ptr())) {
    return {PyBytes_AS_STRING(object.ptr()),
            static_cast<std::size_t>(PyBytes_GET_SIZE(object.ptr()))};
  }
  if (!PyUnicode_Check(object.ptr())) {
    throw py::type_error(std::string(name) + " must be str or bytes, not " +
                         Py_TYPE(object.ptr())->tp_name);
  }
  Py_ssize_t size = 0;
  const char* data = PyUnicode_AsUTF8AndSize(object.ptr(), &size);
  if (data == nullptr) {
    PyErr_Clear();  // its error holds the whole text, which may be a secret
    throw py::value_error(std::string(name) + " holds half of a surrogate pair, which is no text");
  }
  return {data, static_cast<std::size_t>(size)};
}

std::string_view optional_text_view(py::handle object, const char* name) {
  return object.is_none() ? std::string_view() : text_view(object, name);
}

py::tuple header_tuple(py::handle headers) {
  const bool is_sequence = PySequence_Check(headers.ptr()) != 0 && PyDict_Check(headers.ptr()) == 0;
  if (!is_sequence || PyUnicode_Check(headers.ptr()) || PyBytes_Check(headers.ptr())) {
    throw py::type_error(std::string("headers must be a list of (name, value) tuples, not ") +
                         Py_TYPE(headers.ptr())->tp_name);
  }
  auto fields = py::reinterpret_steal<py::tuple>(PySequence_Tuple(headers.ptr()));
  if (!fields) throw py::error_already_set();
  return fields;
}

void header_views(const py::tuple& headers, std::vector<Header>& out) {
  out.clear();
  out.reserve(headers.size());
  for (const py::handle item : headers) {
    const Py_ssize_t size = PyTuple_Check(item.ptr()) ? PyTuple_GET_SIZE(item.ptr()) : 0;
    if (size != 2 && size != 3) {
      throw py::type_error("headers must be a list of (name, value) tuples");
    }
    out.push_back({text_view(PyTuple_GET_ITEM(item.ptr(), 0), "a header name"),
                   text_view(PyTuple_GET_ITEM(item.ptr(), size - 1), "a header value")});
  }
}

Buffer::Buffer(py::handle object) {
  if (PyObject_GetBuffer(object.ptr(), &buffer_, PyBUF_SIMPLE) != 0) throw py::error_already_set();
}

Buffer::~Buffer() {
  release();
}

Buffer::Buffer(Buffer&& other) noexcept : buffer_(std::exchange(other.buffer_, {})) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this != &other) {
    release();
    buffer_ = std::exchange(other.buffer_, {});
  }
  return *this;
}

std::string_view Buffer::view() const noexcept {
  return {static_cast<const char*>(buffer_.buf), static_cast<std::size_t>(buffer_.len)};
}

void Buffer::release() noexcept {
  if (buffer_.obj != nullptr) PyBuffer_Release(&buffer_);
}

}  // namespace costmark::python
