// Names compared and hashed a word at a time, without a call for each: a price is looked up for
// every row, and its names are short.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace costmark::prices {

template <class Word>
Word word_at(const char* at) noexcept {
  Word word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

constexpr std::uint64_t joined(std::uint64_t first, std::uint64_t second) noexcept {
  const std::uint64_t product = (first ^ second) * 0x9E37'79B9'7F4A'7C15U;
  return product ^ (product >> 32U);
}

// Hands each word of a name to `take`, the last one of them overlapping; false as soon as it says
// so. A name shorter than a word is one.
template <class Take>
[[gnu::always_inline]] inline bool each_word(std::string_view name, Take take) noexcept {
  constexpr std::size_t size = sizeof(std::uint64_t);
  const char* const data = name.data();
  if (name.size() >= size) {
    for (std::size_t at = 0; at + size < name.size(); at += size) {
      if (!take(at, word_at<std::uint64_t>(data + at))) return false;
    }
    return take(name.size() - size, word_at<std::uint64_t>(data + name.size() - size));
  }
  if (name.size() >= size / 2) {
    return take(0, word_at<std::uint32_t>(data)) &&
           take(name.size() - size / 2, word_at<std::uint32_t>(data + name.size() - size / 2));
  }
  for (std::size_t at = 0; at < name.size(); ++at) {
    if (!take(at, static_cast<unsigned char>(data[at]))) return false;
  }
  return true;
}

inline std::uint64_t hash_of(std::string_view name) noexcept {
  std::uint64_t sum = name.size();
  each_word(name, [&](std::size_t, std::uint64_t word) {
    sum = joined(sum, word);
    return true;
  });
  return sum;
}

[[gnu::always_inline]] inline bool equal(std::string_view first, std::string_view second) noexcept {
  if (first.size() != second.size()) return false;
  return each_word(first, [&](std::size_t at, auto word) {
    if constexpr (sizeof word == 1) return static_cast<unsigned char>(second[at]) == word;
    return word_at<decltype(word)>(second.data() + at) == word;
  });
}

}  // namespace costmark::prices
