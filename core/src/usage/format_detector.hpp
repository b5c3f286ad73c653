// What an answer is, by its first bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace costmark {

enum class Format : std::uint8_t { json, event_stream, aws_event_stream, opaque };

// Skips a byte order mark and white space, which servers send to keep a connection alive, and then
// needs one byte, the name of one field, or the prelude of one frame:
//
//   BOM? white space*  ─┬─ `{` `[` ──────────────────────────► json
//                       ├─ `:` or `data` `event` `id` `retry`
//                       │  before a `:` or the line's end ────► event_stream
//                       ├─ another name before a `:` ─────────► event_stream if one is expected
//                       ├─ two lengths and their checksum ────► aws_event_stream
//                       └─ anything else (gzip, HTML, ...) ───► opaque
//
// Reusable through `reset`.
class FormatDetector {
 public:
  // `expects_stream`: the request asked for an event stream, or the answer is labeled as one.
  // `may_be_framed`: the API streams in AWS's framing; to the others that is opaque.
  void reset(bool expects_stream, bool may_be_framed);

  // Takes off the front of `piece` what is skipped. Undecided: takes the rest too, into head().
  // Decided: the answer begins with head(), then comes what is left of `piece`.
  std::optional<Format> take(std::string_view& piece);

  // Undecided, and no more bytes come: whether those in head() begin nothing that is known.
  bool is_nothing_known() const noexcept;

  // Bytes of the answer that were skipped.
  std::uint64_t skipped() const noexcept { return skipped_; }
  // The first bytes of the answer, as far as they came in earlier pieces.
  std::string_view head() const noexcept { return head_; }

 private:
  void skip(std::string_view& piece);
  std::optional<Format> format_of(std::string_view start) const;

  bool begins_like_frame(std::string_view start) const noexcept;

  bool expects_stream_ = false;
  bool may_be_framed_ = false;
  bool after_mark_ = false;  // what may be a byte order mark has been seen to its end
  std::uint64_t skipped_ = 0;
  std::string head_;
};

}  // namespace costmark
