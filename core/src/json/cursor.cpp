#include "json/cursor.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <utility>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/text.hpp"
#include "json/strings.hpp"
#include "json/validate.hpp"

namespace costmark::json {
namespace {

constexpr std::size_t most_compared = 16;    // names of an object that are compared pair by pair
constexpr std::size_t most_digits = 4300;    // of a number that is read at all
constexpr std::size_t longest_subject = 40;  // of a number that is shown
constexpr const char* no_value = "Expecting value";
constexpr const char* no_name = "Expecting property name enclosed in double quotes";
constexpr const char* no_comma = "Expecting ',' delimiter";

constexpr bool is_escape_letter(char c) noexcept {
  switch (c) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      return true;
    default:
      return false;
  }
}

constexpr bool is_special(char c) noexcept {
  return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
}

#if defined(__SSE2__)
// Most texts are short: one step finds their end.
const char* skip_plain(const char* p, const char* end) noexcept {
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i last_control = _mm_set1_epi8(0x1F);
  for (; end - p >= 16; p += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    // NOLINTNEXTLINE(portability-simd-intrinsics): there is a portable loop below
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
    const __m128i special = _mm_or_si128(
        control, _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(special));
    if (mask != 0) return p + std::countr_zero(mask);
  }
  return std::find_if(p, end, is_special);
}
#else
const char* skip_plain(const char* p, const char* end) noexcept {
  return std::find_if(p, end, is_special);
}
#endif

// False when the number does not fit.
bool convert(const char* digits, const char* end, bool is_negative, std::int64_t& out) noexcept {
  constexpr std::ptrdiff_t always_fits = 18;
  if (end - digits > always_fits) {
    return std::from_chars(is_negative ? digits - 1 : digits, end, out).ec == std::errc();
  }
  std::int64_t value = 0;
  for (; digits != end; ++digits) value = value * 10 + (*digits - '0');
  out = is_negative ? -value : value;
  return true;
}

// As UTF-8 would have it if a surrogate were a character.
void append_half(std::string_view digits, std::string& out) {
  unsigned value = 0;
  for (const char digit : digits)
    value = value * 16 + static_cast<unsigned>(text::hex_value(digit));
  out += static_cast<char>(0xE0U | (value >> 12U));
  out += static_cast<char>(0x80U | ((value >> 6U) & 0x3FU));
  out += static_cast<char>(0x80U | (value & 0x3FU));
}

}  // namespace

void Cursor::open(std::string_view text, Numbers numbers) noexcept {
  begin_ = p_ = text.data();
  numbers_ = numbers;
  end_ = begin_ + text.size();
  names_.clear();
  if (!unescaped_.empty()) unescaped_.clear();
  has_surrogates_ = false;
  if (has_failed()) trouble_ = {};
}

bool Cursor::take(RawValue& out) {
  Inside ignored{max_depth};
  return take(out, ignored);
}

bool Cursor::take(RawValue& out, Inside& inside) {
  inside_ = &inside;
  const bool taken = take_nested(out, 0);
  is_first_ = false;
  return taken;
}

bool Cursor::enter(char bracket) noexcept {
  if (p_ == end_ || *p_ != bracket) return false;
  ++p_;
  is_first_ = true;
  return true;
}

Cursor::Next Cursor::next(char closing) {
  skip_space();
  if (p_ != end_ && *p_ == closing) {
    ++p_;
    is_first_ = false;  // what was entered is an element of what is around it
    return Next::end;
  }
  if (!std::exchange(is_first_, false)) {
    if (p_ == end_ || *p_ != ',') return fail(p_, no_comma), Next::trouble;
    ++p_;
    skip_space();
  }
  return Next::more;
}

Cursor::Next Cursor::next_name(RawValue& name) {
  if (const Next found = next('}'); found != Next::more) return found;
  if (p_ == end_ || *p_ != '"') return fail(p_, no_name), Next::trouble;
  if (!take_string(name)) return Next::trouble;
  skip_space();
  if (p_ == end_ || *p_ != ':') return fail(p_, "Expecting ':' delimiter"), Next::trouble;
  ++p_;
  skip_space();
  return Next::more;
}

Cursor::Next Cursor::next_element() {
  return next(']');
}

bool Cursor::take_nested(RawValue& out, std::size_t depth) {
  if (depth == max_depth) return fail(Trouble::Kind::deep, {});
  if (depth > inside_->deepest_allowed && !inside_->has_misfit) inside_->is_too_deep = true;
  if (p_ == end_) return fail(p_, no_value);
  const char* const begin = p_;
  switch (*p_) {
    case '"':
      return take_string(out);
    case '{':
      out.kind = Kind::object;
      if (!take_object(depth)) return false;
      break;
    case '[':
      out.kind = Kind::array;
      if (!take_array(depth)) return false;
      break;
    default:
      if (*p_ != '-' && !text::is_digit(*p_)) return take_word(out);
      return take_number(out);
  }
  out.raw = {begin, static_cast<std::size_t>(p_ - begin)};
  return true;
}

bool Cursor::take_object(std::size_t depth) {
  const std::size_t first_name = names_.size();
  RawValue name;
  RawValue value;
  enter('{');
  for (Next found = next_name(name); found != Next::end; found = next_name(name)) {
    if (found == Next::trouble) return false;
    if (name.is_escaped) {
      unescape_halves(name.raw, unescaped_.emplace_back());
      name.raw = unescaped_.back();
    }
    names_.push_back(name.raw);
    if (!take_nested(value, depth + 1)) return false;
    is_first_ = false;
  }
  if (!is_once(first_name)) return false;
  names_.resize(first_name);
  return true;
}

bool Cursor::take_array(std::size_t depth) {
  RawValue value;
  enter('[');
  for (Next found = next_element(); found != Next::end; found = next_element()) {
    if (found == Next::trouble || !take_nested(value, depth + 1)) return false;
    is_first_ = false;
  }
  return true;
}

bool Cursor::is_once(std::size_t first_name) {
  const auto first = names_.begin() + static_cast<std::ptrdiff_t>(first_name);
  if (static_cast<std::size_t>(names_.end() - first) <= most_compared) {
    for (auto each = first; each != names_.end(); ++each) {
      if (std::find(each + 1, names_.end(), *each) != names_.end()) {
        return fail(Trouble::Kind::doubled, *each);
      }
    }
    return true;
  }
  std::vector<std::string_view> sorted(first, names_.end());
  std::sort(sorted.begin(), sorted.end());
  const auto doubled = std::adjacent_find(sorted.begin(), sorted.end());
  return doubled == sorted.end() || fail(Trouble::Kind::doubled, *doubled);
}

bool Cursor::take_string(RawValue& out) {
  const char* const begin = p_++;
  out.kind = Kind::string;
  out.is_escaped = false;
  for (;;) {
    p_ = skip_plain(p_, end_);
    if (p_ == end_) return fail(begin, "Unterminated string starting at");
    if (*p_ == '"') break;
    if (*p_ != '\\') return fail(p_, "Invalid control character at");
    out.is_escaped = true;
    if (!take_escape(begin)) return false;
  }
  out.raw = {begin + 1, static_cast<std::size_t>(p_ - begin - 1)};
  ++p_;
  return true;
}

bool Cursor::take_escape(const char* begin) {
  const char* const backslash = p_++;
  if (p_ == end_) return fail(begin, "Unterminated string starting at");
  if (*p_ != 'u') {
    if (!is_escape_letter(*p_)) return fail(backslash, "Invalid \\escape:");
    ++p_;
    return true;
  }
  constexpr const char* message = "Invalid \\uXXXX escape";
  if (end_ - p_ <= 5) return fail(p_ + 1, message);
  if (!std::all_of(p_ + 1, p_ + 5, text::is_hex)) return fail(p_, message);
  if (text::lower(p_[1]) == 'd' && text::hex_value(p_[2]) >= 8) has_surrogates_ = true;
  p_ += 5;
  return true;
}

// Most numbers are counts.
bool Cursor::take_digits(RawValue& out) noexcept {
  constexpr std::ptrdiff_t always_fits = 18;
  const char* const end = end_ - p_ > always_fits ? p_ + always_fits : end_;
  const char* p = p_;
  std::int64_t value = 0;
  for (; p != end && text::is_digit(*p); ++p) value = value * 10 + (*p - '0');
  if (p == end || (*p != ',' && *p != '}') || p == p_ || (*p_ == '0' && p - p_ > 1)) return false;
  out.kind = Kind::number;
  out.raw = {p_, static_cast<std::size_t>(p - p_)};
  out.fits = true;
  out.integer = value;
  p_ = p;
  return true;
}

bool Cursor::take_number(RawValue& out) {
  if (take_digits(out)) return true;
  const char* const begin = p_;
  const bool is_negative = *p_ == '-';
  if (is_negative &&
      std::string_view(p_, static_cast<std::size_t>(end_ - p_)).starts_with("-Infinity")) {
    return fail(Trouble::Kind::fraction, "-Infinity");
  }
  p_ += is_negative ? 1 : 0;
  if (p_ == end_ || !text::is_digit(*p_)) return fail(begin, no_value);
  const char* const digits = p_;
  const auto skip_digits = [this](const char* p) {
    while (p != end_ && text::is_digit(*p)) ++p;
    return p;
  };
  p_ = *p_ == '0' ? p_ + 1 : skip_digits(p_);
  const char* fraction = p_;
  if (end_ - fraction > 1 && *fraction == '.' && text::is_digit(fraction[1])) {
    fraction = skip_digits(fraction + 1);
  }
  if (fraction != end_ && (*fraction == 'e' || *fraction == 'E')) {
    const char* exponent = fraction + 1;
    if (exponent != end_ && (*exponent == '+' || *exponent == '-')) ++exponent;
    if (exponent != end_ && text::is_digit(*exponent)) fraction = skip_digits(exponent);
  }
  const auto spelled = [begin](const char* end) {
    return std::string_view(begin, static_cast<std::size_t>(end - begin));
  };
  const bool is_fraction = fraction != p_;
  const bool is_huge = static_cast<std::size_t>(p_ - digits) > most_digits;
  if (numbers_ == Numbers::integers) {
    if (is_fraction) return fail(Trouble::Kind::fraction, spelled(fraction));
    if (is_huge) return fail(Trouble::Kind::huge, {});
  }
  out.kind = Kind::number;
  out.raw = spelled(fraction);
  out.fits = !is_fraction && !is_huge && convert(digits, p_, is_negative, out.integer);
  p_ = fraction;
  if (!out.fits && !inside_->is_too_deep) inside_->has_misfit = true;
  return true;
}

bool Cursor::take_word(RawValue& out) {
  const std::string_view rest(p_, static_cast<std::size_t>(end_ - p_));
  struct Word {
    std::string_view text;
    Kind kind;
  };
  for (const Word word :
       {Word{"true", Kind::boolean}, {"false", Kind::boolean}, {"null", Kind::null}}) {
    if (!rest.starts_with(word.text)) continue;
    out.kind = word.kind;
    out.is_true = word.text.front() == 't';
    out.raw = rest.substr(0, word.text.size());
    p_ += word.text.size();
    return true;
  }
  for (const std::string_view word : {"NaN", "Infinity"}) {
    if (rest.starts_with(word)) return fail(Trouble::Kind::fraction, word);
  }
  return fail(p_, no_value);
}

bool Cursor::fail(const char* at, const char* message) {
  trouble_.kind = Trouble::Kind::grammar;
  trouble_.offset = static_cast<std::size_t>(at - begin_);
  trouble_.message = message;
  return false;
}

bool Cursor::fail(Trouble::Kind kind, std::string_view subject) {
  trouble_.kind = kind;
  trouble_.offset = offset();
  trouble_.subject = kind == Trouble::Kind::fraction ? subject.substr(0, longest_subject) : subject;
  return false;
}

bool unescape_halves(std::string_view escaped, std::string& out) {
  bool is_whole = true;
  for (;;) {
    const std::size_t backslash = escaped.find('\\');
    out.append(escaped.substr(0, backslash));
    if (backslash == std::string_view::npos) return is_whole;
    escaped.remove_prefix(backslash);
    std::size_t spelled = escaped[1] == 'u' ? 6 : 2;
    if (!unescape(escaped.substr(0, spelled), out)) {
      spelled = 12;  // a pair
      if (!unescape(escaped.substr(0, spelled), out)) {
        spelled = 6;
        append_half(escaped.substr(2, 4), out);
        is_whole = false;
      }
    }
    escaped.remove_prefix(spelled);
  }
}

}  // namespace costmark::json
