#include "base/broken_pipe.hpp"

#include <pthread.h>

#include <ctime>

namespace costmark {
namespace {

sigset_t broken_pipe() noexcept {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  return signals;
}

bool pending() noexcept {
  sigset_t signals;
  return sigpending(&signals) == 0 && sigismember(&signals, SIGPIPE) == 1;
}

void take(const sigset_t& signals) noexcept {
#ifdef __APPLE__
  int taken = 0;
  sigwait(&signals, &taken);
#else
  const timespec at_once{};  // another thread may have taken it
  sigtimedwait(&signals, nullptr, &at_once);
#endif
}

}  // namespace

// One that is pending already was raised elsewhere, and is blocked: it stays.
NoBrokenPipe::NoBrokenPipe() noexcept
    : only_(broken_pipe()),
      blocked_(!pending() && pthread_sigmask(SIG_BLOCK, &only_, &before_) == 0) {}

NoBrokenPipe::~NoBrokenPipe() {
  if (!blocked_) return;
  if (pending()) take(only_);
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace costmark
