// The text of a row as it is put together: in a buffer on the stack, since most of it is many short
// pieces.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace costmark::ledger {

// JSON takes a byte as it is that is printable ASCII, but '"' and '\'.
constexpr bool is_plain(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x7F && c != '"' && c != '\\';
}

// The highest bit of each byte of a word that is not plain; above the lowest of them also others,
// as carries go up.
constexpr std::uint64_t special_bytes(std::uint64_t word) noexcept {
  constexpr std::uint64_t ones = 0x0101'0101'0101'0101U;
  constexpr std::uint64_t highest = 0x8080'8080'8080'8080U;
  const auto zeros = [](std::uint64_t of) { return (of - ones) & ~of; };
  const std::uint64_t below_space = (word - ones * 0x20) & ~word;
  return (word | below_space | zeros(word ^ ones * '"') | zeros(word ^ ones * '\\') |
          zeros(word ^ ones * 0x7F)) &
         highest;
}

template <class Word>
Word word_at(const char* at) noexcept {
  Word word{};
  std::memcpy(&word, at, sizeof word);
  return word;
}

using Bytes [[gnu::vector_size(16)]] = unsigned char;

template <class Vector>
std::array<std::uint64_t, 2> halves_of(Vector bytes) noexcept {
  std::array<std::uint64_t, 2> halves{};
  std::memcpy(halves.data(), &bytes, sizeof bytes);
  return halves;
}

inline Bytes outside_printable(Bytes bytes) noexcept {
  return static_cast<Bytes>(bytes - 0x20 > 0x7E - 0x20);
}

// Reads a text of at least one `Bytes` through `read`, which is given places of it and says what is
// special there. Returns whether nothing is. The last step overlaps the one before it.
template <class Read>
bool is_nothing_special(std::string_view text, Read read) noexcept {
  const std::size_t last = text.size() - sizeof(Bytes);
  Bytes found = read(last);
  for (std::size_t at = 0; at < last; at += sizeof(Bytes)) found |= read(at);
  const auto [first, second] = halves_of(found);
  return (first | second) == 0;
}

// Copies a text of at least one `Bytes` to where there is room for it. Returns whether every byte
// of it is plain.
inline bool copy_many_plain(char* to, std::string_view text) noexcept {
  return is_nothing_special(text, [&](std::size_t at) {
    const auto bytes = word_at<Bytes>(text.data() + at);
    std::memcpy(to + at, &bytes, sizeof bytes);
    return outside_printable(bytes) | static_cast<Bytes>(bytes == '"') |
           static_cast<Bytes>(bytes == '\\');
  });
}

// The same of a shorter one.
inline bool copy_few_plain(char* to, std::string_view text) noexcept {
  const auto copy = [&]<class Word>(Word) {
    const std::size_t last = text.size() - sizeof(Word);
    const auto first_word = word_at<Word>(text.data());
    const auto last_word = word_at<Word>(text.data() + last);
    std::memcpy(to, &first_word, sizeof(Word));
    std::memcpy(to + last, &last_word, sizeof(Word));
    return std::pair<std::uint64_t, std::uint64_t>(first_word, last_word);
  };
  if (text.size() >= sizeof(std::uint64_t)) {
    const auto [first, last] = copy(std::uint64_t{});
    return (special_bytes(first) | special_bytes(last)) == 0;
  }
  if (text.size() >= sizeof(std::uint32_t)) {
    const auto [first, last] = copy(std::uint32_t{});
    return special_bytes(first << 32U | last) == 0;
  }
  std::copy(text.begin(), text.end(), to);
  return std::all_of(text.begin(), text.end(), [](char c) { return is_plain(c); });
}

inline bool copy_plain(char* to, std::string_view text) noexcept {
  return text.size() < sizeof(Bytes) ? copy_few_plain(to, text) : copy_many_plain(to, text);
}

// Whether a text of at least one `Bytes` is printable ASCII.
inline bool is_printable(std::string_view text) noexcept {
  return is_nothing_special(
      text, [&](std::size_t at) { return outside_printable(word_at<Bytes>(text.data() + at)); });
}

constexpr bool takes_backslash(char c) noexcept {
  return c == '"' || c == '\\';
}

// Writes a printable text with its backslashes: a `Bytes` at once, of which what stands behind a
// quote is written again, one further. Needs room for twice the text, and a `Bytes`.
inline char* write_with_backslashes(char* at, std::string_view text) noexcept {
  constexpr std::uint64_t highest = 0x8080'8080'8080'8080U;
  constexpr std::size_t size = sizeof(Bytes);
  if constexpr (std::endian::native == std::endian::little) {
    for (; text.size() >= 2 * size; text.remove_prefix(size)) {
      const auto bytes = word_at<Bytes>(text.data());
      std::memcpy(at, &bytes, size);
      std::size_t place = 0;
      for (std::uint64_t found : halves_of((bytes == '"') | (bytes == '\\'))) {
        for (found &= highest; found != 0; found &= found - 1) {
          const std::size_t quote = place + static_cast<std::size_t>(std::countr_zero(found)) / 8;
          at[quote] = '\\';
          ++at;
          std::memcpy(at + quote, text.data() + quote, size);
        }
        place += sizeof found;
      }
      at += size;
    }
  }
  for (const char c : text) {
    if (takes_backslash(c)) *at++ = '\\';
    *at++ = c;
  }
  return at;
}

// The two digits of each number below 100.
inline constexpr std::array<std::array<char, 2>, 100> digit_pairs = [] {
  std::array<std::array<char, 2>, 100> pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    pairs[i] = {static_cast<char>('0' + i / 10), static_cast<char>('0' + i % 10)};
  }
  return pairs;
}();

// Writes so many pairs of digits. Returns where they end, as all of these do.
template <std::size_t pairs>
char* write_pairs(char* at, std::uint32_t number) noexcept {
  for (std::size_t end = 2 * pairs; end != 0; end -= 2) {
    std::memcpy(at + end - 2, digit_pairs[number % 100].data(), 2);
    number /= 100;
  }
  return at + 2 * pairs;
}

inline char* write_short(char* at, std::uint32_t number) noexcept {
  if (number >= 10) return write_pairs<1>(at, number);
  *at = static_cast<char>('0' + number);
  return at + 1;
}

inline char* write_number(char* at, std::uint64_t number) noexcept {
  constexpr std::uint32_t hundred = 100;
  constexpr std::uint32_t ten_thousand = 10'000;
  constexpr std::uint32_t hundred_million = 100'000'000;
  if (number >= hundred_million) {
    at = write_number(at, number / hundred_million);
    return write_pairs<4>(at, static_cast<std::uint32_t>(number % hundred_million));
  }
  auto rest = static_cast<std::uint32_t>(number);
  if (rest < hundred) return write_short(at, rest);
  if (rest < ten_thousand) return write_pairs<1>(write_short(at, rest / hundred), rest % hundred);
  at = write_number(at, rest / ten_thousand);
  return write_pairs<2>(at, rest % ten_thousand);
}

// How many bytes at the beginning of a text are plain.
inline std::size_t plain_length(std::string_view text) noexcept {
  constexpr std::size_t size = sizeof(std::uint64_t);
  std::size_t at = 0;
  if constexpr (std::endian::native == std::endian::little) {
    for (; at + size <= text.size(); at += size) {
      const std::uint64_t found = special_bytes(word_at<std::uint64_t>(text.data() + at));
      if (found != 0) return at + static_cast<std::size_t>(std::countr_zero(found)) / 8;
    }
  }
  while (at < text.size() && is_plain(text[at])) ++at;
  return at;
}

class RowText {
 public:
  explicit RowText(std::string& out) noexcept : out_(out) {}

  // Inline, so that a name's length is known where it is put.
  [[gnu::always_inline]] void put(std::string_view text) {
    if (text.size() > buffer_.size() - used_) return put_large(text);
    std::memcpy(buffer_.data() + used_, text.data(), text.size());
    used_ += text.size();
  }
  void put(char c) { put(std::string_view(&c, 1)); }
  void put(std::int64_t number) {
    make_room(longest_number);
    char* at = buffer_.data() + used_;
    auto size = static_cast<std::uint64_t>(number);
    if (number < 0) {
      *at++ = '-';
      size = 0 - size;
    }
    used_ = static_cast<std::size_t>(write_number(at, size) - buffer_.data());
  }
  // Puts a text of plain bytes between quotes. False when it has others, or is long: nothing is put
  // then.
  bool put_quoted(std::string_view text) {
    if (text.size() + 2 > buffer_.size()) return false;
    make_room(text.size() + 2);
    char* const at = buffer_.data() + used_;
    if (!copy_plain(at + 1, text)) return false;
    at[0] = at[text.size() + 1] = '"';
    used_ += text.size() + 2;
    return true;
  }
  // Puts a text of printable bytes, with backslashes. False when it has others, or is short or
  // long: nothing is put then.
  bool put_with_backslashes(std::string_view text) {
    const std::size_t room = 2 * text.size() + sizeof(Bytes);
    if (text.size() < sizeof(Bytes) || room > buffer_.size() || !is_printable(text)) return false;
    make_room(room);
    char* const end = write_with_backslashes(buffer_.data() + used_, text);
    used_ = static_cast<std::size_t>(end - buffer_.data());
    return true;
  }

  // Once all is put.
  void flush() {
    out_.append(buffer_.data(), used_);
    used_ = 0;
  }

 private:
  static constexpr std::size_t longest_number = 20;

  void make_room(std::size_t bytes) {
    if (bytes > buffer_.size() - used_) flush();
  }
  void put_large(std::string_view text) {
    flush();
    out_ += text;
  }

  std::string& out_;
  std::size_t used_ = 0;
  std::array<char, 2048> buffer_;  // NOLINT(cppcoreguidelines-pro-type-member-init): `used_` of it
};

}  // namespace costmark::ledger
