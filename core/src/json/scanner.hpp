// Finds members in a JSON object with simdjson's index of structural characters.
//
// simdjson's first stage checks UTF-8, closes strings, and lists every bracket, comma, colon and
// first byte of a value. This walks that list itself instead of using simdjson's On-Demand front
// end: the walk bounds the depth, checks the commas of each object it looks into, and knows where
// they stand, none of which On-Demand offers.
//
// Why an edit at what the walk found cannot repair a broken text: had the edited text a valid
// prefix up to the edit, the walk's idea of strings and nesting there is the true one, as both
// read from left to right; and what is taken out is checked in full before it goes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "json/path_tree.hpp"

namespace costmark::json {

enum class Scan : std::uint8_t {
  complete,
  malformed,      // not JSON as far as it was looked at; `find_fault` knows where
  not_an_object,  // the root starts like another kind of value
  out_of_memory,
  unsupported,  // this simdjson cannot run on this processor
};

class Scanner {
 public:
  // Bytes behind a text that must be readable.
  static constexpr std::size_t padding = 64;
  // Longest text that can be scanned: simdjson's offsets have 32 bits.
  static constexpr std::size_t max_size = 0xFFFFFFFF - padding;

  // Makes simdjson look at the processor, which the first `run` would do otherwise, under a lock.
  static void look_at_processor();

  Scanner();
  ~Scanner();
  Scanner(const Scanner&) = delete;
  Scanner& operator=(const Scanner&) = delete;

  // Scans `text` of 1 to `max_size` bytes with `padding` readable ones behind it, and records in
  // `tree` what was found.
  Scan run(std::string_view text, PathTree& tree);

  std::size_t capacity() const noexcept;

 private:
  struct Index;
  std::unique_ptr<Index> index_;
};

}  // namespace costmark::json
