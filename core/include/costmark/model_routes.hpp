// Which path of a bedrock-mantle host serves a model: data that ships with the library, because the
// vendor of a model does not tell its path, no API reports it, and it changes without notice.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/error.hpp"

namespace costmark {

// The paths below which mantle hosts serve models; a model answers on exactly one of them.
enum class RouteFamily : std::uint8_t {
  unknown,       // it is not written down anywhere
  none,          // no path of a mantle host serves it
  v1,            // /v1
  openai_v1,     // /openai/v1
  anthropic_v1,  // /anthropic/v1
};

// "/openai/v1" and so on, "none" or "unknown"; static storage.
std::string_view to_string(RouteFamily family) noexcept;

// One line of the data: what it says, and where it stands.
struct ModelRoute {
  std::string pattern;  // a glob over whole model ids
  RouteFamily family = RouteFamily::unknown;
  std::string as_of;   // "2026-09" or "2026-09-28"; may be empty
  std::string source;  // who says so; may be empty
  std::string file;
  std::uint32_t line = 0;  // from 1

  // "routes.txt:12"
  std::string where() const { return file + ":" + std::to_string(line); }
};

// The routes that ship with costmark, and those of a file that is asked before them. Immutable.
class ModelRoutes {
 public:
  // The shipped ones alone.
  ModelRoutes() = default;

  // Lines of the form that `shipped_text` explains, `file` being the name for errors. Errors:
  // invalid_option with file and line.
  static Result<ModelRoutes> parse(std::string_view text, std::string_view file);

  // The first line that matches; null when none does. Lives as long as these routes.
  const ModelRoute* find(std::string_view model) const;

  // The data as it ships, comments and all. Static storage.
  static std::string_view shipped_text() noexcept;

 private:
  std::vector<ModelRoute> first_;
};

}  // namespace costmark
