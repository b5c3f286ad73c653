// Passes a stream of bytes on, less the stretches that turn out not to be wanted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace costmark {

// Bytes are held until it is decided what becomes of them:
//
//   stream   0 ......... decided ................ piece_begin ............. end
//            passed or   held_: undecided bytes   piece_: the piece at hand
//            dropped     of earlier pieces
//   pass(n), drop(n) move `decided` to n;  take() moves what is left of the piece into held_
//
// Offsets count from the start of the stream. Copies only where what passes is not one stretch of
// the piece at hand. One thread at a time.
class ChunkFilter {
 public:
  // Begins a new stream.
  void reset();

  // The next piece; it must live until `take`.
  void give(std::string_view piece);

  // Where the bytes given so far end.
  std::uint64_t end() const noexcept { return piece_begin_ + piece_.size(); }

  // Decides about the undecided bytes before `end`; an `end` already decided changes nothing.
  void pass(std::uint64_t end);
  void drop(std::uint64_t end);

  // What passes of the bytes given. Holds a copy of what is undecided. Lives until the next call.
  std::string_view take();

  // What is still held, given up for good. Lives until the next call.
  std::string_view release();

 private:
  std::string_view held_before(std::uint64_t end) const noexcept;
  std::string_view piece_before(std::uint64_t end) const noexcept;
  void append(std::string_view part);

  std::string held_;  // undecided bytes of earlier pieces
  std::string out_;   // what passes, once it is more than `run_`
  std::string_view piece_;
  std::string_view run_;           // what passes, while it is one stretch of the piece
  std::uint64_t piece_begin_ = 0;  // offset of `piece_`
  std::uint64_t decided_ = 0;
};

}  // namespace costmark
