// Reading the ledger back: the one reader of rows, which is strict.
//
// A line is a row, or it is not, and then the fault is named; nothing is guessed. What a row may
// hold is said by python/costmark/ledger/row.schema.json. Rows come as columns, through the Arrow C
// stream interface, which databases take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/error.hpp"

struct ArrowArrayStream;

namespace costmark {

// A longer line is no row: each of its members has a bound.
inline constexpr std::size_t longest_row_line = std::size_t{1} << 20U;

// What is wrong with a line.
struct RowFault {
  enum class Kind : std::uint8_t {
    torn,  // it ends in the middle of a row
    utf8,
    nul,
    json,
    doubled,  // a member that occurs twice
    number,   // no integer, or one that does not fit
    type,
    missing,
    version,  // of a later costmark
    longer,   // than a row can be
  };

  Kind kind = Kind::json;
  std::string reason;  // in words, with the member or the byte
};

// "torn", "utf8", ... Static storage.
std::string_view to_string(RowFault::Kind kind) noexcept;

// Which file a line is of.
enum class LineOrigin : std::uint8_t {
  segment,
  // A log, whose lines may be other programs'. A row may stand behind a prefix there, or in the
  // member `message` or `log` of an object, as CloudWatch, Fluent Bit and Docker write it.
  log,
};

// Reads rows, line by line. Reuse one for many lines: it keeps its buffers. One thread at a time.
class RowReader {
 public:
  RowReader();
  ~RowReader();
  RowReader(RowReader&&) noexcept;
  RowReader& operator=(RowReader&&) noexcept;

  enum class Found : std::uint8_t {
    nothing,  // an empty line, or another program's
    row,
    fault,
  };
  // The line with or without its newline. It outlives what is read of it.
  Found read(std::string_view line, LineOrigin origin = LineOrigin::segment);

  const RowFault& fault() const noexcept;

  // Of the row, until the next `read`. Its text as JSON, which may hold line feeds when it stood in
  // another object.
  std::string_view text() const noexcept;
  std::string_view kind() const noexcept;
  std::string_view writer() const noexcept;
  std::int64_t seq() const noexcept;
  // The UTC day, since 1970, that the row belongs to: that of its end, or else of its start.
  std::int64_t day() const noexcept;

  struct Impl;
  const Impl& impl() const noexcept { return *impl_; }  // for core alone

 private:
  std::unique_ptr<Impl> impl_;
};

// Which rows were read, by writer and number. Small where numbers come in order. Synchronized
// internally.
class SeenRows {
 public:
  // Whether this row was not seen before; it is now.
  bool is_new(std::string_view writer, std::int64_t seq);
  // Takes rows for seen, from `begin` up to `end`. They do not count as doubled.
  void add(std::string_view writer, std::int64_t begin, std::int64_t end);
  // The same. Whether none of them was seen before.
  bool add_new(std::string_view writer, std::int64_t begin, std::int64_t end);

  std::uint64_t doubled() const;
  // Disjoint and sorted, from and up to, by writer.
  using Ranges = std::map<std::int64_t, std::int64_t>;
  std::map<std::string, Ranges, std::less<>> ranges() const;

 private:
  static void insert(Ranges& ranges, std::int64_t begin, std::int64_t end);

  mutable std::mutex mutex_;
  std::map<std::string, Ranges, std::less<>> ranges_;
  std::uint64_t doubled_ = 0;
};

// Is given what was read, in the order of the lines. False ends the reading.
class RowTaker {
 public:
  virtual ~RowTaker() = default;
  virtual bool take_row(const RowReader& row) = 0;
  // `line` counts from 1.
  virtual bool take_fault(std::uint64_t line, const RowFault& fault) = 0;

 protected:
  RowTaker() = default;
  RowTaker(const RowTaker&) = default;
  RowTaker& operator=(const RowTaker&) = default;
};

// Cuts a file that comes in pieces into lines, and reads them.
class RowLines {
 public:
  explicit RowLines(LineOrigin origin, std::uint64_t lines_before = 0)
      : origin_(origin), lines_(lines_before) {}

  // False: the taker has ended the reading, at a line that is not counted below.
  bool feed(std::string_view piece, RowTaker& taker);
  // A last line without a newline.
  bool finish(RowTaker& taker);

  std::uint64_t lines() const noexcept { return lines_; }  // that were read, and those before
  std::uint64_t bytes() const noexcept { return bytes_; }  // of these lines, newlines included

 private:
  void keep(std::string_view part);
  bool take(std::string_view line, std::size_t size, RowTaker& taker);

  LineOrigin origin_;
  std::uint64_t lines_ = 0;
  std::uint64_t bytes_ = 0;
  std::string rest_;             // a line that has not ended
  std::size_t passed_over_ = 0;  // bytes of it that are not kept, as it is too long
  RowReader reader_;
};

// The names of the members that rows have as columns, in the schema's order, and `extra`: the
// members that this version does not know, as one JSON object.
const std::vector<std::string_view>& row_columns();

// Reads files into columns.
struct RowFiles {
  struct File {
    std::string path;
    std::uint64_t begin = 0;  // its bytes before are not read
    LineOrigin origin = LineOrigin::segment;
  };
  std::vector<File> files;
  std::vector<std::string> columns;  // some of `row_columns`
  // Rows that are in it are left out, and those that are read are added; null: all are given.
  std::shared_ptr<SeenRows> seen;
  // A `begin` row whose `attempt` row follows is left out: the latter says all.
  bool joins_begins = false;
};

// What became of them.
struct RowFilesRead {
  std::map<RowFault::Kind, std::uint64_t> faults;
  std::string missing;  // a file that was not there, which ended the reading
};

// A stream in the Arrow C stream interface that reads the files as it is asked to. `read` is
// written before the stream ends; one thread at a time. Errors: invalid_argument for a column that
// is none.
Status open_row_stream(RowFiles files, std::shared_ptr<RowFilesRead> read, ArrowArrayStream* out);

}  // namespace costmark
