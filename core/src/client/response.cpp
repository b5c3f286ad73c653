#include "client/response.hpp"

#include <array>

#include "cleanse.hpp"
#include "client/prepared.hpp"
#include "http/field.hpp"

namespace costmark {
namespace {

constexpr std::size_t worth_keeping = std::size_t{16} << 20U;

}  // namespace

Response::Impl::~Impl() {
  cleanse(refused_token);
}

void Response::Impl::reset() {
  begin_attempt();
  attempts = 0;
  prepared.impl().reset();
  headers.clear();
  cleanse(refused_token);
}

void Response::Impl::begin_attempt() {
  head.clear();
  body.clear();
  if (body.capacity() > worth_keeping) body.shrink_to_fit();
  answer.clear();
}

Response::Response() : impl_(std::make_unique<Impl>()) {}
Response::~Response() = default;
Response::Response(Response&&) noexcept = default;
Response& Response::operator=(Response&&) noexcept = default;

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
  // Amazon's names, then those of OpenAI and Anthropic.
  constexpr std::array<std::string_view, 4> names{"x-amzn-requestid", "x-amz-request-id",
                                                  "x-request-id", "request-id"};
  for (const std::string_view name : names) {
    if (const std::string_view id = http::plain_id(header(name)); !id.empty()) return id;
  }
  return {};
}
std::uint32_t Response::attempts() const noexcept {
  return impl_->attempts;
}
const Answer& Response::answer() const noexcept {
  return impl_->answer;
}
const Prepared& Response::prepared() const noexcept {
  return impl_->prepared;
}

}  // namespace costmark
