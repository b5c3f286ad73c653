// Which lines apply to a call, and what they come to.
//
//   model, Region, serving, tier ─► group: the Region's own lines of that day, else those of '*'
//   input tokens ─► the highest threshold of the group that they exceed: only its lines count
//   counts ─► line for each ─► cost
//
// Whatever has no line makes a call unpriced: no other line stands in for it.
#include <algorithm>
#include <limits>
#include <utility>

#include "prices/content.hpp"
#include "prices/names.hpp"

namespace costmark {
namespace {

using prices::Entry;
using prices::equal;
using prices::Group;
using prices::Index;
using prices::place;
using prices::Slot;

constexpr std::int64_t microseconds_a_day = 86'400'000'000;

Day day_of(std::int64_t us) noexcept {
  const std::int64_t day = us / microseconds_a_day - (us % microseconds_a_day < 0 ? 1 : 0);
  return static_cast<Day>(day);  // 2^63 microseconds are 107 million days
}

// Answers call the tier by other names than price lists.
std::string_view tier_name(std::string_view tier, PriceFlags& flags) noexcept {
  if (tier.empty()) flags.set(PriceFlag::tier_assumed);
  return tier.empty() || equal(tier, "default") ? std::string_view("standard") : tier;
}

bool is_elsewhere(std::string_view tier) noexcept {
  return equal(tier, "reserved") || equal(tier, "batch");
}

// GovCloud and other partitions have prices of their own, whatever a source says of all Regions.
bool is_commercial(std::string_view region) noexcept {
  return !region.empty() && !region.starts_with("us-gov-") && !region.starts_with("cn-") &&
         !region.starts_with("us-iso") && !region.starts_with("eu-isoe-") &&
         !region.starts_with("eusc-");
}

// The groups that a call's lines may come from, best first.
struct Groups {
  std::array<const Group*, 2> found{};

  Groups(const Index& index, std::string_view model, std::string_view region,
         std::string_view serving, std::string_view tier) noexcept {
    found = index.find(model, region, serving, tier);
    if (found[1] != nullptr && !is_commercial(region)) found[1] = nullptr;
  }
};

// Takes lines out of groups.
class Selection {
 public:
  Selection(const Index& index, Day day, std::optional<std::uint64_t> input) noexcept
      : index_(index), day_(day), input_(input) {}

  void take(const Groups& groups, Rates& rates) const noexcept {
    bool has_tokens = false;
    for (const Group* group : groups.found) {
      if (group == nullptr) continue;
      const auto entries = index_.entries(*group);
      const bool takes_tokens = !has_tokens && begin_tokens(entries, rates);
      if (takes_tokens) rates.state = CostState::priced;
      for (const Entry& entry : entries) {
        if (entry.is_token && !takes_tokens) continue;
        if (entry.covers(day_) && entry.over == (entry.is_token ? rates.over : 0)) {
          put(entry, rates);
        }
      }
      has_tokens = has_tokens || takes_tokens;
    }
  }

 private:
  // Finds the threshold; false when no token has a price here on that day.
  bool begin_tokens(std::span<const Entry> entries, Rates& rates) const noexcept {
    bool any = false;
    for (const Entry& entry : entries) {
      if (!entry.is_token || !entry.covers(day_)) continue;
      any = true;
      if (entry.over == 0) continue;
      if (!input_) rates.flags.set(PriceFlag::counts_absent);
      if (input_ && *input_ > entry.over) rates.over = std::max(rates.over, entry.over);
    }
    return any;
  }

  static void put(const Entry& entry, Rates& rates) noexcept {
    rates.state = CostState::priced;
    if (entry.slot == Slot::by_name) return;
    if (entry.slot > Slot::cache_write && entry.slot <= Slot::cache_write_12h) {
      ++rates.cache_times;
    }
    if (entry.slot == Slot::other_cache_time) {
      ++rates.cache_times;
    } else if (rates.lines[place(entry.slot)] == nullptr) {
      rates.lines[place(entry.slot)] = entry.line;
    }
  }

  const Index& index_;
  Day day_;
  std::optional<std::uint64_t> input_;
};

// Whether a group is for calls in a Region.
bool holds_in(const Group& group, std::string_view region) noexcept {
  return group.region == region || (group.region == "*" && is_commercial(region));
}

// The first of its names that the book does not have.
PriceFlag what_is_missing(const Index& index, const RateKey& key, std::string_view tier) noexcept {
  const auto groups = index.of_model(key.model);
  if (groups.empty()) return PriceFlag::no_model;
  const auto in_region = [&](const Group& group) { return holds_in(group, key.region); };
  const auto as_served = [&](const Group& group) {
    return in_region(group) && group.serving == key.serving;
  };
  const auto of_tier = [&](const Group& group) { return as_served(group) && group.tier == tier; };
  if (key.region.empty()) return PriceFlag::region_absent;
  if (std::ranges::none_of(groups, in_region)) return PriceFlag::no_region;
  if (std::ranges::none_of(groups, as_served)) return PriceFlag::no_serving;
  if (std::ranges::none_of(groups, of_tier)) return PriceFlag::no_tier;
  return PriceFlag::no_day;
}

// Sums parts up.
class Sum {
 public:
  explicit Sum(Cost& cost) noexcept : cost_(cost) {}

  // A count that is 0 needs no price.
  void add(const PriceLine* line, std::uint64_t count) noexcept {
    if (count == 0) return;
    if (line == nullptr || line->pico_usd == PriceLine::not_known) {
      cost_.flags.set(PriceFlag::no_price);
      return;
    }
    cost_.all_parts[cost_.part_count++] = {line, count};
    std::uint64_t product = 0;
    overflow_ |=
        __builtin_mul_overflow(count, static_cast<std::uint64_t>(line->pico_usd), &product);
    overflow_ |= __builtin_add_overflow(total_, product, &total_);
    is_free_ = is_free_ && line->pico_usd == 0;
  }

  void finish(bool is_partial) noexcept {
    if (overflow_ ||
        total_ > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      cost_.flags.set(PriceFlag::overflow);
    }
    if (cost_.flags.has(PriceFlag::no_price) || cost_.flags.has(PriceFlag::overflow)) {
      cost_.state = CostState::unpriced;
      cost_.part_count = 0;
      return;
    }
    cost_.pico_usd = static_cast<std::int64_t>(total_);
    if (is_partial) {
      cost_.state = CostState::partial;
    } else {
      cost_.state = is_free_ && cost_.part_count > 0 ? CostState::free : CostState::priced;
    }
  }

 private:
  Cost& cost_;
  std::uint64_t total_ = 0;
  bool overflow_ = false;
  bool is_free_ = true;
};

// Prices the counts of one call.
class Pricing {
 public:
  Pricing(const Rates& rates, const Usage& usage, Cost& cost) noexcept
      : rates_(rates), usage_(usage), cost_(cost), sum_(cost) {}

  void add_tokens() noexcept {
    const std::uint64_t cached = part(usage_.cached_input_tokens);
    const std::uint64_t written = part(usage_.cache_write_tokens);
    const std::uint64_t heard = metered(Meter::audio_input);
    const std::uint64_t spoken = metered(Meter::audio_output);
    add_rest(PriceKind::input, usage_.input_tokens, {cached, written, heard});
    sum_.add(rates_[PriceKind::cached], cached);
    add_cache_writes(written);
    add_rest(PriceKind::output, usage_.output_tokens, {spoken});
    sum_.add(rates_[PriceKind::audio_input], heard);
    sum_.add(rates_[PriceKind::audio_output], spoken);
  }

  void add_calls() noexcept {
    sum_.add(rates_[PriceKind::web_search], metered(Meter::web_search));
    sum_.add(rates_[PriceKind::web_fetch], metered(Meter::web_fetch));
  }

  void add(const PriceLine* line, std::uint64_t count) noexcept { sum_.add(line, count); }

  void finish() noexcept { sum_.finish(is_partial_); }

 private:
  std::uint64_t metered(Meter meter) const noexcept { return usage_.meters[meter].value_or(0); }

  std::uint64_t part(std::optional<std::uint64_t> count) noexcept {
    if (!count) cost_.flags.set(PriceFlag::parts_absent);
    return count.value_or(0);
  }

  void leave_out(PriceFlag why) noexcept {
    cost_.flags.set(why);
    is_partial_ = true;
  }

  // What is left of a whole when its parts have prices of their own.
  void add_rest(PriceKind kind, std::optional<std::uint64_t> whole,
                std::initializer_list<std::uint64_t> parts) noexcept {
    if (!whole) return add_absent(kind);
    std::uint64_t rest = *whole;
    for (const std::uint64_t count : parts) {
      if (count > rest) return leave_out(PriceFlag::inconsistent);
      rest -= count;
    }
    sum_.add(rates_[kind], rest);
  }

  // An embedding has no output, and its total says so.
  void add_absent(PriceKind kind) noexcept {
    const auto other = kind == PriceKind::input ? usage_.output_tokens : usage_.input_tokens;
    if (other && usage_.total_tokens == other) return;
    leave_out(PriceFlag::counts_absent);
  }

  void add_cache_writes(std::uint64_t written) noexcept {
    if (const PriceLine* any_time = rates_[PriceKind::cache_write]) {
      return sum_.add(any_time, written);
    }
    std::uint64_t untold = written;
    for (const auto& [meter, kind] : times) {
      const std::uint64_t count = metered(meter);
      sum_.add(rates_[kind], count);
      if (count > untold) leave_out(PriceFlag::inconsistent);
      untold -= std::min(count, untold);
    }
    if (untold == 0) return;
    if (rates_.cache_times > 1) return leave_out(PriceFlag::cache_time_absent);
    sum_.add(only_time(), untold);
  }

  const PriceLine* only_time() const noexcept {
    for (const auto& [meter, kind] : times) {
      if (rates_[kind] != nullptr) return rates_[kind];
    }
    return nullptr;
  }

  static constexpr std::array<std::pair<Meter, PriceKind>, 4> times = {{
      {Meter::cache_write_5m, PriceKind::cache_write_5m},
      {Meter::cache_write_30m, PriceKind::cache_write_30m},
      {Meter::cache_write_1h, PriceKind::cache_write_1h},
      {Meter::cache_write_12h, PriceKind::cache_write_12h},
  }};

  const Rates& rates_;
  const Usage& usage_;
  Cost& cost_;
  Sum sum_;
  bool is_partial_ = false;
};

// The line of a kind that only the book knows. What tokens of it are a part of is not known, so
// they have no price.
const PriceLine* named_line(const Index& index, const Groups& groups, Day day,
                            std::string_view kind) noexcept {
  for (const Group* group : groups.found) {
    if (group == nullptr) continue;
    for (const Entry& entry : index.entries(*group)) {
      if (entry.slot == Slot::by_name && !entry.is_token && entry.line->kind == kind &&
          entry.covers(day)) {
        return entry.line;
      }
    }
  }
  return nullptr;
}

}  // namespace

std::optional<std::int64_t> Rates::pico_usd(PriceKind kind) const noexcept {
  const PriceLine* line = (*this)[kind];
  if (line == nullptr || line->pico_usd == PriceLine::not_known) return std::nullopt;
  return line->pico_usd;
}

std::string_view PriceBook::serving_of(std::string_view model,
                                       std::string_view region) const noexcept {
  constexpr std::string_view in_region = "in-region";
  std::string_view only;
  for (const Group& group : content_->index.of_model(model)) {
    if (!holds_in(group, region)) continue;
    if (!only.empty() && group.serving != only) return in_region;
    only = group.serving;
  }
  return only.empty() ? in_region : only;
}

Rates PriceBook::rates(const RateKey& key) const noexcept {
  Rates rates;
  const std::string_view tier = tier_name(key.tier, rates.flags);
  if (is_elsewhere(tier)) {
    rates.state = CostState::elsewhere;
    return rates;
  }
  const Index& index = content_->index;
  const Groups groups(index, key.model, key.region, key.serving, tier);
  Selection(index, key.day, key.input_tokens).take(groups, rates);
  if (rates.state != CostState::priced) {
    rates.state = CostState::unpriced;
    rates.flags.set(what_is_missing(index, key, tier));
  } else if (rates.flags.has(PriceFlag::counts_absent)) {
    rates.state = CostState::unpriced;  // which side of a threshold it is on is not known
    rates.lines = {};
  }
  return rates;
}

Cost PriceBook::price(const PricedCall& call) const noexcept {
  Cost cost;
  const Usage& usage = call.usage;
  const Rates rates = this->rates({call.account, call.region, call.model, call.serving, call.tier,
                                   day_of(call.end_us),
                                   call.input_of_each ? call.input_of_each : usage.input_tokens});
  if (rates.state == CostState::elsewhere) {
    cost.state = CostState::elsewhere;
    return cost;
  }
  if (!usage.any() && !usage.meters.any() && call.other_counts.empty()) return cost;
  cost.flags = rates.flags;
  if (rates.state != CostState::priced) {
    cost.state = CostState::unpriced;
    return cost;
  }
  Pricing pricing(rates, usage, cost);
  pricing.add_tokens();
  pricing.add_calls();
  if (call.other_counts.size() > Cost::max_other_counts) cost.flags.set(PriceFlag::no_price);
  PriceFlags ignored;
  for (const NamedCount& other :
       call.other_counts.first(std::min(call.other_counts.size(), Cost::max_other_counts))) {
    const Groups groups(content_->index, call.model, call.region, call.serving,
                        tier_name(call.tier, ignored));
    pricing.add(named_line(content_->index, groups, day_of(call.end_us), other.kind), other.count);
  }
  pricing.finish();
  return cost;
}

}  // namespace costmark
