// To price a call allocates nothing.
#include <gtest/gtest.h>

#include <array>

#include "core/counting_allocator.hpp"
#include "prices/support.hpp"

namespace costmark {
namespace {

TEST(PriceAllocations, NoneWhenACallIsPriced) {
  const PriceBook book = PriceBook::shipped().value();
  PricedCall call = call_of(300'000, 1000);
  call.model = "openai.gpt-5.6-luna";
  call.end_us = *parse_day("2026-10-10") * std::int64_t{86'400'000'000};
  call.usage.cache_write_tokens = 5000;
  call.usage.meters.set(Meter::web_search, 1);
  const std::array<NamedCount, 1> others{{{"clip", 0}}};
  call.other_counts = others;
  PricedCall unknown = call;
  unknown.model = "a model of which no book has ever heard";
  const std::size_t before = testing::allocations();
  const Cost cost = book.price(call);
  const Cost none = book.price(unknown);
  EXPECT_EQ(testing::allocations() - before, 0U);
  EXPECT_EQ(text_of(cost), "priced 146530000000");
  EXPECT_EQ(text_of(none), "unpriced no_model");
}

}  // namespace
}  // namespace costmark
