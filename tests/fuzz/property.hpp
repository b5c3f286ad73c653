// What every fuzz target is made of: an entry point, properties that end the program when they do
// not hold, and a reader of fields.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

// Tests one input. Returns 0, or does not return.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// A property of the library. What does not hold ends the program, as the sanitizers do.
#define COSTMARK_HOLDS(property) \
  ((property) ? static_cast<void>(0) : costmark::fuzz::broken(#property, __FILE__, __LINE__))

namespace costmark::fuzz {

[[noreturn]] inline void broken(const char* property, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, property);
  std::abort();
}

// Fields, one a line, then the rest. A vertical tab in a field stands for a line feed, so that the
// inputs in the corpus can be read and a field can hold any byte but one.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}

  bool empty() const noexcept { return rest_.empty(); }
  std::string_view rest() const noexcept { return rest_; }

  std::string field() {
    const std::size_t end = rest_.find('\n');
    std::string text(rest_.substr(0, end));
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    for (char& c : text) {
      if (c == '\v') c = '\n';
    }
    return text;
  }

 private:
  std::string_view rest_;
};

// The pieces of `text`, cut at distances that `cuts` gives, over and over; one piece without any.
// Each is a copy of its own, so that reading beyond it is noticed.
inline std::vector<std::string> pieces_of(std::string_view text, std::string_view cuts) {
  std::vector<std::string> pieces;
  for (std::size_t i = 0; !cuts.empty() && !text.empty(); ++i) {
    const auto size = static_cast<unsigned char>(cuts[i % cuts.size()]) % 64U;
    if (size == 0 && i >= cuts.size()) break;  // enough empty pieces
    pieces.emplace_back(text.substr(0, size));
    text.remove_prefix(size < text.size() ? size : text.size());
  }
  pieces.emplace_back(text);
  return pieces;
}

inline bool holds_any(std::string_view text, std::string_view bytes) noexcept {
  return text.find_first_of(bytes) != std::string_view::npos;
}

// One line that every terminal and every log can show.
inline bool is_one_line(std::string_view text) noexcept {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return false;
  }
  return !text.empty();
}

}  // namespace costmark::fuzz
