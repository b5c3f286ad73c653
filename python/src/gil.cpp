#include "gil.hpp"

#include <unistd.h>

namespace costmark::python {

void stop_this_thread() noexcept {
  for (;;) pause();
}

}  // namespace costmark::python
