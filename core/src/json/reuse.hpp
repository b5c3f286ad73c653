// How long memory is kept for the next text.
#pragma once

#include <algorithm>
#include <cstddef>

namespace costmark::json {

// What to allocate for `size` units, so that texts that grow little by little seldom reallocate.
constexpr std::size_t with_slack(std::size_t size) noexcept {
  return std::max(size + size / 8, std::size_t{1024});
}

// Whether `held` is much for a text that needs `size`: one huge text should not cost its memory
// for ever after.
constexpr bool is_wasteful(std::size_t held, std::size_t size) noexcept {
  constexpr std::size_t always_kept = 16U << 20U;
  return held > always_kept && held / 4 > size;
}

// Empties a container; gives its memory back when it holds much more than it last used.
template <class Container>
void reset(Container& container) {
  const std::size_t unit = sizeof(typename Container::value_type);
  if (is_wasteful(container.capacity() * unit, container.size() * unit)) {
    container = Container();
  } else {
    container.clear();
  }
}

}  // namespace costmark::json
