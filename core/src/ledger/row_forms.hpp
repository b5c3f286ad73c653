// What row.schema.json says of the members of a row.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace costmark::ledger {

enum class RowType : std::uint8_t {
  text,
  hex16,
  kind,
  version,
  integer,
  boolean,
  texts,
  counts,
  list
};

struct RowForm {
  std::string_view name;
  RowType type = RowType::text;
  std::int64_t smallest = 0;
  std::int64_t largest = std::numeric_limits<std::int64_t>::max();
};

inline constexpr std::int64_t last_us = 253'402'300'799'999'999;  // of the year 9999
inline constexpr std::int64_t largest_int32 = std::numeric_limits<std::int32_t>::max();

// In the schema's order.
inline constexpr auto row_forms = std::to_array<RowForm>({
    {"v", RowType::version},
    {"kind", RowType::kind},
    {"writer", RowType::hex16},
    {"seq", RowType::integer},
    {"op"},
    {"attempt", RowType::integer, 1, largest_int32},
    {"start_us", RowType::integer, 0, last_us},
    {"end_us", RowType::integer, 0, last_us},
    {"latency_us", RowType::integer},
    {"ttfb_us", RowType::integer},
    {"machine"},
    {"account"},
    {"region"},
    {"url_host"},
    {"project"},
    {"project_source"},
    {"api"},
    {"model"},
    {"model_answered"},
    {"serving"},
    {"tier"},
    {"stream", RowType::boolean},
    {"background", RowType::boolean},
    {"outcome"},
    {"status", RowType::integer, 0, largest_int32},
    {"error_code"},
    {"request_id"},
    {"response_id"},
    {"sdk"},
    {"input", RowType::integer},
    {"cached", RowType::integer},
    {"cache_write", RowType::integer},
    {"output", RowType::integer},
    {"reasoning", RowType::integer},
    {"total", RowType::integer},
    {"meters", RowType::counts},
    {"cost_pico", RowType::integer, std::numeric_limits<std::int64_t>::min()},
    {"cost_state"},
    {"price_book"},
    {"currency"},
    {"tags", RowType::texts},
    {"labels", RowType::texts},
    {"labels_key", RowType::hex16},
    {"usage"},
    {"flags", RowType::list},
    {"note"},
    {"pid", RowType::integer},
    {"rows_written", RowType::integer},
    {"rows_waiting", RowType::integer},
    {"rows_lost", RowType::integer},
    {"rows_torn", RowType::integer},
    {"reason"},
});

inline constexpr std::size_t row_form_count = row_forms.size();
static_assert(row_form_count <= 64, "one bit each in a word");

// The place of a member in `row_forms`; `row_form_count` for one that is not there.
std::size_t row_form_of(std::string_view name) noexcept;

// As the name of a member stands in a line: `"name":`.
std::string_view quoted_name(std::size_t form) noexcept;

// For places that the code names.
consteval std::size_t place(std::string_view name) {
  const auto at = std::find_if(row_forms.begin(), row_forms.end(),
                               [name](const RowForm& form) { return form.name == name; });
  if (at == row_forms.end()) throw "no member of a row";
  return static_cast<std::size_t>(at - row_forms.begin());
}

// Kinds of rows, and the members that each must have, as bits.
struct RowKind {
  std::string_view name;
  std::uint64_t required = 0;
};

consteval std::uint64_t bits(std::initializer_list<std::string_view> names) {
  std::uint64_t set = 0;
  for (const std::string_view name : names) set |= std::uint64_t{1} << place(name);
  return set;
}

inline constexpr std::uint64_t required_of_all = bits({"v", "kind", "writer", "seq"});
inline constexpr std::uint64_t required_of_calls = bits({"start_us", "project_source", "api"});
inline constexpr auto row_kinds = std::to_array<RowKind>({
    {"begin", required_of_calls | bits({"op", "attempt", "project"})},
    {"attempt",
     required_of_calls | bits({"op", "attempt", "project", "end_us", "latency_us", "outcome"})},
    {"settle", required_of_calls | bits({"response_id", "end_us", "outcome"})},
    {"refused", required_of_calls | bits({"error_code"})},
    {"note", bits({"note", "start_us", "pid"})},
});

}  // namespace costmark::ledger
