// pthread_cancel(3) of a thread that is inside the library.
#pragma once

#include <pthread.h>

namespace costmark::capi {

// A cancelled thread is unwound as if by an exception that nobody may keep: half of an exchange
// would be left behind, and the first noexcept function on the way would end the process. So
// cancellation waits until the call returns, callbacks included.
class WithoutThreadCancel {
 public:
  WithoutThreadCancel() noexcept { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
  ~WithoutThreadCancel() { pthread_setcancelstate(before_, nullptr); }
  WithoutThreadCancel(const WithoutThreadCancel&) = delete;
  WithoutThreadCancel& operator=(const WithoutThreadCancel&) = delete;

 private:
  int before_ = PTHREAD_CANCEL_ENABLE;
};

}  // namespace costmark::capi
