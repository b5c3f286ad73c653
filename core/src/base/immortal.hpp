// Objects of the process that are never destroyed.
#pragma once

#include <new>
#include <utility>

namespace costmark {

// exit() destroys static objects while other threads still run, and before atexit handlers that
// were registered earlier: what either of them uses must outlive both. An object in here has no
// destructor to be run, and what it owns stays reachable for leak checkers:
//
//   static Immortal<Registry> registry;
//   registry->add(...);
template <class T>
class Immortal {
 public:
  template <class... Arguments>
  explicit Immortal(Arguments&&... arguments)
      : object_(new (place_) T(std::forward<Arguments>(arguments)...)) {}
  Immortal(const Immortal&) = delete;
  Immortal& operator=(const Immortal&) = delete;

  T& operator*() const noexcept { return *object_; }
  T* operator->() const noexcept { return object_; }

 private:
  alignas(T) unsigned char place_[sizeof(T)];
  T* object_;
};

}  // namespace costmark
