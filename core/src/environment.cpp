#include "costmark/environment.hpp"

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

Environment process_environment() {
  return [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

}  // namespace costmark
