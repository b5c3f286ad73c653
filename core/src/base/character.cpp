#include "base/character.hpp"

#include <array>
#include <cstdio>

#include "base/text.hpp"

namespace costmark::text {

std::string character_at(std::string_view text, std::size_t at) {
  const std::size_t length = utf8_length(text.data() + at, text.data() + text.size());
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  constexpr std::array<unsigned, 5> lead_bits{0xFF, 0x7F, 0x1F, 0x0F, 0x07};
  unsigned value = byte(0) & lead_bits[length];
  for (std::size_t i = 1; i < length; ++i) value = (value << 6U) | (byte(i) & 0x3FU);
  std::array<char, 16> shown{};
  const char* const form = length == 0 ? "byte 0x%02X" : "U+%04X";
  (void)std::snprintf(shown.data(), shown.size(), form, value);
  return shown.data();
}

}  // namespace costmark::text
