// costmark.hpp: why a call failed.
#ifndef COSTMARK_SDK_ERROR_HPP
#define COSTMARK_SDK_ERROR_HPP

#include <costmark/costmark.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <optional>
#include <string_view>
#include <utility>

#if !defined(COSTMARK_NO_EXCEPTIONS) && (defined(__cpp_exceptions) || defined(_CPPUNWIND))
#define COSTMARK_HPP_EXCEPTIONS 1
#define COSTMARK_HPP_KIND v1
#else
#define COSTMARK_HPP_EXCEPTIONS 0
#define COSTMARK_HPP_KIND v1_no_exceptions
#endif

// Nested, so that it does not meet the C++ library underneath, whose namespace is `costmark` and
// which the archive brings along. Named for version and kind: parts of a program that were built
// with another version of this header, or with the other kind, have other symbols.
namespace costmark::sdk {
inline namespace COSTMARK_HPP_KIND {

namespace detail {

inline costmark_str str(std::string_view text) noexcept {
  return {text.data(), text.size()};
}
inline std::string_view view(const costmark_str& text) noexcept {
  return {text.data, text.len};
}

template <class Struct>
Struct sized() noexcept {
  Struct result;
  costmark_init(&result, sizeof result);
  return result;
}

// What a call that cannot fail shows in its last parameter.
template <class Struct, class Show, class... Arguments>
Struct shown(Show show, Arguments... arguments) noexcept {
  auto result = sized<Struct>();
  show(arguments..., &result);
  return result;
}

// A copy of a struct of the library's, which may be smaller or larger than ours.
template <class Struct>
Struct copied(const Struct* from) noexcept {
  auto result = sized<Struct>();
  if (from == nullptr) return result;
  std::memcpy(&result, from, std::min(sizeof result, from->struct_size));
  result.struct_size = sizeof result;
  return result;
}

}  // namespace detail

// Why a call failed; see costmark_error. Immutable, share freely. Copies share one costmark_error.
class Error final : public std::exception {
 public:
  Error() noexcept = default;  // no error
  // Each takes `owned`, which may be null.
  explicit Error(costmark_status status, costmark_error* owned = nullptr) noexcept
      : status_(status) {
    if (owned == nullptr) return;
    shared_ = new (std::nothrow) Shared{{1}, owned};
    if (shared_ == nullptr) costmark_error_free(owned);
  }
  explicit Error(costmark_error* owned) noexcept
      : Error(detail::shown<costmark_error_view>(costmark_error_read, owned).status, owned) {}
  Error(const Error& other) noexcept
      : std::exception(other), status_(other.status_), shared_(other.shared_) {
    if (shared_ != nullptr) shared_->owners.fetch_add(1, std::memory_order_relaxed);
  }
  Error(Error&& other) noexcept
      : status_(std::exchange(other.status_, COSTMARK_OK)),
        shared_(std::exchange(other.shared_, nullptr)) {}
  Error& operator=(Error other) noexcept {
    std::swap(status_, other.status_);
    std::swap(shared_, other.shared_);
    return *this;
  }
  ~Error() override {
    if (shared_ == nullptr || shared_->owners.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    costmark_error_free(shared_->error);
    delete shared_;
  }

  costmark_status status() const noexcept { return status_; }
  const char* status_name() const noexcept { return costmark_status_name(status_); }
  std::string_view message() const noexcept {
    const std::string_view text = detail::view(read().message);
    return text.empty() ? status_name() : text;
  }
  const char* what() const noexcept override { return message().data(); }
  std::optional<std::uint64_t> offset() const noexcept {
    const costmark_error_view view = read();
    if (view.has_offset == 0) return std::nullopt;
    return view.offset;
  }
  int http_status() const noexcept { return read().http_status; }
  std::string_view request_id() const noexcept { return detail::view(read().request_id); }
  bool retryable() const noexcept { return read().retryable != 0; }

  const costmark_error* get() const noexcept {
    return shared_ != nullptr ? shared_->error : nullptr;
  }

 private:
  struct Shared {
    std::atomic<std::size_t> owners;
    costmark_error* error;
  };
  costmark_error_view read() const noexcept {
    return detail::shown<costmark_error_view>(costmark_error_read, get());
  }
  costmark_status status_ = COSTMARK_OK;
  Shared* shared_ = nullptr;
};

#if COSTMARK_HPP_EXCEPTIONS

template <class T>
using Result = T;

#else

// NOLINTBEGIN(google-explicit-constructor): what returns a Result returns a value, or an error.

// A value, or why there is none. value() of a failure aborts.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Error error) noexcept : error_(std::move(error)) {}

  bool ok() const noexcept { return value_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }
  const Error& error() const noexcept { return error_; }
  costmark_status status() const noexcept { return error_.status(); }
  T& value() & noexcept {
    if (!ok()) std::abort();
    return *value_;
  }
  T&& value() && noexcept { return std::move(value()); }

 private:
  std::optional<T> value_;
  Error error_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() noexcept = default;
  Result(Error error) noexcept : error_(std::move(error)) {}

  bool ok() const noexcept { return error_.status() == COSTMARK_OK; }
  explicit operator bool() const noexcept { return ok(); }
  const Error& error() const noexcept { return error_; }
  costmark_status status() const noexcept { return error_.status(); }

 private:
  Error error_;
};

// NOLINTEND(google-explicit-constructor)

#endif

}  // namespace COSTMARK_HPP_KIND
}  // namespace costmark::sdk

#endif  // COSTMARK_SDK_ERROR_HPP
