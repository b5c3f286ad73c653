// The inside of RowSums, and what one stream adds to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "costmark/row_sums.hpp"
#include "json/cursor.hpp"
#include "ledger/parsed_row.hpp"
#include "ledger/row_files.hpp"

namespace costmark::ledger {

// Numbers for texts, from 1 on.
class TextNumbers {
 public:
  std::uint32_t number_of(std::string_view text);
  const std::string& text(std::uint32_t number) const { return texts_[number - 1]; }

 private:
  std::deque<std::string> texts_;
  std::unordered_map<std::string_view, std::uint32_t> numbers_;
  std::uint32_t last_ = 0;
};

// Numbers that were met, apart from 0.
class NumberSet {
 public:
  explicit NumberSet(const std::vector<std::uint64_t>& numbers);
  // Whether one of them was there twice.
  bool has_doubled() const noexcept { return has_doubled_; }
  bool has(std::uint64_t number) const noexcept { return slots_[slot_of(number)] == number; }

 private:
  std::size_t slot_of(std::uint64_t number) const noexcept;

  std::vector<std::uint64_t> slots_;
  bool has_doubled_ = false;
};

// Sums the attempts of some files.
class RowSummer final : public RowTaker {
 public:
  // The arguments outlive it.
  RowSummer(const RowGrouping& grouping, SeenRows& seen, RowFilesRead& read, std::FILE* rest);

  bool take_row(const RowReader& row) override;
  bool take_fault(std::uint64_t line, const RowFault& fault) override;
  void finish();

  bool is_exact() const noexcept { return is_exact_; }
  const std::vector<std::uint64_t>& operations() const noexcept { return operations_; }
  const std::vector<std::uint64_t>& responses() const noexcept { return responses_; }
  std::vector<RowGroup> groups() const;

 private:
  // What groups a row, besides its texts.
  struct Facets {
    std::int64_t unit = 0;
    std::int64_t days = 0;
    std::int64_t band = 0;  // -1: none
    std::uint64_t facts = 0;
  };

  bool is_new(const RowReader& row);
  void end_run();
  void hand_on_begun();
  void hand_on(std::string_view text);
  bool sum(const ParsedRow& row);
  bool take_texts(const ParsedRow& row);
  bool take_item(std::size_t at, std::string_view items);
  Facets facets_of(const ParsedRow& row) const noexcept;
  static std::uint64_t facts_of(const ParsedRow& row) noexcept;
  void add(RowGroup& group, const ParsedRow& row) noexcept;

  const RowGrouping& grouping_;
  SeenRows& seen_;
  RowFilesRead& read_;
  std::FILE* rest_;
  BegunRows begun_;
  std::string run_writer_;  // empty: there is no run
  std::int64_t run_begin_ = 0;
  std::int64_t run_end_ = 0;
  std::vector<std::size_t> places_;  // of the columns of the texts
  std::vector<TextNumbers> texts_;
  std::vector<std::uint32_t> numbers_;  // of the row's texts; 0 for none
  std::string key_;
  std::unordered_map<std::string, RowGroup> groups_;  // by numbers and facets; without texts
  std::vector<std::uint64_t> operations_;
  std::vector<std::uint64_t> responses_;
  json::Cursor cursor_;
  bool is_exact_ = true;
};

}  // namespace costmark::ledger

namespace costmark {

struct RowSums::Impl {
  // By all that groups them.
  struct Before {
    bool operator()(const RowGroup& a, const RowGroup& b) const;
  };

  explicit Impl(RowGrouping wanted) : grouping(std::move(wanted)) {}

  void add(const ledger::RowSummer& summer);
  void close();  // with the mutex

  const RowGrouping grouping;
  SeenRows seen;
  std::mutex mutex;
  bool is_exact = true;
  std::set<RowGroup, Before> groups;
  std::vector<std::uint64_t> operations;  // that have ended, as hashes
  std::vector<std::uint64_t> responses;   // that attempts named which were summed
  // The same, once they are asked for.
  std::optional<ledger::NumberSet> ended;
  std::optional<ledger::NumberSet> named;
};

}  // namespace costmark
