#include "cancel.hpp"

#include "callbacks.hpp"
#include "guard.hpp"

using namespace costmark::capi;

costmark_status costmark_cancel_new(costmark_cancel** out_cancel,
                                    costmark_error** out_error) noexcept {
  return guarded_new(out_cancel, out_error, make_handle<costmark_cancel>);
}

void costmark_cancel_stop(costmark_cancel* cancel) noexcept {
  const WithoutThreadCancel uncancelled;
  if (alive(cancel)) cancel->core->request();
}

bool costmark_cancel_stopped(const costmark_cancel* cancel) noexcept {
  return alive(cancel) && cancel->core->requested();
}

costmark_cancel* costmark_cancel_retain(costmark_cancel* cancel) noexcept {
  return retain(cancel);
}

void costmark_cancel_release(costmark_cancel* cancel) noexcept {
  release(cancel);
}
