// What every opaque handle begins with, and how one that a caller hands in is checked.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "costmark/error.hpp"

namespace costmark::capi {

// Handles of this copy of the library that are not ended.
extern std::atomic<std::size_t> live_handles;

// Its address tells this copy of the library from another one in the same process.
extern const char this_copy;

// Differs from all numbers that it gave before, in this process and its parents: what tells one
// client from another, also when the second one lives where the first one did.
std::uint64_t next_number() noexcept;

// A number that tells handles of one type from others and from ended ones, and an address that
// tells them from those of another copy. They stay in release builds: a stale or wrong handle
// should be a status and not a crash, where that can be noticed.
template <std::uint64_t value>
class Mark {
 public:
  Mark() noexcept = default;
  ~Mark() { unset(); }
  Mark(const Mark&) = delete;
  Mark& operator=(const Mark&) = delete;

  bool valid() const noexcept { return value_ == value && copy_ == &this_copy; }

 protected:
  void set() noexcept { value_ = value; }
  // Volatile: not optimized away.
  void unset() noexcept { *const_cast<volatile std::uint64_t*>(&value_) = 0; }

 private:
  std::uint64_t value_ = value;
  const char* copy_ = &this_copy;
};

// The mark of a handle that its maker has to end.
template <std::uint64_t value>
class Magic : public Mark<value> {
 public:
  Magic() noexcept { live_handles.fetch_add(1, std::memory_order_relaxed); }
  ~Magic() { end(); }

  // Between the two it is as ended as one whose memory is gone.
  void end() noexcept {
    if (this->valid()) live_handles.fetch_sub(1, std::memory_order_relaxed);
    this->unset();
  }
  void begin_again() noexcept {
    this->set();
    live_handles.fetch_add(1, std::memory_order_relaxed);
  }
};

template <class Handle>
bool alive(const Handle* handle) noexcept {
  return handle != nullptr && handle->magic.valid();
}

inline Status invalid_argument(std::string message) {
  return Status(Code::invalid_argument, std::move(message));
}

// For handles with a member `owners`.
template <class Handle>
Handle* retain(Handle* handle) noexcept {
  if (!alive(handle)) return nullptr;
  handle->owners.fetch_add(1, std::memory_order_relaxed);
  return handle;
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
