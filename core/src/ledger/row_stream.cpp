#include <algorithm>
#include <cerrno>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "costmark/rows.hpp"
#include "ledger/row_columns.hpp"
#include "ledger/row_files.hpp"
#include "ledger/row_reader.hpp"

namespace costmark {
namespace ledger {
namespace {

class RowStream final : public RowTaker {
 public:
  RowStream(RowFiles files, std::shared_ptr<RowFilesRead> read)
      : files_(std::move(files)),
        read_(std::move(read)),
        columns_(files_.columns),
        reader_(files_.files, *read_) {}

  void export_schema(ArrowSchema& out) const { columns_.export_schema(out); }

  // 0, or what `errno` would say. `out` is released when there are no more rows.
  int next(ArrowArray& out) {
    out = {};
    while (!columns_.is_full() && !is_done_) {
      if (const int error = reader_.read_piece(*this); error != 0) return fail_with(error);
      if (!reader_.is_done()) continue;
      hand_on_begun();
      is_done_ = true;
    }
    if (!columns_.empty()) columns_.export_rows(out);
    return 0;
  }

  const char* last_error() const noexcept { return error_.empty() ? nullptr : error_.c_str(); }
  void fail(const char* what) { error_ = what; }

 private:
  int fail_with(int error) {
    error_ = reader_.error();
    return error;
  }

  bool take_row(const RowReader& row) override {
    if (files_.seen && !files_.seen->is_new(row.writer(), row.seq())) return true;
    if (files_.joins_begins && begun_.is_full()) hand_on_begun();
    if (!files_.joins_begins || !begun_.take(row)) columns_.add(row.impl().parser.row());
    return true;
  }

  bool take_fault(std::uint64_t, const RowFault& fault) override {
    ++read_->faults[fault.kind];
    return true;
  }

  void hand_on_begun() {
    RowReader reader;
    begun_.hand_on([&](const std::string& text) {
      if (reader.read(text) == RowReader::Found::row) columns_.add(reader.impl().parser.row());
    });
  }

  RowFiles files_;
  std::shared_ptr<RowFilesRead> read_;
  RowColumns columns_;
  FileReader reader_;
  BegunRows begun_;
  bool is_done_ = false;
  std::string error_;
};

RowStream& stream_of(ArrowArrayStream* stream) noexcept {
  return *static_cast<RowStream*>(stream->private_data);
}

// No exception passes through C.
template <class Work>
int guarded(ArrowArrayStream* stream, Work work) noexcept {
  try {
    return work(stream_of(stream));
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  } catch (const std::exception& error) {
    stream_of(stream).fail(error.what());
    return EIO;
  }
}

int get_schema(ArrowArrayStream* stream, ArrowSchema* out) {
  return guarded(stream, [out](const RowStream& rows) {
    rows.export_schema(*out);
    return 0;
  });
}

int get_next(ArrowArrayStream* stream, ArrowArray* out) {
  return guarded(stream, [out](RowStream& rows) { return rows.next(*out); });
}

const char* get_last_error(ArrowArrayStream* stream) {
  return stream_of(stream).last_error();
}

void release(ArrowArrayStream* stream) {
  delete &stream_of(stream);
  stream->release = nullptr;
}

}  // namespace
}  // namespace ledger

Status open_row_stream(RowFiles files, std::shared_ptr<RowFilesRead> read, ArrowArrayStream* out) {
  const std::vector<std::string_view>& known = row_columns();
  for (const std::string& name : files.columns) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return {Code::invalid_argument, "rows have no column '" + name + "'"};
    }
  }
  auto stream = std::make_unique<ledger::RowStream>(std::move(files), std::move(read));
  *out = {ledger::get_schema, ledger::get_next, ledger::get_last_error, ledger::release,
          stream.release()};
  return {};
}

}  // namespace costmark
