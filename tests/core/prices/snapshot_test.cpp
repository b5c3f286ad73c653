// The book that ships.
#include <gtest/gtest.h>

#include <algorithm>

#include "prices/support.hpp"

namespace costmark {
namespace {

const PriceBook& shipped() {
  static const PriceBook book = PriceBook::shipped().value();
  return book;
}

// A call that uses the line, and as little else as can be.
PricedCall call_for(const PriceLine& line) {
  const bool calls = line.kind == "web_search";
  PricedCall call = call_of(line.over + 10, 0);
  call.model = line.model;
  call.region = line.region == "*" ? "eu-north-1" : line.region;
  call.serving = line.serving;
  call.tier = line.tier;
  call.end_us = line.first_day * std::int64_t{86'400'000'000};
  Usage& usage = call.usage;
  if (line.kind == "input") return call;
  if (line.kind == "cached") usage.cached_input_tokens = usage.input_tokens;
  if (line.kind == "cache_write") usage.cache_write_tokens = usage.input_tokens;
  if (line.time_to_live == "5m") usage.meters.set(Meter::cache_write_5m, *usage.input_tokens);
  if (line.time_to_live == "30m") usage.meters.set(Meter::cache_write_30m, *usage.input_tokens);
  if (line.time_to_live == "1h") usage.meters.set(Meter::cache_write_1h, *usage.input_tokens);
  if (calls) usage.meters.set(Meter::web_search, 3);
  if (line.kind == "output") usage.output_tokens = 7;
  // Above a threshold there is no output without input.
  if (line.kind == "output" && line.over == 0) usage.input_tokens = 0;
  if (calls) usage.input_tokens = 0;
  return call;
}

TEST(PriceSnapshot, IsABook) {
  const auto book = PriceBook::parse(PriceBook::shipped_text(), "prices.txt");
  ASSERT_TRUE(book) << book.error().message;
  EXPECT_GT(shipped().lines().size(), 50U);
  EXPECT_EQ(shipped().hash(), book.value().hash());
  EXPECT_EQ(shipped().thresholds().size(), 1U);
}

TEST(PriceSnapshot, EveryLineNamesItsSource) {
  for (const PriceLine& line : shipped().lines()) {
    EXPECT_GE(line.source.size(), 10U) << line.line;
    EXPECT_LE(line.as_of.substr(0, 7), shipped().date()) << line.line;
  }
}

TEST(PriceSnapshot, EveryPriceIsUsed) {
  for (const PriceLine& line : shipped().lines()) {
    const Cost cost = shipped().price(call_for(line));
    if (line.pico_usd == PriceLine::not_known) {
      EXPECT_EQ(cost.state, CostState::unpriced) << line.line;
      continue;
    }
    ASSERT_EQ(cost.state, CostState::priced) << line.line << names_of(cost.flags);
    EXPECT_EQ(cost.parts().back().line->line, line.line);
  }
}

// Deleting any one line makes exactly the calls unpriced that used it.
TEST(PriceSnapshot, WithoutALineExactlyItsCallsAreUnpriced) {
  const PriceBook& book = shipped();
  const auto price = [](const PriceBook& by, const PriceLine& line) {
    return text_of(by.price(call_for(line)));
  };
  for (const PriceLine& gone : book.lines()) {
    std::string text = "date 2026-09-30\n";
    for (std::size_t at = 0, number = 1; at < PriceBook::shipped_text().size(); ++number) {
      const auto all = PriceBook::shipped_text();
      const auto line = all.substr(at, all.find('\n', at) + 1 - at);
      at += line.size();
      if (number != gone.line && !line.starts_with("date") && !line.starts_with('#')) {
        text.append(line);
      }
    }
    const auto less = PriceBook::parse(text, "less.txt");
    ASSERT_TRUE(less) << less.error().message;
    for (const PriceLine& line : book.lines()) {
      const Cost cost = book.price(call_for(line));
      const bool used = std::ranges::any_of(
          cost.parts(), [&](const auto& part) { return part.line->line == gone.line; });
      if (used) {
        EXPECT_EQ(less.value().price(call_for(line)).state, CostState::unpriced)
            << gone.line << " " << line.line;
      } else if (line.line != gone.line) {
        EXPECT_EQ(price(less.value(), line), price(book, line)) << gone.line << " " << line.line;
      }
    }
  }
}

}  // namespace
}  // namespace costmark
