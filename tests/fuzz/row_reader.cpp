// Whatever lines are given, cut in whatever way: each is a row, a fault with words on one line, or
// nothing; the cuts change nothing; a row is JSON, and is the same row when it is read again; what
// a reader has read before changes nothing. The first line holds the cuts.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/arrow.hpp"
#include "costmark/json.hpp"
#include "costmark/rows.hpp"
#include "fuzz/property.hpp"
#include "ledger/row_columns.hpp"
#include "ledger/row_reader.hpp"

namespace {

using namespace costmark;

class Taken final : public RowTaker {
 public:
  bool take_row(const RowReader& row) override {
    const std::string text(row.text());
    COSTMARK_HOLDS(json::validate(text).ok() && row.seq() >= 0 && row.day() >= 0);
    RowReader again;
    COSTMARK_HOLDS(again.read(text) == RowReader::Found::row);
    COSTMARK_HOLDS(again.writer() == row.writer() && again.seq() == row.seq());
    columns_.add(row.impl().parser.row());
    found += text + "\n";
    return true;
  }
  bool take_fault(std::uint64_t line, const RowFault& fault) override {
    COSTMARK_HOLDS(line > 0 && fuzz::is_one_line(fault.reason));
    found += std::to_string(line) + fault.reason + "\n";
    return true;
  }
  void check_columns() {
    ArrowArray rows;
    columns_.export_rows(rows);
    for (std::int64_t i = 0; i < rows.n_children; ++i) {
      COSTMARK_HOLDS(rows.children[i]->length == rows.length);
    }
    rows.release(&rows);
  }

  std::string found;

 private:
  static std::vector<std::string> all_columns() {
    return {row_columns().begin(), row_columns().end()};
  }

  ledger::RowColumns columns_{all_columns()};
};

bool is_same(const ledger::ParsedRow& a, const ledger::ParsedRow& b) {
  bool same = a.present == b.present && a.unknown.size() == b.unknown.size();
  for (std::size_t i = 0; same && i < ledger::row_form_count; ++i) {
    const json::RawValue& left = a.values[i];
    const json::RawValue& right = b.values[i];
    if (!a.has(i)) continue;
    same = left.kind == right.kind && left.raw == right.raw;
    if (left.kind == json::Kind::string) same = same && left.is_escaped == right.is_escaped;
    if (left.kind == json::Kind::boolean) same = same && left.is_true == right.is_true;
    if (left.kind == json::Kind::number) same = same && left.integer == right.integer;
  }
  return same;
}

void check_each_alone(std::string_view text) {
  RowReader used;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    RowReader fresh;
    const RowReader::Found found = fresh.read(line);
    COSTMARK_HOLDS(used.read(line) == found);
    if (found == RowReader::Found::row) {
      COSTMARK_HOLDS(is_same(used.impl().parser.row(), fresh.impl().parser.row()));
    } else if (found == RowReader::Found::fault) {
      COSTMARK_HOLDS(used.fault().kind == fresh.fault().kind);
      COSTMARK_HOLDS(used.fault().reason == fresh.fault().reason);
    }
  }
}

std::string read(std::string_view text, std::string_view cuts, LineOrigin origin) {
  Taken taken;
  RowLines lines(origin);
  for (const std::string& piece : fuzz::pieces_of(text, cuts)) lines.feed(piece, taken);
  lines.finish(taken);
  COSTMARK_HOLDS(lines.bytes() == text.size());
  taken.check_columns();
  return taken.found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::string cuts = input.field();
  for (const LineOrigin origin : {LineOrigin::segment, LineOrigin::log}) {
    COSTMARK_HOLDS(read(input.rest(), cuts, origin) == read(input.rest(), {}, origin));
  }
  check_each_alone(input.rest());
  return 0;
}
