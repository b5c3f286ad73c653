#include "http/retry.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "text.hpp"
#include "timestamp.hpp"

namespace costmark::http {
namespace {

using std::chrono::milliseconds;

// A pause that is longer than any deadline may as well be this long.
constexpr milliseconds longest_asked_pause = std::chrono::days(365);

// A decimal number that is not negative, in `unit`s.
std::optional<milliseconds> pause_of(std::string_view number, milliseconds unit) noexcept {
  number = text::trimmed(number);
  double value = 0;
  const char* const end = number.data() + number.size();
  const auto read = std::from_chars(number.data(), end, value, std::chars_format::fixed);
  const bool is_number = read.ec == std::errc() && read.ptr == end && std::isfinite(value);
  if (!is_number || std::signbit(value)) return std::nullopt;
  const double pause = value * static_cast<double>(unit.count());
  if (pause >= static_cast<double>(longest_asked_pause.count())) return longest_asked_pause;
  // Rounded up, without std::ceil: a static library that needs libm would have to say so.
  const milliseconds whole(static_cast<milliseconds::rep>(pause));
  return static_cast<double>(whole.count()) < pause ? whole + milliseconds(1) : whole;
}

}  // namespace

bool is_retryable(int status) noexcept {
  return status == 408 || status == 409 || status == 429 || status >= 500;
}

bool is_retryable(const Attempted& attempted) noexcept {
  if (attempted.status != 0) return is_retryable(attempted.status);
  return attempted.error != nullptr && attempted.error->retryable;
}

std::optional<milliseconds> asked_pause(std::string_view retry_after_ms,
                                        std::string_view retry_after, UnixSeconds now) {
  if (const auto pause = pause_of(retry_after_ms, milliseconds(1))) return pause;
  if (const auto pause = pause_of(retry_after, std::chrono::seconds(1))) return pause;
  const auto date = parse_http_date(text::trimmed(retry_after));
  if (!date) return std::nullopt;
  return std::clamp<milliseconds>(std::chrono::seconds(*date - now), milliseconds(0),
                                  longest_asked_pause);
}

std::optional<milliseconds> RetryPolicy::next(std::uint32_t attempt, const Attempted& attempted,
                                              UnixSeconds now, std::uint32_t random) const {
  if (attempt >= attempts || !predicate(attempted)) return std::nullopt;
  const auto asked = asked_pause(attempted.retry_after_ms, attempted.retry_after, now);
  return asked ? *asked : backoff(attempt, random);
}

milliseconds RetryPolicy::backoff(std::uint32_t attempt, std::uint32_t random) const noexcept {
  milliseconds pause = std::min(first_pause, longest_pause);
  for (std::uint32_t i = 1; i < attempt && pause < longest_pause && factor > 1; ++i) {
    pause = std::min(pause * factor, longest_pause);
  }
  const auto most_less = static_cast<std::uint32_t>(pause.count() * jitter_percent / 100);
  return pause - milliseconds(random % (most_less + 1));
}

}  // namespace costmark::http
