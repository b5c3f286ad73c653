// What a server counted, and what several reports of one answer come to.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "costmark/api.hpp"
#include "costmark/usage.hpp"

namespace costmark {

enum class Count : std::uint8_t {
  input,
  cached,
  cache_write,
  output,
  reasoning,
  total,
  cache_write_5m,
  cache_write_30m,
  cache_write_1h,
  cache_write_12h,
  audio_input,
  audio_output,
  web_search,
  web_fetch,
};

// Counts as the server reported them, before the convention of Usage is applied.
class Counts {
 public:
  using Value = std::optional<std::uint64_t>;

  Value& operator[](Count count) noexcept { return values_[static_cast<std::size_t>(count)]; }
  const Value& operator[](Count count) const noexcept {
    return values_[static_cast<std::size_t>(count)];
  }
  bool any() const noexcept;

  // A later report of the same answer. Reports are cumulative and need not repeat what was told
  // before, so the larger count stays; one that is smaller, or a report without any count, is
  // flagged. Returns whether the report stands, that is, nothing of it was smaller.
  bool raise(const Counts& later, Api api);

  // A further part of the same work, such as one iteration of several.
  void add(const Counts& part);

  UsageFlags flags;

 private:
  void take_larger(const Counts& later) noexcept;

  std::array<Value, static_cast<std::size_t>(Count::web_fetch) + 1> values_;
};

// Applies the convention: for `messages` the server's input leaves the cached tokens out, for
// `converse` it depends on the model.
Usage to_usage(const Counts& counts, Api api);

// Nothing when the sum does not fit.
std::optional<std::uint64_t> sum_of(std::uint64_t a, std::uint64_t b) noexcept;

}  // namespace costmark
