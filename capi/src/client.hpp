// What stands behind costmark_client.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "costmark/client.hpp"
#include "costmark/costmark.h"
#include "costmark/free_list.hpp"
#include "handle.hpp"

namespace costmark::capi {

// The operations of a client that have ended, with their memory. It lives as long as the client or
// one of its operations does.
struct Operations {
  explicit Operations(std::shared_ptr<Client> of);
  ~Operations();

  static constexpr std::size_t most_ended = 64;

  const std::shared_ptr<Client> client;
  const std::uint64_t number = next_number();  // of the client
  FreeList<costmark_operation> ended{most_ended};
};

}  // namespace costmark::capi

struct costmark_client {
  explicit costmark_client(std::shared_ptr<costmark::Client> made)
      : core(std::move(made)), operations(std::make_shared<costmark::capi::Operations>(core)) {}

  costmark::capi::Magic<0x636d'636c'6965'6e74> magic;
  std::atomic<std::uint64_t> owners{1};
  std::shared_ptr<costmark::Client> core;
  const std::shared_ptr<costmark::capi::Operations> operations;
  const std::uint64_t number = operations->number;
};
