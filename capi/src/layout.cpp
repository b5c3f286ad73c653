// The layouts that other languages rely on, pinned for the 64-bit platforms. Field by field,
// offsets are pinned in tests/capi/layout_test.c; numbers in numbers.cpp.
#include <cstddef>

#include "costmark/costmark.h"

namespace {

template <class Struct>
constexpr bool has_layout(std::size_t size) noexcept {
  return sizeof(void*) != 8 || (sizeof(Struct) == size && alignof(Struct) == 8);
}

static_assert(has_layout<costmark_str>(16));
static_assert(has_layout<costmark_header>(32));

}  // namespace
