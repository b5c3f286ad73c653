#include "json/strings.hpp"

#include <array>
#include <cstdint>
#include <optional>

#include "costmark/json.hpp"
#include "text.hpp"

namespace costmark::json {
namespace {

// One decoded escape: UTF-8 bytes, and how many bytes of text spelled them.
struct Character {
  std::array<char, 4> bytes{};
  std::size_t size = 0;
  std::size_t spelled = 0;

  std::string_view view() const noexcept { return {bytes.data(), size}; }
};

std::optional<std::uint32_t> hex4(std::string_view text) noexcept {
  if (text.size() < 4) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text.substr(0, 4)) {
    const int digit = text::hex_value(c);
    if (digit < 0) return std::nullopt;
    value = value * 16 + static_cast<std::uint32_t>(digit);
  }
  return value;
}

Character encode(std::uint32_t code_point, std::size_t spelled) noexcept {
  Character out;
  out.spelled = spelled;
  const auto put = [&](std::uint32_t byte) { out.bytes[out.size++] = static_cast<char>(byte); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0U | (code_point >> 6U));
    put(0x80U | (code_point & 0x3FU));
  } else if (code_point < 0x10000) {
    put(0xE0U | (code_point >> 12U));
    put(0x80U | ((code_point >> 6U) & 0x3FU));
    put(0x80U | (code_point & 0x3FU));
  } else {
    put(0xF0U | (code_point >> 18U));
    put(0x80U | ((code_point >> 12U) & 0x3FU));
    put(0x80U | ((code_point >> 6U) & 0x3FU));
    put(0x80U | (code_point & 0x3FU));
  }
  return out;
}

// `text` starts behind "\u". Surrogates count only as a pair.
std::optional<Character> decode_unicode(std::string_view text) noexcept {
  const std::optional<std::uint32_t> first = hex4(text);
  if (!first || (*first >= 0xDC00 && *first <= 0xDFFF)) return std::nullopt;
  if (*first < 0xD800 || *first > 0xDFFF) return encode(*first, 6);
  if (text.substr(4, 2) != "\\u") return std::nullopt;
  const std::optional<std::uint32_t> second = hex4(text.substr(6));
  if (!second || *second < 0xDC00 || *second > 0xDFFF) return std::nullopt;
  return encode(0x10000 + ((*first - 0xD800) << 10U) + (*second - 0xDC00), 12);
}

// `text` starts with a backslash.
std::optional<Character> decode_escape(std::string_view text) noexcept {
  if (text.size() < 2) return std::nullopt;
  switch (text[1]) {
    case '"':
    case '\\':
    case '/':
      return encode(static_cast<unsigned char>(text[1]), 2);
    case 'b':
      return encode('\b', 2);
    case 'f':
      return encode('\f', 2);
    case 'n':
      return encode('\n', 2);
    case 'r':
      return encode('\r', 2);
    case 't':
      return encode('\t', 2);
    case 'u':
      return decode_unicode(text.substr(2));
    default:
      return std::nullopt;
  }
}

// What follows the backslash of a byte that must be escaped; 0 for all others.
constexpr std::array<char, 256> escape_letters = [] {
  std::array<char, 256> letters{};
  for (std::size_t control = 0; control < 0x20; ++control) letters[control] = 'u';
  letters['\b'] = 'b';
  letters['\t'] = 't';
  letters['\n'] = 'n';
  letters['\f'] = 'f';
  letters['\r'] = 'r';
  letters['"'] = '"';
  letters['\\'] = '\\';
  return letters;
}();

}  // namespace

bool spells(std::string_view escaped, std::string_view plain) noexcept {
  // An escape is longer than what it spells, at most six bytes for one: equal lengths mean none.
  if (escaped.size() == plain.size()) {
    return escaped == plain && plain.find('\\') == std::string_view::npos;
  }
  if (escaped.size() < plain.size() || escaped.size() > plain.size() * 6) return false;
  std::size_t at = 0;
  while (!escaped.empty()) {
    if (escaped.front() != '\\') {
      if (at == plain.size() || plain[at] != escaped.front()) return false;
      ++at;
      escaped.remove_prefix(1);
      continue;
    }
    const std::optional<Character> character = decode_escape(escaped);
    if (!character || plain.substr(at, character->size) != character->view()) return false;
    at += character->size;
    escaped.remove_prefix(character->spelled);
  }
  return at == plain.size();
}

bool unescape(std::string_view escaped, std::string& out) {
  for (;;) {
    const std::size_t backslash = escaped.find('\\');
    out.append(escaped.substr(0, backslash));
    if (backslash == std::string_view::npos) return true;
    escaped.remove_prefix(backslash);
    const std::optional<Character> character = decode_escape(escaped);
    if (!character) return false;
    out.append(character->view());
    escaped.remove_prefix(character->spelled);
  }
}

void append_string(std::string& out, std::string_view value) {
  constexpr std::string_view hex = "0123456789abcdef";
  out.push_back('"');
  std::size_t plain = 0;  // start of the bytes not yet copied
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto byte = static_cast<unsigned char>(value[i]);
    const char letter = escape_letters[byte];
    if (letter == '\0') continue;
    out.append(value.substr(plain, i - plain));
    plain = i + 1;
    out.push_back('\\');
    out.push_back(letter);
    if (letter == 'u') {
      out.append("00");
      out.push_back(hex[byte >> 4U]);
      out.push_back(hex[byte & 0xFU]);
    }
  }
  out.append(value.substr(plain));
  out.push_back('"');
}

}  // namespace costmark::json
