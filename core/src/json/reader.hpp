// Reads a few members out of one complete JSON object, for code that edits nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "costmark/json.hpp"

namespace costmark::json {

// Reuse one for many texts: opening a text no larger than earlier ones, with the same paths,
// allocates nothing. The text is copied, so what is read here outlives the caller's buffer.
// Missing members read as absent, empty or nullopt. One thread at a time.
class Reader {
 public:
  // Overwrites the copy of the text.
  ~Reader() { cleanse(); }
  Reader() = default;
  Reader(Reader&&) noexcept = default;
  Reader& operator=(Reader&&) noexcept = default;

  // Same paths ("usage.input_tokens_details.cached_tokens"), rules and errors as `Document::open`
  // in lenient mode. `paths` need not outlive the call. After an error every member is absent.
  Status open(std::string_view text, std::span<const std::string_view> paths);

  // What was found for `paths[index]`; of a duplicated member the last occurrence.
  const Member& member(std::size_t index) const noexcept;

  // The raw JSON text of the value; empty when absent. Lives until the next `open`.
  std::string_view raw(std::size_t index) const noexcept;

  // The value as unescaped UTF-8, written into `out`. False (and `out` empty) when the member is
  // absent, no string, or has an escape that stands for no character, such as a lone surrogate.
  bool string(std::size_t index, std::string& out) const;

  // The value when it is a number spelled as a plain integer that fits: digits only.
  std::optional<std::uint64_t> unsigned_integer(std::size_t index) const noexcept;

  std::optional<bool> boolean(std::size_t index) const noexcept;

  // Overwrites the copy of the text, for one that holds secrets. Every member is absent afterwards.
  void cleanse() noexcept;

  // Whether the member is an array without elements, such as `"choices": []`.
  bool is_empty_array(std::size_t index) const noexcept;

 private:
  Document document_;
};

}  // namespace costmark::json
