#include "client/retry.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "http/field.hpp"
#include "timestamp.hpp"

namespace costmark::client {
namespace {

using std::chrono::milliseconds;

// A pause that is longer than any deadline may as well be this long.
constexpr milliseconds longest_pause = std::chrono::days(365);

// A decimal number that is not negative, in `unit`s.
std::optional<milliseconds> pause_of(std::string_view number, milliseconds unit) noexcept {
  number = http::trimmed(number);
  double value = 0;
  const char* const end = number.data() + number.size();
  const auto read = std::from_chars(number.data(), end, value, std::chars_format::fixed);
  const bool is_number = read.ec == std::errc() && read.ptr == end && std::isfinite(value);
  if (!is_number || std::signbit(value)) return std::nullopt;
  const double pause = std::ceil(value * static_cast<double>(unit.count()));
  if (pause >= static_cast<double>(longest_pause.count())) return longest_pause;
  return milliseconds(static_cast<milliseconds::rep>(pause));
}

}  // namespace

bool is_transient(int http_status) noexcept {
  return http_status == 408 || http_status == 409 || http_status == 429 || http_status >= 500;
}

std::optional<milliseconds> asked_pause(std::string_view retry_after_ms,
                                        std::string_view retry_after, UnixSeconds now) {
  if (const auto pause = pause_of(retry_after_ms, milliseconds(1))) return pause;
  if (const auto pause = pause_of(retry_after, std::chrono::seconds(1))) return pause;
  const auto date = parse_http_date(http::trimmed(retry_after));
  if (!date) return std::nullopt;
  return std::clamp<milliseconds>(std::chrono::seconds(*date - now), milliseconds(0),
                                  longest_pause);
}

milliseconds backoff(std::uint32_t failures, std::uint32_t random) noexcept {
  constexpr milliseconds first(500);
  constexpr std::uint32_t most_doublings = 4;
  const auto doublings = std::min(failures == 0 ? 0 : failures - 1, most_doublings);
  const milliseconds pause = first * (1U << doublings);
  return pause - milliseconds(random % (pause.count() / 4 + 1));
}

}  // namespace costmark::client
