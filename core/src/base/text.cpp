#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

namespace costmark::text {
namespace {

constexpr auto token_characters = [] {
  std::array<bool, 256> table{};
  for (std::size_t byte = 0; byte < table.size(); ++byte) {
    const char c = static_cast<char>(byte);
    table[byte] =
        is_alphanumeric(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  }
  return table;
}();

}  // namespace

std::string_view trimmed(std::string_view text, std::string_view blanks) noexcept {
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

std::string quoted(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  out.append("'").append(text).append("'");
  return out;
}

std::string shown(std::string_view text, std::size_t longest) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "'";
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p != end && static_cast<std::size_t>(p - text.data()) < longest) {
    const std::size_t length = utf8_length(p, end);
    const auto byte = static_cast<unsigned char>(*p);
    const bool is_c1 = length == 2 && byte == 0xC2 && static_cast<unsigned char>(p[1]) < 0xA0;
    if (length == 0 || is_c1 || byte < 0x20 || byte == 0x7F) {
      (out += "\\x") += digits[byte >> 4U];
      out += digits[byte & 0xFU];
      ++p;
    } else {
      out.append(p, length);
      p += length;
    }
  }
  return out += p == end ? "'" : "...'";
}

std::string place_in(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t column = before.size() - (before.rfind('\n') + 1) + 1;  // npos + 1 is 0
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) >= limit) return limit;
  const auto [rest_of_a, rest_of_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  a = {rest_of_a, a.end()};
  b = {rest_of_b, b.end()};
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    // Further from the diagonal it is the limit or more.
    const std::size_t first = i < limit ? 1 : i - limit + 1;
    const std::size_t last = std::min(b.size(), i + limit - 1);
    std::size_t diagonal = row[first - 1];
    std::size_t least = row[first - 1] = i < limit ? i : limit;
    for (std::size_t j = first; j <= last; ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
      least = std::min(least, row[j]);
    }
    if (least >= limit) return limit;
  }
  return std::min(row[b.size()], limit);
}

bool is_visible_ascii(std::string_view text) noexcept {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return token_characters[static_cast<unsigned char>(c)];
  });
}

std::string_view without_query(std::string_view url) noexcept {
  return url.substr(0, url.find_first_of("?#"));
}

std::string_view bare_error_name(std::string_view name) noexcept {
  name.remove_prefix(name.find('#') + 1);  // npos + 1 is 0
  return name.substr(0, name.find(':'));
}

bool is_utf8(std::string_view text) noexcept {
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p != end) {
    const std::size_t length = utf8_length(p, end);
    if (length == 0) return false;
    p += length;
  }
  return true;
}

bool is_region(std::string_view text) noexcept {
  // [a-z]{2,8} ( - [a-z0-9]+ )+ - [0-9]+ , as the OpenAI SDKs check it.
  const auto* at = std::find_if_not(text.begin(), text.end(), is_lower);
  const auto head = at - text.begin();
  if (head < 2 || head > 8) return false;
  int parts = 0;
  bool last_is_number = false;
  while (at != text.end()) {
    if (*at != '-') return false;
    const auto* begin = ++at;
    at = std::find_if_not(begin, text.end(), [](char c) { return is_lower(c) || is_digit(c); });
    if (at == begin) return false;
    last_is_number = std::all_of(begin, at, is_digit);
    ++parts;
  }
  return parts >= 2 && last_is_number;
}

}  // namespace costmark::text
