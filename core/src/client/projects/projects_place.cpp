#include "client/projects/projects_place.hpp"

#include <utility>

#include "attribution/endpoint.hpp"
#include "attribution/route.hpp"
#include "base/text.hpp"
#include "costmark/credentials_provider.hpp"
#include "costmark/url.hpp"
#include "credentials/config/service_endpoint.hpp"

namespace costmark::client {
namespace {

using attribution::Endpoint;
using attribution::EndpointKind;

// What AWS's own host names say; custom for any other.
Endpoint endpoint_of(const Url& url) noexcept {
  const Endpoint found = attribution::classify_host(url.host);
  return found.canonical() ? found : attribution::classify_control_host(url.host);
}

ProjectPlane plane_of(EndpointKind kind) noexcept {
  const bool is_mantle = kind == EndpointKind::mantle || kind == EndpointKind::custom;
  return is_mantle ? ProjectPlane::mantle : ProjectPlane::bedrock;
}

bool serves(EndpointKind kind, ProjectPlane plane) noexcept {
  if (kind == EndpointKind::custom) return true;
  return plane == ProjectPlane::mantle ? kind == EndpointKind::mantle
                                       : kind == EndpointKind::control;
}

Result<std::string> region_of(const ClientConfig& config) {
  std::string region(config.options.text("region"));
  if (region.empty()) region = first_of(config.environment, {"AWS_REGION", "AWS_DEFAULT_REGION"});
  if (region.empty()) {
    auto of_profile = profile_region(config.environment, config.options.text("profile"));
    if (!of_profile) return of_profile.error();
    region = of_profile.value().name;
  }
  if (text::is_region(region)) return region;
  if (!region.empty()) {
    return Error{Code::invalid_option,
                 text::quoted(region) + " is not spelled like an AWS region, such as us-east-1"};
  }
  return Error{Code::invalid_option,
               "no region to look for projects in: set option 'region', AWS_REGION or a profile's "
               "region, or option 'base_url'"};
}

// Where AWS's SDKs would go: an endpoint that the environment names for them, or AWS's own.
Result<ProjectsEndpoint> endpoint_of_aws(const ClientConfig& config, ProjectPlane plane,
                                         std::string_view region) {
  const AwsService service =
      plane == ProjectPlane::mantle ? AwsService::bedrock_mantle : AwsService::bedrock;
  auto found = service_endpoint(service, region, config.environment, nullptr);
  if (!found) return Error{Code::invalid_option, found.error().message};
  ServiceEndpoint& at = found.value();
  return ProjectsEndpoint{plane, std::move(at.url), !at.origin.empty()};
}

}  // namespace

Result<ProjectsEndpoint> projects_endpoint(const ClientConfig& config, ProjectPlane plane) {
  const std::string_view base = config.options.text("base_url");
  const bool is_runtime = config.options.text("endpoint") == "runtime";
  Endpoint endpoint;
  if (!base.empty()) {
    const Result<Url> url = parse_url(base);
    if (!url) return url.error();
    endpoint = endpoint_of(url.value());
  }
  if (plane == ProjectPlane::automatic) {
    plane = is_runtime ? ProjectPlane::bedrock : plane_of(endpoint.kind);
  }
  if (!base.empty() && serves(endpoint.kind, plane)) {
    return ProjectsEndpoint{plane,
                            std::string(attribution::above_family(text::without_query(base)))};
  }
  std::string region(endpoint.region());
  if (region.empty()) {
    Result<std::string> named = region_of(config);
    if (!named) return named.error();
    region = std::move(named).value();
  }
  return endpoint_of_aws(config, plane, region);
}

}  // namespace costmark::client
