#include <string>

#include "base/file.hpp"
#include "costmark/client.hpp"

namespace costmark {
namespace {

constexpr std::size_t largest_file = 1U << 20U;

Status unreadable(const std::string& path, std::string_view why) {
  return {Code::invalid_option,
          "option 'routes': " + path + " cannot be read: " + std::string(why)};
}

Result<std::string> read_text(const std::string& path) {
  std::string text;
  const FileRead read = read_file(path, largest_file, text);
  switch (read.fault) {
    case FileRead::Fault::none:
      return text;
    case FileRead::Fault::irregular:
      return unreadable(path, "it is no regular file");
    case FileRead::Fault::too_large:
      return unreadable(path, "it is larger than 1 MiB");
    case FileRead::Fault::absent:
    case FileRead::Fault::failed:
      break;
  }
  return unreadable(path, read.reason());
}

}  // namespace

Result<ModelRoutes> configured_routes(const Options& options) {
  const std::string path(options.text("routes"));
  if (path.empty()) return ModelRoutes();
  Result<std::string> text = read_text(path);
  if (!text) return std::move(text).status();
  Result<ModelRoutes> routes = ModelRoutes::parse(text.value(), path);
  if (routes) return routes;
  Error error = std::move(routes).status().take();
  error.message = "option 'routes': " + error.message;
  return error;
}

}  // namespace costmark
