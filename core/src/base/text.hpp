// Small helpers for text. ASCII alone counts as letters and digits, whatever the locale.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace costmark::text {

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

constexpr bool is_lower(char c) noexcept {
  return c >= 'a' && c <= 'z';
}

constexpr bool is_upper(char c) noexcept {
  return c >= 'A' && c <= 'Z';
}

constexpr bool is_letter(char c) noexcept {
  return is_lower(c) || is_upper(c);
}

constexpr bool is_alphanumeric(char c) noexcept {
  return is_letter(c) || is_digit(c);
}

constexpr char lower(char c) noexcept {
  return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr char upper(char c) noexcept {
  return is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c;
}

// From 0 to 15; -1 for what is not a hexadecimal digit.
constexpr int hex_value(char c) noexcept {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr bool is_hex(char c) noexcept {
  return hex_value(c) >= 0;
}

// The ASCII white space of Python's str.split and str.strip, which botocore uses.
constexpr bool is_python_space(char c) noexcept {
  return c == ' ' || (c >= '\t' && c <= '\r') || (c >= '\x1C' && c <= '\x1F');
}

inline constexpr std::string_view white_space = " \t\r\n";

// Without the `blanks` at both ends.
std::string_view trimmed(std::string_view text, std::string_view blanks = white_space) noexcept;

// In single quotes, as errors show what they were given.
std::string quoted(std::string_view text);

// The same of what may be anything: on one line, and at most `longest` bytes of it. Controls, and
// bytes that are not UTF-8, are \xNN.
std::string shown(std::string_view text, std::size_t longest);

// "line 3, column 7": where a byte of a text stands. Both count from 1, columns in bytes.
std::string place_in(std::string_view text, std::size_t offset);

// How many characters must be put in, left out or replaced to make one text of the other;
// `limit` if it is as many, or more. The lower the limit, the faster.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit);

// Whether all of it is ASCII that prints, without spaces, and there is any of it.
bool is_visible_ascii(std::string_view text) noexcept;

// RFC 9110, section 5.6.2: a method, the name of a header.
bool is_token(std::string_view text) noexcept;

// A URL up to its query or fragment.
std::string_view without_query(std::string_view url) noexcept;

// The name of an error as AWS spells it in headers and bodies, without what stands around it:
// "ExpiredTokenException" of "com.amazon.coral.service#ExpiredTokenException:http://...".
std::string_view bare_error_name(std::string_view name) noexcept;

// Length of the UTF-8 sequence at `p`, which is before `end`; 0 when there is none: no overlong
// forms, no surrogates, nothing above U+10FFFF (Unicode 15, table 3-7). Inline, as the JSON
// validator calls it for each character that is not ASCII.
inline std::size_t utf8_length(const char* p, const char* end) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(p[i]); };
  const auto available = static_cast<std::size_t>(end - p);
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  std::size_t length = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  }
  if (length == 0 || available < length || byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
  }
  return length;
}

bool is_utf8(std::string_view text) noexcept;

// Whether `text` is spelled like an AWS region, such as "us-gov-west-1".
bool is_region(std::string_view text) noexcept;

}  // namespace costmark::text
