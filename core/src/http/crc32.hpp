#pragma once

#include <cstdint>
#include <string_view>

namespace costmark::http {

// The CRC-32 of zlib, Ethernet and AWS's event streams (polynomial 0xEDB88320, reflected).
std::uint32_t crc32(std::string_view bytes) noexcept;

}  // namespace costmark::http
