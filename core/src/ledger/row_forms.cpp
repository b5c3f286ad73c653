#include "ledger/row_forms.hpp"

namespace costmark::ledger {
namespace {

constexpr std::size_t longest_name = 14;
static_assert(std::all_of(row_forms.begin(), row_forms.end(),
                          [](const RowForm& form) { return form.name.size() <= longest_name; }));

// The places by length of their names, and where each length begins.
struct ByLength {
  std::array<std::uint8_t, row_form_count> places{};
  std::array<std::uint8_t, longest_name + 2> begins{};
};

constexpr ByLength by_length = [] {
  ByLength table;
  std::size_t next = 0;
  for (std::size_t length = 0; length <= longest_name; ++length) {
    table.begins[length] = static_cast<std::uint8_t>(next);
    for (std::size_t i = 0; i < row_form_count; ++i) {
      if (row_forms[i].name.size() == length) table.places[next++] = static_cast<std::uint8_t>(i);
    }
  }
  table.begins[longest_name + 1] = static_cast<std::uint8_t>(next);
  return table;
}();

struct QuotedName {
  std::array<char, longest_name + 3> text{};
  std::size_t size = 0;
};

constexpr std::array<QuotedName, row_form_count> quoted_names = [] {
  std::array<QuotedName, row_form_count> names;
  for (std::size_t i = 0; i < row_form_count; ++i) {
    const std::string_view name = row_forms[i].name;
    names[i].text[0] = '"';
    std::copy(name.begin(), name.end(), names[i].text.begin() + 1);
    names[i].text[name.size() + 1] = '"';
    names[i].text[name.size() + 2] = ':';
    names[i].size = name.size() + 3;
  }
  return names;
}();

}  // namespace

std::string_view quoted_name(std::size_t form) noexcept {
  return {quoted_names[form].text.data(), quoted_names[form].size};
}

std::size_t row_form_of(std::string_view name) noexcept {
  if (name.empty() || name.size() > longest_name) return row_form_count;
  for (std::size_t i = by_length.begins[name.size()]; i < by_length.begins[name.size() + 1]; ++i) {
    const std::size_t found = by_length.places[i];
    if (row_forms[found].name.front() == name.front() && row_forms[found].name == name) {
      return found;
    }
  }
  return row_form_count;
}

}  // namespace costmark::ledger
