// A row as a line of JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "costmark/ledger.hpp"

namespace costmark::ledger {

inline constexpr int row_version = 1;

// Who writes a row: (writer, seq) is its key.
struct RowKey {
  std::string_view writer;  // 64 bits in hexadecimal
  std::uint64_t seq = 0;    // from 0, without gaps
  std::string_view machine;
};

// What a writer says about itself.
struct Note {
  std::string_view name;  // open, close, lost
  std::int64_t time_us = 0;
  std::int64_t pid = 0;
  LedgerCounters counters;
  std::string_view reason;  // of rows that waited or were lost
};

// How much of a row is written, where a line must be short: each leaves out more.
enum class Detail : std::uint8_t { all, no_usage, no_labels, short_texts };

// Append the row and a newline. Texts that are too long are cut, and bytes that are no UTF-8 are
// replaced, which `flags` tells.
void append_row(const LedgerRow& row, const RowKey& key, Detail detail, std::string& out);
void append_note(const Note& note, const RowKey& key, std::string& out);

}  // namespace costmark::ledger
