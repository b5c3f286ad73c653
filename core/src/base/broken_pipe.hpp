#pragma once

#include <csignal>

namespace costmark {

// Keeps the SIGPIPE of a connection that the peer has closed from the host application, on this
// thread and without a change of the handler: not every version of libcurl does.
class NoBrokenPipe {
 public:
  NoBrokenPipe() noexcept;
  ~NoBrokenPipe();
  NoBrokenPipe(const NoBrokenPipe&) = delete;
  NoBrokenPipe& operator=(const NoBrokenPipe&) = delete;

 private:
  sigset_t only_;
  sigset_t before_;
  bool blocked_ = false;
};

}  // namespace costmark
