// Names with values that a row of the ledger carries: the labels of a call, and the tags of a
// project.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/error.hpp"

namespace costmark {

// A tag of a project, or a label of a call.
struct NameValue {
  std::string_view name;
  std::string_view value;

  friend bool operator==(const NameValue&, const NameValue&) = default;
};

inline constexpr std::size_t most_labels = 16;
inline constexpr std::size_t longest_label_name = 128;  // bytes
inline constexpr std::size_t longest_labels = 2048;     // bytes of all names and values

// Whether a row can carry these as the labels of a call: not too many and not too long, each name
// once and not empty, in UTF-8 without control characters. A value may be empty. Errors:
// invalid_argument, which repeats no value.
Status check_labels(std::span<const NameValue> labels);
// The bound of all names and values alone, for labels that were checked and then hashed.
Status check_size_of_labels(std::span<const NameValue> labels);

// A copy of such pairs. Keeps its memory for the next ones. One thread at a time.
class NameValues {
 public:
  NameValues() = default;
  NameValues(const NameValues& other) { assign(other.view()); }
  NameValues& operator=(const NameValues& other) {
    if (this != &other) assign(other.view());
    return *this;
  }
  NameValues(NameValues&&) noexcept = default;
  NameValues& operator=(NameValues&&) noexcept = default;
  ~NameValues() = default;

  void assign(std::span<const NameValue> pairs);
  void clear() noexcept {
    text_.clear();
    pairs_.clear();
  }
  bool empty() const noexcept { return pairs_.empty(); }

  // Good until the next change, also after this was moved.
  std::span<const NameValue> view() const noexcept { return pairs_; }

 private:
  // Not a std::string: a short one would move with its object, away from under the views.
  std::vector<char> text_;
  std::vector<NameValue> pairs_;
};

}  // namespace costmark
