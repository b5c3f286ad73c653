// The inside of a RowReader.
#pragma once

#include <array>
#include <string>

#include "costmark/rows.hpp"
#include "json/cursor.hpp"
#include "ledger/row_parser.hpp"

namespace costmark {

struct RowReader::Impl {
  ledger::RowParser parser;
  json::Cursor cursor;                   // of the objects around a row
  std::array<std::string, 3> unwrapped;  // what they hold, the outermost first

  Found take(std::string_view text);
  Found find(std::string_view text, std::size_t depth);
  bool unwrap(std::string_view text, std::size_t depth);
};

}  // namespace costmark
