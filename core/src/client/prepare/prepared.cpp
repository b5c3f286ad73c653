#include "client/prepare/prepared.hpp"

#include <algorithm>

#include "attribution/project.hpp"
#include "base/cleanse.hpp"

namespace costmark {

void Prepared::Impl::reset() noexcept {
  forget_request();
  cleanse(ready_token);
}

void Prepared::Impl::forget_request() noexcept {
  headers_to_remove.clear();
  headers_to_set.clear();
  body = {};
  body_changed = false;
  url.clear();
  moved = false;
  hint.clear();
  model.clear();
  project.clear();
  source = ProjectSource::none;
  api = Api::other;
  inference = may_spend = unattributed = unrecognized = invoking = false;
  polls = false;
  streamed = false;
  background = false;
  hides_usage_chunk = false;
  most_output.reset();
  carriers = {};
  target = {};
  endpoint = {};
  stored_at.clear();
  attributed_removals = attributed_headers = 0;
  take_off_signature();
}

void Prepared::Impl::shrink() noexcept {
  constexpr std::size_t worth_keeping = 64U << 10U;
  if (edited_body.capacity() > worth_keeping) edited_body = {};
}

void Prepared::Impl::attributed() noexcept {
  attributed_removals = headers_to_remove.size();
  attributed_headers = headers_to_set.size();
}

void Prepared::Impl::take_off_signature() noexcept {
  const std::size_t stay = std::min(attributed_removals, headers_to_remove.size());
  headers_to_remove.erase(headers_to_remove.begin() + static_cast<std::ptrdiff_t>(stay),
                          headers_to_remove.end());
  headers_to_set.shorten(attributed_headers);
  auth.reset();
  renewal_due = false;
  cleanse(authorization);
}

bool Prepared::Impl::is_untouched() const noexcept {
  return !body_changed && url.empty() && headers_to_set.empty() && headers_to_remove.empty();
}

std::string_view Prepared::Impl::payer() const noexcept {
  return project.empty() ? attribution::default_project : std::string_view(project);
}

std::string_view Prepared::Impl::token() const noexcept {
  switch (auth.kind) {
    case client::AuthKind::given_token:
    case client::AuthKind::callback_token:
    case client::AuthKind::minted_token:
      return std::string_view(authorization).substr(authorization.find(' ') + 1);
    case client::AuthKind::none:
    case client::AuthKind::signature:
      break;
  }
  return {};
}

void Prepared::Drop::operator()(Impl* impl) const noexcept {
  if (is_owner) delete impl;
}

Prepared::Prepared() : impl_(new Impl, Drop{true}) {}
Prepared::~Prepared() = default;
Prepared::Prepared(Prepared&&) noexcept = default;
Prepared& Prepared::operator=(Prepared&&) noexcept = default;

void Prepared::clear() noexcept {
  impl_->reset();
}
std::span<const std::string_view> Prepared::headers_to_remove() const noexcept {
  return impl_->headers_to_remove;
}
std::span<const Header> Prepared::headers_to_set() const noexcept {
  return {impl_->headers_to_set.data(), impl_->headers_to_set.size()};
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
std::string_view Prepared::model() const noexcept {
  return impl_->model;
}
bool Prepared::unattributed() const noexcept {
  return impl_->unattributed;
}
bool Prepared::unrecognized() const noexcept {
  return impl_->unrecognized;
}
bool Prepared::streamed() const noexcept {
  return impl_->streamed;
}
bool Prepared::hides_usage_chunk() const noexcept {
  return impl_->hides_usage_chunk;
}
bool Prepared::authorized() const noexcept {
  return impl_->auth.kind != client::AuthKind::none;
}

namespace client {

Error would_block(std::string_view what) {
  return {
      Code::would_block,
      std::string(what) + " needs I/O; call ready() where waiting is allowed, then prepare again"};
}

void append_sent_headers(std::span<const Header> headers, const Prepared::Impl& prepared,
                         std::vector<Header>& out) {
  for (const Header& header : headers) {
    const auto names_it = [&header](std::string_view name) {
      return equal_ignoring_case(header.name, name);
    };
    const auto& removed = prepared.headers_to_remove;
    const auto& set = prepared.headers_to_set;
    if (std::none_of(removed.begin(), removed.end(), names_it) &&
        std::none_of(set.begin(), set.end(), [&](const Header& h) { return names_it(h.name); })) {
      out.push_back(header);
    }
  }
  out.insert(out.end(), prepared.headers_to_set.begin(), prepared.headers_to_set.end());
}

}  // namespace client

}  // namespace costmark
