#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace costmark::attribution {

// A path as the most lenient server reads it. Another spelling of a route must not be a way around
// the policies, and servers differ: one takes escapes off twice, one knows no case, one drops what
// follows a ';'.
//
//   /V1//chat;x=1\%2563ompletions%20.   is   /v1/chat/completions
//
// Pure, and reusable: `read` keeps the memory. One thread at a time.
class LenientPath {
 public:
  LenientPath() = default;
  explicit LenientPath(std::string_view path) { read(path); }

  void read(std::string_view path);

  // In lower case, without escapes, parameters, dot segments and empty ones. Empty for the root,
  // else it begins with '/' and does not end with one.
  std::string_view text() const noexcept { return text_; }

  // What is left for servers that end the path at a ';', '?', '#' or NUL in it, escaped or not.
  // None of them for a path without these.
  std::span<const std::string> cuts() const noexcept { return {cuts_.data(), cut_count_}; }

 private:
  void decode(std::string_view path);

  std::string decoded_;
  std::string text_;
  std::array<std::string, 6> cuts_;
  std::size_t cut_count_ = 0;
};

}  // namespace costmark::attribution
