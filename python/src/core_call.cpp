#include "core_call.hpp"

#include <string>
#include <vector>

namespace costmark::python {
namespace {

struct LogLine {
  Callback logger;
  LogLevel level;
  std::string message;
};
thread_local std::vector<LogLine> waiting_lines;

}  // namespace

std::function<void(LogLevel, std::string_view)> log_to(const py::object& logger,
                                                       KeptCallbacks& kept) {
  if (logger.is_none()) return nullptr;
  return [callback = kept.keep(logger)](LogLevel level, std::string_view message) {
    waiting_lines.push_back({callback, level, std::string(message)});
    has_log_lines = true;
  };
}

void hand_over_waiting_lines() {
  has_log_lines = false;
  for (const auto& line : std::exchange(waiting_lines, {})) {
    tell("costmark log callback", [&] { line.logger(static_cast<int>(line.level), line.message); });
  }
}

}  // namespace costmark::python
