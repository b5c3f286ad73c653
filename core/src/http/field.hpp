// What may stand in a header field.
#pragma once

#include <span>
#include <string_view>

#include "base/text.hpp"
#include "costmark/http.hpp"

namespace costmark::http {

using text::is_token;
using text::trimmed;

// No control character but the tab, so that a line stays one line.
bool is_field_value(std::string_view text) noexcept;

// Whether one of the fields authorizes a request: Authorization, or a key as Anthropic's API takes
// it.
bool is_authorized(std::span<const Header> headers) noexcept;

// Whether the field of that name tells a digest of the body, or which digest is told. Beside a body
// that was changed it is wrong.
bool tells_digest(std::string_view name) noexcept;

// What may be repeated of an answer, which may hold a secret: the text if it is a code (up to 64
// letters, '_', '-' and '.'), or an id (up to 128 of these, digits and ':'); else nothing.
std::string_view plain_code(std::string_view text) noexcept;
std::string_view plain_id(std::string_view text) noexcept;

}  // namespace costmark::http
