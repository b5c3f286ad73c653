#include "attribution/route.hpp"

#include <algorithm>

#include "attribution/route_table.hpp"
#include "costmark/http.hpp"

namespace costmark::attribution {
namespace {

// Takes the last segment of a path of LenientPath; empty when there are no more.
std::string_view take_last(std::string_view& path) noexcept {
  const auto slash = path.rfind('/');
  const std::string_view segment = slash == std::string_view::npos ? path : path.substr(slash + 1);
  path = path.substr(0, slash == std::string_view::npos ? 0 : slash);
  return segment;
}

// Whether a path ends with the segments of `row`.
bool ends_with(std::string_view path, std::string_view row) noexcept {
  while (!row.empty()) {
    std::string_view wanted = take_last(row);
    std::string_view found = take_last(path);
    if (wanted == "**") {
      wanted = take_last(row);
      do found = take_last(path);
      while (!found.empty() && found != wanted);
    }
    if (found.empty() || (wanted != "*" && found != wanted)) return false;
  }
  return true;
}

// Whether a path has `first` and `second` one after the other.
bool has_segments(std::string_view path, std::string_view first, std::string_view second) noexcept {
  for (std::string_view last = take_last(path); !last.empty(); last = take_last(path)) {
    if (last == second && ends_with(path, first)) return true;
  }
  return false;
}

// The API that a path lies below, by the segment nearest to its end.
Api api_above(std::string_view path) noexcept {
  for (auto segment = take_last(path); !segment.empty(); segment = take_last(path)) {
    if (segment == "responses") return Api::responses;
    if (segment == "messages") return Api::messages;
  }
  return Api::other;
}

bool is_of_project(std::string_view path) noexcept {
  for (auto segment = take_last(path); !segment.empty(); segment = take_last(path)) {
    if (std::find(project_segments.begin(), project_segments.end(), segment) !=
        project_segments.end()) {
      return true;
    }
  }
  return false;
}

bool is_control(std::string_view path) noexcept {
  return ends_with(path, "data_retention") || has_segments(path, "organization", "projects");
}

// Methods are case-sensitive, but clients and servers exist that take them in any case.
bool is_reading(std::string_view method) noexcept {
  return equal_ignoring_case(method, "GET") || equal_ignoring_case(method, "HEAD") ||
         equal_ignoring_case(method, "OPTIONS") || equal_ignoring_case(method, "DELETE");
}

// GET .../responses/{id} and POST .../responses/{id}/cancel.
bool polls_response(std::string_view method, std::string_view path) noexcept {
  if (equal_ignoring_case(method, "GET")) return ends_with(path, "responses/*");
  return equal_ignoring_case(method, "POST") && ends_with(path, "responses/*/cancel");
}

const RouteRow* row_of(std::string_view method, std::string_view path) noexcept {
  std::string_view rest = path;
  const std::string_view last = take_last(rest);
  // Most rows end otherwise.
  const auto* row = std::find_if(route_table.begin(), route_table.end(), [&](const RouteRow& each) {
    return (each.path.ends_with(last) || each.path.ends_with('*')) &&
           (each.method.empty() || equal_ignoring_case(each.method, method)) &&
           ends_with(path, each.path);
  });
  return row == route_table.end() ? nullptr : row;
}

// What a request that writes does there.
RouteKind kind_of(const RouteRow* row, std::string_view path) noexcept {
  if (row != nullptr) return row->kind;
  return is_control(path) ? RouteKind::free : RouteKind::unknown;
}

Api api_of(const RouteRow* row, std::string_view path) noexcept {
  if (row != nullptr && row->kind >= RouteKind::spending) return row->api;
  return is_control(path) ? Api::control : api_above(path);
}

// One reading of the path.
Route route_in(std::string_view method, std::string_view path, Work work) noexcept {
  const RouteRow* row = row_of(method, path);
  Route route;
  route.kind = kind_of(row, path);
  if (is_reading(method)) {
    if (work == Work::none || !route.may_spend()) route.kind = RouteKind::free;
    // Such a session has no body to read.
    if (work == Work::upgrade && route.inference()) route.kind = RouteKind::spending;
  }
  const bool reads_control = route.kind == RouteKind::free && is_control(path);
  route.api = reads_control ? Api::control : api_of(row, path);
  route.anthropic = has_segments(path, "anthropic", "v1");
  route.polls = route.kind == RouteKind::free && polls_response(method, path);
  route.of_project = route.may_spend() || is_of_project(path);
  route.streams = is_of_runtime(route.api) && path.ends_with("-stream");
  return route;
}

}  // namespace

Route route_of(std::string_view method, const LenientPath& path, Work work) noexcept {
  Route found = route_in(method, path.text(), work);
  for (const std::string& cut : path.cuts()) {
    const Route other = route_in(method, cut, work);
    if (other.kind > found.kind) found = other;
  }
  return found;
}

RouteFamily family_of(std::string_view path) noexcept {
  for (const RouteFamily family :
       {RouteFamily::openai_v1, RouteFamily::anthropic_v1, RouteFamily::v1}) {
    const std::string_view prefix = to_string(family);
    if (path.starts_with(prefix) && path.substr(prefix.size()).starts_with('/')) return family;
  }
  return RouteFamily::unknown;
}

std::string_view above_family(std::string_view base) noexcept {
  while (base.ends_with('/')) base.remove_suffix(1);
  for (const std::string_view family : {"/openai/v1", "/anthropic/v1", "/anthropic", "/v1"}) {
    if (base.ends_with(family)) return base.substr(0, base.size() - family.size());
  }
  return base;
}

}  // namespace costmark::attribution
