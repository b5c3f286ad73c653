// Files with rows, read piece by piece.
#pragma once

#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "costmark/rows.hpp"

namespace costmark::ledger {

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using OpenFile = std::unique_ptr<std::FILE, CloseFile>;

// `files` and `read` outlive it.
class FileReader {
 public:
  FileReader(const std::vector<RowFiles::File>& files, RowFilesRead& read)
      : files_(files), read_(read) {}

  // Reads on. 0, or what `errno` would say; then see `error`.
  int read_piece(RowTaker& taker);
  bool is_done() const noexcept { return is_done_; }
  const std::string& error() const noexcept { return error_; }

 private:
  int open_next();
  int fail(int error);

  const std::vector<RowFiles::File>& files_;
  RowFilesRead& read_;
  std::size_t next_file_ = 0;
  OpenFile file_;
  std::unique_ptr<RowLines> lines_;
  std::string piece_;
  bool is_done_ = false;
  std::string error_;
};

// Beginnings of attempts that wait for their ends.
class BegunRows {
 public:
  // Whether the row is kept, as a beginning; the end of one that is kept removes it.
  bool take(const RowReader& row);
  // Gives the texts of those that wait.
  template <class Take>
  void hand_on(Take take) {
    for (const auto& [key, text] : begun_) take(text);
    begun_.clear();
  }
  // Whether more should be handed on as they are.
  bool is_full() const noexcept;

 private:
  using Texts = std::unordered_map<std::string, std::string>;

  Texts begun_;
  std::vector<Texts::node_type> ended_;  // their memory is used again
  std::string key_;
};

}  // namespace costmark::ledger
