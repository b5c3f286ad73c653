// What every opaque handle begins with, and how one that a caller hands in is checked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "costmark/error.hpp"

namespace costmark::capi {

// A number that tells handles of one type from others and from ended ones. It stays in release
// builds: a stale or wrong handle should be a status and not a crash, where that can be noticed.
template <std::uint64_t value>
class Magic {
 public:
  constexpr Magic() noexcept = default;
  ~Magic() { *const_cast<volatile std::uint64_t*>(&value_) = 0; }  // volatile: not optimised away
  Magic(const Magic&) = delete;
  Magic& operator=(const Magic&) = delete;

  bool valid() const noexcept { return value_ == value; }

 private:
  std::uint64_t value_ = value;
};

template <class Handle>
bool alive(const Handle* handle) noexcept {
  return handle != nullptr && handle->magic.valid();
}

inline Status invalid_argument(std::string message) {
  return Status(Code::invalid_argument, std::move(message));
}

// `name`: the parameter's, for the message.
template <class Handle>
Status require(const Handle* handle, std::string_view name) {
  if (alive(handle)) return {};
  return invalid_argument(std::string(name) +
                          " is NULL, was ended, or is a handle of another type");
}

inline Status require_out(const void* out, std::string_view name) {
  if (out != nullptr) return {};
  return invalid_argument(std::string(name) + " is NULL; it must point to where the result goes");
}

}  // namespace costmark::capi
