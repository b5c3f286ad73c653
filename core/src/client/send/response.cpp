#include "client/send/response.hpp"

#include "client/operation/operation_impl.hpp"

namespace costmark {
namespace {

constexpr std::size_t worth_keeping = std::size_t{16} << 20U;

}  // namespace

void Response::Impl::reset() {
  head.clear();
  body.clear();
  if (body.capacity() > worth_keeping) body.shrink_to_fit();
  headers.clear();
}

Response::Response() : impl_(std::make_unique<Impl>()) {}
Response::~Response() = default;

int Response::http_status() const noexcept {
  return impl_->head.status();
}
std::span<const Header> Response::headers() const noexcept {
  return impl_->head.fields();
}
std::string_view Response::header(std::string_view name) const noexcept {
  return impl_->head.field(name);
}
std::string_view Response::body() const noexcept {
  return impl_->body;
}
std::string_view Response::request_id() const noexcept {
  return impl_->operation->request_id;
}
std::uint32_t Response::attempts() const noexcept {
  return impl_->operation->attempt;
}
const Answer& Response::answer() const noexcept {
  return impl_->operation->reader.answer();
}
const Prepared& Response::prepared() const noexcept {
  return impl_->operation->prepared;
}

}  // namespace costmark
