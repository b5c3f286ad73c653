// The GIL, given away and taken again by threads that may outlive the interpreter.
//
// A daemon thread that asks for the GIL while the interpreter ends gets it no more: CPython before
// 3.14 ends the thread there and then. glibc does that by unwinding its stack, and the first frame
// of C++ that must not throw, such as a destructor, then aborts the whole process. So such a thread
// is stopped for good where it asks, with all that it holds, as CPython 3.14 does itself.
#pragma once

#include <pybind11/pybind11.h>

#include <cxxabi.h>

#include <utility>

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
  GilReleased() : ends_the_interpreter_(is_finalizing()), thread_(PyEval_SaveThread()) {
    of_this_thread = this;
  }
  ~GilReleased() {
    of_this_thread = nullptr;
    take_back();
  }
  GilReleased(const GilReleased&) = delete;
  GilReleased& operator=(const GilReleased&) = delete;

 private:
  friend class GilHeld;

  void take_back() const {
    // The state of any other thread may be freed by then.
    if (!ends_the_interpreter_ && is_finalizing()) stop_this_thread();
    or_stop_at_exit([this] { PyEval_RestoreThread(thread_); });
  }

  // Null while this thread has the GIL.
  static inline constinit thread_local const GilReleased* of_this_thread = nullptr;

  const bool ends_the_interpreter_;  // it had the GIL while the interpreter was taken apart
  PyThreadState* const thread_;
};

// With the GIL as long as it lives, on any thread of the interpreter, whether it has it or not.
//
// A thread that gave the GIL away takes it back as it gave it. PyGILState_Ensure would look for its
// state in what the interpreter frees at its end, and PyGILState_Check holds of every thread then.
class GilHeld {
 public:
  GilHeld() : released_(std::exchange(GilReleased::of_this_thread, nullptr)) {
    if (released_ != nullptr) {
      released_->take_back();
    } else {
      before_ = or_stop_at_exit(&PyGILState_Ensure);
    }
  }
  ~GilHeld() {
    if (released_ != nullptr) {
      PyEval_SaveThread();
      GilReleased::of_this_thread = released_;
    } else {
      PyGILState_Release(before_);
    }
  }
  GilHeld(const GilHeld&) = delete;
  GilHeld& operator=(const GilHeld&) = delete;

 private:
  const GilReleased* const released_;
  PyGILState_STATE before_ = PyGILState_UNLOCKED;
};

}  // namespace costmark::python
