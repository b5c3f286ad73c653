// What stands behind costmark_operation.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "answer.hpp"
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

  // Forgets it: the caller's memory may be gone.
  void clear() noexcept;

 private:
  Request request_;
  std::string url_;              // with a NUL behind it, which the caller's may not have
  std::vector<Header> headers_;  // of `request_`; the core reads them until the next one
  std::vector<NameValue> labels_;
};

// What costmark_prepared shows.
class ShownPrepared {
 public:
  // `url`: the request's own.
  costmark_prepared fill(const Operation& operation, std::string_view url);

 private:
  std::array<costmark_header, Prepared::most_set> set_headers_{};
  std::vector<costmark_str> remove_headers_;
};

// What costmark_response shows. Header fields stand in `text_`, each part with a NUL behind it.
class ShownResponse {
 public:
  void clear() noexcept { shown_ = {}; }
  void fill(const Response& response);
  // Wipes its copies; large buffers go.
  void retire() noexcept;

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
  explicit costmark_operation(std::shared_ptr<costmark::capi::Operations> of)
      : operations(std::move(of)), core(operations->client->operation()) {}

  // Ends it; what stays is memory. The core counts an attempt that is open.
  void retire() noexcept;
  void begin_again(std::shared_ptr<costmark::capi::Operations> of) noexcept;

  std::uint64_t owner() const noexcept { return operations->number; }
  costmark::Client& client() const noexcept { return *operations->client; }

  costmark::capi::Magic<0x636d'6f70'6572'6174> magic;
  std::shared_ptr<costmark::capi::Operations> operations;  // null: ended
  costmark::Operation core;

  // Memory that is kept from one call to the next.
  costmark::capi::KeptRequest request;
  std::vector<costmark::Header> answer_headers;
  costmark::capi::ShownPrepared prepared;
  costmark::capi::ShownResponse response;
  mutable std::unique_ptr<costmark::capi::ShownAnswer> answer;  // once it was asked for
};

namespace costmark::capi {

// Refuses what is not an operation, one that a call of this thread is inside of, and a call from
// inside a callback of its client.
Status enter(const costmark_operation* operation);

}  // namespace costmark::capi
