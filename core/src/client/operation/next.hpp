// What to do after an attempt has ended. Pure.
#pragma once

#include <cstdint>

#include "costmark/operation.hpp"

namespace costmark::client {

// How an attempt ended.
struct AttemptEnd {
  Outcome outcome = Outcome::unknown;
  int http_status = 0;         // 0: there was no answer
  bool failed = false;         // by `fail`: the answer did not come to its end
  bool may_resend = false;     // its credentials were refused, and others may be accepted
  std::uint32_t attempts = 0;  // of the operation, this one included
  std::uint32_t max_attempts = 0;
};

// The pause is left out.
Next next_after(const AttemptEnd& end) noexcept;

}  // namespace costmark::client
