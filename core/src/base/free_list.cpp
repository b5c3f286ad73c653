#include "costmark/free_list.hpp"

#include <mutex>
#include <vector>

#include "base/fork.hpp"

namespace costmark {

struct FreePointers::Impl {
  std::mutex mutex;
  const HeldDuringFork across_fork{mutex};
  std::vector<void*> kept;  // with room for all from the start
};

FreePointers::FreePointers(std::size_t most) : impl_(std::make_unique<Impl>()) {
  impl_->kept.reserve(most);
}
FreePointers::~FreePointers() = default;

void* FreePointers::take() noexcept {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->kept.empty()) return nullptr;
  void* const pointer = impl_->kept.back();
  impl_->kept.pop_back();
  return pointer;
}

bool FreePointers::keep(void* pointer) noexcept {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->kept.size() == impl_->kept.capacity()) return false;
  impl_->kept.push_back(pointer);
  return true;
}

}  // namespace costmark
