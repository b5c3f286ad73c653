#include "http/field.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace costmark::http {
namespace {

constexpr bool in_code(char c) noexcept {
  return text::is_letter(c) || c == '_' || c == '-' || c == '.';
}

}  // namespace

bool is_field_value(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7F) || c == '\t';
  });
}

bool is_authorized(std::span<const Header> headers) noexcept {
  return std::any_of(headers.begin(), headers.end(), [](const Header& header) {
    return equal_ignoring_case(header.name, "authorization") ||
           equal_ignoring_case(header.name, "x-api-key");
  });
}

std::string_view plain_code(std::string_view text) noexcept {
  constexpr std::size_t longest = 64;
  const bool plain = text.size() <= longest && std::all_of(text.begin(), text.end(), in_code);
  return plain ? text : std::string_view();
}

std::string_view plain_id(std::string_view text) noexcept {
  constexpr std::size_t longest = 128;
  const bool plain = text.size() <= longest && std::all_of(text.begin(), text.end(), [](char c) {
                       return in_code(c) || text::is_digit(c) || c == ':';
                     });
  return plain ? text : std::string_view();
}

}  // namespace costmark::http
