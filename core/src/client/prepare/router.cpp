#include "client/prepare/router.hpp"

#include <algorithm>
#include <string>

#include "attribution/route.hpp"

namespace costmark::client {
namespace {

// The hint quotes the model: no longer, and no other characters, than any real id has.
bool is_model_id(std::string_view text) noexcept {
  constexpr std::size_t longest = 256;
  return !text.empty() && text.size() <= longest &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

bool is_openai_style(RouteFamily family) noexcept {
  return family == RouteFamily::v1 || family == RouteFamily::openai_v1;
}

bool can_move(RouteFamily from, RouteFamily to, const Prepared::Impl& out) noexcept {
  return is_openai_style(from) && is_openai_style(to) && out.inference &&
         (out.api == Api::chat_completions || out.api == Api::responses);
}

// Writes the request's URL with the other family into `out`, and returns its parts.
Url move(const Request& request, const Url& url, RouteFamily from, RouteFamily to,
         std::string& out) {
  const auto path_at = static_cast<std::size_t>(url.path.data() - request.url.data());
  out += request.url.substr(0, path_at);
  out += to_string(to);
  out += request.url.substr(path_at + to_string(from).size());
  Url moved = url;
  moved.path = std::string_view(out).substr(
      path_at, url.path.size() - to_string(from).size() + to_string(to).size());
  return moved;
}

// Anthropic's SDK adds the /v1 itself, OpenAI's does not.
void append_remedy(const Url& url, const ModelRoute& found, std::string& out) {
  if (found.family == RouteFamily::none) {
    out += "use an id without the prefix of a profile, or a bedrock-runtime host";
    return;
  }
  const bool anthropic = found.family == RouteFamily::anthropic_v1;
  out += anthropic ? "call it through the Messages API, with an Anthropic client whose base_url is "
                   : "use an OpenAI client whose base_url is ";
  out += url.scheme;
  out += "://";
  out += url.authority;
  out += anthropic ? "/anthropic" : to_string(found.family);
}

void append_hint(const Url& url, RouteFamily from, const ModelRoute& found, bool moving_helps,
                 Prepared::Impl& out) {
  std::string& hint = out.hint;
  hint += "model '";
  hint += out.model;
  if (found.family == RouteFamily::none) {
    hint += "' is served by no path of a bedrock-mantle host (";
  } else {
    hint += "' is served under ";
    hint += to_string(found.family);
    hint += " on bedrock-mantle hosts, not under ";
    hint += to_string(from);
    hint += " (";
  }
  hint += found.file;  // as `where` has it, without a string of its own
  hint += ':';
  hint += std::to_string(found.line);
  if (!found.as_of.empty()) {
    hint += ", as of ";
    hint += found.as_of;
  }
  hint += "): ";
  append_remedy(url, found, hint);
  if (moving_helps) hint += ", or set option route=auto";
}

// What SDKs make of a base URL with a /v1 too much, or without one; empty where neither is so.
std::string_view path_remedy(const Url& url, bool mantle) noexcept {
  if (url.path.find("/v1/v1/") != std::string_view::npos) {
    return " has /v1 twice: the base_url of an OpenAI client ends in /v1 once, and the Anthropic "
           "SDK adds it by itself";
  }
  const bool is_spelled_out = url.path.find('%') == std::string_view::npos;
  if (!mantle || !is_spelled_out || attribution::family_of(url.path) != RouteFamily::unknown) {
    return {};
  }
  return " is none of a bedrock-mantle host, whose paths begin with /v1, /openai/v1 or "
         "/anthropic/v1: end the base_url of an OpenAI client in /v1, that of an Anthropic client "
         "in /anthropic";
}

void append_path_hint(const Url& url, bool mantle, Prepared::Impl& out) {
  constexpr std::size_t longest = 80;
  const std::string_view remedy = path_remedy(url, mantle);
  if (remedy.empty()) return;
  out.hint += "the path ";
  out.hint += url.path.substr(0, longest);
  out.hint += remedy;
}

}  // namespace

Url route(const Settings& settings, const Request& request, const Url& url,
          const attribution::Endpoint& endpoint, Prepared::Impl& out) {
  const bool mantle = endpoint.kind == attribution::EndpointKind::mantle;
  if (out.may_spend) append_path_hint(url, mantle, out);
  if (!out.hint.empty() || !mantle || !is_model_id(out.model)) return url;
  if (out.api == Api::other || out.api == Api::control) return url;
  const RouteFamily from = attribution::family_of(url.path);
  if (from == RouteFamily::unknown) return url;
  const ModelRoute* found = settings.routes.find(out.model);
  if (found == nullptr || found->family == RouteFamily::unknown || found->family == from) {
    return url;
  }
  const bool can = can_move(from, found->family, out);
  if (can && settings.moves_routes) {
    out.moved = true;
    return move(request, url, from, found->family, out.url);
  }
  append_hint(url, from, *found, can, out);
  return url;
}

}  // namespace costmark::client
