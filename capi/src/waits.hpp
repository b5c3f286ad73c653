// A caller's costmark_wait.
#pragma once

#include <memory>

#include "costmark/costmark.h"
#include "costmark/error.hpp"
#include "costmark/wait.hpp"

namespace costmark::capi {

// A caller's wait, and its Cancel, whose last owner a callback may take away.
struct TakenWait {
  Wait wait;
  std::shared_ptr<Cancel> cancel;
};

// NULL is without limit.
Status take_wait(const costmark_wait* from, TakenWait& out);

}  // namespace costmark::capi
