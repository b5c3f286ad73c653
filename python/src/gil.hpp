// The GIL, given away and taken again by threads that may outlive the interpreter.
//
// A daemon thread that asks for the GIL while the interpreter ends gets it no more: CPython before
// 3.14 ends the thread there and then. glibc does that by unwinding its stack, and the first frame
// of C++ that must not throw, such as a destructor, then aborts the whole process. So such a thread
// is stopped for good where it asks, with all that it holds, as CPython 3.14 does itself.
#pragma once

#include <pybind11/pybind11.h>

#include <cxxabi.h>

namespace costmark::python {

[[noreturn]] void stop_this_thread() noexcept;
bool is_finalizing() noexcept;

// Runs what may take the GIL, as all Python code may. `work` keeps nothing that has a destructor.
template <class Work>
auto or_stop_at_exit(Work work) -> decltype(work()) {
#ifdef __GLIBC__
  try {
    return work();
  } catch (const abi::__forced_unwind&) {
    stop_this_thread();
  }
#else
  return work();
#endif
}

// Without the GIL as long as it lives.
class GilReleased {
 public:
  GilReleased() : ends_the_interpreter_(is_finalizing()), thread_(PyEval_SaveThread()) {}
  ~GilReleased() {
    // The state of any other thread may be freed by then.
    if (!ends_the_interpreter_ && is_finalizing()) stop_this_thread();
    or_stop_at_exit([this] { PyEval_RestoreThread(thread_); });
  }
  GilReleased(const GilReleased&) = delete;
  GilReleased& operator=(const GilReleased&) = delete;

 private:
  const bool ends_the_interpreter_;  // it had the GIL while the interpreter was taken apart
  PyThreadState* const thread_;
};

// With the GIL as long as it lives, on any thread of the interpreter, whether it has it or not.
class GilHeld {
 public:
  GilHeld() : before_(or_stop_at_exit(&take)) {}
  ~GilHeld() { PyGILState_Release(before_); }
  GilHeld(const GilHeld&) = delete;
  GilHeld& operator=(const GilHeld&) = delete;

 private:
  // A thread that has the GIL is the one that ends the interpreter. For others, what the
  // interpreter knows of them may be gone by then.
  static PyGILState_STATE take() {
    if (is_finalizing() && PyGILState_Check() == 0) stop_this_thread();
    return PyGILState_Ensure();
  }

  const PyGILState_STATE before_;
};

}  // namespace costmark::python
