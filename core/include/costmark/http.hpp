// The few HTTP types that every module shares. Views only: nothing here owns memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace costmark {

// One header field. Names compare without regard to ASCII case.
struct Header {
  std::string_view name;
  std::string_view value;
};

// ASCII case-insensitive equality of texts of one length.
bool same_ignoring_case(const char* a, const char* b, std::size_t size) noexcept;

// ASCII case-insensitive equality, as RFC 9110 section 5.1 wants for field names. Most names differ
// in their length, which is seen without a call.
inline bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && same_ignoring_case(a.data(), b.data(), a.size());
}

}  // namespace costmark
