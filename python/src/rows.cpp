#include "costmark/rows.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings.hpp"
#include "costmark/arrow.hpp"
#include "costmark/row_sums.hpp"
#include "gil.hpp"

namespace costmark::python {
namespace {

LineOrigin origin_of(bool in_log) noexcept {
  return in_log ? LineOrigin::log : LineOrigin::segment;
}

struct FaultAt {
  std::uint64_t line = 0;
  RowFault fault;
};

py::list as_list(const std::vector<FaultAt>& faults) {
  py::list result;
  for (const auto& [line, fault] : faults) {
    result.append(py::make_tuple(line, as_text(to_string(fault.kind)), as_text(fault.reason)));
  }
  return result;
}

// The texts of the rows.
struct Texts final : RowTaker {
  std::vector<std::string> texts;
  std::vector<FaultAt> faults;

  bool take_row(const RowReader& row) override {
    texts.emplace_back(row.text());
    return true;
  }
  bool take_fault(std::uint64_t line, const RowFault& fault) override {
    faults.push_back({line, fault});
    return true;
  }
};

// The lines of the new rows by day, up to the first row of a later version.
struct Days final : RowTaker {
  explicit Days(SeenRows& seen_rows) : seen(seen_rows) {}

  SeenRows& seen;
  std::map<std::int64_t, std::pair<std::uint64_t, std::string>> days;
  std::vector<FaultAt> faults;

  bool take_row(const RowReader& row) override {
    if (!seen.is_new(row.writer(), row.seq())) return true;
    auto& [count, lines] = days[row.day()];
    ++count;
    lines.append(row.text()) += '\n';
    return true;
  }
  bool take_fault(std::uint64_t line, const RowFault& fault) override {
    if (fault.kind == RowFault::Kind::version) return false;
    faults.push_back({line, fault});
    return true;
  }
};

// Without the GIL.
bool feed(RowLines& lines, const Buffer& piece, bool is_last, RowTaker& taker) {
  const GilReleased released;
  return lines.feed(piece.view(), taker) && (!is_last || lines.finish(taker));
}

py::tuple read(RowLines& self, const py::object& piece, bool is_last) {
  Texts taken;
  feed(self, Buffer(piece), is_last, taken);
  py::list texts;
  for (const std::string& text : taken.texts) texts.append(as_text(text));
  return py::make_tuple(texts, as_list(taken.faults));
}

py::tuple sort(RowLines& self, const py::object& piece, SeenRows& seen, bool is_last) {
  Days taken(seen);
  const bool goes_on = feed(self, Buffer(piece), is_last, taken);
  py::dict days;
  for (const auto& [day, found] : taken.days) {
    days[py::int_(day)] = py::make_tuple(found.first, as_bytes(found.second));
  }
  return py::make_tuple(days, as_list(taken.faults), goes_on);
}

py::object parse_row(const py::bytes& line, bool in_log) {
  static thread_local RowReader reader;
  switch (reader.read(text_view(line, "line"), origin_of(in_log))) {
    case RowReader::Found::row:
      return as_text(reader.text());
    case RowReader::Found::fault:
      return py::make_tuple(as_text(to_string(reader.fault().kind)),
                            as_text(reader.fault().reason));
    case RowReader::Found::nothing:
      break;
  }
  return py::none();
}

py::dict ranges(const SeenRows& self) {
  py::dict result;
  const auto all = self.ranges();
  for (const auto& [writer, found] : all) {
    py::list numbers;
    for (const auto& [begin, end] : found) numbers.append(py::make_tuple(begin, end));
    result[as_text(writer)] = std::move(numbers);
  }
  return result;
}

// Path, byte to begin at, whether it is a log.
using Files = std::vector<std::tuple<std::string, std::uint64_t, bool>>;

std::vector<RowFiles::File> named(const Files& files) {
  std::vector<RowFiles::File> result;
  for (const auto& [path, begin, in_log] : files) {
    result.push_back({path, begin, origin_of(in_log)});
  }
  return result;
}

py::dict faults_of(const RowFilesRead& read) {
  py::dict result;
  for (const auto& [kind, count] : read.faults) result[as_text(to_string(kind))] = count;
  return result;
}

std::shared_ptr<RowSums> create_sums(std::vector<std::pair<std::string, std::string>> texts,
                                     std::int64_t unit_us, std::vector<std::int64_t> days_us,
                                     std::vector<std::int64_t> thresholds,
                                     std::optional<std::int64_t> since_us,
                                     std::optional<std::int64_t> until_us) {
  RowGrouping grouping;
  for (auto& [column, item] : texts) {
    grouping.texts.push_back({std::move(column), std::move(item)});
  }
  grouping.unit_us = unit_us;
  grouping.days_us = std::move(days_us);
  grouping.thresholds = std::move(thresholds);
  if (since_us) grouping.since_us = *since_us;
  if (until_us) grouping.until_us = *until_us;
  return check(RowSums::create(std::move(grouping)));
}

py::tuple read_sums(RowSums& self, const Files& files, const std::string& rest) {
  RowFilesRead read;
  std::string reason;
  {
    const GilReleased released;
    const Status status = self.read(named(files), rest, read);
    if (!status) reason = status.error().message;
  }
  return py::make_tuple(faults_of(read), as_bytes(read.missing), as_text(reason));
}

py::list groups(const RowSums& self) {
  py::list result;
  for (const RowGroup& group : self.groups()) {
    py::list texts;
    for (const std::optional<std::string>& text : group.texts) {
      texts.append(text ? py::object(as_text(*text)) : py::none());
    }
    result.append(py::make_tuple(py::tuple(texts), group.unit, group.days, group.band, group.facts,
                                 group.attempts, group.calls, group.sums));
  }
  return result;
}

void end_stream(PyObject* capsule) {
  const std::unique_ptr<ArrowArrayStream> stream(
      static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(capsule, "arrow_array_stream")));
  if (stream->release != nullptr) stream->release(stream.get());
}

// Files that a database reads as a table, by the Arrow PyCapsule interface.
class RowTable {
 public:
  RowTable(const Files& files, std::vector<std::string> columns, std::shared_ptr<SeenRows> seen,
           bool joins_begins) {
    files_.files = named(files);
    files_.columns = std::move(columns);
    files_.seen = std::move(seen);
    files_.joins_begins = joins_begins;
  }

  // A database asks more than once, for the schema first.
  py::capsule stream(const py::object& /*requested_schema*/) {
    auto stream = std::make_unique<ArrowArrayStream>();
    *read_ = {};
    check(open_row_stream(files_, read_, stream.get()));
    return py::capsule(stream.release(), "arrow_array_stream", &end_stream);
  }

  py::dict faults() const { return faults_of(*read_); }
  py::bytes missing() const { return as_bytes(read_->missing); }

 private:
  RowFiles files_;
  std::shared_ptr<RowFilesRead> read_ = std::make_shared<RowFilesRead>();
};

}  // namespace

void bind_rows(py::module_& module) {
  module.def("parse_row", &parse_row, py::arg("line"), py::arg("in_log") = false,
             "The text of the row in a line, or what is wrong with it, as (kind, reason); None for "
             "an empty line, and for another program's.");
  module.def("row_columns", [] {
    py::list names;
    for (const std::string_view name : row_columns()) names.append(as_text(name));
    return names;
  });
  py::class_<SeenRows, std::shared_ptr<SeenRows>>(
      module, "SeenRows",
      "Which rows were read, by writer and number. Small where numbers come in order.")
      .def(py::init<>())
      .def("is_new", &SeenRows::is_new, "Whether this row was not seen before; it is now.")
      .def("add", &SeenRows::add, "Take rows for seen, from a number up to another.")
      .def_property_readonly("doubled", &SeenRows::doubled)
      .def("ranges", &ranges, "The numbers that were seen, from and up to, by writer.");
  py::class_<RowLines>(module, "RowLines", "Reads a file that comes in pieces.")
      .def(py::init([](bool in_log, std::uint64_t lines_before) {
             return RowLines(origin_of(in_log), lines_before);
           }),
           py::arg("in_log") = false, py::arg("lines_before") = 0)
      .def("read", &read, py::arg("piece"), py::arg("is_last") = false,
           "The texts of the rows in it, and the faults as (line, kind, reason).")
      .def("sort", &sort, py::arg("piece"), py::arg("seen"), py::arg("is_last") = false,
           "The rows by day that were not seen, as their number and their lines; the faults; and "
           "whether there is more to read: a row of a later version ends it.")
      .def_property_readonly("lines", &RowLines::lines)
      .def_property_readonly("bytes", &RowLines::bytes);
  py::class_<RowSums, std::shared_ptr<RowSums>>(
      module, "RowSums", "What attempts add up to that no other row says more of.")
      .def(py::init(&create_sums), py::arg("texts"), py::arg("unit_us") = 0,
           py::arg("days_us") = std::vector<std::int64_t>(),
           py::arg("thresholds") = std::vector<std::int64_t>(), py::arg("since_us") = py::none(),
           py::arg("until_us") = py::none())
      .def("read", &read_sums, py::arg("files"), py::arg("rest"),
           "Sums up files, and appends the other rows to one. The faults, and a file that was "
           "missing, or what else ended it.")
      .def_property_readonly("is_exact", &RowSums::is_exact)
      .def("has_ended", &RowSums::has_ended, "Whether an attempt was read.")
      .def("has_response", &RowSums::has_response,
           "Whether an attempt that was summed named a response.")
      .def("groups", &groups, "As (texts, unit, days, band, facts, attempts, calls, sums).");
  py::class_<RowTable>(module, "RowTable", "Files that a database reads as a table, once.")
      .def(py::init<const Files&, std::vector<std::string>, std::shared_ptr<SeenRows>, bool>(),
           py::arg("files"), py::arg("columns"), py::arg("seen") = nullptr,
           py::arg("joins_begins") = false)
      .def("__arrow_c_stream__", &RowTable::stream, py::arg("requested_schema") = py::none())
      .def_property_readonly("faults", &RowTable::faults)
      .def_property_readonly("missing", &RowTable::missing);
}

}  // namespace costmark::python
