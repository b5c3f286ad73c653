#include "attribution/carrier.hpp"

#include <string>

namespace costmark::attribution {
namespace {

// Mantle hosts document the headers; every other host gets the body member, the way gateways take
// it and articles show it. Below /anthropic, Bedrock's own path, bodies are validated strictly and
// the header is the only way, whichever host stands before it.
Carriers automatic_carriers(EndpointKind endpoint, const Route& route) noexcept {
  Carriers carriers;
  if (route.anthropic || (route.names_workspace() && endpoint != EndpointKind::custom)) {
    carriers.workspace = true;
  } else if (endpoint == EndpointKind::mantle) {
    carriers.header = true;
  } else if (endpoint == EndpointKind::custom || route.api != Api::other) {
    carriers.body = true;
  }  // else what a runtime host does not know, and may refuse
  return carriers;
}

Carriers carriers_of_runtime(const Route& route, bool json_body) noexcept {
  Carriers carriers;
  if (!route.inference()) return carriers;
  carriers.body = route.api == Api::converse && json_body;
  carriers.identifier = route.api == Api::invoke_model;
  return carriers;
}

// The header that names the project of such a request, in place of the one that does not.
void use_own_header(EndpointKind endpoint, const Route& route, Carriers& carriers) noexcept {
  if (route.names_workspace()) {
    carriers.workspace |= carriers.header;
    carriers.header = false;
  } else if (endpoint == EndpointKind::mantle) {
    carriers.header |= carriers.workspace;
    carriers.workspace = false;
  }
}

Status unknown_carrier(std::string_view name) {
  return {Code::invalid_option,
          "option 'carrier': '" + std::string(name) +
              "' is no carrier; take auto, or one or more of body, header, workspace"};
}

}  // namespace

Result<CarrierOption> parse_carriers(std::string_view option) {
  CarrierOption result;
  std::size_t begin = 0;
  while (begin <= option.size()) {
    const auto end = std::min(option.find(',', begin), option.size());
    std::string_view name = option.substr(begin, end - begin);
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (name == "auto" && option.find(',') == std::string_view::npos) return result;
    if (name == "body") {
      result.fixed.body = true;
    } else if (name == "header") {
      result.fixed.header = true;
    } else if (name == "workspace") {
      result.fixed.workspace = true;
    } else {
      return unknown_carrier(name);
    }
    result.automatic = false;
    begin = end + 1;
  }
  return result;
}

Carriers choose_carriers(const CarrierOption& option, EndpointKind endpoint, const Route& route,
                         bool json_body) noexcept {
  if (is_of_runtime(route.api)) return carriers_of_runtime(route, json_body);
  Carriers carriers = option.automatic ? automatic_carriers(endpoint, route) : option.fixed;
  if (carriers.body && !json_body) {
    carriers.body = false;
    // Runtime hosts refuse a header with any project but their default one.
    if (!carriers.workspace && endpoint != EndpointKind::runtime) carriers.header = true;
  }
  use_own_header(endpoint, route, carriers);
  return carriers;
}

}  // namespace costmark::attribution
