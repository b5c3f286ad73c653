#include "http/field.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace costmark::http {
namespace {

constexpr bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

constexpr bool in_code(char c) noexcept {
  return is_letter(c) || c == '_' || c == '-' || c == '.';
}

constexpr std::array<bool, 256> token_characters = [] {
  std::array<bool, 256> table{};
  for (std::size_t byte = 0; byte < table.size(); ++byte) {
    const char c = static_cast<char>(byte);
    table[byte] = is_letter(c) || is_digit(c) ||
                  std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  }
  return table;
}();

}  // namespace

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view white_space = " \t\r\n";
  const auto begin = text.find_first_not_of(white_space);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(white_space) + 1 - begin);
}

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return token_characters[static_cast<unsigned char>(c)];
  });
}

bool is_field_value(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7F) || c == '\t';
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
                       return in_code(c) || is_digit(c) || c == ':';
                     });
  return plain ? text : std::string_view();
}

}  // namespace costmark::http
