#include "costmark/http.hpp"

#include "base/text.hpp"

namespace costmark {
bool same_ignoring_case(const char* a, const char* b, std::size_t size) noexcept {
  for (std::size_t i = 0; i < size; ++i) {
    if (text::lower(a[i]) != text::lower(b[i])) return false;
  }
  return true;
}

}  // namespace costmark
