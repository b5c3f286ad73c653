// A list that is never long, in place.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <stdexcept>

namespace costmark {

template <class T, std::size_t most>
class ShortList {
 public:
  // Throws std::length_error when it is full: its user has counted wrongly.
  void push_back(const T& item) {
    if (size_ == most) throw std::length_error("a ShortList is full");
    items_[size_++] = item;
  }
  // Takes away what is behind the first `size`.
  void shorten(std::size_t size) noexcept { size_ = std::min(size_, size); }
  void clear() noexcept { size_ = 0; }

  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  const T* data() const noexcept { return items_.data(); }
  const T* begin() const noexcept { return items_.data(); }
  const T* end() const noexcept { return items_.data() + size_; }

 private:
  std::array<T, most> items_{};
  std::size_t size_ = 0;
};

}  // namespace costmark
