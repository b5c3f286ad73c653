#include "handle.hpp"

#include "costmark/costmark.h"

namespace costmark::capi {

constinit std::atomic<std::size_t> live_handles{0};
const char this_copy = 0;

}  // namespace costmark::capi

size_t costmark_live_handles() noexcept {
  return costmark::capi::live_handles.load(std::memory_order_relaxed);
}
