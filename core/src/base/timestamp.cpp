#include "base/timestamp.hpp"

#include <chrono>
#include <cstddef>
#include <cstdio>

#include "base/text.hpp"

namespace costmark {
namespace {

// Eats text from the left; once something does not fit, every later step fails as well.
class Reader {
 public:
  explicit Reader(std::string_view text) noexcept : text_(text) {}

  int number(std::size_t digits, int least, int greatest) noexcept {
    int value = 0;
    ok_ = ok_ && text_.size() >= digits;
    for (std::size_t i = 0; ok_ && i < digits; ++i) {
      ok_ = text::is_digit(text_[i]);
      value = value * 10 + (text_[i] - '0');
    }
    ok_ = ok_ && value >= least && value <= greatest;
    if (ok_) text_.remove_prefix(digits);
    return ok_ ? value : least;
  }

  bool skip(std::string_view any_of) noexcept {
    if (!ok_ || text_.empty() || any_of.find(text_[0]) == std::string_view::npos) return false;
    text_.remove_prefix(1);
    return true;
  }

  void expect(std::string_view any_of) noexcept { ok_ = skip(any_of); }

  // Seconds since midnight of "23:59:59", or of the leap second after it.
  int time_of_day() noexcept {
    const int hour = number(2, 0, 23);
    expect(":");
    const int minute = number(2, 0, 59);
    expect(":");
    return (hour * 60 + minute) * 60 + number(2, 0, 60);
  }

  void fraction() noexcept {
    if (!skip(".,")) return;
    number(1, 0, 9);
    while (ok_ && !text_.empty() && text::is_digit(text_[0])) text_.remove_prefix(1);
  }

  // Seconds east of Greenwich.
  int zone() noexcept {
    if (skip("Zz")) return 0;
    const bool west = !text_.empty() && text_[0] == '-';
    expect("+-");
    const int hours = number(2, 0, 23);
    skip(":");
    const int seconds = hours * 3600 + number(2, 0, 59) * 60;
    return west ? -seconds : seconds;
  }

  // The number, from 1, of the name of three letters.
  int name(std::string_view names) noexcept {
    const std::size_t at = names.find(text_.substr(0, 3));
    ok_ = ok_ && text_.size() >= 3 && at != std::string_view::npos && at % 3 == 0;
    if (!ok_) return 1;
    text_.remove_prefix(3);
    return static_cast<int>(at / 3) + 1;
  }

  bool done() const noexcept { return ok_ && text_.empty(); }

 private:
  std::string_view text_;
  bool ok_ = true;
};

// Absent when there is no such day.
std::optional<UnixSeconds> in_seconds(int year, int month, int day, int second_of_day) noexcept {
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const UnixSeconds days = std::chrono::sys_days(date).time_since_epoch().count();
  return days * 86400 + second_of_day;
}

}  // namespace

std::optional<UnixSeconds> parse_timestamp(std::string_view text) noexcept {
  Reader reader(text);
  const int year = reader.number(4, 1970, 9999);
  reader.expect("-");
  const int month = reader.number(2, 1, 12);
  reader.expect("-");
  const int day = reader.number(2, 1, 31);
  reader.expect("Tt ");
  int second = reader.time_of_day();
  reader.fraction();
  second -= reader.zone();

  if (!reader.done()) return std::nullopt;
  return in_seconds(year, month, day, second);
}

std::optional<UnixSeconds> parse_http_date(std::string_view text) noexcept {
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  constexpr std::string_view weekdays = "MonTueWedThuFriSatSun";
  Reader reader(text);
  reader.name(weekdays);
  reader.expect(",");
  reader.expect(" ");
  const int day = reader.number(2, 1, 31);
  reader.expect(" ");
  const int month = reader.name(months);
  reader.expect(" ");
  const int year = reader.number(4, 1970, 9999);
  reader.expect(" ");
  const int second = reader.time_of_day();
  for (const std::string_view letter : {" ", "G", "M", "T"}) reader.expect(letter);
  if (!reader.done()) return std::nullopt;
  return in_seconds(year, month, day, second);
}

std::string format_timestamp(UnixSeconds time) {
  if (time < 0) return "a time before 1970";
  if (time > end_of_9999) return "a time after 9999";
  const std::chrono::sys_seconds point{std::chrono::seconds(time)};
  const auto midnight = std::chrono::floor<std::chrono::days>(point);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::hh_mm_ss clock(point - midnight);
  char text[64];
  const int length = std::snprintf(
      text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()));
  return std::string(text, static_cast<std::size_t>(length));
}

}  // namespace costmark
