#include "client/send/response.hpp"
#include "base/immortal.hpp"

#include "client/operation/operation_impl.hpp"

namespace costmark {
namespace {

constexpr std::size_t worth_keeping = std::size_t{16} << 20U;

}  // namespace

void Response::Impl::reset() noexcept {
  head.clear();
  body.clear();
  if (body.capacity() > worth_keeping) body.shrink_to_fit();
  headers.clear();
}

void Response::Impl::shrink() noexcept {
  constexpr std::size_t worth_keeping_unused = 64U << 10U;
  if (body.capacity() > worth_keeping_unused) body = {};
}

Response::Response() = default;
Response::~Response() = default;

Response::Impl& Response::impl() {
  if (!impl_) impl_ = std::make_unique<Impl>();
  return *impl_;
}
void Response::clear() noexcept {
  if (impl_) impl_->reset();
}
void Response::shrink() noexcept {
  if (impl_) impl_->shrink();
}

int Response::http_status() const noexcept {
  return impl_ ? impl_->head.status() : 0;
}
std::span<const Header> Response::headers() const noexcept {
  if (!impl_) return {};
  return impl_->head.fields();
}
std::string_view Response::header(std::string_view name) const noexcept {
  return impl_ ? impl_->head.field(name) : std::string_view();
}
std::string_view Response::body() const noexcept {
  return impl_ ? std::string_view(impl_->body) : std::string_view();
}
std::string_view Response::request_id() const noexcept {
  return impl_ ? std::string_view(impl_->operation->request_id) : std::string_view();
}
std::uint32_t Response::attempts() const noexcept {
  return impl_ ? impl_->operation->attempt : 0;
}
const Answer& Response::answer() const noexcept {
  static const Immortal<Answer> none;
  return impl_ ? impl_->operation->answer() : *none;
}
const Prepared& Response::prepared() const noexcept {
  static const Immortal<Prepared> none;
  return impl_ ? impl_->operation->prepared : *none;
}

}  // namespace costmark
