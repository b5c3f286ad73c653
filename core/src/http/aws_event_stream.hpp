// An incremental parser of application/vnd.amazon.eventstream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace costmark::http {

// The types of header values, as their numbers are sent.
enum class AwsHeaderType : std::uint8_t {
  yes,
  no,
  int8,
  int16,
  int32,
  int64,
  bytes,
  text,
  timestamp,  // milliseconds since 1970, 64 bits
  uuid,
};

struct AwsHeader {
  std::string_view name;
  AwsHeaderType type = AwsHeaderType::yes;
  std::string_view value;  // as sent: numbers are big-endian; of bytes and text without the length
};

// Takes the first header off the headers of a frame. Nothing, and nothing is taken, when there is
// no whole one of a known type.
std::optional<AwsHeader> take_header(std::string_view& headers) noexcept;

// One message of the stream. The views live until the parser's next call and as long as the input
// they came from.
struct AwsFrame {
  std::string_view headers;  // well-formed; see take_header
  std::string_view payload;
  std::uint64_t begin = 0;  // the bytes of the stream that make it up
  std::uint64_t end = 0;

  // The value of the first text header of that name; empty when there is none.
  std::string_view text(std::string_view name) const noexcept;
};

// What is wrong with a stream.
enum class AwsFault : std::uint8_t {
  none,
  prelude_checksum,  // of the lengths
  length,            // shorter than its parts, or longer than allowed
  checksum,          // of the frame
  header,            // cut short, or of an unknown type
};

// A frame:
//
//    0  total length    │ 32 bits each, big-endian; the total covers all that is here
//    4  headers length  │
//    8  CRC-32 of the eight bytes before
//   12  headers: name length (8 bits), name, type (8 bits), value; bytes and text with a length
//   (16)
//       payload
//       CRC-32 of all before, 32 bits
//
// Pieces of input may end anywhere. Nothing of a frame is given before its checksums are right. A
// bad frame ends the reading: where the next one would begin is not known.
//
// A frame that lies within one piece is not copied; of one that does not, one copy is held. Buffers
// are reused. One thread at a time.
class AwsEventStream {
 public:
  // As AWS's own SDKs have it.
  static constexpr std::size_t max_header_bytes = std::size_t{128} << 10U;
  static constexpr std::size_t max_frame_bytes = (std::size_t{24} << 20U) + max_header_bytes + 16;
  static constexpr std::size_t prelude_bytes = 12;

  // Whether a stream may begin with these bytes: the first frame's prelude, or what there is of it.
  static bool begins_like_frame(std::string_view bytes) noexcept;

  // Begins a new stream.
  void reset() noexcept;

  // Takes bytes off the front of `input` up to the end of the next frame, which it returns; when
  // none ends in `input`, or the stream has a fault, takes all of it and returns nothing. Call
  // until it returns nothing.
  std::optional<AwsFrame> next(std::string_view& input);

  // What ended the reading, and the offset in the stream of what is wrong.
  AwsFault fault() const noexcept { return fault_; }
  std::uint64_t fault_at() const noexcept { return fault_at_; }

  // Bytes taken so far.
  std::uint64_t position() const noexcept { return position_; }

  // Whether the bytes so far end within a frame.
  bool within_frame() const noexcept { return position_ != frame_begin_; }

  // Heap bytes held for reuse.
  std::size_t capacity() const noexcept { return held_.capacity(); }

 private:
  bool read_prelude(std::string_view start) noexcept;
  std::optional<AwsFrame> open(std::string_view bytes) noexcept;
  bool check_headers(std::string_view headers) noexcept;
  void hold(std::string_view& input, std::size_t wanted);
  void take(std::string_view& input, std::size_t size) noexcept;
  void fail(AwsFault fault, std::size_t offset_in_frame) noexcept;
  void forget_held() noexcept;

  std::uint64_t position_ = 0;
  std::uint64_t frame_begin_ = 0;
  std::size_t frame_bytes_ = 0;  // 0: the prelude has not been read
  std::size_t header_bytes_ = 0;
  std::string held_;        // the frame's bytes from earlier pieces
  bool delivered_ = false;  // views into `held_` are with the caller until the next call
  AwsFault fault_ = AwsFault::none;
  std::uint64_t fault_at_ = 0;
};

}  // namespace costmark::http
