#include "costmark/http.hpp"

#include "text.hpp"

namespace costmark {
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (text::lower(a[i]) != text::lower(b[i])) return false;
  }
  return true;
}

}  // namespace costmark
