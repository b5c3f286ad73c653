#include "http/field.hpp"

#include <algorithm>
#include <array>

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

bool tells_digest(std::string_view name) noexcept {
  constexpr std::string_view checksum = "x-amz-checksum-";
  constexpr std::array<std::string_view, 6> names{
      "content-digest", "content-md5",          "digest",
      "repr-digest",    "x-amz-content-sha256", "x-amz-sdk-checksum-algorithm"};
  if (equal_ignoring_case(name.substr(0, checksum.size()), checksum)) return is_token(name);
  return std::any_of(names.begin(), names.end(),
                     [name](std::string_view each) { return equal_ignoring_case(name, each); });
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
