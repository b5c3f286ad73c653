// A call into the core: without the GIL where it may take long, and what it logged afterwards.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "bindings.hpp"
#include "callbacks.hpp"
#include "costmark/client.hpp"

namespace costmark::python {

// The core may log while it holds a lock that a thread with the GIL waits for. So lines are kept
// on their thread, and handed to Python once the core has returned.
std::function<void(LogLevel, std::string_view)> log_to(const py::object& logger,
                                                       KeptCallbacks& kept);
inline constinit thread_local bool has_log_lines = false;
void hand_over_waiting_lines();
inline void hand_over_log_lines() {
  if (has_log_lines) hand_over_waiting_lines();
}

// Runs `work` inside the core; afterwards its log lines are handed over. A KeyboardInterrupt that
// met a callback is raised then.
template <class Work>
auto in_core(bool release_gil, Work work) {
  if (release_gil) {
    std::optional<decltype(work())> result;
    {
      const GilReleased released;
      result.emplace(work());
    }
    hand_over_log_lines();
    raise_interruption();
    return std::move(*result);
  }
  auto result = work();
  hand_over_log_lines();
  raise_interruption();
  return result;
}

// The same for what may ask callbacks: what one of them raised becomes the cause of the error.
template <class Work>
auto with_callbacks(Work work) {
  forget_exception();
  return in_core(true, std::move(work));
}

}  // namespace costmark::python
