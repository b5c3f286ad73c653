// Usage as C sees it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "costmark/costmark.h"
#include "costmark/usage.hpp"

namespace costmark::capi {

// The size of costmark_usage in the first version.
inline constexpr std::size_t usage_first_size =
    offsetof(costmark_usage, inconsistent) + sizeof(std::uint32_t);

costmark_usage to_c(const Usage& usage) noexcept;

// The numbers of the ABI are older than those of the core. A background response that goes on is
// incomplete to C.
costmark_outcome to_c(Outcome outcome) noexcept;

// `outcome`: one of COSTMARK_OUTCOME_...
Outcome to_core(costmark_outcome outcome) noexcept;

}  // namespace costmark::capi
