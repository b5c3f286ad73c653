#include "ledger/row_files.hpp"

#include <sys/types.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "ledger/row_reader.hpp"

namespace costmark::ledger {
namespace {

constexpr std::size_t piece_bytes = std::size_t{256} << 10U;
// Past that beginnings are handed on as they are.
constexpr std::size_t most_begun = 100'000;

}  // namespace

int FileReader::read_piece(RowTaker& taker) {
  if (!file_) {
    is_done_ = next_file_ == files_.size();
    if (is_done_) return 0;
    if (const int error = open_next(); error != 0) return error;
  }
  piece_.resize(piece_bytes);
  const std::size_t size = std::fread(piece_.data(), 1, piece_.size(), file_.get());
  if (size > 0) {
    lines_->feed({piece_.data(), size}, taker);
    return 0;
  }
  if (std::ferror(file_.get()) != 0) return fail(errno);
  lines_->finish(taker);
  file_.reset();
  return 0;
}

int FileReader::open_next() {
  const RowFiles::File& next = files_[next_file_++];
  file_.reset(std::fopen(next.path.c_str(), "rbe"));
  if (!file_) {
    const int error = errno;
    if (error == ENOENT) read_.missing = next.path;
    return fail(error);
  }
  if (::fseeko(file_.get(), static_cast<off_t>(next.begin), SEEK_SET) != 0) return fail(errno);
  lines_ = std::make_unique<RowLines>(next.origin);
  return 0;
}

int FileReader::fail(int error) {
  error_ = files_[next_file_ - 1].path + ": " + std::strerror(error);
  return error;
}

bool BegunRows::take(const RowReader& row) {
  const bool is_begin = row.kind() == "begin";
  if (!is_begin && row.kind() != "attempt") return false;
  const ParsedRow& members = row.impl().parser.row();
  key_.assign(members.raw(place("op")));
  key_ += ' ';
  key_ += members.raw(place("attempt"));
  if (!is_begin) {
    if (Texts::node_type node = begun_.extract(key_)) ended_.push_back(std::move(node));
    return false;
  }
  if (ended_.empty()) return begun_.try_emplace(key_, row.text()).second;
  Texts::node_type node = std::move(ended_.back());
  ended_.pop_back();
  node.key() = key_;
  node.mapped() = row.text();
  return begun_.insert(std::move(node)).inserted;
}

bool BegunRows::is_full() const noexcept {
  return begun_.size() >= most_begun;
}

}  // namespace costmark::ledger
