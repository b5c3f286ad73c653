// Randomness that keeps a fleet from doing the same thing in the same moment.
#pragma once

#include <cstdint>

namespace costmark {

// From 0 to `most`, out of the system's randomness; 0 where there is none.
std::int64_t random_up_to(std::int64_t most) noexcept;

}  // namespace costmark
