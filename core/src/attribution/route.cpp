#include "attribution/route.hpp"

namespace costmark::attribution {
namespace {

// Whether `path` has `segment` ("/responses") as a whole segment with something behind it.
bool below(std::string_view path, std::string_view segment) noexcept {
  const auto at = path.rfind(segment);
  return at != std::string_view::npos && at + segment.size() < path.size() &&
         path[at + segment.size()] == '/';
}

}  // namespace

Route route_of(std::string_view method, std::string_view path) noexcept {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const bool post = method == "POST";
  if (path.ends_with("/organization/projects") || below(path, "/organization/projects") ||
      path.ends_with("/data_retention")) {
    return {Api::control, false};
  }
  if (path.ends_with("/completions")) return {Api::chat_completions, post};
  if (path.ends_with("/responses") || path.ends_with("/responses/compact")) {
    return {Api::responses, post};
  }
  if (below(path, "/responses")) return {Api::responses, false};
  if (path.ends_with("/messages")) return {Api::messages, post};
  if (below(path, "/messages")) return {Api::messages, false};
  if (path.ends_with("/embeddings")) return {Api::embeddings, post};
  return {};
}

}  // namespace costmark::attribution
