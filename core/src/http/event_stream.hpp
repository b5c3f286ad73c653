// An incremental parser of text/event-stream (WHATWG HTML, section 9.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace costmark::http {

// One event. The views live until the parser's next call and as long as the input they came from.
struct Event {
  std::string_view type = "message";  // the last `event:` field, if there was one
  std::string_view data;              // `data:` lines joined by LF
  std::string_view id;                // the last id seen in the stream, of this event or before
  // The bytes of the stream that make up the event, its blank line included. Where a piece of input
  // ends between the CR and the LF of that blank line, `end` lies between them: take_line_feed().
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  // The event was longer than allowed: its type and data were not kept.
  bool oversized = false;
};

// Pieces of input may end anywhere. An event is complete at its blank line and not before. What
// follows the last blank line when the stream ends is no event to the standard, yet some servers
// leave the last blank line out: `finish` gives it to callers that can tell whether it is whole.
//
// An event that lies within one piece is not copied; of one that does not, one copy is held, up to
// `max_event_bytes`. Buffers are reused. Two memchr scans, for LF and for CR, go once over each
// byte. One thread at a time.
class EventStream {
 public:
  static constexpr std::size_t default_max_event_bytes = std::size_t{64} << 20U;

  explicit EventStream(std::size_t max_event_bytes = default_max_event_bytes)
      : max_event_bytes_(max_event_bytes) {}

  // Begins a new stream.
  void reset();

  // Takes bytes off the front of `input` up to the end of the next event, which it returns; when
  // none ends in `input`, takes all of it and returns nothing. Call until it returns nothing.
  std::optional<Event> next(std::string_view& input);

  // The stream has ended: returns what follows the last blank line as if one came now. Nothing when
  // that holds no data. Call once, after `next` has returned nothing.
  std::optional<Event> finish();

  // If the stream so far ends with a CR and `input` goes on with an LF, takes that LF, which
  // belongs to the same line end, and returns true. `next` does so by itself; this is for callers
  // to whom it matters whose byte it is.
  bool take_line_feed(std::string_view& input);

  // Bytes taken so far.
  std::uint64_t position() const noexcept { return position_; }

  // Where the bytes begin that follow the last blank line. Equal to position() between events.
  std::uint64_t block_begin() const noexcept { return block_begin_; }

  // The last valid `retry:` field.
  std::optional<std::uint64_t> retry_ms() const noexcept { return retry_ms_; }

  // Heap bytes held for reuse.
  std::size_t capacity() const noexcept;

 private:
  struct Span {
    std::size_t begin = 0;
    std::size_t size = 0;
  };

  std::size_t find(char wanted, std::uint64_t& absent_before, std::string_view input) const;
  std::string_view take_line(std::string_view& input, std::size_t line_end);
  void hold(std::string_view& input);
  void take_field(std::string_view line);
  void take_data(std::string_view value);
  void take_retry(std::string_view value);
  std::optional<Event> end_block();
  void give_up_block();
  void forget_block(const char* next_byte);
  Span span_of(std::string_view part) const noexcept;
  std::string_view view_of(Span span) const noexcept { return {block_ + span.begin, span.size}; }

  std::size_t max_event_bytes_;

  // Offsets into the stream. A block is what lies between two blank lines.
  std::uint64_t position_ = 0;
  std::uint64_t block_begin_ = 0;
  std::uint64_t line_begin_ = 0;
  std::uint64_t no_lf_before_ = 0;  // what the scans know already, so that no byte is scanned twice
  std::uint64_t no_cr_before_ = 0;

  const char* block_ = nullptr;  // first byte of the block: in the input, or in `held_`
  std::string held_;             // the block's bytes from earlier pieces
  std::string joined_;           // data of more than one line
  std::string id_;
  Span type_;
  Span data_;
  std::size_t data_lines_ = 0;
  bool has_type_ = false;
  bool oversized_ = false;
  bool delivered_ = false;  // views into `held_` are with the caller until the next call
  bool after_cr_ = false;
  std::optional<std::uint64_t> retry_ms_;
};

}  // namespace costmark::http
