#include <algorithm>

#include "prices/content.hpp"
#include "prices/names.hpp"

namespace costmark::prices {
namespace {

constexpr std::string_view all_regions = "*";

// All but the Region, which may be asked for twice.
std::uint64_t hash_without_region(std::string_view model, std::string_view serving,
                                  std::string_view tier) noexcept {
  return joined(joined(hash_of(model), hash_of(serving)), hash_of(tier));
}

bool is_group(const Group& group, std::string_view model, std::string_view region,
              std::string_view serving, std::string_view tier) noexcept {
  return equal(group.model, model) && equal(group.region, region) &&
         equal(group.serving, serving) && equal(group.tier, tier);
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
      groups_.push_back(
          {line.model, line.region, line.serving, line.tier, entries_.size(), 0, nullptr});
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
    std::uint64_t at =
        joined(hash_without_region(group.model, group.serving, group.tier), hash_of(group.region));
    while (table_[at & (size - 1)] != 0) ++at;
    table_[at & (size - 1)] = static_cast<std::uint32_t>(i + 1);
  }
  link_groups();
}

// So that a call in a Region with prices of its own is looked up once.
void Index::link_groups() noexcept {
  for (Group& group : groups_) {
    if (group.region != all_regions) {
      group.everywhere = find(group.model, all_regions, group.serving, group.tier)[0];
    }
  }
}

const Group* Index::find(std::uint64_t hash, std::string_view model, std::string_view region,
                         std::string_view serving, std::string_view tier) const noexcept {
  for (std::uint64_t at = hash;; ++at) {
    const std::uint32_t number = table_[at & (table_.size() - 1)];
    if (number == 0) return nullptr;
    const Group& group = groups_[number - 1];
    if (is_group(group, model, region, serving, tier)) return &group;
  }
}

std::array<const Group*, 2> Index::find(std::string_view model, std::string_view region,
                                        std::string_view serving,
                                        std::string_view tier) const noexcept {
  const std::uint64_t others = hash_without_region(model, serving, tier);
  const Group* const own = find(joined(others, hash_of(region)), model, region, serving, tier);
  if (own != nullptr) return {own, own->everywhere};
  return {nullptr, find(joined(others, hash_of(all_regions)), model, all_regions, serving, tier)};
}

std::span<const Group> Index::of_model(std::string_view model) const noexcept {
  const auto [first, end] = std::ranges::equal_range(groups_, model, {}, &Group::model);
  return {first, end};
}

}  // namespace costmark::prices
