// Objects that were used and may be used again, so that the next user need not make one.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

namespace costmark {

// Pointers, for FreeList.
class FreePointers {
 public:
  explicit FreePointers(std::size_t most);
  ~FreePointers();
  FreePointers(const FreePointers&) = delete;
  FreePointers& operator=(const FreePointers&) = delete;

  void* take() noexcept;              // null when there is none
  bool keep(void* pointer) noexcept;  // false when it is full

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Keeps up to `most` objects; the one that came last is taken first. Synchronized internally, and
// whole in a forked child.
template <class T>
class FreeList {
 public:
  explicit FreeList(std::size_t most) : kept_(most) {}
  ~FreeList() {
    while (take()) continue;
  }
  FreeList(const FreeList&) = delete;
  FreeList& operator=(const FreeList&) = delete;

  // Null when there is none.
  std::unique_ptr<T> take() noexcept { return std::unique_ptr<T>(static_cast<T*>(kept_.take())); }
  // Destroys what does not fit.
  void give_back(std::unique_ptr<T> item) noexcept {
    if (kept_.keep(item.get())) static_cast<void>(item.release());
  }

 private:
  FreePointers kept_;
};

// One object of a list, or a new one, and back to the list with it. T is cleared on its way.
template <class T>
class Lease {
 public:
  explicit Lease(FreeList<T>& list) : list_(list), item_(list.take()) {
    if (!item_) item_ = std::make_unique<T>();
  }
  ~Lease() {
    item_->clear();
    list_.give_back(std::move(item_));
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  T& operator*() const noexcept { return *item_; }
  T* operator->() const noexcept { return item_.get(); }

 private:
  FreeList<T>& list_;
  std::unique_ptr<T> item_;
};

}  // namespace costmark
