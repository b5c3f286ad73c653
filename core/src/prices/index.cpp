#include <algorithm>
#include <functional>

#include "prices/content.hpp"

namespace costmark::prices {
namespace {

std::size_t hash_of(std::string_view model, std::string_view region, std::string_view serving,
                    std::string_view tier) noexcept {
  const std::hash<std::string_view> hash;
  constexpr std::size_t odd = 0x9E37'79B9'7F4A'7C15U;
  std::size_t sum = hash(model);
  for (const std::string_view name : {region, serving, tier}) sum = (sum * odd) ^ hash(name);
  return sum ^ (sum >> 32U);
}

bool is_group(const Group& group, std::string_view model, std::string_view region,
              std::string_view serving, std::string_view tier) noexcept {
  return group.model == model && group.region == region && group.serving == serving &&
         group.tier == tier;
}

std::optional<PriceKind> known_kind(const PriceLine& line) noexcept {
  for (std::size_t i = 0; i < price_kinds; ++i) {
    const auto kind = static_cast<PriceKind>(i);
    const std::string_view name = to_string(kind);
    if (line.kind == name && line.time_to_live == "-") return kind;
    if (line.kind == "cache_write" &&
        name.size() == line.kind.size() + 1 + line.time_to_live.size() &&
        name.starts_with("cache_write_") && name.ends_with(line.time_to_live)) {
      return kind;
    }
  }
  return std::nullopt;
}

}  // namespace

Slot slot_of(const PriceLine& line) noexcept {
  const std::optional<PriceKind> kind = known_kind(line);
  if (!kind) return line.kind == "cache_write" ? Slot::other_cache_time : Slot::by_name;
  const bool is_call = *kind == PriceKind::web_search || *kind == PriceKind::web_fetch;
  // What servers count of audio are tokens, and of searches requests.
  if (line.unit != (is_call ? "request" : "token")) return Slot::by_name;
  return static_cast<Slot>(*kind);
}

void Index::build(const std::vector<PriceLine>& lines) {
  entries_.reserve(lines.size());
  for (const PriceLine& line : lines) {
    if (groups_.empty() ||
        !is_group(groups_.back(), line.model, line.region, line.serving, line.tier)) {
      groups_.push_back({line.model, line.region, line.serving, line.tier, entries_.size(), 0});
    }
    entries_.push_back(
        {line.first_day, line.end_day, line.over, &line, slot_of(line), line.unit == "token"});
    groups_.back().end = entries_.size();
  }
  std::size_t size = 16;
  while (size < groups_.size() * 2) size *= 2;
  table_.assign(size, 0);
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    const Group& group = groups_[i];
    std::size_t at = hash_of(group.model, group.region, group.serving, group.tier);
    while (table_[at & (size - 1)] != 0) ++at;
    table_[at & (size - 1)] = static_cast<std::uint32_t>(i + 1);
  }
}

const Group* Index::find(std::string_view model, std::string_view region, std::string_view serving,
                         std::string_view tier) const noexcept {
  std::size_t at = hash_of(model, region, serving, tier);
  for (;; ++at) {
    const std::uint32_t number = table_[at & (table_.size() - 1)];
    if (number == 0) return nullptr;
    const Group& group = groups_[number - 1];
    if (is_group(group, model, region, serving, tier)) return &group;
  }
}

std::span<const Group> Index::of_model(std::string_view model) const noexcept {
  const auto [first, end] = std::ranges::equal_range(groups_, model, {}, &Group::model);
  return {first, end};
}

}  // namespace costmark::prices
