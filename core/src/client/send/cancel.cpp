#include "client/send/cancel.hpp"

namespace costmark {

Cancel::Cancel() : impl_(std::make_unique<Impl>()) {}
Cancel::~Cancel() = default;

void Cancel::request() noexcept {
  impl_->cancellation.request();
}
bool Cancel::requested() const noexcept {
  return impl_->cancellation.requested();
}

}  // namespace costmark
