#include "attribution/lenient_path.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/text.hpp"

namespace costmark::attribution {
namespace {

using namespace std::string_view_literals;

// At the first of which characters a server may end a path; the first are all of them.
constexpr std::array ends_of_path{";?#\0"sv, "?#\0"sv, ";"sv, "?"sv, "#"sv, "\0"sv};

bool may_end_path(char c) noexcept {
  return c == ';' || c == '?' || c == '#' || c == '\0';
}

// The blanks of Unicode, in UTF-8, and four that have no width: servers take them off as well.
constexpr std::array wide_blanks{
    "\xC2\x85"sv,     "\xC2\xA0"sv,     "\xE1\x9A\x80"sv, "\xE2\x80\x80"sv, "\xE2\x80\x81"sv,
    "\xE2\x80\x82"sv, "\xE2\x80\x83"sv, "\xE2\x80\x84"sv, "\xE2\x80\x85"sv, "\xE2\x80\x86"sv,
    "\xE2\x80\x87"sv, "\xE2\x80\x88"sv, "\xE2\x80\x89"sv, "\xE2\x80\x8A"sv, "\xE2\x80\x8B"sv,
    "\xE2\x80\xA8"sv, "\xE2\x80\xA9"sv, "\xE2\x80\xAF"sv, "\xE2\x81\x9F"sv, "\xE3\x80\x80"sv,
    "\xE1\xA0\x8E"sv, "\xE2\x81\xA0"sv, "\xEF\xBB\xBF"sv};

// The two of Latin-1, for servers that read paths so.
bool is_latin_blank(char c) noexcept {
  return c == '\x85' || c == '\xA0';
}

// The size of the blank that a segment begins, or ends, with; 0 if it does with none.
template <class Has>
std::size_t blank_size(char outermost, Has has) noexcept {
  if (outermost == ' ' || outermost == '\0') return 1;
  if (static_cast<unsigned char>(outermost) < 0x80) return 0;
  const auto* blank = std::find_if(wide_blanks.begin(), wide_blanks.end(), has);
  return blank == wide_blanks.end() ? 0 : blank->size();
}

std::size_t blank_at_start(std::string_view text) noexcept {
  if (text.empty()) return 0;
  if (is_latin_blank(text.front())) return 1;
  return blank_size(text.front(), [&](std::string_view each) { return text.starts_with(each); });
}

// Whether a text ends with a character that UTF-8 spells with several bytes.
bool ends_with_wide(std::string_view text) noexcept {
  constexpr std::size_t longest = 4;
  const char* const end = text.data() + text.size();
  for (std::size_t size = 2; size <= std::min(longest, text.size()); ++size) {
    if (text::utf8_length(end - size, end) == size) return true;
  }
  return false;
}

std::size_t blank_at_end(std::string_view text) noexcept {
  if (text.empty()) return 0;
  if (is_latin_blank(text.back()) && !ends_with_wide(text)) return 1;
  return blank_size(text.back(), [&](std::string_view each) { return text.ends_with(each); });
}

// But NUL, which ends a path for some.
bool is_control(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && byte != 0) || byte == 0x7F;
}

// The character of so many hexadecimal digits; -1 when these are none.
int character_of(std::string_view digits) noexcept {
  int value = 0;
  for (const char digit : digits) {
    if (!text::is_hex(digit)) return -1;
    value = value * 16 + text::hex_value(digit);
  }
  return value;
}

// Whether an escape, of those below, can end with that character.
bool may_end_escape(char c) noexcept {
  return text::is_hex(c) || (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

// Puts `c` in the place of the last `size` characters.
void replace_end(std::string& text, std::size_t size, char c) {
  text.resize(text.size() - size + 1);
  text.back() = c;
}

// Puts a character that is not ASCII in the place of the last `size` ones.
void replace_end_by_wide(std::string& text, std::size_t size, unsigned int character) {
  const auto put = [&text](unsigned int byte) { text.push_back(static_cast<char>(byte)); };
  text.resize(text.size() - size);
  if (character < 0x800) {
    put(0xC0U | character >> 6U);
  } else {
    put(0xE0U | character >> 12U);
    put(0x80U | (character >> 6U & 0x3FU));
  }
  put(0x80U | (character & 0x3FU));
}

// Takes the escape off that `text` ends with: %63, %u0063, or a character that UTF-8 spells with
// one byte spelled with two. Whether there was one.
bool take_off_escape(std::string& text) {
  const std::string_view all = text;
  const std::size_t size = all.size();
  if (size >= 3 && all[size - 3] == '%') {
    const int c = character_of(all.substr(size - 2));
    if (c < 0) return false;
    replace_end(text, 3, static_cast<char>(c));
    return true;
  }
  if (size >= 6 && all[size - 6] == '%' && text::lower(all[size - 5]) == 'u') {
    const int c = character_of(all.substr(size - 4));
    const bool is_surrogate = c >= 0xD800 && c < 0xE000;
    if (c < 0 || is_surrogate) return false;
    if (c < 0x80) {
      replace_end(text, 6, static_cast<char>(c));
    } else {
      replace_end_by_wide(text, 6, static_cast<unsigned int>(c));
    }
    return true;
  }
  if (size >= 2) {
    const auto first = static_cast<unsigned char>(all[size - 2]);
    const auto second = static_cast<unsigned char>(all[size - 1]);
    if ((first & 0xFEU) != 0xC0U || (second & 0xC0U) != 0x80U) return false;
    replace_end(text, 2, static_cast<char>((first & 1U) << 6U | (second & 0x3FU)));
    return true;
  }
  return false;
}

// What a segment says, without its parameters and the blanks and dots around it.
std::string_view bare(std::string_view segment) noexcept {
  segment = segment.substr(0, segment.find(';'));
  while (const std::size_t size = blank_at_start(segment)) segment.remove_prefix(size);
  while (const std::size_t size = blank_at_end(segment)) segment.remove_suffix(size);
  if (segment == "..") return segment;
  while (const std::size_t size = segment.ends_with('.') ? 1 : blank_at_end(segment)) {
    segment.remove_suffix(size);
  }
  return segment;
}

void append_segment(std::string_view segment, std::string& out) {
  segment = bare(segment);
  if (segment.empty()) return;
  if (segment == "..") {
    out.resize(out.empty() ? 0 : out.rfind('/'));
    return;
  }
  out.push_back('/');
  for (const char c : segment) {
    if (c != '\0') out.push_back(text::lower(c));
  }
}

void normalize(std::string_view decoded, std::string& out) {
  out.clear();
  for (std::size_t begin = 0; begin <= decoded.size();) {
    const std::size_t end = std::min(decoded.find('/', begin), decoded.size());
    append_segment(decoded.substr(begin, end - begin), out);
    begin = end + 1;
  }
}

// Whether a path, such as almost every one, reads as it stands, but for its case: letters, digits,
// '-' and '_', a '.' inside of a segment, and single slashes.
bool is_plain(std::string_view path) noexcept {
  char before = 0;
  for (const char c : path) {
    const bool separates = c == '/' || c == '.';
    if (!separates && !text::is_alphanumeric(c) && c != '-' && c != '_') return false;
    if (separates && (before == '/' || before == '.')) return false;
    before = c;
  }
  return path.starts_with('/') && before != '/' && before != '.';
}

}  // namespace

// Escapes are taken off until there are none: what comes out of one may complete another.
void LenientPath::decode(std::string_view path) {
  decoded_.clear();
  for (const char c : path) {
    decoded_.push_back(c);
    while (may_end_escape(decoded_.back()) && take_off_escape(decoded_)) {
    }
    if (decoded_.back() == '\\') decoded_.back() = '/';
    if (is_control(decoded_.back())) decoded_.pop_back();
  }
}

void LenientPath::read(std::string_view path) {
  cut_count_ = 0;
  if (is_plain(path)) {
    text_.resize(path.size());
    std::transform(path.begin(), path.end(), text_.begin(), text::lower);
    return;
  }
  decode(path);
  normalize(decoded_, text_);
  if (std::none_of(decoded_.begin(), decoded_.end(), may_end_path)) return;
  for (const std::string_view ends : ends_of_path) {
    const std::size_t end = decoded_.find_first_of(ends);
    if (end == std::string::npos) continue;
    normalize(std::string_view(decoded_).substr(0, end), cuts_[cut_count_++]);
  }
}

}  // namespace costmark::attribution
