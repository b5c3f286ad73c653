// The error object behind costmark_error.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "costmark/costmark.h"
#include "costmark/error.hpp"
#include "guard.hpp"

// Trivially destructible, so that the one for want of memory can be constant-initialized and is
// still there when the last thread of a process ends.
struct costmark_error {
  std::uint64_t magic;
  const char* copy;  // see handle.hpp
  costmark::Code code;
  std::string_view message;
  std::string_view request_id;
  std::optional<std::uint64_t> offset;
  std::int32_t http_status;
  bool retryable;
};

namespace costmark::capi {

inline constexpr std::uint64_t error_magic = 0x636d'6572'726f'7221;

}  // namespace costmark::capi
