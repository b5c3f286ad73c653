#include "json/validate.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>

#include "costmark/json.hpp"
#include "text.hpp"

namespace costmark::json {
namespace {

// Marks, in their highest bits, the bytes that are a quote, a backslash, a control character or not
// ASCII. The lowest mark is exact; those above it may be false.
constexpr std::uint64_t special_bytes(std::uint64_t word) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101U;
  constexpr std::uint64_t highs = 0x8080808080808080U;
  const std::uint64_t quote = word ^ (ones * '"');
  const std::uint64_t backslash = word ^ (ones * '\\');
  return ((quote - ones) | (backslash - ones) | (word - ones * 0x20) | word) & highs;
}

// Walks a text once, without recursion: one bit a level says whether it is an object.
class Validator {
 public:
  explicit Validator(std::string_view text) noexcept
      : begin_(text.data()), p_(begin_), end_(begin_ + text.size()) {}

  bool run() noexcept {
    while (expect_ != Expect::nothing) {
      skip_space();
      if (!step()) return false;
    }
    skip_space();
    return p_ == end_ || fail("expected nothing more after the value");
  }

  Fault fault() const noexcept { return fault_; }
  std::size_t deepest() const noexcept { return deepest_; }

 private:
  enum class Expect : std::uint8_t {
    value,
    first_member,  // or '}'
    member,
    first_element,  // or ']'
    separator,      // or the bracket that closes
    nothing,
  };

  bool step() noexcept {
    switch (expect_) {
      case Expect::value:
        return take_value("expected a value");
      case Expect::first_member:
        if (at('}')) return close();
        return take_name("expected a member name in quotes or '}' after '{'");
      case Expect::member:
        return take_name("expected a member name in quotes after ','");
      case Expect::first_element:
        if (at(']')) return close();
        return take_value("expected a value or ']' after '['");
      case Expect::separator:
        return take_separator();
      case Expect::nothing:
        break;
    }
    return true;
  }

  bool take_value(const char* expectation) noexcept {
    if (p_ == end_) return fail(expectation);
    switch (*p_) {
      case '{':
        return open(true);
      case '[':
        return open(false);
      case '"':
        return take_string() && after_value();
      case 't':
        return take_literal("true") && after_value();
      case 'f':
        return take_literal("false") && after_value();
      case 'n':
        return take_literal("null") && after_value();
      default:
        break;
    }
    if (*p_ == '-' || text::is_digit(*p_)) return take_number() && after_value();
    if (std::string_view(p_, static_cast<std::size_t>(end_ - p_)).starts_with("\xEF\xBB\xBF")) {
      return fail("expected a value, not a byte order mark");
    }
    return fail(expectation);
  }

  bool take_name(const char* expectation) noexcept {
    if (!at('"')) return fail(expectation);
    if (!take_string()) return false;
    skip_space();
    if (!at(':')) return fail("expected ':' after a member name");
    ++p_;
    expect_ = Expect::value;
    return true;
  }

  bool take_separator() noexcept {
    const bool object = in_object();
    if (at(',')) {
      ++p_;
      expect_ = object ? Expect::member : Expect::value;
      return true;
    }
    if (at(object ? '}' : ']')) return close();
    return fail(object ? "expected ',' or '}' after a member value"
                       : "expected ',' or ']' after an array element");
  }

  bool open(bool object) noexcept {
    if (depth_ == max_depth) return fail("expected no nesting deeper than 1024 levels");
    const std::uint64_t bit = std::uint64_t{1} << (depth_ % 64);
    std::uint64_t& word = objects_[depth_ / 64];
    word = object ? (word | bit) : (word & ~bit);
    if (++depth_ > deepest_) deepest_ = depth_;
    ++p_;
    expect_ = object ? Expect::first_member : Expect::first_element;
    return true;
  }

  bool close() noexcept {
    ++p_;
    --depth_;
    return after_value();
  }

  bool after_value() noexcept {
    expect_ = depth_ == 0 ? Expect::nothing : Expect::separator;
    return true;
  }

  bool in_object() const noexcept {
    return ((objects_[(depth_ - 1) / 64] >> ((depth_ - 1) % 64)) & 1U) != 0;
  }

  bool take_literal(std::string_view literal) noexcept {
    for (const char c : literal) {
      if (!at(c)) return fail("expected true, false or null");
      ++p_;
    }
    return true;
  }

  bool take_number() noexcept {
    if (at('-')) ++p_;
    if (at('0')) {
      ++p_;
    } else if (!take_digits("expected a digit after '-'")) {
      return false;
    }
    if (at('.')) {
      ++p_;
      if (!take_digits("expected a digit after '.'")) return false;
    }
    if (at('e') || at('E')) {
      ++p_;
      if (at('+') || at('-')) ++p_;
      if (!take_digits("expected a digit in the exponent")) return false;
    }
    return true;
  }

  bool take_digits(const char* expectation) noexcept {
    if (p_ == end_ || !text::is_digit(*p_)) return fail(expectation);
    while (p_ != end_ && text::is_digit(*p_)) ++p_;
    return true;
  }

  bool take_string() noexcept {
    ++p_;
    for (;;) {
      skip_plain_text();
      if (p_ == end_) return fail("expected '\"' at the end of a string");
      const auto c = static_cast<unsigned char>(*p_);
      if (c == '"') break;
      if (c == '\\') {
        if (!take_escape()) return false;
      } else if (c < 0x20) {
        return fail("expected control characters in strings to be escaped");
      } else if (c >= 0x80) {
        const std::size_t length = text::utf8_length(p_, end_);
        if (length == 0) return fail("expected valid UTF-8");
        p_ += length;
      } else {
        ++p_;
      }
    }
    ++p_;
    return true;
  }

  void skip_plain_text() noexcept {
    while (end_ - p_ >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, p_, sizeof word);
      if (const std::uint64_t special = special_bytes(word); special != 0) {
        if constexpr (std::endian::native == std::endian::little) {
          p_ += std::countr_zero(special) / 8;
        }
        return;
      }
      p_ += 8;
    }
  }

  bool take_escape() noexcept {
    ++p_;
    if (p_ == end_) return fail("expected a character after '\\'");
    if (*p_ != 'u') {
      if (std::string_view("\"\\/bfnrt").find(*p_) == std::string_view::npos) {
        return fail("expected one of \" \\ / b f n r t u after '\\'");
      }
      ++p_;
      return true;
    }
    ++p_;
    for (int i = 0; i < 4; ++i, ++p_) {
      if (p_ == end_ || !text::is_hex(*p_))
        return fail("expected four hexadecimal digits after '\\u'");
    }
    return true;
  }

  void skip_space() noexcept {
    while (p_ != end_ && is_space(*p_)) ++p_;
  }

  bool at(char c) const noexcept { return p_ != end_ && *p_ == c; }

  bool fail(const char* expectation) noexcept {
    fault_ = {static_cast<std::size_t>(p_ - begin_), expectation};
    return false;
  }

  const char* begin_;
  const char* p_;
  const char* end_;
  Expect expect_ = Expect::value;
  std::size_t depth_ = 0;
  std::size_t deepest_ = 0;
  Fault fault_;
  std::array<std::uint64_t, max_depth / 64> objects_{};
};

static_assert(max_depth == 1024, "a message names the number");

}  // namespace

std::optional<Fault> find_fault(std::string_view text, std::size_t* depth) noexcept {
  Validator validator(text);
  const bool valid = validator.run();
  if (depth != nullptr) *depth = validator.deepest();
  if (valid) return std::nullopt;
  return validator.fault();
}

Status fault_status(const Fault& fault, std::size_t base) {
  const std::size_t offset = base + fault.offset;
  return {Code::invalid_json,
          "not valid JSON at byte " + std::to_string(offset) + ": " + fault.expectation, offset};
}

Status validate(std::string_view text) {
  const std::optional<Fault> fault = find_fault(text);
  return fault ? fault_status(*fault) : Status();
}

}  // namespace costmark::json
