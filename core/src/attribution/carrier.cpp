#include "attribution/carrier.hpp"

#include <string>

namespace costmark::attribution {
namespace {

// Canonical mantle hosts document the headers; every other host gets the body member, the way
// gateways take it and articles show it.
Carriers automatic_carriers(EndpointKind endpoint, Api api) noexcept {
  Carriers carriers;
  // InvokeModel, Converse and the like refuse members and headers that they do not know.
  if (endpoint == EndpointKind::runtime && api == Api::other) return carriers;
  if (endpoint != EndpointKind::mantle) {
    carriers.body = true;
  } else if (api == Api::messages) {
    carriers.workspace = true;
  } else {
    carriers.header = true;
  }
  return carriers;
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

Carriers choose_carriers(const CarrierOption& option, EndpointKind endpoint, Api api,
                         bool json_body) noexcept {
  Carriers carriers = option.automatic ? automatic_carriers(endpoint, api) : option.fixed;
  if (carriers.body && !json_body) {
    carriers.body = false;
    // Runtime hosts refuse a header with any project but their default one.
    if (!carriers.workspace && endpoint != EndpointKind::runtime) carriers.header = true;
  }
  return carriers;
}

}  // namespace costmark::attribution
