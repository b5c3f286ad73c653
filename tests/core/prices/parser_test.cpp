#include <gtest/gtest.h>

#include "prices/support.hpp"

namespace costmark {
namespace {

std::string error_of(std::string_view text) {
  const auto book = PriceBook::parse(text, "book.txt");
  return book ? "no error" : book.error().message;
}

// What is wrong with one line behind the date.
std::string error_of_line(const std::string& line) {
  return error_of("date 2026-09-30\n" + line);
}

bool begins(const std::string& text, std::string_view with) {
  return text.starts_with(with);
}

TEST(PriceParser, ReadsEveryColumn) {
  const PriceBook book = book_of(
      "\n# comment \xC3\xA9\n"
      "m.1\tus-east-1  geo flex  cache_write 30m 272000 token 2026-09-01 2026-10-01 USD 2200000 "
      "2026-09  its card, p. 3 \r\n");
  ASSERT_EQ(book.lines().size(), 1U);
  const PriceLine& line = book.lines()[0];
  EXPECT_EQ(line.model, "m.1");
  EXPECT_EQ(line.region, "us-east-1");
  EXPECT_EQ(line.serving, "geo");
  EXPECT_EQ(line.tier, "flex");
  EXPECT_EQ(line.kind, "cache_write");
  EXPECT_EQ(line.time_to_live, "30m");
  EXPECT_EQ(line.over, 272000U);
  EXPECT_EQ(line.unit, "token");
  EXPECT_EQ(line.end_day - line.first_day, 30);
  EXPECT_EQ(line.pico_usd, 2'200'000);
  EXPECT_EQ(line.as_of, "2026-09");
  EXPECT_EQ(line.source, "its card, p. 3");
  EXPECT_EQ(line.line, 4U);
  EXPECT_EQ(book.date(), "2026-09-30");
  EXPECT_EQ(book.file(), "book.txt");
}

TEST(PriceParser, SaysWhereAndWhatWouldBeRight) {
  const std::string good = line_of("input", "5");
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string line = good;
    return error_of_line(line.replace(line.find(from), from.size(), to));
  };
  EXPECT_EQ(error_of_line(good), "no error");
  EXPECT_TRUE(begins(with("USD", "EUR"), "book.txt:2:61: 'EUR': the currency of a price is USD"))
      << with("USD", "EUR");
  EXPECT_TRUE(begins(with("us-east-1", "US-EAST"), "book.txt:2:3: 'US-EAST': a Region is spelled"));
  EXPECT_TRUE(begins(with("m us", "m* us"), "book.txt:2:1: 'm*': a model is a whole id"));
  EXPECT_TRUE(begins(with("standard", "Std"), "book.txt:2:23: 'Std': serving"));
  EXPECT_TRUE(begins(with("input", "cache_write_5m"), "book.txt:2:32: 'cache_write_5m': a kind"));
  EXPECT_TRUE(begins(with("input -", "input 5m"), "book.txt:2:38: '5m': a time to live is that"));
  EXPECT_TRUE(begins(with("input - -", "cache_write 5 -"), "book.txt:2:44: '5': a time to live"));
  EXPECT_TRUE(begins(with("- - token", "- 0 token"), "book.txt:2:40: '0': OVER is a number"));
  EXPECT_TRUE(begins(with("token", "request"), "book.txt:2:42: 'request': the unit of input"));
  EXPECT_TRUE(begins(with("2026-09-01", "2026-02-30"), "book.txt:2:48: '2026-02-30': FROM is a"));
  EXPECT_TRUE(begins(with("2026-09-01 -", "2026-09-01 2026-09-01"), "book.txt:2:59:"));
  for (const char* price : {"1.5", "-5", "+5", "0x5", "05", "9223372036854775808", "$5"}) {
    EXPECT_TRUE(begins(with("USD 5", std::string("USD ") + price), "book.txt:2:65:")) << price;
  }
  EXPECT_TRUE(begins(with("2026-09 ", "2026-13 "), "book.txt:2:67: '2026-13': AS-OF"));
  EXPECT_TRUE(begins(error_of_line("m us-east-1 in-region\n"),
                     "book.txt:2:13: 'in-region': the line ends behind column 3 of 14"));
  EXPECT_TRUE(begins(with("test", "t\xC3\xA9st"), "book.txt:2:1: only comments"));
}

TEST(PriceParser, GivesTheOffset) {
  const auto book = PriceBook::parse("date 2026-09-30\nm X", "book.txt");
  ASSERT_FALSE(book);
  EXPECT_EQ(book.error().offset, 18U);
  EXPECT_EQ(book.error().code, Code::invalid_option);
}

TEST(PriceParser, NeedsADateFirst) {
  EXPECT_EQ(error_of("# empty\n"), "book.txt has no date; its first line reads: date YYYY-MM-DD");
  EXPECT_TRUE(begins(error_of("\n  date 2026-9-1\n"), "book.txt:2:3: 'date 2026-9-1': the first"));
  EXPECT_TRUE(begins(error_of(line_of("input", "5")), "book.txt:1:1:"));
  EXPECT_TRUE(begins(error_of("date\n"), "book.txt:1:1:"));
}

TEST(PriceParser, RefusesAllRegionsWithoutAQuote) {
  std::string line = line_of("input", "5", "-", "-", "- -", "m * in-region standard");
  EXPECT_EQ(error_of_line(line), "no error");
  line.replace(line.find("all Regions"), 11, "every where");
  EXPECT_TRUE(begins(error_of_line(line), "book.txt:2:3: '*': '*' needs a source that says so"));
}

TEST(PriceParser, RefusesOverlaps) {
  const std::string first = line_of("input", "5", "-", "-", "2026-09-01 2026-10-01");
  EXPECT_EQ(error_of_line(first + line_of("input", "6", "-", "-", "2026-10-01 -")), "no error");
  const std::string error = error_of_line(line_of("input", "6", "-", "-", "2026-09-30 -") + first);
  EXPECT_TRUE(begins(error,
                     "book.txt:3:48: '2026-09-01': there is a price for some of these days "
                     "already, on line 2"))
      << error;
  // Another threshold is another price, another unit is not.
  EXPECT_EQ(error_of_line(first + line_of("input", "6", "-", "7")), "no error");
  const std::string_view place = "m us-east-1 in-region standard";
  EXPECT_TRUE(begins(error_of_line(line_of("page", "5", "-", "-", "- -", place, "image") +
                                   line_of("page", "5", "-", "-", "- -", place, "request")),
                     "book.txt:3:"));
}

TEST(PriceParser, RefusesATimeToLiveBesideAPriceForAll) {
  const std::string all = line_of("cache_write", "5", "-", "-", "2026-09-01 2026-10-01");
  EXPECT_EQ(error_of_line(line_of("cache_write", "5", "5m") + line_of("cache_write", "6", "1h")),
            "no error");
  EXPECT_TRUE(begins(error_of_line(all + line_of("cache_write", "6", "1h", "-", "2026-09-05 -")),
                     "book.txt:3:"));
  EXPECT_TRUE(begins(error_of_line(line_of("cache_write", "6", "1h", "-", "- 2026-09-02") + all),
                     "book.txt:3:"));
  EXPECT_EQ(error_of_line(all + line_of("cache_write", "6", "1h", "-", "2026-10-01 -")),
            "no error");
}

TEST(PriceParser, IsBounded) {
  EXPECT_TRUE(begins(error_of("date 2026-09-30\n" + std::string(5000, 'x')),
                     "book.txt:2:1: the line is longer"));
  EXPECT_TRUE(begins(error_of(std::string(PriceBook::largest_text + 1, '\n')), "book.txt has "));
  const std::string lines(PriceBook::most_lines * 2, 'x');
  EXPECT_TRUE(begins(error_of_line(lines), "book.txt:2:1:"));
}

TEST(PriceParser, CanonicalTextIsABookOfTheSameHash) {
  const std::string first = line_of("input", "5");
  const std::string second = line_of("output", "6");
  const PriceBook book = book_of("# a comment\n" + second + "   " + first);
  EXPECT_EQ(book.canonical(), "date 2026-09-30\n" + first + second);
  const auto again = PriceBook::parse(book.canonical(), "other.txt");
  ASSERT_TRUE(again);
  EXPECT_EQ(again.value().hash(), book.hash());
  EXPECT_EQ(book.hash().size(), 64U);
  EXPECT_NE(book_of(first).hash(), book.hash());
}

TEST(PriceParser, EveryPrefixIsABookOrAnError) {
  const std::string text(PriceBook::shipped_text());
  for (std::size_t size = 0; size < text.size(); size += 371) {
    const auto book = PriceBook::parse(text.substr(0, size), "book.txt");
    EXPECT_TRUE(book.ok() || book.error().message.starts_with("book.txt")) << size;
  }
}

TEST(PriceBook, KnowsItsAge) {
  const PriceBook book = book_of("");
  const std::int64_t day = *parse_day("2026-09-30");
  EXPECT_EQ(book.age_days(day * 86'400), 0);
  EXPECT_FALSE(book.is_old((day + 31) * 86'400 - 1));
  EXPECT_TRUE(book.is_old((day + 31) * 86'400));
}

TEST(PriceBook, DaysAreThoseOfTheCalendar) {
  EXPECT_EQ(parse_day("1970-01-01"), 0);
  EXPECT_EQ(parse_day("2026-11-30"), 20'787);
  for (const char* text : {"2026-02-29", "2026-1-01", "2026-11-31", "2026/11/30", "20261130", "",
                           "2026-00-10", "2026-11-3x"}) {
    EXPECT_EQ(parse_day(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace costmark
