#include "http/field.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/text.hpp"

namespace costmark::http {
namespace {

constexpr bool in_code(char c) noexcept {
  return text::is_letter(c) || c == '_' || c == '-' || c == '.';
}

constexpr std::string_view checksum_prefix = "x-amz-checksum-";
constexpr std::array<std::string_view, 6> digest_names{
    "content-digest", "content-md5",          "digest",
    "repr-digest",    "x-amz-content-sha256", "x-amz-sdk-checksum-algorithm"};

// A bit for each size that one of the names has.
constexpr std::uint64_t sizes_of(std::span<const std::string_view> names) noexcept {
  std::uint64_t sizes = 0;
  for (const std::string_view name : names) sizes |= std::uint64_t{1} << name.size();
  return sizes;
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
  constexpr std::size_t last = checksum_prefix.size() - 1;
  const bool may_begin_so = name.size() > last && name[last] == '-';  // which few others have there
  if (may_begin_so && equal_ignoring_case(name.substr(0, last + 1), checksum_prefix)) {
    return is_token(name);
  }
  constexpr std::uint64_t sizes = sizes_of(digest_names);
  const bool may_be_one = name.size() < 64 && (sizes >> name.size() & 1U) != 0;
  return may_be_one &&
         std::any_of(digest_names.begin(), digest_names.end(),
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
