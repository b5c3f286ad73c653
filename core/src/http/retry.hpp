// Whether a failed attempt is made again, and when. Pure: clock and chance are handed in.
//
//   attempt ──► next() ──► nothing: the result stands
//      ▲           │
//      └── pause ◄─┘       asked for by the server, else
//                          first_pause * factor^(attempt - 1), at most longest_pause, less jitter
//
// Each caller has one constant RetryPolicy, beside the exchange that it is for.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "costmark/credentials.hpp"
#include "costmark/error.hpp"

namespace costmark::http {

// Whether an answer of this status may differ the next time: 408, 409, 429, and from 500.
bool is_retryable(int status) noexcept;

// What came of an attempt. Copies nothing.
struct Attempted {
  int status = 0;                     // of the answer; 0 when none came
  const Error* error = nullptr;       // why there is no answer, or no use for it; null for neither
  std::string_view retry_after_ms{};  // the headers of these names, where the caller heeds them
  std::string_view retry_after{};
};

// By the status where an answer came, else by what the error says of itself.
bool is_retryable(const Attempted& attempted) noexcept;

// How long an answer asks to be left alone: `retry_after_ms` (milliseconds) before `retry_after`,
// the headers of these names; the latter in seconds, or a date of HTTP that `now` is taken from.
// Absent when neither can be read.
std::optional<std::chrono::milliseconds> asked_pause(std::string_view retry_after_ms,
                                                     std::string_view retry_after, UnixSeconds now);

// The defaults are those of requests to a model: see docs/send.md.
struct RetryPolicy {
  bool (*predicate)(const Attempted&) noexcept = is_retryable;
  std::chrono::milliseconds first_pause{500};
  std::uint32_t factor = 2;
  std::chrono::milliseconds longest_pause{8000};
  std::uint32_t jitter_percent = 25;  // a pause is shortened by up to this much, by chance
  std::uint32_t attempts = 3;         // in all, the first one included

  // The same with another number of attempts.
  constexpr RetryPolicy with_attempts(std::uint32_t most) const noexcept {
    RetryPolicy policy = *this;
    policy.attempts = most;
    return policy;
  }

  // The pause before the attempt after number `attempt`, which counts from 1; absent when that one
  // was the last. `random`: any number. `now`: for a Retry-After that is a date.
  std::optional<std::chrono::milliseconds> next(std::uint32_t attempt, const Attempted& attempted,
                                                UnixSeconds now, std::uint32_t random) const;

  // The same where the server asks for none, and the caller has decided that there is another.
  std::chrono::milliseconds backoff(std::uint32_t attempt, std::uint32_t random) const noexcept;
};

}  // namespace costmark::http
