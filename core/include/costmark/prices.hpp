// What usage costs: a book of prices, and the resolver that applies it. Money is integer pico-USD:
// 1 pico-USD per token is 1 micro-USD per million tokens.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "costmark/error.hpp"
#include "costmark/usage.hpp"

namespace costmark {

// What is known of a cost.
enum class CostState : std::uint8_t {
  unknown,    // no usage was reported
  priced,     // every count has a price
  partial,    // some counts could not be priced for lack of a detail; the cost leaves them out
  unpriced,   // the book has no price for it; there is no cost, which is not 0
  free,       // the book says that it costs nothing
  elsewhere,  // reserved capacity and batch jobs are paid for elsewhere
};

std::string_view to_string(CostState state) noexcept;

// What is to be known of a cost besides its state.
enum class PriceFlag : std::uint32_t {
  tier_assumed = 1U << 0U,       // the answer named no tier; it counts as Standard
  parts_absent = 1U << 1U,       // cached or cache-written tokens were not told; they count as none
  cache_time_absent = 1U << 2U,  // several times to live are priced, and none was told
  counts_absent = 1U << 3U,      // the input or the output was not told
  inconsistent = 1U << 4U,       // parts were larger than their whole
  overflow = 1U << 5U,           // the cost does not fit into 64 bits
  // Why it is unpriced: the first of them that the book does not have.
  no_model = 1U << 6U,
  no_region = 1U << 7U,
  no_serving = 1U << 8U,
  no_tier = 1U << 9U,
  no_day = 1U << 10U,        // there are prices, of other days
  no_price = 1U << 11U,      // of one of the counts
  region_absent = 1U << 12U  // in place of no_region: which Region it was is not known
};

inline constexpr std::array all_price_flags = {
    PriceFlag::tier_assumed,  PriceFlag::parts_absent, PriceFlag::cache_time_absent,
    PriceFlag::counts_absent, PriceFlag::inconsistent, PriceFlag::overflow,
    PriceFlag::no_model,      PriceFlag::no_region,    PriceFlag::no_serving,
    PriceFlag::no_tier,       PriceFlag::no_day,       PriceFlag::no_price,
    PriceFlag::region_absent};

std::string_view to_string(PriceFlag flag) noexcept;

// A set of PriceFlag.
class PriceFlags {
 public:
  constexpr PriceFlags() = default;
  constexpr PriceFlags(std::initializer_list<PriceFlag> flags) {
    for (const PriceFlag flag : flags) set(flag);
  }

  constexpr void set(PriceFlag flag) noexcept { bits_ |= static_cast<std::uint32_t>(flag); }
  constexpr bool has(PriceFlag flag) const noexcept {
    return (bits_ & static_cast<std::uint32_t>(flag)) != 0;
  }
  constexpr bool any() const noexcept { return bits_ != 0; }
  constexpr std::uint32_t bits() const noexcept { return bits_; }

  friend bool operator==(PriceFlags, PriceFlags) = default;

 private:
  std::uint32_t bits_ = 0;
};

// The name of the flag that says why there is no price, or none for a part; empty where there is.
std::string_view why_unpriced(CostState state, PriceFlags flags) noexcept;

// The counts that have a price of their own. The book may price others, by name.
enum class PriceKind : std::uint8_t {
  input,  // less the cached, the cache-written and the audio tokens
  cached,
  cache_write,  // where the source names no time to live
  cache_write_5m,
  cache_write_30m,
  cache_write_1h,
  cache_write_12h,
  output,  // less the audio tokens
  audio_input,
  audio_output,
  web_search,
  web_fetch,
};

inline constexpr std::size_t price_kinds = 12;

std::string_view to_string(PriceKind kind) noexcept;

// Days since 1970-01-01, UTC.
using Day = std::int32_t;

// One line of a book. The texts live as long as the book, and a NUL follows each.
struct PriceLine {
  static constexpr std::int64_t not_known = -1;

  std::string_view model;
  std::string_view region;   // "*": every Region of the commercial partition
  std::string_view serving;  // "in-region", "geo", "global"
  std::string_view tier;
  std::string_view kind;
  std::string_view time_to_live;  // of cache writes; "-" where the source names none
  std::uint64_t over = 0;         // requests with more input tokens than that; 0: all
  std::string_view unit;
  std::string_view from;              // the first day; "-": since ever
  std::string_view to;                // the first day after; "-": until further notice
  std::int64_t pico_usd = not_known;  // for one unit; `not_known`: there is one, not known which
  std::string_view as_of;
  std::string_view source;
  std::uint32_t line = 0;  // of the file, from 1
  Day first_day = 0;
  Day end_day = 0;
};

// What rates depend on. Reports collect the distinct ones.
struct RateKey {
  std::string_view account;  // no price of version 1 depends on it
  std::string_view region;
  std::string_view model;
  std::string_view serving;
  std::string_view tier;  // of the answer; empty: not told
  Day day = 0;
  // The input tokens of the request, or any number between the same two of PriceBook::thresholds;
  // absent: not told.
  std::optional<std::uint64_t> input_tokens;
};

// The lines that apply to a key, which live as long as the book.
struct Rates {
  std::array<const PriceLine*, price_kinds> lines{};  // null: the book has none
  // `priced` where there are lines, also if they do not cover every count.
  CostState state = CostState::unknown;
  PriceFlags flags;
  std::uint32_t cache_times = 0;  // how many times to live of cache writes have a line
  std::uint64_t over = 0;         // the threshold that the input exceeds; 0: none

  const PriceLine* operator[](PriceKind kind) const noexcept {
    return lines[static_cast<std::size_t>(kind)];
  }
  // Absent where there is no line, or one whose price is not known.
  std::optional<std::int64_t> pico_usd(PriceKind kind) const noexcept;
};

// What the id of a model says about where it is served: "global.anthropic.claude-opus-4-8" is
// served globally, "eu." and the like in a group of Regions, an id without such a prefix in the
// Region of the endpoint. Views of the id.
struct ServedModel {
  std::string_view model;    // without the prefix: as books name it
  std::string_view serving;  // "in-region", "geo", "global"
};

ServedModel served_model(std::string_view id) noexcept;

// A count that the server told and that Meter does not know, by its name in the book.
struct NamedCount {
  std::string_view kind;
  std::uint64_t count = 0;
};

// A call to be priced.
struct PricedCall {
  std::string_view account;
  std::string_view region;
  std::string_view model;
  std::string_view serving;
  std::string_view tier;    // of the answer
  std::int64_t end_us = 0;  // microseconds since 1970 UTC: which day's prices apply
  Usage usage;
  std::span<const NamedCount> other_counts{};  // at most Cost::max_other_counts
  // Of `usage` that is the sum of several calls: the input tokens of each of them, or any number
  // between the same two of PriceBook::thresholds.
  std::optional<std::uint64_t> input_of_each{};
};

// What a call costs, and by which lines.
struct Cost {
  static constexpr std::size_t max_other_counts = 16;

  struct Part {
    const PriceLine* line;  // lives as long as the book
    std::uint64_t count;
  };

  CostState state = CostState::unknown;
  PriceFlags flags;
  std::optional<std::int64_t> pico_usd;  // of `priced`, `partial` and `free` alone
  std::size_t part_count = 0;
  std::array<Part, price_kinds + max_other_counts> all_parts;  // the first part_count alone

  std::span<const Part> parts() const noexcept { return {all_parts.data(), part_count}; }
};

// A book of prices. Immutable; copies share it.
class PriceBook {
 public:
  static constexpr std::size_t largest_text = 16U << 20U;
  static constexpr std::size_t most_lines = 100'000;
  static constexpr std::int64_t old_after_days = 30;

  // Lines of the form that `shipped_text` explains, `file` being the name for errors. Errors:
  // invalid_option with file, line and column, and the offset.
  static Result<PriceBook> parse(std::string_view text, std::string_view file);

  // The snapshot that ships with costmark; read once. Errors: of OpenSSL alone.
  static Result<PriceBook> shipped();
  // It as a file, comments and all. Static storage.
  static std::string_view shipped_text() noexcept;

  // SHA-256 of `canonical`, in lower-case hexadecimal: books of one hash price alike.
  std::string_view hash() const noexcept;
  // The day on which the book was last compared with its sources: "2026-09-30".
  std::string_view date() const noexcept;
  std::string_view file() const noexcept;
  // Days between `date` and that moment, seconds since 1970 UTC.
  std::int64_t age_days(std::int64_t now_unix_s) const noexcept;
  bool is_old(std::int64_t now_unix_s) const noexcept {
    return age_days(now_unix_s) > old_after_days;
  }

  // Sorted by all columns but the price and what follows it.
  std::span<const PriceLine> lines() const noexcept;
  // The numbers of input tokens above which other prices apply to some model, ascending.
  std::span<const std::uint64_t> thresholds() const noexcept;
  // The same prices in the shortest spelling: no comments, one space, sorted.
  std::string canonical() const;

  Rates rates(const RateKey& key) const noexcept;
  // How a model is served in a Region, of which no request says it: in the only way that has a
  // price there; "in-region" where several have one, or none. Static storage, or the book's.
  std::string_view serving_of(std::string_view model, std::string_view region) const noexcept;
  // Allocates nothing.
  Cost price(const PricedCall& call) const noexcept;

  struct Content;

 private:
  explicit PriceBook(std::shared_ptr<const Content> content) : content_(std::move(content)) {}

  std::shared_ptr<const Content> content_;
};

// "2026-09-30" as days; absent for what is not a date of that form.
std::optional<Day> parse_day(std::string_view text) noexcept;

// How the model names inside AWS usage types map to model ids; a file with comments. Static
// storage.
std::string_view shipped_usage_type_aliases() noexcept;

}  // namespace costmark
