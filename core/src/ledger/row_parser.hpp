// One text, taken for a row: its members, or what is wrong with it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "costmark/rows.hpp"
#include "json/cursor.hpp"
#include "ledger/parsed_row.hpp"

namespace costmark::ledger {

// Reuse one for many texts: it keeps its buffers. What it found views the text.
class RowParser {
 public:
  // False: see `fault`. The text has no white space around it; one with a NUL is no row.
  bool parse(std::string_view text);

  const ParsedRow& row() const noexcept { return row_; }
  const RowFault& fault() const noexcept { return fault_; }
  bool fail(RowFault::Kind kind, std::string reason);

 private:
  bool check_utf8();
  bool take_members();
  bool take_expected();
  bool take_again(std::size_t place) noexcept;
  bool take_member(const json::RawValue& name);
  bool take_known(std::size_t place, const char* name);
  void keep(std::size_t place, const char* name) noexcept;
  bool take_unknown(std::string_view name, const char* begin);
  void unescape(json::RawValue& value);
  bool has_doubled_unknown();
  bool check_end();
  bool check_surrogates();
  bool check_row();
  bool check_required(std::uint64_t required);
  void check_known(std::size_t place);
  void check_unknown(std::string_view name, const json::Inside& inside);
  void check_integer(std::string_view name, const json::RawValue& value, const RowForm& form);
  void check_items(const RowForm& form, std::string_view text);
  void check_item(const RowForm& form, std::string_view key, const json::RawValue& value);
  void note_type(std::string_view name, std::string_view type);
  void note(RowFault::Kind kind, std::string reason);
  bool fail_at_trouble();
  bool is_cut(const json::Trouble& trouble) const noexcept;
  std::size_t characters(std::size_t bytes) const noexcept;

  // A member as it stood in the last row that had it, without fault; `row_.values` has its value.
  struct Kept {
    std::array<char, 96> text{};
    std::uint8_t size = 0;  // 0: there is none
    std::uint8_t raw = 0;   // where the raw value begins
    std::int8_t luck = 8;   // below 0 for a member that is hardly ever the same
  };

  json::Cursor cursor_;
  json::Cursor inner_;
  std::array<Kept, row_form_count> kept_;
  std::deque<std::string> texts_;  // unescaped names and values
  ParsedRow row_;
  RowFault fault_;
  // Which member came behind each one in the last rows; the last entry is of the first member.
  std::array<std::array<std::uint8_t, 2>, row_form_count + 1> followers_{};
  std::size_t last_ = row_form_count;  // the member that was taken
  bool has_member_fault_ = false;      // `fault_` is the first one of a member
  std::string doubled_;
  bool is_doubled_ = false;
};

}  // namespace costmark::ledger
