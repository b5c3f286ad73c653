// Walks JSON text in one pass, and stops at the first thing that is wrong with it. Stricter than
// RFC 8259, as records need it: numbers are integers, and a name occurs once in its object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/json.hpp"
#include "json/validate.hpp"

namespace costmark::json {

// A value as it stands in the text.
struct RawValue {
  Kind kind = Kind::absent;
  bool is_true = false;
  bool is_escaped = false;  // a string that holds a backslash
  bool fits = true;         // a number that an int64 holds
  std::int64_t integer = 0;
  std::string_view raw;  // of a string, what is between its quotes
};

// What is wrong with a text.
struct Trouble {
  enum class Kind : std::uint8_t { none, grammar, fraction, huge, doubled, deep };

  Kind kind = Kind::none;
  std::size_t offset = 0;
  const char* message = "";  // of the grammar; static storage
  std::string subject;       // the number, the name
};

// What an array or an object holds that no record can: noted, not refused.
struct Inside {
  std::size_t deepest_allowed = 0;
  bool is_too_deep = false;
  bool has_misfit = false;  // a number beyond 64 bits, met before anything was too deep
};

// Which numbers are taken: integers alone, or all, of which others than integers do not fit.
enum class Numbers : std::uint8_t { integers, all };

// The text is UTF-8, and outlives the cursor. Buffers are kept for the next `open`.
class Cursor {
 public:
  void open(std::string_view text, Numbers numbers = Numbers::integers) noexcept;

  // Takes a value of any kind, with all that is in it. False: see `trouble`.
  bool take(RawValue& out);
  // The same; `inside` is told of what it holds.
  bool take(RawValue& out, Inside& inside);

  // An object member by member, or an array element by element: `enter`, then a `take` as often as
  // `next_name` or `next_element` says `more`. Whether a name occurs twice is left to the caller.
  enum class Next : std::uint8_t { more, end, trouble };
  bool enter(char bracket) noexcept;
  Next next_name(RawValue& name);
  Next next_element();
  // Takes the next name when it is this one, given as it stands in most texts: `"name":`. For
  // callers that know what to expect; the name is the same as `next_name` would find.
  bool skip_name(std::string_view quoted) noexcept {
    const char* p = p_;
    if (!is_first_) {
      if (p == end_ || *p != ',') return false;
      ++p;
    }
    if (!std::string_view(p, static_cast<std::size_t>(end_ - p)).starts_with(quoted)) return false;
    p_ = p + quoted.size();
    is_first_ = false;
    return true;
  }

  // Takes the next member when it stands there like this, `"name":value`, and another one or the
  // end of the object follows. Where it stands, or null.
  const char* skip_member(std::string_view member) noexcept {
    const char* p = p_;
    if (!is_first_) {
      if (p == end_ || *p != ',') return nullptr;
      ++p;
    }
    if (static_cast<std::size_t>(end_ - p) <= member.size()) return nullptr;
    const char after = p[member.size()];
    if (after != ',' && after != '}') return nullptr;
    if (std::memcmp(p, member.data(), member.size()) != 0) return nullptr;
    p_ = p + member.size();
    is_first_ = false;
    return p;
  }

  // Whether an escape so far was one of half a pair of surrogates.
  bool has_surrogates() const noexcept { return has_surrogates_; }
  bool at_end() const noexcept { return p_ == end_; }
  const char* position() const noexcept { return p_; }
  std::size_t offset() const noexcept { return static_cast<std::size_t>(p_ - begin_); }
  void skip_space() noexcept {
    while (p_ != end_ && static_cast<unsigned char>(*p_) <= ' ' && is_space(*p_)) ++p_;
  }
  bool has_failed() const noexcept { return trouble_.kind != Trouble::Kind::none; }
  const Trouble& trouble() const noexcept { return trouble_; }

 private:
  bool take_nested(RawValue& out, std::size_t depth);
  bool take_object(std::size_t depth);
  bool take_array(std::size_t depth);
  bool take_string(RawValue& out);
  bool take_escape(const char* begin);
  bool take_digits(RawValue& out) noexcept;
  bool take_number(RawValue& out);
  bool take_word(RawValue& out);
  bool is_once(std::size_t first_name);
  Next next(char closing);
  bool fail(const char* at, const char* message);
  bool fail(Trouble::Kind kind, std::string_view subject);

  const char* begin_ = nullptr;
  const char* p_ = nullptr;
  const char* end_ = nullptr;
  Numbers numbers_ = Numbers::integers;
  bool is_first_ = false;  // nothing was taken of what was entered
  bool has_surrogates_ = false;
  Inside* inside_ = nullptr;
  std::vector<std::string_view> names_;  // of the objects that are open
  std::deque<std::string> unescaped_;    // what some of them view
  Trouble trouble_;
};

// Appends what `escaped` spells; half a pair of surrogates as three bytes that are not UTF-8.
// False where there was such a half.
bool unescape_halves(std::string_view escaped, std::string& out);

}  // namespace costmark::json
