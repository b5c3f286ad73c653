#pragma once

#include <string_view>

namespace costmark::attribution {

// Whether `text` matches `pattern` as a whole: '*' stands for any run of characters, '?' for one.
bool glob_match(std::string_view pattern, std::string_view text) noexcept;

}  // namespace costmark::attribution
