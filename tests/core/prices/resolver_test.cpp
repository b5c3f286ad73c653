#include <gtest/gtest.h>

#include <limits>

#include "prices/support.hpp"

namespace costmark {
namespace {

constexpr std::string_view everywhere = "m * in-region standard";

std::string price_of(const PriceBook& book, const PricedCall& call) {
  return text_of(book.price(call));
}

const PriceBook& plain() {
  static const PriceBook book =
      book_of(line_of("input", "10") + line_of("cached", "1") + line_of("cache_write", "12", "5m") +
              line_of("cache_write", "20", "1h") + line_of("output", "100"));
  return book;
}

TEST(Resolver, SumsThePartsOfACall) {
  PricedCall call = call_of(1000, 50);
  call.usage.cached_input_tokens = 300;
  call.usage.cache_write_tokens = 200;
  call.usage.meters.set(Meter::cache_write_5m, 150);
  call.usage.meters.set(Meter::cache_write_1h, 50);
  const Cost cost = plain().price(call);
  // 500 x 10 + 300 x 1 + 150 x 12 + 50 x 20 + 50 x 100
  EXPECT_EQ(text_of(cost), "priced 13100");
  std::string parts;
  for (const Cost::Part& part : cost.parts()) {
    parts.append(part.line->kind).append(" ").append(std::to_string(part.count)).append("; ");
  }
  EXPECT_EQ(parts, "input 500; cached 300; cache_write 150; cache_write 50; output 50; ");
}

TEST(Resolver, SaysWhatTheAnswerDidNotTell) {
  PricedCall call = call_of(10, 1);
  call.tier = "";
  EXPECT_EQ(price_of(plain(), call), "priced 200 tier_assumed");
  call = call_of(10, 1);
  call.usage.cached_input_tokens.reset();
  EXPECT_EQ(price_of(plain(), call), "priced 200 parts_absent");
  EXPECT_EQ(price_of(plain(), call_of(10, std::nullopt)), "partial 100 counts_absent");
  EXPECT_EQ(price_of(plain(), call_of(std::nullopt, 1)), "partial 100 counts_absent");
  EXPECT_EQ(price_of(plain(), call_of(std::nullopt, std::nullopt)), "unknown");
}

TEST(Resolver, AnEmbeddingHasNoOutput) {
  PricedCall call = call_of(10, std::nullopt);
  call.usage.total_tokens = 10;
  EXPECT_EQ(price_of(plain(), call), "priced 100");
}

TEST(Resolver, NeverTakesANearbyPrice) {
  const auto with = [](auto change) {
    PricedCall call = call_of(10, 1);
    change(call);
    return price_of(plain(), call);
  };
  EXPECT_EQ(with([](auto& call) { call.model = "m2"; }), "unpriced no_model");
  EXPECT_EQ(with([](auto& call) { call.region = "us-east-2"; }), "unpriced no_region");
  EXPECT_EQ(with([](auto& call) { call.region = ""; }), "unpriced region_absent");
  EXPECT_EQ(with([](auto& call) { call.serving = "global"; }), "unpriced no_serving");
  EXPECT_EQ(with([](auto& call) { call.serving = ""; }), "unpriced no_serving");
  EXPECT_EQ(with([](auto& call) { call.tier = "flex"; }), "unpriced no_tier");
  EXPECT_EQ(with([](auto& call) { call.end_us = 0; }), "unpriced no_day");
  EXPECT_EQ(with([](auto& call) { call.usage.meters.set(Meter::web_search, 1); }),
            "unpriced no_price");
  EXPECT_EQ(with([](auto& call) { call.usage.meters.set(Meter::web_search, 0); }), "priced 200");
}

TEST(Resolver, ReservedAndBatchArePaidForElsewhere) {
  for (const char* tier : {"reserved", "batch"}) {
    PricedCall call = call_of(10, 1);
    call.tier = tier;
    EXPECT_EQ(price_of(plain(), call), "elsewhere") << tier;
  }
}

TEST(Resolver, TheDayIsThatOfTheEnd) {
  const PriceBook book = book_of(line_of("input", "1", "-", "-", "2026-09-01 2026-09-21") +
                                 line_of("input", "2", "-", "-", "2026-09-21 2026-09-22"));
  PricedCall call = call_of(10, 0);
  const std::int64_t begin = *parse_day("2026-09-21") * std::int64_t{86'400'000'000};
  call.end_us = begin - 1;
  EXPECT_EQ(price_of(book, call), "priced 10");
  call.end_us = begin;
  EXPECT_EQ(price_of(book, call), "priced 20");
  call.end_us = begin + 86'400'000'000;
  EXPECT_EQ(price_of(book, call), "unpriced no_day");
}

TEST(Resolver, AThresholdAppliesToTheWholeRequest) {
  const PriceBook book =
      book_of(line_of("input", "1") + line_of("output", "2") + line_of("input", "10", "-", "100") +
              line_of("output", "20", "-", "100") + line_of("input", "50", "-", "1000"));
  EXPECT_EQ(price_of(book, call_of(100, 1)), "priced 102");
  EXPECT_EQ(price_of(book, call_of(101, 1)), "priced 1030");
  // Cached tokens are a part of the input that exceeds it.
  PricedCall call = call_of(101, 0);
  call.usage.cached_input_tokens = 101;
  EXPECT_EQ(price_of(book, call), "unpriced no_price");
  // The output above 1,000 has no price, and that above 100 does not stand in.
  EXPECT_EQ(price_of(book, call_of(1001, 1)), "unpriced no_price");
  EXPECT_EQ(price_of(book, call_of(1001, 0)), "priced 50050");
  EXPECT_EQ(price_of(book, call_of(std::nullopt, 1)), "unpriced counts_absent");
  EXPECT_EQ(book.thresholds().size(), 2U);
}

TEST(Resolver, ARegionsOwnPricesBeatThoseOfAll) {
  const PriceBook book =
      book_of(line_of("input", "1", "-", "-", "- -", everywhere) +
              line_of("output", "2", "-", "-", "- -", everywhere) + line_of("input", "10"));
  PricedCall call = call_of(10, 0);
  EXPECT_EQ(price_of(book, call), "priced 100");
  call.region = "eu-west-1";
  EXPECT_EQ(price_of(book, call), "priced 10");
  // A Region with prices of its own takes none of the others'.
  EXPECT_EQ(price_of(book, call_of(10, 1)), "unpriced no_price");
  for (const char* region : {"us-gov-west-1", "cn-north-1"}) {
    call.region = region;
    EXPECT_EQ(price_of(book, call), "unpriced no_region") << region;
  }
  call.region = "";
  EXPECT_EQ(price_of(book, call), "unpriced region_absent");
  // Before its own prices begin, those of all apply.
  call = call_of(10, 0);
  call.end_us = *parse_day("2026-08-01") * std::int64_t{86'400'000'000};
  EXPECT_EQ(price_of(book, call), "priced 10");
}

TEST(Resolver, WhatNoNameSaysIsServedInTheOnlyWayThatHasAPrice) {
  const std::string global = line_of("input", "1", "-", "-", "- -", "m * global standard");
  EXPECT_EQ(book_of(global).serving_of("m", "eu-west-1"), "global");
  EXPECT_EQ(book_of(global).serving_of("m", "us-gov-west-1"), "in-region");  // has no price there
  EXPECT_EQ(book_of(global).serving_of("other", "eu-west-1"), "in-region");
  EXPECT_EQ(book_of(line_of("input", "1")).serving_of("m", "us-east-1"), "in-region");
  const PriceBook both = book_of(global + line_of("input", "1"));
  EXPECT_EQ(both.serving_of("m", "us-east-1"), "in-region");
  EXPECT_EQ(both.serving_of("m", "eu-west-1"), "global");
  const std::string geo = line_of("input", "1", "-", "-", "- -", "m eu-west-1 geo standard");
  EXPECT_EQ(book_of(global + geo).serving_of("m", "eu-west-1"), "in-region");
}

TEST(Resolver, ACallThatIsNotTokensMayHaveItsPriceFromAllRegions) {
  const PriceBook book = book_of(
      line_of("input", "10") + line_of("web_search", "7", "-", "-", "- -", everywhere, "request") +
      line_of("page", "3", "-", "-", "- -", everywhere, "image"));
  PricedCall call = call_of(10, 0);
  call.usage.meters.set(Meter::web_search, 2);
  EXPECT_EQ(price_of(book, call), "priced 114");
  const std::array<NamedCount, 2> others{{{"page", 5}, {"clip", 0}}};
  call.other_counts = others;
  EXPECT_EQ(price_of(book, call), "priced 129");
  const std::array<NamedCount, 1> unknown{{{"clip", 1}}};
  call.other_counts = unknown;
  EXPECT_EQ(price_of(book, call), "unpriced no_price");
}

TEST(Resolver, CacheTimes) {
  PricedCall call = call_of(100, 0);
  call.usage.cache_write_tokens = 100;
  EXPECT_EQ(price_of(plain(), call), "partial 0 cache_time_absent");
  call.usage.meters.set(Meter::cache_write_5m, 40);
  EXPECT_EQ(price_of(plain(), call), "partial 480 cache_time_absent");
  call.usage.meters.set(Meter::cache_write_30m, 60);
  EXPECT_EQ(price_of(plain(), call), "unpriced no_price");

  const PriceBook one = book_of(line_of("input", "1") + line_of("cache_write", "2", "30m"));
  call = call_of(100, 0);
  call.usage.cache_write_tokens = 100;
  EXPECT_EQ(price_of(one, call), "priced 200");
  const PriceBook any = book_of(line_of("input", "1") + line_of("cache_write", "3"));
  call.usage.meters.set(Meter::cache_write_1h, 100);
  EXPECT_EQ(price_of(any, call), "priced 300");
  EXPECT_EQ(price_of(one, call), "unpriced no_price");
  // One that no server tells yet is one more that it may have been.
  const PriceBook two = book_of(line_of("input", "1") + line_of("cache_write", "2", "30m") +
                                line_of("cache_write", "9", "24h"));
  call = call_of(100, 0);
  call.usage.cache_write_tokens = 100;
  EXPECT_EQ(price_of(two, call), "partial 0 cache_time_absent");
}

TEST(Resolver, PartsLargerThanTheirWholeAreNotGuessedAt) {
  PricedCall call = call_of(10, 1);
  call.usage.cached_input_tokens = 11;
  EXPECT_EQ(price_of(plain(), call), "partial 111 inconsistent");
  call = call_of(100, 1);
  call.usage.cache_write_tokens = 10;
  call.usage.meters.set(Meter::cache_write_5m, 20);
  EXPECT_EQ(price_of(plain(), call), "partial 1240 inconsistent");
}

TEST(Resolver, AudioIsAPartOfInputAndOutput) {
  const PriceBook book = book_of(line_of("input", "1") + line_of("output", "2") +
                                 line_of("audio_input", "10") + line_of("audio_output", "20"));
  PricedCall call = call_of(100, 10);
  call.usage.meters.set(Meter::audio_input, 30);
  call.usage.meters.set(Meter::audio_output, 10);
  EXPECT_EQ(price_of(book, call), "priced 570");
  EXPECT_EQ(price_of(plain(), call), "unpriced no_price");
}

TEST(Resolver, FreeIsWhatTheBookSaysIsFree) {
  const PriceBook book = book_of(line_of("input", "0") + line_of("output", "1"));
  EXPECT_EQ(price_of(book, call_of(10, 0)), "free 0");
  EXPECT_EQ(price_of(book, call_of(10, 1)), "priced 1");
  EXPECT_EQ(price_of(book, call_of(0, 0)), "priced 0");
}

TEST(Resolver, APriceThatIsNotKnownIsNone) {
  const PriceBook book = book_of(line_of("input", "1") + line_of("output", "unknown") +
                                 line_of("input", "unknown", "-", "100"));
  EXPECT_EQ(price_of(book, call_of(10, 0)), "priced 10");
  EXPECT_EQ(price_of(book, call_of(10, 1)), "unpriced no_price");
  EXPECT_EQ(price_of(book, call_of(101, 0)), "unpriced no_price");
}

TEST(Resolver, WhatDoesNotFitHasNoCost) {
  const PriceBook book = book_of(line_of("input", "9223372036854775807") + line_of("output", "1"));
  EXPECT_EQ(price_of(book, call_of(1, 0)), "priced 9223372036854775807");
  EXPECT_EQ(price_of(book, call_of(1, 1)), "unpriced overflow");
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(price_of(book, call_of(most, most)), "unpriced overflow");
  EXPECT_EQ(price_of(book, call_of(0, most)), "unpriced overflow");
}

TEST(Resolver, RatesOfAKeyAreThoseOfItsCalls) {
  const PriceBook book = book_of(line_of("input", "1") + line_of("input", "5", "-", "100") +
                                 line_of("cache_write", "3", "30m", "100"));
  RateKey key{"123", "us-east-1", "m", "in-region", "", *parse_day("2026-09-21"), 101};
  const Rates rates = book.rates(key);
  EXPECT_EQ(rates.state, CostState::priced);
  EXPECT_EQ(rates.pico_usd(PriceKind::input), 5);
  EXPECT_EQ(rates.pico_usd(PriceKind::cache_write_30m), 3);
  EXPECT_EQ(rates.pico_usd(PriceKind::output), std::nullopt);
  EXPECT_EQ(rates.cache_times, 1U);
  EXPECT_EQ(rates.over, 100U);
  EXPECT_EQ(names_of(rates.flags), "tier_assumed");
  key.tier = "batch";
  EXPECT_EQ(book.rates(key).state, CostState::elsewhere);
  key.tier = "flex";
  EXPECT_EQ(names_of(book.rates(key).flags), "no_tier");
}

TEST(ServedModels, AreReadOutOfTheirIds) {
  const auto read = [](std::string_view id) {
    const ServedModel served = served_model(id);
    return std::string(served.serving) + " " + std::string(served.model);
  };
  EXPECT_EQ(read("openai.gpt-oss-120b"), "in-region openai.gpt-oss-120b");
  EXPECT_EQ(read("global.anthropic.claude-opus-4-8"), "global anthropic.claude-opus-4-8");
  EXPECT_EQ(read("us-gov.openai.gpt-5.6-sol"), "geo openai.gpt-5.6-sol");
  EXPECT_EQ(read("eu.amazon.nova-2-lite-v1:0"), "geo amazon.nova-2-lite-v1:0");
  EXPECT_EQ(read("us"), "in-region us");
  EXPECT_EQ(read(""), "in-region ");
  EXPECT_EQ(read("."), "in-region .");
}

}  // namespace
}  // namespace costmark
