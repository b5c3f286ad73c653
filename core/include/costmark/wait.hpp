// How long a call may wait, and how another thread ends the wait.
#pragma once

#include <chrono>
#include <memory>

namespace costmark {

// Stops calls from another thread, and those that have not begun. Synchronized internally; must
// outlive the calls that it was given to. One may be given to many calls; it is never reset.
class Cancel {
 public:
  Cancel();
  ~Cancel();
  Cancel(const Cancel&) = delete;
  Cancel& operator=(const Cancel&) = delete;

  // Wakes what waits; each such call returns Code::cancelled without waiting for its peer (looking
  // up a host's name apart, which the system may not let be interrupted). Not safe in a signal
  // handler.
  void request() noexcept;
  bool requested() const noexcept;

  struct Impl;
  Impl& impl() noexcept { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// Whether a call may wait, and what ends its wait: for a fetch of credentials or a proof that it
// makes itself, and for one that another thread makes. What ends early is no failure of the source:
// the threads that shared it ask anew. A callback of the host is not interrupted.
struct Wait {
  // Fail with Code::would_block instead of doing I/O; then call `ready` where waiting is allowed.
  bool no_wait = false;
  // Fail with Code::timeout when the wait is not over by then.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  // Fail with Code::cancelled when that is requested; null: nothing does.
  Cancel* cancel = nullptr;
  // Fail with Code::would_block instead of waiting for what another thread does: such a wait is not
  // ended by a signal, as a callback of the host's on this thread is.
  bool alone = false;
};

}  // namespace costmark
