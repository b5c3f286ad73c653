#include "attribution/path_model.hpp"

#include <algorithm>
#include <cstddef>

#include "base/text.hpp"
#include "costmark/http.hpp"

namespace costmark::attribution {
namespace {

void append_decoded(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '%' && i + 2 < text.size() && text::is_hex(text[i + 1]) &&
                           text::is_hex(text[i + 2]);
    if (!is_escape) {
      out.push_back(text[i]);
      continue;
    }
    out.push_back(
        static_cast<char>(text::hex_value(text[i + 1]) * 16 + text::hex_value(text[i + 2])));
    i += 2;
  }
}

std::string_view last_of(std::string_view path) noexcept {
  return path.substr(std::min(path.rfind('/'), path.size()));
}

// What stands before the operation, still encoded; empty where the path does not read so.
std::string_view model_in(std::string_view path, std::string_view operation) noexcept {
  constexpr std::string_view before = "/model/";
  if (!equal_ignoring_case(last_of(path), operation)) return {};
  const std::string_view above = path.substr(0, path.size() - operation.size());
  const std::size_t begin = above.rfind(before);
  return begin == std::string_view::npos ? std::string_view() : above.substr(begin + before.size());
}

}  // namespace

void read_path_model(std::string_view path, const LenientPath& lenient, std::string& out) {
  out.clear();
  const std::string_view operation = last_of(lenient.text());
  append_decoded(model_in(path, operation), out);
  if (out.empty()) out = model_in(lenient.text(), operation);
}

}  // namespace costmark::attribution
