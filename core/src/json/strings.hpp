// The inside of JSON strings: what stands between the quotes, and what it means.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace costmark::json {

// Whether `escaped`, the bytes between the quotes, spells `plain`. Escapes that stand for no
// character spell nothing.
bool spells(std::string_view escaped, std::string_view plain) noexcept;

// Appends to `out` what `escaped` spells. False at an escape that stands for no character.
bool unescape(std::string_view escaped, std::string& out);

}  // namespace costmark::json
