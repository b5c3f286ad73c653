// Points in time as credential sources write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "costmark/credentials.hpp"

namespace costmark {

// Reads a date and time of ISO 8601 as RFC 3339 profiles it, such as "2025-01-02T03:04:05Z": 'T',
// 't' or a space in the middle, fractions of a second cut off, 'Z' or an offset ("+01:00", "+0100")
// at the end. Absent when the text is anything else; a time without a zone is not guessed at.
std::optional<UnixSeconds> parse_timestamp(std::string_view text) noexcept;

// The same in its shortest form, in UTC: "2025-01-02T03:04:05Z".
std::string format_timestamp(UnixSeconds time);

}  // namespace costmark
