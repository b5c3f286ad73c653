#include "costmark/environment.hpp"

#ifdef __linux__
#include <sys/auxv.h>
#else
#include <unistd.h>
#endif

#include <cstdlib>
#include <utility>

namespace costmark {

std::string first_of(const Environment& environment,
                     std::initializer_list<std::string_view> variables) {
  if (!environment) return {};
  for (const std::string_view variable : variables) {
    if (auto value = environment(variable); value && !value->empty()) return *std::move(value);
  }
  return {};
}

bool process_environment_is_withheld() noexcept {
#ifdef __linux__
  return ::getauxval(AT_SECURE) != 0;
#else
  return ::issetugid() != 0;
#endif
}

Environment process_environment() {
  return [](std::string_view name) -> std::optional<std::string> {
    if (process_environment_is_withheld()) return std::nullopt;
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

}  // namespace costmark
