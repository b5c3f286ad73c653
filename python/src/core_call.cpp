#include "core_call.hpp"

#include <string>
#include <vector>

namespace costmark::python {
namespace {

struct LogLine {
  Shared logger;
  LogLevel level;
  std::string message;
};
thread_local std::vector<LogLine> waiting_lines;

}  // namespace

std::function<void(LogLevel, std::string_view)> log_to(const py::object& logger) {
  if (logger.is_none()) return nullptr;
  return [shared = Shared(logger)](LogLevel level, std::string_view message) {
    waiting_lines.push_back({shared, level, std::string(message)});
  };
}

void hand_over_log_lines() {
  if (waiting_lines.empty()) return;
  for (const auto& line : std::exchange(waiting_lines, {})) {
    try {
      line.logger.get()(static_cast<int>(line.level), line.message);
    } catch (py::error_already_set& exception) {
      exception.discard_as_unraisable("costmark log callback");
    }
  }
}

}  // namespace costmark::python
