// What attempts add up to, found while their files are read, so that a report need not hold them.
//
// Only of attempts that no other row says more of. Whether they are such shows when all is read,
// from the rows that were not summed: see `is_exact`, `has_ended` and `has_response`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/error.hpp"
#include "costmark/rows.hpp"

namespace costmark {

// What attempts are grouped by.
struct RowGrouping {
  struct Text {
    std::string column;  // one of texts, or of maps of texts
    std::string item;    // the name in such a map
  };
  std::vector<Text> texts = {};
  std::int64_t unit_us = 0;                   // by `end_us` in these units; 0: not by time
  std::vector<std::int64_t> days_us = {};     // by how many of them `end_us` has reached; sorted
  std::vector<std::int64_t> thresholds = {};  // by how many of them the input exceeds; sorted
  std::int64_t since_us = 0;                  // attempts that ended from then on
  std::int64_t until_us = std::numeric_limits<std::int64_t>::max();  // and before
};

// Attempts that are alike in all that they are grouped by, and in their facts.
struct RowGroup {
  // Each is a bit of `facts`, in this order.
  enum class Fact : std::uint8_t {
    is_unattributed,  // its project has the source `none`
    told_input,
    told_cached,
    told_cache_write,
    told_output,
    told_total,
    is_total_input,
    is_total_output,
    has_cached,  // above 0
    has_write,
    has_output,
    has_rest,  // input above what was cached and written; below it
    has_less,
    tells_serving,  // it went to bedrock-runtime, where the model's name says how it is served
  };
  enum class Count : std::uint8_t { input, cached, cache_write, output, total, reasoning };
  static constexpr std::size_t count_of_counts = 6;

  std::vector<std::optional<std::string>> texts;  // none where the rows say nothing
  std::int64_t unit = 0;
  std::int64_t days = 0;
  std::optional<std::int64_t> band;  // none where the input was not told
  std::uint64_t facts = 0;
  std::int64_t attempts = 0;
  std::int64_t calls = 0;  // first attempts
  std::array<std::int64_t, count_of_counts> sums{};
};

// Synchronized internally: several threads may read side by side.
class RowSums {
 public:
  // Errors: invalid_argument for a column that has no texts.
  static Result<std::shared_ptr<RowSums>> create(RowGrouping grouping);
  ~RowSums();
  RowSums(const RowSums&) = delete;
  RowSums& operator=(const RowSums&) = delete;

  // Reads files. Each new row that is not summed is appended to the file `rest`, as a line; of an
  // attempt that was read with its end, the beginning is left out. Errors: internal for a file that
  // cannot be read or written.
  Status read(const std::vector<RowFiles::File>& files, const std::string& rest,
              RowFilesRead& read);

  // What follows is asked when all is read. False: the sums are of no use, since an attempt has
  // ended twice, the same rows were met in several places, or a sum does not fit.
  bool is_exact() const;
  // Whether an attempt was read, be it summed or not.
  bool has_ended(std::string_view op, std::int64_t attempt) const;
  // Whether an attempt that was summed named this response.
  bool has_response(std::string_view response_id) const;
  // Some may be alike.
  std::vector<RowGroup> groups() const;

  struct Impl;
  Impl& impl() const noexcept { return *impl_; }  // for core alone

 private:
  explicit RowSums(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace costmark
