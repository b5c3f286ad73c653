#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attribution/carrier.hpp"
#include "client/proof.hpp"
#include "costmark/client.hpp"
#include "costmark/json.hpp"
#include "costmark/signing.hpp"

namespace costmark {

struct Prepared::Impl {
  // What the caller reads.
  std::vector<std::string_view> headers_to_remove;
  std::vector<Header> headers_to_set;
  std::string_view body;
  bool body_changed = false;
  std::string url;   // empty: as it was
  std::string hint;  // empty: none
  std::string project;
  ProjectSource source = ProjectSource::none;
  Api api = Api::other;
  bool inference = false;
  bool streamed = false;
  bool hides_usage_chunk = false;
  client::Proof proof;

  // What preparing works with.
  attribution::Carriers carriers;  // of the project
  json::Document document;
  std::string body_project;
  std::string project_value;  // the project as JSON text
  std::string model;
  std::string previous_response;
  std::string chain_owner;
  std::string host;
  std::string authorization;
  std::vector<Header> signed_headers;
  signing::PayloadHasher hasher;
  signing::PayloadHash payload_hash{};
  signing::Signature signature;

  // Forgets the last request and keeps every buffer.
  void reset() noexcept;
};

namespace client {

// Appends the fields to send: those of the request that stay, then those that are set.
void append_sent_headers(std::span<const Header> headers, const Prepared::Impl& prepared,
                         std::vector<Header>& out);

}  // namespace client

}  // namespace costmark
