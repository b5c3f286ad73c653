// What the writers of one ledger tell each other about budgets: a small file each.
//
//   budgets/0123456789abcdef.state
//     costmark budgets 1
//     KEY PERIOD SPENT RESERVED CHECK      one line for each budget; all are of one length
//
// A writer holds the lock of its file. A file whose lock can be had belongs to no process: what it
// says is spent still counts, what it says is reserved does not, and the next writer takes it over.
// So there are never more files than writers at one time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fork.hpp"
#include "costmark/error.hpp"

namespace costmark::budgets {

// FNV-1a: tells a line that was torn, not one that was forged.
std::uint64_t hash_of(std::string_view text) noexcept;

// What a writer has used of one budget in one period.
struct Slot {
  std::uint64_t key = 0;
  std::int64_t period = 0;  // its first microsecond
  std::int64_t spent = 0;
  std::int64_t reserved = 0;
};

// One writer. One thread at a time. Nothing here is fatal: `take_trouble` says what was wrong.
class StateFolder {
 public:
  // `ledger` is the folder above. Nothing is opened before the first write.
  explicit StateFolder(const std::string& ledger);
  ~StateFolder();
  StateFolder(const StateFolder&) = delete;
  StateFolder& operator=(const StateFolder&) = delete;

  // Writes what this process has used. False when it cannot be written now.
  bool write(std::span<const Slot> slots);
  // What all others have used: those that live, and what those that ended have spent. False when
  // the folder cannot be read.
  bool read_others(std::vector<Slot>& out);
  // Whether the file is gone, or there was none: everything is to be written anew then.
  bool is_lost() noexcept;

  // Makes `totals` what all writers together have spent: those that live keep what they say, and
  // the rest is put in place of what the others left.
  Status rebuild(std::span<const Slot> totals);

  // One line; empty when there is nothing new to say.
  std::string take_trouble() { return std::exchange(trouble_, {}); }

 private:
  struct Place {
    Slot base;         // what a writer before this one has spent
    std::size_t line;  // in the file
  };

  bool open();
  void close() noexcept;
  bool adopt(const std::string& name);
  bool create();
  bool put(std::size_t line, const Slot& slot);
  Place& place_of(std::uint64_t key);
  void say(const std::string& name, std::string_view what);
  std::vector<std::string> names();

  const std::string folder_;
  std::string name_;
  ClosedInChild file_;
  std::vector<Place> places_;  // sorted by key
  std::string trouble_;
  std::set<std::string> said_;
};

}  // namespace costmark::budgets
