#include "json/text_buffer.hpp"

#include <bit>
#include <cstring>

#include "base/cleanse.hpp"
#include "json/reuse.hpp"

namespace costmark::json {
namespace {

// The splices cut a text into splices.size() + 1 parts. Where a part goes is its old place plus a
// shift: that of the part before it plus what the splice between the two adds.
class Parts {
 public:
  Parts(std::span<const Splice> splices, std::size_t text_size) noexcept
      : splices_(splices), text_size_(text_size) {}

  std::size_t count() const noexcept { return splices_.size() + 1; }
  std::size_t begin(std::size_t part) const noexcept {
    return part == 0 ? 0 : splices_[part - 1].end;
  }
  std::size_t end(std::size_t part) const noexcept {
    return part == splices_.size() ? text_size_ : splices_[part].begin;
  }
  std::size_t size(std::size_t part) const noexcept { return end(part) - begin(part); }

  // Bytes that the splice behind `part` adds to the text.
  std::ptrdiff_t growth(std::size_t part) const noexcept {
    const Splice& splice = splices_[part];
    return static_cast<std::ptrdiff_t>(splice.size) -
           static_cast<std::ptrdiff_t>(splice.end - splice.begin);
  }

  std::size_t largest() const noexcept {
    std::size_t best = 0;
    for (std::size_t part = 1; part < count(); ++part) {
      if (size(part) > size(best)) best = part;
    }
    return best;
  }

 private:
  std::span<const Splice> splices_;
  std::size_t text_size_;
};

}  // namespace

void TextBuffer::load(std::string_view text, std::size_t padding) {
  size_ = 0;
  if (is_wasteful(capacity_, text.size())) {
    data_.reset();
    capacity_ = 0;
    room_ = least_room;
  }
  reserve(text.size() + padding + 2 * room_);
  begin_ = room_;
  std::memcpy(data_.get() + begin_, text.data(), text.size());
  std::memset(data_.get() + begin_ + text.size(), 0, padding);
  size_ = text.size();
}

void TextBuffer::cleanse() noexcept {
  costmark::cleanse(data_.get(), capacity_);
  size_ = 0;
}

void TextBuffer::reserve(std::size_t size) {
  if (capacity_ >= size) return;
  data_.reset();  // the old bytes are of no use: never hold both
  capacity_ = 0;
  data_ = std::make_unique_for_overwrite<char[]>(with_slack(size));
  capacity_ = with_slack(size);
}

void TextBuffer::apply(std::span<const Splice> splices, std::string_view inserted) {
  if (splices.empty()) return;
  const Parts parts(splices, size_);
  const std::size_t pivot = parts.largest();
  std::ptrdiff_t before = 0;
  std::ptrdiff_t behind = 0;
  for (std::size_t i = 0; i < pivot; ++i) before += parts.growth(i);
  for (std::size_t i = pivot; i < splices.size(); ++i) behind += parts.growth(i);
  const auto size = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(size_) + before + behind);
  if (before > static_cast<std::ptrdiff_t>(begin_) ||
      behind > static_cast<std::ptrdiff_t>(capacity_ - begin_ - size_)) {
    return rebuild(splices, inserted, size);
  }

  // Parts that go left, from the left; then parts that go right, from the right: so no part lands
  // on one that has yet to move.
  char* const text = data_.get() + begin_;
  std::ptrdiff_t shift = -before;
  for (std::size_t i = 0; i < parts.count(); ++i) {
    char* const part = text + parts.begin(i);
    if (shift < 0) std::memmove(part + shift, part, parts.size(i));
    if (i < splices.size()) shift += parts.growth(i);
  }
  for (std::size_t i = parts.count(); i-- > 0;) {
    char* const part = text + parts.begin(i);
    if (shift > 0) std::memmove(part + shift, part, parts.size(i));
    if (i > 0) shift -= parts.growth(i - 1);
  }
  for (std::size_t i = 0; i < splices.size(); ++i) {
    std::memcpy(text + parts.end(i) + shift, inserted.data() + splices[i].offset, splices[i].size);
    shift += parts.growth(i);
  }
  begin_ = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(begin_) - before);
  size_ = size;
}

// For splices that add more than the room holds: a new buffer, and more room from now on.
void TextBuffer::rebuild(std::span<const Splice> splices, std::string_view inserted,
                         std::size_t size) {
  const Parts parts(splices, size_);
  const std::size_t room = std::max(room_, std::bit_ceil(inserted.size()));
  const std::size_t capacity = with_slack(size + 2 * room);
  auto data = std::make_unique_for_overwrite<char[]>(capacity);
  const char* const text = data_.get() + begin_;
  char* out = data.get() + room;
  for (std::size_t i = 0; i < parts.count(); ++i) {
    std::memcpy(out, text + parts.begin(i), parts.size(i));
    out += parts.size(i);
    if (i == splices.size()) break;
    std::memcpy(out, inserted.data() + splices[i].offset, splices[i].size);
    out += splices[i].size;
  }
  data_ = std::move(data);
  capacity_ = capacity;
  room_ = room;
  begin_ = room;
  size_ = size;
}

}  // namespace costmark::json
