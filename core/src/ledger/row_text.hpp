// The text of a row as it is put together: in a buffer on the stack, since most of it is many short
// pieces.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

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
  Word word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// The last word overlaps the one before it.
inline bool is_plain(std::string_view text) noexcept {
  constexpr std::size_t size = sizeof(std::uint64_t);
  const char* const data = text.data();
  const char* const end = data + text.size();
  if (text.size() >= size) {
    std::uint64_t found = special_bytes(word_at<std::uint64_t>(end - size));
    for (const char* at = data; at + size < end; at += size) {
      found |= special_bytes(word_at<std::uint64_t>(at));
    }
    return found == 0;
  }
  if (text.size() >= size / 2) {
    const std::uint64_t first = word_at<std::uint32_t>(data);
    return special_bytes(first << 32U | word_at<std::uint32_t>(end - size / 2)) == 0;
  }
  return std::all_of(data, end, [](char c) { return is_plain(c); });
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
    if (buffer_.size() - used_ < longest_number) flush();
    char* const at = buffer_.data() + used_;
    used_ += static_cast<std::size_t>(std::to_chars(at, at + longest_number, number).ptr - at);
  }

  // Once all is put.
  void flush() {
    out_.append(buffer_.data(), used_);
    used_ = 0;
  }

 private:
  static constexpr std::size_t longest_number = 20;

  void put_large(std::string_view text) {
    flush();
    out_ += text;
  }

  std::string& out_;
  std::size_t used_ = 0;
  std::array<char, 2048> buffer_;  // NOLINT(cppcoreguidelines-pro-type-member-init): `used_` of it
};

}  // namespace costmark::ledger
