#include "base/cancellation.hpp"

namespace costmark {

void Cancellation::request() noexcept {
  requested_.store(true, std::memory_order_release);
  const std::lock_guard lock(mutex_);
  leave_other_process();
  for (WakenBy* each = first_; each != nullptr; each = each->next_) each->sleeper_.wake();
}

// Its threads, on whose stacks the others in the list are, do not exist here.
void Cancellation::leave_other_process() noexcept {
  const std::uint64_t now = fork_generation();
  if (generation_ == now) return;
  generation_ = now;
  first_ = nullptr;
}

WakenBy::WakenBy(Cancellation* cancellation, Sleeper& sleeper) noexcept
    : cancellation_(cancellation), sleeper_(sleeper) {
  if (cancellation_ == nullptr) return;
  const std::lock_guard lock(cancellation_->mutex_);
  cancellation_->leave_other_process();
  generation_ = cancellation_->generation_;
  next_ = cancellation_->first_;
  if (next_ != nullptr) next_->previous_ = this;
  cancellation_->first_ = this;
}

WakenBy::~WakenBy() {
  if (cancellation_ == nullptr) return;
  const std::lock_guard lock(cancellation_->mutex_);
  cancellation_->leave_other_process();
  if (generation_ != cancellation_->generation_) return;
  if (next_ != nullptr) next_->previous_ = previous_;
  (previous_ == nullptr ? cancellation_->first_ : previous_->next_) = next_;
}

Cancel::Cancel() : impl_(std::make_unique<Impl>()) {}
Cancel::~Cancel() = default;

void Cancel::request() noexcept {
  impl_->cancellation.request();
}
bool Cancel::requested() const noexcept {
  return impl_->cancellation.requested();
}

}  // namespace costmark
