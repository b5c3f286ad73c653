// The text of a row as it is put together: in a buffer on the stack, since most of it is many short
// pieces.
#pragma once

#include <array>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace costmark::ledger {

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

// How many bytes at the beginning of a text JSON takes as they are: printable ASCII, but '"' and
// '\'. A word at a time: of each byte the highest bit tells of it; carries reach later bytes alone.
inline std::size_t plain_length(std::string_view text) noexcept {
  constexpr std::uint64_t ones = 0x0101'0101'0101'0101U;
  constexpr std::uint64_t highest = 0x8080'8080'8080'8080U;
  constexpr std::size_t size = sizeof(std::uint64_t);
  const auto zeros = [](std::uint64_t word) { return (word - ones) & ~word; };
  std::size_t at = 0;
  if constexpr (std::endian::native == std::endian::little) {
    for (; at + size <= text.size(); at += size) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + at, size);
      const std::uint64_t below_space = (word - ones * 0x20) & ~word;
      const std::uint64_t found = (word | below_space | zeros(word ^ ones * '"') |
                                   zeros(word ^ ones * '\\') | zeros(word ^ ones * 0x7F)) &
                                  highest;
      if (found != 0) return at + static_cast<std::size_t>(std::countr_zero(found)) / 8;
    }
  }
  for (; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x20 || byte >= 0x7F || byte == '"' || byte == '\\') break;
  }
  return at;
}

}  // namespace costmark::ledger
