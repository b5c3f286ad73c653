#include "client/prepared.hpp"

#include "cleanse.hpp"

namespace costmark {

void Prepared::Impl::reset() noexcept {
  headers_to_remove.clear();
  headers_to_set.clear();
  body = {};
  body_changed = false;
  url.clear();
  hint.clear();
  model.clear();
  project.clear();
  source = ProjectSource::none;
  api = Api::other;
  inference = false;
  streamed = false;
  hides_usage_chunk = false;
  proof.reset();
  carriers = {};
  signed_headers.clear();
  cleanse(authorization);
}

Prepared::Prepared() : impl_(std::make_unique<Impl>()) {}
Prepared::~Prepared() = default;
Prepared::Prepared(Prepared&&) noexcept = default;
Prepared& Prepared::operator=(Prepared&&) noexcept = default;

std::span<const std::string_view> Prepared::headers_to_remove() const noexcept {
  return impl_->headers_to_remove;
}
std::span<const Header> Prepared::headers_to_set() const noexcept {
  return impl_->headers_to_set;
}
std::string_view Prepared::body() const noexcept {
  return impl_->body;
}
bool Prepared::body_changed() const noexcept {
  return impl_->body_changed;
}
std::string_view Prepared::url() const noexcept {
  return impl_->url;
}
std::string_view Prepared::hint() const noexcept {
  return impl_->hint;
}
std::string_view Prepared::project() const noexcept {
  return impl_->project;
}
ProjectSource Prepared::project_source() const noexcept {
  return impl_->source;
}
Api Prepared::api() const noexcept {
  return impl_->api;
}
bool Prepared::streamed() const noexcept {
  return impl_->streamed;
}
bool Prepared::hides_usage_chunk() const noexcept {
  return impl_->hides_usage_chunk;
}
bool Prepared::authorized() const noexcept {
  return impl_->proof.kind != client::ProofKind::none;
}

}  // namespace costmark
