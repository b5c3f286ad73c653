// What may stand in a header field.
#pragma once

#include <string_view>

namespace costmark::http {

// Without the white space around it.
std::string_view trimmed(std::string_view text) noexcept;

// RFC 9110, section 5.6.2: a method, a field's name.
bool is_token(std::string_view text) noexcept;

// No control character but the tab, so that a line stays one line.
bool is_field_value(std::string_view text) noexcept;

}  // namespace costmark::http
