// Takes JSON arrays and objects apart, for members that have no path of their own.
#pragma once

#include <cstddef>
#include <string_view>

namespace costmark {

// The texts come out of a json::Reader, which has seen that brackets and strings close. In any
// other text the walk ends early; it never leaves the text.
class JsonValues {
 public:
  // `text`: an array or an object, with its brackets.
  explicit JsonValues(std::string_view text) noexcept;

  // The next element of an array. False at the end.
  bool next(std::string_view& element) noexcept;

  // The next member of an object: its name, still escaped and in quotes, and its value.
  bool next(std::string_view& name, std::string_view& value) noexcept;

 private:
  void skip(std::string_view bytes) noexcept;
  std::string_view take_value() noexcept;

  std::string_view rest_;  // without the closing bracket
};

}  // namespace costmark
