#include "handle.hpp"

#include "costmark/testing.h"

namespace costmark::capi {

constinit std::atomic<std::size_t> live_handles{0};
const char this_copy = 0;

std::uint64_t next_number() noexcept {
  static constinit std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace costmark::capi

size_t costmark_live_handles() noexcept {
  return costmark::capi::live_handles.load(std::memory_order_relaxed);
}
