// A row, member by member, as it stands in its line.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "json/cursor.hpp"
#include "ledger/row_forms.hpp"

namespace costmark::ledger {

struct ParsedRow {
  struct Unknown {
    std::string_view name;     // unescaped
    std::string_view in_text;  // name and value, as in `"name":1`
  };

  std::string_view text;
  std::uint64_t present = 0;  // a bit for each of `row_forms`
  std::array<json::RawValue, row_form_count> values;
  std::vector<Unknown> unknown;  // members of a later writer

  bool has(std::size_t form) const noexcept { return ((present >> form) & 1U) != 0; }
  std::string_view raw(std::size_t form) const noexcept {
    return has(form) ? values[form].raw : std::string_view();
  }
  std::int64_t integer(std::size_t form) const noexcept { return values[form].integer; }
};

}  // namespace costmark::ledger
