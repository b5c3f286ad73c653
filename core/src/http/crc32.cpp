#include "http/crc32.hpp"

#include <array>
#include <cstddef>

namespace costmark::http {
namespace {

constexpr std::uint32_t polynomial = 0xEDB88320U;
constexpr std::size_t width = 8;  // bytes taken in one step

using Table = std::array<std::uint32_t, 256>;

// Table n moves a byte past n further ones ("slicing by eight").
constexpr std::array<Table, width> make_tables() {
  std::array<Table, width> tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1U) ^ ((value & 1U) * polynomial);
    tables[0][byte] = value;
  }
  for (std::size_t n = 1; n < width; ++n) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[n - 1][byte];
      tables[n][byte] = (before >> 8U) ^ tables[0][before & 0xFFU];
    }
  }
  return tables;
}

constexpr std::array<Table, width> tables = make_tables();

}  // namespace

std::uint32_t crc32(std::string_view bytes) noexcept {
  const auto at = [&bytes](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  std::uint32_t crc = 0xFFFFFFFFU;
  for (; bytes.size() >= width; bytes.remove_prefix(width)) {
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < width; ++i) {
      const std::uint32_t mixed = i < 4 ? (crc >> (8U * i)) & 0xFFU : 0U;
      next ^= tables[width - 1 - i][at(i) ^ mixed];
    }
    crc = next;
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    crc = (crc >> 8U) ^ tables[0][(crc ^ at(i)) & 0xFFU];
  }
  return ~crc;
}

}  // namespace costmark::http
