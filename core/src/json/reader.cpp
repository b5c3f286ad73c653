#include "json/reader.hpp"

#include <charconv>

namespace costmark::json {

Status Reader::open(std::string_view text, std::span<const std::string_view> paths) {
  return document_.open(text, paths);
}

const Member& Reader::member(std::size_t index) const noexcept {
  return document_.member(index);
}

std::string_view Reader::raw(std::size_t index) const noexcept {
  return document_.raw(index);
}

bool Reader::string(std::size_t index, std::string& out) const {
  return document_.string(index, out);
}

std::optional<std::uint64_t> Reader::unsigned_integer(std::size_t index) const noexcept {
  if (member(index).kind != Kind::number) return std::nullopt;
  const std::string_view digits = raw(index);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::optional<bool> Reader::boolean(std::size_t index) const noexcept {
  if (member(index).kind != Kind::boolean) return std::nullopt;
  return raw(index) == "true";
}

void Reader::cleanse() noexcept {
  document_.cleanse();
}

bool Reader::is_empty_array(std::size_t index) const noexcept {
  if (member(index).kind != Kind::array) return false;
  const std::string_view text = raw(index);
  return text.find_first_not_of(" \t\n\r", 1) == text.size() - 1;
}

}  // namespace costmark::json
