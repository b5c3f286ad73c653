#include "attribution/glob.hpp"

#include <cstddef>

#include "base/text.hpp"

namespace costmark::attribution {

bool glob_match(std::string_view pattern, std::string_view text) noexcept {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool is_pattern(std::string_view glob) noexcept {
  return glob.find_first_of("*?") != std::string_view::npos;
}

std::size_t not_of_project_glob(std::string_view pattern) noexcept {
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    const char c = pattern[at];
    if (!text::is_alphanumeric(c) && c != '_' && c != '-' && c != '*' && c != '?') return at;
  }
  return std::string_view::npos;
}

}  // namespace costmark::attribution
