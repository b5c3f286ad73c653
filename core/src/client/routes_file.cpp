#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "costmark/client.hpp"

namespace costmark {
namespace {

constexpr std::size_t largest_file = 1U << 20U;

Status unreadable(const std::string& path, std::string_view why) {
  return {Code::invalid_option,
          "option 'routes': " + path + " cannot be read: " + std::string(why)};
}

Result<std::string> read_file(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) {
    return unreadable(path, error ? error.message() : "there is no such file");
  }
  // A pipe would hold the caller up.
  if (!std::filesystem::is_regular_file(status)) return unreadable(path, "it is no regular file");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return unreadable(path, std::strerror(errno));
  std::string text(largest_file + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return unreadable(path, std::strerror(errno));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > largest_file) return unreadable(path, "it is larger than 1 MiB");
  return text;
}

}  // namespace

Result<ModelRoutes> configured_routes(const Options& options) {
  const std::string path(options.text("routes"));
  if (path.empty()) return ModelRoutes();
  Result<std::string> text = read_file(path);
  if (!text) return std::move(text).status();
  Result<ModelRoutes> routes = ModelRoutes::parse(text.value(), path);
  if (routes) return routes;
  Error error = std::move(routes).status().take();
  error.message = "option 'routes': " + error.message;
  return error;
}

}  // namespace costmark
