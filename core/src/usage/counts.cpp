#include "usage/counts.hpp"

#include <utility>

namespace costmark {
namespace {

constexpr std::array<std::pair<Meter, Count>, all_meters.size()> counts_of_meters = {{
    {Meter::cache_write_5m, Count::cache_write_5m},
    {Meter::cache_write_30m, Count::cache_write_30m},
    {Meter::cache_write_1h, Count::cache_write_1h},
    {Meter::cache_write_12h, Count::cache_write_12h},
    {Meter::audio_input, Count::audio_input},
    {Meter::audio_output, Count::audio_output},
    {Meter::web_search, Count::web_search},
    {Meter::web_fetch, Count::web_fetch},
}};

constexpr std::array cache_writes = {Count::cache_write_5m, Count::cache_write_30m,
                                     Count::cache_write_1h, Count::cache_write_12h};

bool exceeds(const Counts::Value& part, const Counts::Value& whole) noexcept {
  return part && whole && *part > *whole;
}

// Nothing when the sum does not fit, zero when none of them is known.
template <class List>
Counts::Value sum_of_known(const Counts& counts, const List& list) noexcept {
  Counts::Value sum = 0;
  for (const Count count : list) {
    if (sum) sum = sum_of(*sum, counts[count].value_or(0));
  }
  return sum;
}

Counts::Value cache_of(const Counts& counts) noexcept {
  return sum_of_known(counts, std::array{Count::cached, Count::cache_write});
}

Counts::Value input_with_cache(const Counts& counts) noexcept {
  return sum_of_known(counts, std::array{Count::input, Count::cached, Count::cache_write});
}

// Whether a later report of Messages only tells the same input apart in another way, such as
// "1000" and then "10, and 990 of the cache". The larger of each would count tokens twice.
bool splits_anew(const Counts& known, const Counts& later) noexcept {
  if (!known[Count::input] || !later[Count::input]) return false;
  return input_with_cache(known) == input_with_cache(later) && cache_of(later) != cache_of(known);
}

// Cache reads and cache writes are disjoint parts of the input, so they count together.
bool has_part_larger_than_whole(const Counts& counts, const Usage& usage) noexcept {
  const Counts::Value cache = cache_of(counts);
  const Counts::Value written = sum_of_known(counts, cache_writes);
  return !cache || exceeds(cache, usage.input_tokens) || !written ||
         exceeds(written, usage.cache_write_tokens) ||
         exceeds(usage.reasoning_tokens, usage.output_tokens) ||
         exceeds(counts[Count::audio_input], usage.input_tokens) ||
         exceeds(counts[Count::audio_output], usage.output_tokens);
}

enum class CacheIs : std::uint8_t { in_input, beside_input, in_doubt };

// Converse has no convention: some models count the cached tokens as input and some do not. The
// total tells them apart, and so does a cache that is larger than the input.
CacheIs place_in_converse(const Counts& counts) noexcept {
  const Counts::Value cache = cache_of(counts);
  const Counts::Value input = counts[Count::input];
  if (!input || cache == 0U) return CacheIs::in_input;
  if (!cache || *cache > *input) return CacheIs::beside_input;
  const Counts::Value& total = counts[Count::total];
  const Counts::Value without = sum_of(*input, counts[Count::output].value_or(0));
  if (!total || !without) return CacheIs::in_doubt;
  if (without == total) return CacheIs::in_input;
  return sum_of(*without, *cache) == total ? CacheIs::beside_input : CacheIs::in_doubt;
}

CacheIs place_of_cache(const Counts& counts, Api api) noexcept {
  if (api == Api::converse) return place_in_converse(counts);
  return api == Api::messages ? CacheIs::beside_input : CacheIs::in_input;
}

bool fits_total(const Usage& usage) noexcept {
  if (!usage.total_tokens) return true;
  return sum_of(usage.input_tokens.value_or(0), usage.output_tokens.value_or(0)) ==
         usage.total_tokens;
}

}  // namespace

std::optional<std::uint64_t> sum_of(std::uint64_t a, std::uint64_t b) noexcept {
  const std::uint64_t sum = a + b;
  return sum < a ? std::nullopt : std::optional(sum);
}

bool Counts::any() const noexcept {
  for (const Value& value : values_) {
    if (value) return true;
  }
  return false;
}

bool Counts::raise(const Counts& later, Api api) {
  flags.set(later.flags);
  bool stands = later.any() || later.flags.has(UsageFlag::unread) || !any();
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (exceeds(values_[i], later.values_[i])) stands = false;
  }
  const bool same_input = api == Api::messages && splits_anew(*this, later);
  const Counts before = *this;
  take_larger(later);
  if (same_input) {
    const Counts& told_more = cache_of(later) > cache_of(before) ? later : before;
    for (const Count count : {Count::input, Count::cached, Count::cache_write}) {
      (*this)[count] = told_more[count];
    }
  }
  if (!stands) flags.set(UsageFlag::decreasing);
  return stands;
}

void Counts::take_larger(const Counts& later) noexcept {
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (later.values_[i] && !exceeds(values_[i], later.values_[i])) values_[i] = later.values_[i];
  }
}

void Counts::add(const Counts& part) {
  flags.set(part.flags);
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (!part.values_[i]) continue;
    const Value sum = sum_of(values_[i].value_or(0), *part.values_[i]);
    if (sum) {
      values_[i] = sum;
    } else {
      flags.set(UsageFlag::inconsistent);
    }
  }
}

Usage to_usage(const Counts& counts, Api api) {
  Usage usage;
  usage.flags = counts.flags;
  usage.input_tokens = counts[Count::input];
  usage.cached_input_tokens = counts[Count::cached];
  usage.cache_write_tokens = counts[Count::cache_write];
  usage.output_tokens = counts[Count::output];
  usage.reasoning_tokens = counts[Count::reasoning];
  usage.total_tokens = counts[Count::total];
  for (const auto& [meter, count] : counts_of_meters) {
    if (counts[count]) usage.meters.set(meter, *counts[count]);
  }
  const CacheIs cache = place_of_cache(counts, api);
  if (cache == CacheIs::beside_input && counts[Count::input]) {
    usage.input_tokens = input_with_cache(counts);
  }
  const bool overflowed = counts[Count::input] && !usage.input_tokens;
  if (overflowed || cache == CacheIs::in_doubt || has_part_larger_than_whole(counts, usage)) {
    usage.flags.set(UsageFlag::inconsistent);
  }
  if (!fits_total(usage)) usage.flags.set(UsageFlag::total);
  return usage;
}

}  // namespace costmark
