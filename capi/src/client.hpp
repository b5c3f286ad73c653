// What stands behind costmark_client.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "costmark/client.hpp"
#include "costmark/costmark.h"
#include "handle.hpp"

struct costmark_client {
  explicit costmark_client(std::shared_ptr<costmark::Client> made) noexcept
      : core(std::move(made)) {}

  costmark::capi::Magic<0x636d'636c'6965'6e74> magic;
  std::atomic<std::uint64_t> owners{1};
  const std::uint64_t number = costmark::capi::next_number();
  std::shared_ptr<costmark::Client> core;
};
