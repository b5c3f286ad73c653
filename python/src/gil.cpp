#include "gil.hpp"

#include <unistd.h>

namespace costmark::python {

void stop_this_thread() noexcept {
  for (;;) pause();
}

bool is_finalizing() noexcept {
#if PY_VERSION_HEX >= 0x030D0000
  return Py_IsInitialized() == 0 || Py_IsFinalizing() != 0;
#else
  return Py_IsInitialized() == 0 || _Py_IsFinalizing() != 0;
#endif
}

}  // namespace costmark::python
