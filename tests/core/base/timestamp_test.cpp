#include "timestamp.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace costmark {
namespace {

TEST(Timestamp, Good) {
  const std::pair<std::string_view, UnixSeconds> cases[] = {
      {"1970-01-01T00:00:00Z", 0},
      {"2025-01-02T03:04:05Z", 1735787045},
      {"2025-01-02t03:04:05z", 1735787045},
      {"2025-01-02 03:04:05Z", 1735787045},
      {"2025-01-02T03:04:05.999999999Z", 1735787045},
      {"2025-01-02T03:04:05,5Z", 1735787045},
      {"2025-01-02T03:04:05+00:00", 1735787045},
      {"2025-01-02T03:04:05-0000", 1735787045},
      {"2025-01-02T04:04:05+01:00", 1735787045},
      {"2025-01-01T22:34:05-0430", 1735787045},
      {"2024-02-29T12:00:00Z", 1709208000},
      {"2000-02-29T00:00:00Z", 951782400},
      {"2016-12-31T23:59:60Z", 1483228800},
      {"9999-12-31T23:59:59Z", 253402300799},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(parse_timestamp(text), expected) << text;
}

TEST(Timestamp, Bad) {
  for (const std::string_view text : {"",
                                      "Z",
                                      "2025",
                                      "2025-01-02",
                                      "2025-01-02T03:04",
                                      "2025-01-02T03:04:05",
                                      "2025-01-02T03:04:05ZZ",
                                      "2025-01-02T03:04:05Z ",
                                      " 2025-01-02T03:04:05Z",
                                      "2025-1-02T03:04:05Z",
                                      "2025-13-02T03:04:05Z",
                                      "2025-00-02T03:04:05Z",
                                      "2025-02-29T00:00:00Z",
                                      "2025-04-31T00:00:00Z",
                                      "2025-01-32T00:00:00Z",
                                      "2025-01-00T00:00:00Z",
                                      "2025-01-02T24:00:00Z",
                                      "2025-01-02T03:60:05Z",
                                      "2025-01-02T03:04:61Z",
                                      "2025-01-02T03:04:05.Z",
                                      "2025-01-02T03:04:05+1:00",
                                      "2025-01-02T03:04:05+24:00",
                                      "2025-01-02T03:04:05+01:60",
                                      "2025-01-02T03:04:05*01:00",
                                      "1969-12-31T23:59:59Z",
                                      "-025-01-02T03:04:05Z",
                                      "2025/01/02T03:04:05Z",
                                      "1735787045",
                                      "2025-01-02X03:04:05Z",
                                      "20250102T030405Z"}) {
    EXPECT_FALSE(parse_timestamp(text)) << text;
  }
}

TEST(Timestamp, FormatsWhatItReads) {
  for (const UnixSeconds time : {UnixSeconds{0}, UnixSeconds{951782400}, UnixSeconds{1735787045},
                                 UnixSeconds{253402300799}}) {
    EXPECT_EQ(parse_timestamp(format_timestamp(time)), time);
  }
  EXPECT_EQ(format_timestamp(1735787045), "2025-01-02T03:04:05Z");
}

TEST(Timestamp, HttpDates) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
  EXPECT_EQ(parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
  EXPECT_EQ(parse_http_date("Tue, 29 Feb 2000 23:59:59 GMT"), 951868799);
  for (const std::string_view text :
       {"", "Sun", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994", "Sun, 6 Nov 1994 08:49:37 GMT", "sun, 06 nov 1994 08:49:37 gmt",
        "Sun, 06 anF 1994 08:49:37 GMT", "Sun, 30 Feb 2000 08:49:37 GMT",
        "Sun, 06 Nov 1969 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "1994-11-06T08:49:37Z"}) {
    EXPECT_FALSE(parse_http_date(text)) << text;
  }
}

TEST(Timestamp, FormatsTimesOutsideTheCalendar) {
  constexpr auto least = std::numeric_limits<UnixSeconds>::min();
  constexpr auto greatest = std::numeric_limits<UnixSeconds>::max();
  EXPECT_EQ(format_timestamp(least), "a time before 1970");
  EXPECT_EQ(format_timestamp(-1), "a time before 1970");
  EXPECT_EQ(format_timestamp(253402300800), "a time after 9999");
  EXPECT_EQ(format_timestamp(greatest), "a time after 9999");
}

}  // namespace
}  // namespace costmark
