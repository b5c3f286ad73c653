// OpenSSL, and the end of the process.
#pragma once

#include "costmark/error.hpp"

namespace costmark {

// Where OpenSSL was first used by the host, it shuts itself down when the process exits, while
// other threads may still be inside of it or come back to it; both would crash. The code that calls
// OpenSSL, or libcurl on top of it, holds one of these around the call, and calls nothing when it
// is not allowed. Costs no more when many threads hold one; they nest.
class OpensslUse {
 public:
  OpensslUse() noexcept;
  ~OpensslUse();
  OpensslUse(const OpensslUse&) = delete;
  OpensslUse& operator=(const OpensslUse&) = delete;

  explicit operator bool() const noexcept { return allowed_; }

  // What a call returns that is not allowed.
  static Error refusal();

  // OpenSSL is about to shut down. Allows no further use, and waits for the uses of other threads;
  // not for long, as one of them may be in a callback that waits for this thread.
  static void end() noexcept;
  static bool ended() noexcept;

  // A forked child has no other thread. Call once, before the first use.
  static void watch_forks() noexcept;

 private:
  bool allowed_ = true;
};

}  // namespace costmark
