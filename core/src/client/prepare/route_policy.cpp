#include "client/prepare/route_policy.hpp"

#include <algorithm>
#include <string>

#include "attribution/glob.hpp"
#include "attribution/project.hpp"
#include "base/text.hpp"

namespace costmark::client {
namespace {

using attribution::LenientPath;
using attribution::Route;
using attribution::RouteKind;

// What a caller gave, as an error may show it: short, and in ASCII that prints.
std::string shown(std::string_view text) {
  constexpr std::size_t longest = 80;
  std::string result(text.substr(0, longest));
  std::replace_if(
      result.begin(), result.end(),
      [](char c) {
        return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F;
      },
      '?');
  if (text.size() > longest) result += "...";
  return text::quoted(result);
}

bool is_declared(const Settings& settings, std::string_view path) noexcept {
  const auto& globs = settings.free_routes;
  return std::any_of(globs.begin(), globs.end(), [path](const std::string& glob) {
    return attribution::glob_match(glob, path);
  });
}

Status unknown_route(const Settings& settings, const LenientPath& path, bool own_host) {
  const std::string why(settings.is_closed() && own_host ? settings.strictest()
                                                         : "option 'strict_routes' is true");
  return {Code::unattributed, "the path " + shown(path.text()) +
                                  " is none that costmark knows, so the request may spend without "
                                  "a project, and " +
                                  why +
                                  "; if such requests spend nothing, name the path in option "
                                  "'free_routes'"};
}

}  // namespace

Route route_under(const Settings& settings, std::string_view method, const LenientPath& path,
                  attribution::Work work) {
  Route route = attribution::route_of(method, path, work);
  if (route.kind == RouteKind::free || settings.free_routes.empty()) return route;
  // For every server: also for one that ends the path early.
  const bool declared =
      is_declared(settings, path.text()) &&
      std::all_of(path.cuts().begin(), path.cuts().end(),
                  [&](const std::string& cut) { return is_declared(settings, cut); });
  if (!declared) return route;
  route.kind = RouteKind::free;
  route.of_project = false;
  return route;
}

Status check_route(const Settings& settings, const attribution::Endpoint& endpoint,
                   const Route& route, const LenientPath& path, attribution::Work work) {
  if (work == attribution::Work::upgrade && route.may_spend() && settings.must_read_bodies()) {
    return {
        Code::unattributed,
        "the request opens a WebSocket at " + shown(path.text()) +
            ", whose messages may name any project and are not read before they are sent, and " +
            std::string(settings.strictest()) +
            "; use the API's requests instead, or, if such sessions spend nothing, name the "
            "path in option 'free_routes'"};
  }
  if (route.kind == RouteKind::unknown) {
    const bool own_host = !endpoint.region().empty();
    const bool refused = settings.strict_routes || (settings.is_closed() && own_host);
    return refused ? unknown_route(settings, path, own_host) : Status();
  }
  if (route.kind == RouteKind::invoking && settings.is_closed()) {
    return {
        Code::unattributed,
        "the path " + shown(path.text()) +
            " is of an operation of Bedrock that may spend and has no place for a project, and " +
            std::string(settings.strictest()) +
            "; use Converse or InvokeModel, which have one, or, to let such calls go without "
            "it, name the path in option 'free_routes'"};
  }
  return {};
}

Status check_unnamed(const Settings& settings, const attribution::LenientPath& path,
                     bool inference) {
  std::string message = "no project is named for this request and ";
  if (settings.unattributed == UnattributedPolicy::refuse) {
    message += "option 'unattributed' is refuse";
  } else if (settings.resolver.allows(attribution::default_project)) {
    return {};
  } else {
    message += "'default', which would pay, matches no pattern of option 'allowed_projects'";
  }
  message += "; name one in the request, a scope, option 'project' or COSTMARK_PROJECT";
  if (!inference) {
    message += ", or, if requests to " + shown(path.text()) +
               " spend nothing, name the path in option 'free_routes'";
  }
  return {Code::unattributed, std::move(message)};
}

Status unreadable_body(const Settings& settings, std::string_view content_type,
                       std::string_view content_encoding) {
  std::string message = "the body does not begin like JSON (";
  if (!content_encoding.empty()) {
    message += "Content-Encoding " + shown(content_encoding);
  } else if (!content_type.empty()) {
    message += "Content-Type " + shown(content_type);
  } else {
    message += "it is empty";
  }
  message += "), so that the project in it cannot be read or written, and ";
  message += settings.strictest();
  message += "; send it as a JSON object, without an encoding";
  return {Code::unattributed, std::move(message)};
}

}  // namespace costmark::client
