// Counts this thread's allocations and lets chosen ones fail, inside the shared library as well.
#pragma once

#include <cstddef>

namespace allocations {

struct Counts {
  std::size_t all;   // asked of malloc and its kin; with a sanitizer, of operator new alone
  std::size_t cxx;   // asked of operator new
  std::size_t held;  // bytes that were asked for and not given back; 0 with a sanitizer
};

// Until `end`, allocation number `n` (from 1) of this thread fails, and with `all_after` every
// later one. 0: none fails; they are counted only.
void begin(std::size_t n, bool all_after) noexcept;

// Returns how many were asked for since `begin`.
Counts end() noexcept;

}  // namespace allocations
