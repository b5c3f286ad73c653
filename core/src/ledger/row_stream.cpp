#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <unordered_map>
#include <utility>

#include "costmark/rows.hpp"
#include "ledger/row_columns.hpp"
#include "ledger/row_reader.hpp"

namespace costmark {
namespace ledger {
namespace {

constexpr std::size_t piece_bytes = std::size_t{256} << 10U;
// Beginnings that wait for their ends. Past that they are handed on as they are.
constexpr std::size_t most_begun = 100'000;

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

class RowStream final : public RowTaker {
 public:
  RowStream(RowFiles files, std::shared_ptr<RowFilesRead> read)
      : files_(std::move(files)), read_(std::move(read)), columns_(files_.columns) {}

  void export_schema(ArrowSchema& out) const { columns_.export_schema(out); }

  // 0, or what `errno` would say. `out` is released when there are no more rows.
  int next(ArrowArray& out) {
    out = {};
    while (!columns_.is_full() && !is_done_) {
      if (const int error = read_piece(); error != 0) return error;
    }
    if (!columns_.empty()) columns_.export_rows(out);
    return 0;
  }

  const char* last_error() const noexcept { return error_.empty() ? nullptr : error_.c_str(); }
  void fail(const char* what) { error_ = what; }

 private:
  bool take_row(const RowReader& row) override {
    if (files_.seen && !files_.seen->is_new(row.writer(), row.seq())) return true;
    if (!files_.joins_begins || !is_joined(row)) columns_.add(row.impl().parser.row());
    return true;
  }

  bool take_fault(std::uint64_t, const RowFault& fault) override {
    ++read_->faults[fault.kind];
    return true;
  }

  // Whether the row is held back, as a beginning whose end may follow.
  bool is_joined(const RowReader& row) {
    const ParsedRow& members = row.impl().parser.row();
    const bool is_begin = row.kind() == "begin";
    if (!is_begin && row.kind() != "attempt") return false;
    key_.assign(members.raw(place("op")));
    key_ += ' ';
    key_ += members.raw(place("attempt"));
    if (!is_begin) {
      begun_.erase(key_);
      return false;
    }
    if (begun_.size() == most_begun) hand_on_begun();
    return begun_.try_emplace(key_, row.text()).second;
  }

  void hand_on_begun() {
    RowReader reader;
    for (const auto& [key, text] : begun_) {
      if (reader.read(text) == RowReader::Found::row) columns_.add(reader.impl().parser.row());
    }
    begun_.clear();
  }

  int read_piece() {
    if (!file_ && !open_next()) {
      if (!error_.empty()) return EIO;
      hand_on_begun();
      is_done_ = true;
      return 0;
    }
    piece_.resize(piece_bytes);
    const std::size_t size = std::fread(piece_.data(), 1, piece_.size(), file_.get());
    if (size > 0) {
      lines_->feed({piece_.data(), size}, *this);
      return 0;
    }
    if (std::ferror(file_.get()) != 0) return fail_at(errno);
    lines_->finish(*this);
    file_.reset();
    return 0;
  }

  bool open_next() {
    if (next_file_ == files_.files.size()) return false;
    const RowFiles::File& next = files_.files[next_file_++];
    std::FILE* const file = std::fopen(next.path.c_str(), "rbe");
    const bool is_open =
        file != nullptr && ::fseeko(file, static_cast<off_t>(next.begin), SEEK_SET) == 0;
    const int error = is_open ? 0 : errno;
    file_.reset(file);
    if (!is_open) {
      if (error == ENOENT) read_->missing = next.path;
      fail_at(error);
      return false;
    }
    lines_ = std::make_unique<RowLines>(next.origin);
    return true;
  }

  int fail_at(int error) {
    error_ = files_.files[next_file_ - 1].path + ": " + std::strerror(error);
    return error;
  }

  RowFiles files_;
  std::shared_ptr<RowFilesRead> read_;
  RowColumns columns_;
  std::size_t next_file_ = 0;
  std::unique_ptr<std::FILE, CloseFile> file_;
  std::unique_ptr<RowLines> lines_;
  std::string piece_;
  std::unordered_map<std::string, std::string> begun_;
  std::string key_;
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
