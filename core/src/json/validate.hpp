// The grammar of RFC 8259, and the exact place where a text leaves it.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "costmark/error.hpp"

namespace costmark::json {

struct Fault {
  std::size_t offset = 0;
  const char* expectation = "";  // "expected ',' or '}' after a member value"; static storage
};

// The first byte at which `text` stops being one JSON value with white space around it; nothing
// when it is one. `depth`, if given, receives the deepest nesting met (0 for a scalar).
std::optional<Fault> find_fault(std::string_view text, std::size_t* depth = nullptr) noexcept;

// The error for a fault in text that starts `base` bytes into the caller's text.
Status fault_status(const Fault& fault, std::size_t base = 0);

// The white space of JSON: four characters and no others.
constexpr bool is_space(char c) noexcept {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

}  // namespace costmark::json
