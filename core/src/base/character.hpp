// Characters of UTF-8, as errors tell of them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace costmark::text {

// "U+00FC", the character at a byte of a text; of a byte that is not UTF-8, "byte 0xFC".
std::string character_at(std::string_view text, std::size_t at);

}  // namespace costmark::text
