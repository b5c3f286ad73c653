// What stands behind costmark_client and costmark_prepared.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "costmark/client.hpp"
#include "costmark/costmark.h"
#include "handle.hpp"

struct costmark_client {
  explicit costmark_client(std::shared_ptr<costmark::Client> made) noexcept
      : core(std::move(made)) {}

  costmark::capi::Magic<0x636d'636c'6965'6e74> magic;
  std::atomic<std::uint64_t> owners{1};
  std::shared_ptr<costmark::Client> core;
};

struct costmark_prepared {
  costmark::capi::Magic<0x636d'7072'6570'6421> magic;
  costmark::Prepared core;
  // The client whose request this is, for telling a mistake; NULL: empty.
  const costmark::Client* filled_by = nullptr;

  // Memory that is kept from one request to the next.
  std::vector<costmark::Header> request_headers;
  std::vector<costmark_header> headers_to_set;
  std::vector<costmark_str> headers_to_remove;
  std::string project;

  void clear() noexcept;
  void show(const costmark::Client* client);  // fills the members above from `core`
};

namespace costmark::capi {

// The size of costmark_request in the first version.
inline constexpr std::size_t request_first_size =
    offsetof(costmark_request, scope) + sizeof(costmark_str);

// `headers`: the memory that the request's views go to.
Status read_request(const costmark_request* from, std::vector<Header>& headers, Request& out);

}  // namespace costmark::capi
