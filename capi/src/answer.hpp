// Attempts and their usage as C sees them.
#pragma once

#include "costmark/costmark.h"
#include "costmark/operation.hpp"

namespace costmark::capi {

// `usage`: where the answer's usage goes, which the result points to.
costmark_answer to_c(const AttemptReport& report, costmark_usage& usage) noexcept;

}  // namespace costmark::capi
