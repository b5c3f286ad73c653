// Edit members of a JSON object without writing the rest of it anew.
//
// Everything outside the edited members stays byte for byte: order, white space, escapes, the
// spelling of numbers. Keys compare after unescaping. A member that occurs twice ends up once.
//
// Default mode: an edit never turns invalid text into valid text, nor valid into invalid; what an
// edit takes out is checked in full, the rest only as far as finding the members needs it.
// Strict mode: exactly the texts of RFC 8259 whose root is an object pass.
// In both modes a byte order mark, bytes after the object, and nesting deeper than `max_depth` are
// refused, and the error carries the byte offset in the caller's text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "costmark/error.hpp"

namespace costmark::json {

// Deepest nesting of arrays and objects that is accepted.
inline constexpr std::size_t max_depth = 1024;

enum class Mode : std::uint8_t { lenient, strict };

enum class Kind : std::uint8_t { absent, null, boolean, number, string, array, object };

// Where a member was found. Offsets count bytes of the text given to `Document::open`.
struct Member {
  Kind kind = Kind::absent;
  std::size_t count = 0;        // occurrences; more than one is legal JSON, the last one counts
  std::size_t value_begin = 0;  // of the last occurrence
  std::size_t value_end = 0;
  explicit operator bool() const noexcept { return kind != Kind::absent; }
};

class TextBuffer;

// A JSON object that is being edited. Reuse one for many texts: buffers are kept, so that opening a
// text no larger than earlier ones allocates nothing. The text is copied once, into the document's
// own buffer; edits move bytes inside that buffer. One thread at a time.
class Document {
 public:
  Document();
  ~Document();
  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;

  // Copies `text` and looks up `paths` in one pass. A path names object members from the root,
  // separated by dots ("stream_options.include_usage"); a backslash keeps the next character
  // literal. Below a duplicated parent, its last occurrence is looked into. Errors: invalid_json
  // with the byte offset; invalid_argument for an empty or malformed path, or a text of 4 GiB and
  // more. After an error the document is empty.
  Status open(std::string_view text, std::span<const std::string_view> paths,
              Mode mode = Mode::lenient);

  // What was found for `paths[index]`, as it stood in the text; edits do not change it.
  const Member& member(std::size_t index) const noexcept;

  // The raw JSON text of the member's value (of its last occurrence); empty when absent, and after
  // `finish`. Valid until the next `finish` or `open`.
  std::string_view raw(std::size_t index) const noexcept;

  // The member's value as unescaped UTF-8, written into `out` (its capacity is reused). False, and
  // `out` empty, when `raw` is empty, the member is not a string, or an escape stands for no
  // character.
  bool string(std::size_t index, std::string& out) const;

  // Plans to give the member this value: `value` is one complete JSON text, checked here. Missing
  // parents are created. A later plan for the same member replaces this one. `value` must live
  // until `finish`. Errors, which leave the other plans standing: invalid_argument when a parent
  // exists and is not an object (with its offset), when a member above or below this one has a
  // plan, when `value` is not JSON, or when it would nest deeper than `max_depth`.
  Status set(std::size_t index, std::string_view value);

  // Plans to remove every occurrence of the member. Removing an absent member is no error; a plan
  // for a member above or below is.
  Status remove(std::size_t index);

  // Carries out what was planned and returns the edited text, which lives until the next `open`;
  // until then nothing more can be planned. New members come first in their object. Errors, which
  // leave the document empty: invalid_json when a value or key that would be taken out is not valid
  // JSON.
  Result<std::string_view> finish();

  // The same, and leaves the edited text in `out`, where it lives until that changes; the memory of
  // `out` is the document's then.
  Result<std::string_view> finish(TextBuffer& out);

  // Overwrites its copy of the text, for one that holds secrets, and leaves the document empty.
  void cleanse() noexcept;

  // Heap bytes held for reuse.
  std::size_t capacity() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// One edit of one text, for callers without a Document to reuse. Same rules and errors.
Result<std::string> set(std::string_view text, std::string_view path, std::string_view value,
                        Mode mode = Mode::lenient);
Result<std::string> remove(std::string_view text, std::string_view path, Mode mode = Mode::lenient);

// Whether `text` is one JSON text of RFC 8259 (any kind of value): grammar, UTF-8, depth.
// The offset of the first offending byte is in the error. Lone surrogate escapes pass, as the
// grammar allows them.
Status validate(std::string_view text);

// Appends `value` to `out` as a JSON string with its quotes. Bytes are copied as they are, except
// quotes, backslashes and control characters.
void append_string(std::string& out, std::string_view value);

}  // namespace costmark::json
