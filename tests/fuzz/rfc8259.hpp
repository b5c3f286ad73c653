// The grammar of RFC 8259 with the UTF-8 of RFC 3629, read off the page one production at a time.
// Nothing in it is shared with the library.
#pragma once

#include <cstddef>
#include <string_view>

namespace costmark::fuzz {

class Rfc8259 {
 public:
  explicit Rfc8259(std::string_view text, std::size_t max_depth)
      : text_(text), max_depth_(max_depth) {}

  bool accepts() { return white_space() && value(0) && white_space() && text_.empty(); }

 private:
  bool white_space() {
    while (starts_with_any(" \t\n\r")) text_.remove_prefix(1);
    return true;
  }

  bool value(std::size_t depth) {
    if (starts_with_any("{[")) {
      const bool object = text_.front() == '{';
      return depth < max_depth_ && items(object, object ? '}' : ']', depth + 1);
    }
    if (starts_with_any("\"")) return string();
    return literal("true") || literal("false") || literal("null") || number();
  }

  bool items(bool object, char close, std::size_t depth) {
    text_.remove_prefix(1);
    white_space();
    if (literal({&close, 1})) return true;
    while (true) {
      white_space();
      if (object && !(string() && white_space() && literal(":") && white_space())) return false;
      if (!value(depth)) return false;
      white_space();
      if (literal({&close, 1})) return true;
      if (!literal(",")) return false;
    }
  }

  bool string() {
    if (!literal("\"")) return false;
    while (!text_.empty() && text_.front() != '"') {
      if (!(text_.front() == '\\' ? escape() : character())) return false;
    }
    return literal("\"");
  }

  bool escape() {
    text_.remove_prefix(1);
    if (!literal("u")) return take_any("\"\\/bfnrt");
    for (int i = 0; i < 4; ++i) {
      if (!take_any("0123456789abcdefABCDEF")) return false;
    }
    return true;
  }

  // RFC 3629, section 4.
  bool character() {
    const unsigned char first = byte(0);
    if (first < 0x20) return false;
    if (first < 0x80) return take(1);
    if (first >= 0xC2 && first <= 0xDF) return tail(1) && take(2);
    if (first >= 0xE0 && first <= 0xEF) {
      if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F)) return false;
      return tail(1) && tail(2) && take(3);
    }
    if (first >= 0xF0 && first <= 0xF4) {
      if ((first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F)) return false;
      return tail(1) && tail(2) && tail(3) && take(4);
    }
    return false;
  }

  bool number() {
    literal("-");
    if (!literal("0") && !digits()) return false;
    if (literal(".") && !digits()) return false;
    if (!take_any("eE")) return true;
    take_any("+-");
    return digits();
  }

  bool digits() {
    if (!take_any("0123456789")) return false;
    while (take_any("0123456789")) {
    }
    return true;
  }

  unsigned char byte(std::size_t at) const {
    return at < text_.size() ? static_cast<unsigned char>(text_[at]) : 0;
  }
  bool tail(std::size_t at) const { return (byte(at) & 0xC0U) == 0x80; }
  bool starts_with_any(std::string_view any) const {
    return !text_.empty() && any.find(text_.front()) != std::string_view::npos;
  }
  bool take(std::size_t size) {
    text_.remove_prefix(size);
    return true;
  }
  bool take_any(std::string_view any) { return starts_with_any(any) && take(1); }
  bool literal(std::string_view wanted) { return text_.starts_with(wanted) && take(wanted.size()); }

  std::string_view text_;
  std::size_t max_depth_;
};

}  // namespace costmark::fuzz
