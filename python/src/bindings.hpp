// What the parts of the extension module share. Everything here is called with the GIL held unless
// it says otherwise.
#pragma once

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/credentials_provider.hpp"
#include "costmark/error.hpp"
#include "costmark/http.hpp"

namespace costmark::python {

namespace py = pybind11;

void bind_botocore(py::module_& module);
void bind_budgets(py::module_& module);
void bind_client(py::module_& module);
void bind_credentials(py::module_& module);
void bind_operation(py::module_& module);
void bind_prices(py::module_& module);
void bind_projects(py::module_& module);
void bind_routes(py::module_& module);
void bind_rows(py::module_& module);
void bind_tokens(py::module_& module);
void bind_tools(py::module_& module);
void bind_usage(py::module_& module);

// Raises the class of costmark.errors that belongs to the error's code. An exception that a Python
// callback left behind on this thread becomes its cause.
[[noreturn]] void raise(const Error& error);

inline void check(Status status) {
  if (!status.ok()) raise(status.error());
}
template <class T>
T check(Result<T> result) {
  if (!result.ok()) raise(result.error());
  return std::move(result).value();
}

// Turns the Python exception in flight into an Error of `code` for the core to carry, and keeps the
// exception for `raise`.
Error keep_exception(py::error_already_set& exception, Code code, std::string_view what);
// Keeps it, and says so, if no Error may stand for it and no handler swallow it, as is so for
// KeyboardInterrupt.
bool keep_interruption(py::error_already_set& exception);
// Forgets what an earlier call on this thread kept.
void forget_exception() noexcept;
// Raises the kept exception if it is such a one.
bool is_interrupted() noexcept;
void raise_interruption();
// The same where nothing can be raised: the main thread gets its KeyboardInterrupt later.
void interrupt_later() noexcept;

inline py::str as_text(std::string_view text) {
  return {text.data(), text.size()};
}
inline py::bytes as_bytes(std::string_view text) {
  return {text.data(), text.size()};
}
// The names of the flags that are set, of all that there are.
template <class Flags, class Flag, std::size_t count>
py::list names_of(Flags flags, const std::array<Flag, count>& all) {
  py::list names;
  for (const Flag flag : all) {
    if (flags.has(flag)) names.append(as_text(to_string(flag)));
  }
  return names;
}

// A view of a str as UTF-8 or of a bytes object; it lives as long as the object.
std::string_view text_view(py::handle object, const char* name);
// Empty for None.
std::string_view optional_text_view(py::handle object, const char* name);
// Header fields, as tuples that stay where they are whatever becomes of the sequence. Each is a
// (name, value) of str or bytes, or a (name, name in lower case, value) as httpx keeps them.
py::tuple header_tuple(py::handle headers);
// Views of such fields; they live as long as the tuple.
void header_views(const py::tuple& headers, std::vector<Header>& out);

// A pinned view of anything with the buffer protocol. Not copyable; released with the GIL held.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(py::handle object);
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;

  std::string_view view() const noexcept;

 private:
  void release() noexcept;
  Py_buffer buffer_{};
};

// Credentials as Python sees them: an immutable snapshot.
struct PyCredentials {
  CredentialsPtr value;
};

class KeptCallbacks;

// A provider over a costmark.Credentials or a callable that returns one, which is kept as well;
// null for None.
CredentialsProviderPtr credentials_provider(const py::object& given, KeptCallbacks& kept);

}  // namespace costmark::python
