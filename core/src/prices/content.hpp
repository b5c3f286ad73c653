// What a book holds, and how its lines are found: they are sorted, and those of one model, Region,
// serving and tier stand together as a group.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/prices.hpp"

namespace costmark {
namespace prices {

// What a line's kind and time to live come to.
enum class Slot : std::uint8_t {
  // As PriceKind counts them.
  input,
  cached,
  cache_write,
  cache_write_5m,
  cache_write_30m,
  cache_write_1h,
  cache_write_12h,
  output,
  audio_input,
  audio_output,
  web_search,
  web_fetch,
  // What has no place among the rates.
  other_cache_time,  // one that no server tells yet
  by_name,           // a kind or a unit that is not known
};
static_assert(static_cast<std::size_t>(Slot::web_fetch) ==
              static_cast<std::size_t>(PriceKind::web_fetch));
static_assert(static_cast<std::size_t>(Slot::other_cache_time) == price_kinds);

constexpr std::size_t place(Slot slot) noexcept {
  return static_cast<std::size_t>(slot);
}

// A line as the resolver reads it.
struct Entry {
  Day first_day;
  Day end_day;
  std::uint64_t over;
  const PriceLine* line;
  Slot slot;
  bool is_token;

  bool covers(Day day) const noexcept { return day >= first_day && day < end_day; }
};

struct Group {
  std::string_view model;
  std::string_view region;
  std::string_view serving;
  std::string_view tier;
  std::size_t first = 0;  // of the entries
  std::size_t end = 0;
  const Group* everywhere = nullptr;  // the same in '*', of a group in a Region
};

// The groups of a book by their names.
class Index {
 public:
  void build(const std::vector<PriceLine>& lines);

  // The group of a model in a Region, and the one in '*'; null where there is none.
  std::array<const Group*, 2> find(std::string_view model, std::string_view region,
                                   std::string_view serving, std::string_view tier) const noexcept;
  // Those of one model.
  std::span<const Group> of_model(std::string_view model) const noexcept;
  std::span<const Entry> entries(const Group& group) const noexcept {
    return std::span(entries_).subspan(group.first, group.end - group.first);
  }

 private:
  const Group* find(std::uint64_t hash, std::string_view model, std::string_view region,
                    std::string_view serving, std::string_view tier) const noexcept;
  void link_groups() noexcept;

  std::vector<Entry> entries_;
  std::vector<Group> groups_;         // sorted by model
  std::vector<std::uint32_t> table_;  // open addressing; 0: empty, else a group's number plus 1
};

Slot slot_of(const PriceLine& line) noexcept;

// Reads a book's text; the lines are views of it. Sorted, and free of overlaps.
struct Parsed {
  std::string_view date;
  std::vector<PriceLine> lines;
};
Result<Parsed> parse(std::string_view text, std::string_view file);

// The columns of a line in the shortest spelling.
void append_canonical(const PriceLine& line, std::string& out);

}  // namespace prices

struct PriceBook::Content {
  std::string text;
  std::string file;
  std::string_view date;
  Day day = 0;
  std::string hash;
  std::vector<PriceLine> lines;
  std::vector<std::uint64_t> thresholds;
  prices::Index index;
};

}  // namespace costmark
