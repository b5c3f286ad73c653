// Books of few lines, and calls to be priced by them.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "costmark/prices.hpp"

namespace costmark {

inline PriceBook book_of(std::string_view lines) {
  auto book = PriceBook::parse("date 2026-09-30\n" + std::string(lines), "book.txt");
  if (!book) ADD_FAILURE() << book.error().message;
  return book ? book.value() : PriceBook::parse("date 2026-09-30\n", "empty.txt").value();
}

// A price of model "m" in us-east-1, Standard, of 2026-09-01 and later.
inline std::string line_of(std::string_view kind, std::string_view pico,
                           std::string_view time_to_live = "-", std::string_view over = "-",
                           std::string_view days = "2026-09-01 -",
                           std::string_view place = "m us-east-1 in-region standard",
                           std::string_view unit = "token") {
  std::string line;
  for (const std::string_view column :
       {place, kind, time_to_live, over, unit, days, std::string_view("USD"), pico,
        std::string_view("2026-09 test, all Regions: yes\n")}) {
    line.append(line.empty() ? "" : " ").append(column);
  }
  return line;
}

inline PricedCall call_of(std::optional<std::uint64_t> input, std::optional<std::uint64_t> output) {
  PricedCall call;
  call.region = "us-east-1";
  call.model = "m";
  call.serving = "in-region";
  call.tier = "default";
  call.end_us = 1'790'000'000'000'000;  // 2026-09-21
  call.usage.input_tokens = input;
  call.usage.output_tokens = output;
  call.usage.cached_input_tokens = 0;
  call.usage.cache_write_tokens = 0;
  return call;
}

inline std::string names_of(PriceFlags flags) {
  std::string names;
  for (const PriceFlag flag : all_price_flags) {
    if (flags.has(flag)) names.append(names.empty() ? "" : " ").append(to_string(flag));
  }
  return names;
}

// "priced 12", "unpriced no_model", "partial 5 cache_time_absent"
inline std::string text_of(const Cost& cost) {
  std::string text(to_string(cost.state));
  if (cost.pico_usd) text.append(" ").append(std::to_string(*cost.pico_usd));
  if (cost.flags.any()) text.append(" ").append(names_of(cost.flags));
  return text;
}

}  // namespace costmark
