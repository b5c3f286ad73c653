// Points in time as credential sources write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "costmark/credentials.hpp"

namespace costmark {

constexpr UnixSeconds end_of_9999 = 253402300799;

// Reads a date and time of ISO 8601 as RFC 3339 profiles it, such as "2025-01-02T03:04:05Z": 'T',
// 't' or a space in the middle, fractions of a second cut off, 'Z' or an offset ("+01:00", "+0100")
// at the end. Absent when the text is anything else; a time without a zone is not guessed at.
std::optional<UnixSeconds> parse_timestamp(std::string_view text) noexcept;

// Reads the Date field of an HTTP answer, "Sun, 06 Nov 1994 08:49:37 GMT": the one form of RFC
// 9110, section 5.6.7, that may be sent. Absent for anything else.
std::optional<UnixSeconds> parse_http_date(std::string_view text) noexcept;

// The shortest spelling of ISO 8601, in UTC: "2025-01-02T03:04:05Z".
std::string format_timestamp(UnixSeconds time);

}  // namespace costmark
