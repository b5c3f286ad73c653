// Whether and when an attempt is made again. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "costmark/credentials.hpp"

namespace costmark::client {

// Whether an answer of this status may be another one the next time: 408, 409, 429, and from 500.
bool is_transient(int http_status) noexcept;

// How long an answer asks to be left alone: `retry_after_ms` (milliseconds) before `retry_after`,
// the fields of these names; the latter in seconds, or a date of HTTP that `now` is taken from.
// Absent when neither can be read.
std::optional<std::chrono::milliseconds> asked_pause(std::string_view retry_after_ms,
                                                     std::string_view retry_after, UnixSeconds now);

// Half a second after the first failure, then doubled up to eight, less up to a quarter of it.
// `failures`: from 1. `random`: any number.
std::chrono::milliseconds backoff(std::uint32_t failures, std::uint32_t random) noexcept;

}  // namespace costmark::client
