// A text with room on both sides, in which splices are carried out by moving the lesser part.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace costmark::json {

// Replaces the bytes [begin, end) of a text by `size` bytes at `offset` of the inserted bytes.
struct Splice {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t offset = 0;
  std::size_t size = 0;
};

class TextBuffer {
 public:
  // Copies `text`, with `padding` zero bytes behind it.
  void load(std::string_view text, std::size_t padding);

  std::string_view text() const noexcept { return {data_.get() + begin_, size_}; }

  // Carries out all splices at once: ascending, not overlapping, with offsets into the text as it
  // stands. The largest part between two splices stays where it is.
  void apply(std::span<const Splice> splices, std::string_view inserted);

  // Overwrites everything that the buffer holds and empties it; the memory stays for reuse.
  void cleanse() noexcept;

  std::size_t capacity() const noexcept { return capacity_; }

 private:
  void reserve(std::size_t size);
  void rebuild(std::span<const Splice> splices, std::string_view inserted, std::size_t size);

  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t size_ = 0;
  std::size_t room_ =
      least_room;  // kept free before and behind each text; learned from the splices

  static constexpr std::size_t least_room = 512;
};

}  // namespace costmark::json
