// Rows as columns.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/column.hpp"
#include "ledger/parsed_row.hpp"

namespace costmark::ledger {

class RowColumns {
 public:
  // Each name is one of `row_columns()`.
  explicit RowColumns(std::span<const std::string> names);

  void add(const ParsedRow& row);
  // Whether they should be handed on.
  bool is_full() const noexcept;
  bool empty() const noexcept { return table_.size() == 0; }

  void export_schema(ArrowSchema& out) const { table_.export_schema(out); }
  void export_rows(ArrowArray& out) { table_.export_values(out); }

 private:
  void add_value(Column& column, const RowForm& form, const json::RawValue& value);
  void add_items(Column& column, const RowForm& form, std::string_view text);
  void add_extra(Column& column, const ParsedRow& row) const;

  Column table_;
  std::vector<std::size_t> places_;  // of the columns in `row_forms`; its size is that of `extra`
  json::Cursor cursor_;
};

}  // namespace costmark::ledger
