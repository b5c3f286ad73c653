// Attempts and their usage as C sees them.
#pragma once

#include <array>

#include "costmark/costmark.h"
#include "costmark/labels.hpp"
#include "costmark/operation.hpp"
#include "costmark/usage.hpp"

namespace costmark::capi {

// What an answer points to, beside the texts of its operation.
struct ShownAnswer {
  costmark_usage usage{};
  using Labels = std::array<costmark_label, most_labels>;
  Labels labels{};
  Labels tags{};
  std::array<costmark_count, all_meters.size()> meters{};

  costmark_answer fill(const AttemptReport& report) noexcept;

 private:
  std::size_t fill_meters(const Meters& from) noexcept;
};

}  // namespace costmark::capi
