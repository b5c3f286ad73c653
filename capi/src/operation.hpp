// What stands behind costmark_operation.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client.hpp"
#include "costmark/costmark.h"
#include "costmark/operation.hpp"
#include "costmark/send.hpp"
#include "handle.hpp"

namespace costmark::capi {

// A request as the core reads it.
class KeptRequest {
 public:
  // Checks and takes a caller's request. After a failure the last one is still there.
  Status take(const costmark_request* from);

  const Request& request() const noexcept { return request_; }
  const std::string& url() const noexcept { return url_; }

 private:
  Request request_;
  std::string url_;              // with a NUL behind it, which the caller's may not have
  std::vector<Header> headers_;  // of `request_`; the core reads them until the next one
  std::vector<Header> read_;     // what is being read
};

// What costmark_prepared shows.
class ShownPrepared {
 public:
  // `url`: the request's own.
  costmark_prepared fill(const Operation& operation, std::string_view url);

 private:
  std::vector<costmark_header> set_headers_;
  std::vector<costmark_str> remove_headers_;
};

// What costmark_response shows. Header fields stand in `text_`, each part with a NUL behind it.
class ShownResponse {
 public:
  void clear() noexcept { shown_ = {}; }
  void fill(const Response& response);

  const costmark_response& shown() const noexcept { return shown_; }

 private:
  void copy_headers(std::span<const Header> headers);

  costmark_response shown_{};
  std::vector<costmark_header> headers_;
  std::string text_;
  std::string request_id_;
  std::string hint_;
};

}  // namespace costmark::capi

struct costmark_operation {
  explicit costmark_operation(const costmark_client& of)
      : owner(of.number), client(of.core), core(client->operation()) {}

  costmark::capi::Magic<0x636d'6f70'6572'6174> magic;
  const std::uint64_t owner;  // number of the client
  const std::shared_ptr<costmark::Client> client;
  costmark::Operation core;

  // Memory that is kept from one call to the next.
  costmark::capi::KeptRequest request;
  std::vector<costmark::Header> answer_headers;
  costmark::capi::ShownPrepared prepared;
  costmark::capi::ShownResponse response;
  mutable costmark_usage usage{};
};

namespace costmark::capi {

// Refuses what is not an operation, one that a call of this thread is inside of, and a call from
// inside a callback of its client.
Status enter(const costmark_operation* operation);

}  // namespace costmark::capi
