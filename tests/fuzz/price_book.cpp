// Whatever text is given: it is a book, whose canonical text is the same book, or an error that
// lies within the text. And a book prices any call without a crash, by lines of its own that cover
// it.
#include <cstdint>
#include <string>

#include "costmark/prices.hpp"
#include "fuzz/property.hpp"

namespace {

using namespace costmark;

void check_call(const PriceBook& book, const PriceLine& line, std::uint64_t count) {
  PricedCall call;
  call.model = line.model;
  call.region = line.region;
  call.serving = line.serving;
  call.tier = line.tier;
  const Day last = line.to == "-" ? 20'000 : line.end_day - 1;
  const Day day = line.from == "-" ? last : line.first_day;
  call.end_us = day * std::int64_t{86'400'000'000};
  call.usage.input_tokens = count;
  call.usage.output_tokens = count;
  call.usage.cache_write_tokens = count / 2;
  const Cost cost = book.price(call);
  COSTMARK_HOLDS(cost.pico_usd.has_value() ==
                 (cost.state == CostState::priced || cost.state == CostState::partial ||
                  cost.state == CostState::free));
  COSTMARK_HOLDS(cost.pico_usd.value_or(0) >= 0);
  for (const Cost::Part& part : cost.parts()) {
    COSTMARK_HOLDS(part.line->model == line.model && part.line->first_day <= day &&
                   part.line->end_day > day && part.line->over <= count && part.count != 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto book = PriceBook::parse(text, "book.txt");
  if (!book) {
    const Error& error = book.error();
    COSTMARK_HOLDS(error.message.starts_with("book.txt") && fuzz::is_one_line(error.message));
    COSTMARK_HOLDS(error.offset.value_or(0) <= size);
    return 0;
  }
  const auto again = PriceBook::parse(book.value().canonical(), "again.txt");
  COSTMARK_HOLDS(again.ok() && again.value().hash() == book.value().hash());
  COSTMARK_HOLDS(again.value().lines().size() == book.value().lines().size());
  for (const PriceLine& line : book.value().lines()) {
    COSTMARK_HOLDS(line.model.data()[line.model.size()] == '\0');
    COSTMARK_HOLDS(line.source.data()[line.source.size()] == '\0');
    for (const std::uint64_t count : {UINT64_C(0), line.over, line.over + 1, UINT64_MAX}) {
      check_call(book.value(), line, count);
    }
  }
  return 0;
}
