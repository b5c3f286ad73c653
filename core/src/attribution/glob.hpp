#pragma once

#include <cstddef>
#include <string_view>

namespace costmark::attribution {

// Whether `text` matches `pattern` as a whole: '*' stands for any run of characters, '?' for one.
bool glob_match(std::string_view pattern, std::string_view text) noexcept;

// Whether it matches other texts than itself.
bool is_pattern(std::string_view glob) noexcept;

// Where a pattern has a character that no project id has, such as '.' or '['; npos: nowhere.
std::size_t not_of_project_glob(std::string_view pattern) noexcept;

}  // namespace costmark::attribution
