// What stands behind costmark_cancel.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "costmark/costmark.h"
#include "costmark/wait.hpp"
#include "handle.hpp"

struct costmark_cancel {
  costmark::capi::Magic<0x636d'6361'6e63'656c> magic;
  std::atomic<std::uint64_t> owners{1};
  const std::uint64_t number = costmark::capi::next_number();
  // Shared with the calls that it was given to, which may outlast its last owner.
  std::shared_ptr<costmark::Cancel> core = std::make_shared<costmark::Cancel>();
};
