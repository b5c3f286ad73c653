#include "ledger/row_columns.hpp"

#include "base/immortal.hpp"
#include "costmark/rows.hpp"

namespace costmark {
namespace {

std::vector<std::string_view> all_names() {
  std::vector<std::string_view> names;
  names.reserve(std::size(ledger::row_forms) + 1);
  for (const ledger::RowForm& form : ledger::row_forms) names.push_back(form.name);
  names.emplace_back("extra");
  return names;
}

}  // namespace

const std::vector<std::string_view>& row_columns() {
  static const Immortal<std::vector<std::string_view>> names(all_names());
  return *names;
}

}  // namespace costmark

namespace costmark::ledger {
namespace {

constexpr std::int64_t most_rows = 8'192;
constexpr std::size_t most_bytes = std::size_t{32} << 20U;

Column::Type type_of(const RowForm& form) noexcept {
  switch (form.type) {
    case RowType::boolean:
      return Column::Type::boolean;
    case RowType::version:
      return Column::Type::int32;
    case RowType::integer:
      return form.largest == largest_int32 ? Column::Type::int32 : Column::Type::int64;
    case RowType::texts:
    case RowType::counts:
      return Column::Type::map;
    case RowType::list:
      return Column::Type::list;
    case RowType::text:
    case RowType::hex16:
    case RowType::kind:
      break;
  }
  return Column::Type::text;
}

void add_column(Column& table, const RowForm& form) {
  Column& column = table.add_child(std::string(form.name), type_of(form));
  if (form.type == RowType::list) column.add_child("item", Column::Type::text);
  if (type_of(form) != Column::Type::map) return;
  Column& entries = column.add_child("entries", Column::Type::structure, false);
  entries.add_child("key", Column::Type::text, false);
  entries.add_child("value",
                    form.type == RowType::counts ? Column::Type::int64 : Column::Type::text);
}

void add_text(Column& column, const json::RawValue& value) {
  column.add_text([&](std::string& out) {
    if (value.is_escaped) {
      json::unescape_halves(value.raw, out);
    } else {
      out += value.raw;
    }
  });
}

}  // namespace

RowColumns::RowColumns(std::span<const std::string> names)
    : table_("", Column::Type::structure, false) {
  for (const std::string& name : names) {
    places_.push_back(row_form_of(name));
    if (places_.back() == row_form_count) {
      table_.add_child(name, Column::Type::text);
    } else {
      add_column(table_, row_forms[places_.back()]);
    }
  }
}

void RowColumns::add(const ParsedRow& row) {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    Column& column = table_.child(i);
    const std::size_t place = places_[i];
    if (place == row_form_count) {
      add_extra(column, row);
    } else if (row.has(place)) {
      add_value(column, row_forms[place], row.values[place]);
    } else {
      column.add_null();
    }
  }
  table_.add_structure();
}

bool RowColumns::is_full() const noexcept {
  return table_.size() >= most_rows || (table_.size() % 256 == 0 && table_.bytes() > most_bytes);
}

void RowColumns::add_value(Column& column, const RowForm& form, const json::RawValue& value) {
  switch (value.kind) {
    case json::Kind::boolean:
      column.add(value.is_true);
      break;
    case json::Kind::number:
      column.add(value.integer);
      break;
    case json::Kind::string:
      add_text(column, value);
      break;
    default:
      add_items(column, form, value.raw);
  }
}

void RowColumns::add_items(Column& column, const RowForm& form, std::string_view text) {
  const bool is_list = form.type == RowType::list;
  json::RawValue name;
  json::RawValue value;
  cursor_.open(text);
  cursor_.enter(is_list ? '[' : '{');
  Column& items = column.child(0);
  while ((is_list ? cursor_.next_element() : cursor_.next_name(name)) == json::Cursor::Next::more) {
    cursor_.take(value);
    if (is_list) {
      add_text(items, value);
      continue;
    }
    add_text(items.child(0), name);
    add_value(items.child(1), form, value);
    items.add_structure();
  }
  column.close();
}

void RowColumns::add_extra(Column& column, const ParsedRow& row) const {
  if (row.unknown.empty()) return column.add_null();
  column.add_text([&](std::string& out) {
    char separator = '{';
    for (const ParsedRow::Unknown& each : row.unknown) {
      (out += separator) += each.in_text;
      separator = ',';
    }
    out += '}';
  });
}

}  // namespace costmark::ledger
