#include "usage/json_values.hpp"

#include <algorithm>

namespace costmark {
namespace {

// The size of the string literal that `text` starts with, quotes included.
std::size_t string_size(std::string_view text) noexcept {
  std::size_t at = 1;
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
  return std::min(at + 1, text.size());
}

// The size of the array or object that `text` starts with, brackets included.
std::size_t nested_size(std::string_view text) noexcept {
  std::size_t depth = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at += string_size(text.substr(at));
      continue;
    }
    ++at;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) break;
  }
  return at;
}

}  // namespace

JsonValues::JsonValues(std::string_view text) noexcept {
  if (text.size() >= 2) rest_ = text.substr(1, text.size() - 2);
}

bool JsonValues::next(std::string_view& element) noexcept {
  skip(" \t\r\n,");
  element = take_value();
  return !element.empty();
}

bool JsonValues::next(std::string_view& name, std::string_view& value) noexcept {
  if (!next(name)) return false;
  skip(" \t\r\n:");
  value = take_value();
  return !value.empty();
}

void JsonValues::skip(std::string_view bytes) noexcept {
  rest_.remove_prefix(std::min(rest_.find_first_not_of(bytes), rest_.size()));
}

std::string_view JsonValues::take_value() noexcept {
  if (rest_.empty()) return {};
  std::size_t size = 0;
  if (rest_[0] == '"') {
    size = string_size(rest_);
  } else if (rest_[0] == '{' || rest_[0] == '[') {
    size = nested_size(rest_);
  } else {
    size = std::min(rest_.find_first_of(" \t\r\n,:"), rest_.size());
  }
  const std::string_view value = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return value;
}

}  // namespace costmark
