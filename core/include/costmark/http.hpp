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

// ASCII case-insensitive equality, as RFC 9110 section 5.1 wants for field names.
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

}  // namespace costmark
