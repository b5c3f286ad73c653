#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attribution/carrier.hpp"
#include "attribution/endpoint.hpp"
#include "base/short_list.hpp"
#include "client/prepare/auth_used.hpp"
#include "costmark/client.hpp"
#include "costmark/url.hpp"
#include "json/text_buffer.hpp"

namespace costmark {

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): in the order of their use
struct Prepared::Impl {
  // What the caller reads.
  std::vector<std::string_view> headers_to_remove;
  ShortList<Header, most_set> headers_to_set;
  std::string_view body;
  bool body_changed = false;
  std::string url;     // empty: as it was
  bool moved = false;  // to the path of its model
  std::string hint;    // empty: none
  std::string project;
  ProjectSource source = ProjectSource::none;
  Api api = Api::other;
  bool inference = false;
  bool may_spend = false;     // inference, or what else may cost money
  bool unattributed = false;  // may spend, and names no project but the endpoint's default
  bool unrecognized = false;  // no known route
  bool invoking = false;      // Bedrock's own, and nothing is ever written into it
  bool polls = false;         // reads or cancels a stored response
  bool streamed = false;
  bool background = false;
  bool hides_usage_chunk = false;
  std::optional<std::int64_t> most_output;  // tokens, as the request limits them; where budgets ask
  client::AuthUsed auth;
  bool renewal_due = false;  // of credentials; see Operation::renewal_due

  // Where the request goes: views of the request's URL, or of `url`.
  Url target;
  attribution::Endpoint endpoint;
  std::string stored_at;  // host of the response, where one is stored

  attribution::Carriers carriers;  // of the project
  std::string model;
  std::string spelled_url;
  json::TextBuffer edited_body;  // what `body` shows when it was changed
  std::string digest_names;      // of the headers that tell digests of the body, and are removed
  std::string authorization;     // the values of the headers that authorize, one after the other

  // A token that was fetched ahead of authorizing; used once. It outlasts reset(), since the
  // request that it was fetched for may be rebuilt before it is used; its owner cleanses it.
  std::string ready_token;
  // What is of attribution; behind it in these lists is what authorizes.
  std::size_t attributed_removals = 0;
  std::size_t attributed_headers = 0;

  // Forgets the last request and keeps every buffer.
  void reset() noexcept;
  // The same, less a token that is ready for the next one.
  void forget_request() noexcept;
  // Lets go of large buffers.
  void shrink() noexcept;
  // The request is attributed: what comes now authorizes it.
  void attributed() noexcept;
  // Forgets what authorizes the request, and keeps its attribution.
  void take_off_signature() noexcept;

  // Whether nothing was changed so far.
  bool is_untouched() const noexcept;

  // Which project is billed.
  std::string_view payer() const noexcept;
  // The bearer token that authorizes the request; empty when none does.
  std::string_view token() const noexcept;
};

namespace client {

// Code::would_block: `what` needs I/O, and the call was told not to wait.
Error would_block(std::string_view what);

// Appends the fields to send: those of the request that stay, then those that are set.
void append_sent_headers(std::span<const Header> headers, const Prepared::Impl& prepared,
                         std::vector<Header>& out);

}  // namespace client

}  // namespace costmark
