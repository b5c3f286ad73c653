#include <algorithm>

#include "costmark/prices.hpp"

namespace costmark {

std::string_view to_string(CostState state) noexcept {
  switch (state) {
    case CostState::unknown:
      break;
    case CostState::priced:
      return "priced";
    case CostState::partial:
      return "partial";
    case CostState::unpriced:
      return "unpriced";
    case CostState::free:
      return "free";
    case CostState::elsewhere:
      return "elsewhere";
  }
  return "unknown";
}

std::string_view to_string(PriceFlag flag) noexcept {
  constexpr std::array<std::string_view, all_price_flags.size()> names = {
      "tier_assumed", "parts_absent", "cache_time_absent", "counts_absent", "inconsistent",
      "overflow",     "no_model",     "no_region",         "no_serving",    "no_tier",
      "no_day",       "no_price",     "region_absent"};
  const auto* const at = std::find(all_price_flags.begin(), all_price_flags.end(), flag);
  if (at == all_price_flags.end()) return "unknown";
  return names[static_cast<std::size_t>(at - all_price_flags.begin())];
}

std::string_view why_unpriced(CostState state, PriceFlags flags) noexcept {
  if (state != CostState::unpriced && state != CostState::partial) return {};
  for (const PriceFlag flag : all_price_flags) {
    const bool is_assumption = flag == PriceFlag::tier_assumed || flag == PriceFlag::parts_absent;
    if (!is_assumption && flags.has(flag)) return to_string(flag);
  }
  return {};
}

std::string_view to_string(PriceKind kind) noexcept {
  constexpr std::array<std::string_view, price_kinds> names = {
      "input",           "cached",         "cache_write",     "cache_write_5m",
      "cache_write_30m", "cache_write_1h", "cache_write_12h", "output",
      "audio_input",     "audio_output",   "web_search",      "web_fetch"};
  return names[static_cast<std::size_t>(kind)];
}

}  // namespace costmark
