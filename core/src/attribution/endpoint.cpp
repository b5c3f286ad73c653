#include "attribution/endpoint.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "costmark/attribution.hpp"
#include "costmark/http.hpp"

namespace costmark::attribution {
namespace {

struct Partition {
  std::string_view region_prefix;
  std::string_view suffix;
  std::string_view dual_stack_suffix;
};

// The runtime hosts of AWS's partitions, as the OpenAI SDKs and botocore's endpoint rules list
// them. The first prefix that fits decides; the last entry fits every region.
constexpr std::array<Partition, 7> partitions{{
    {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
    {"us-iso-", "c2s.ic.gov", "api.aws.ic.gov"},
    {"us-isob-", "sc2s.sgov.gov", "api.aws.scloud"},
    {"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
    {"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
    {"", "amazonaws.com", "api.aws"},
}};

constexpr std::string_view mantle_suffix = "api.aws";

std::string_view without_trailing_dot(std::string_view host) noexcept {
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

bool ends_with_domain(std::string_view host, std::string_view domain) noexcept {
  if (host.size() < domain.size()) return false;
  if (!equal_ignoring_case(host.substr(host.size() - domain.size()), domain)) return false;
  return host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.';
}

bool is_runtime_suffix(std::string_view region, std::string_view suffix) noexcept {
  for (const Partition& partition : partitions) {
    if (!region.starts_with(partition.region_prefix)) continue;
    return equal_ignoring_case(suffix, partition.suffix) ||
           equal_ignoring_case(suffix, partition.dual_stack_suffix);
  }
  return false;
}

EndpointKind kind_of(std::string_view service, std::string_view region,
                     std::string_view suffix) noexcept {
  if (equal_ignoring_case(service, "bedrock-mantle")) {
    return equal_ignoring_case(suffix, mantle_suffix) ? EndpointKind::mantle : EndpointKind::custom;
  }
  if (equal_ignoring_case(service, "bedrock-runtime") ||
      equal_ignoring_case(service, "bedrock-runtime-fips")) {
    return is_runtime_suffix(region, suffix) ? EndpointKind::runtime : EndpointKind::custom;
  }
  return EndpointKind::custom;
}

}  // namespace

std::string_view to_string(EndpointKind kind) noexcept {
  switch (kind) {
    case EndpointKind::mantle:
      return "mantle";
    case EndpointKind::runtime:
      return "runtime";
    case EndpointKind::custom:
      return "custom";
  }
  return "custom";
}

Endpoint classify_host(std::string_view host) noexcept {
  Endpoint endpoint;
  host = without_trailing_dot(host);
  const auto first_dot = host.find('.');
  if (first_dot == std::string_view::npos) return endpoint;
  const auto second_dot = host.find('.', first_dot + 1);
  if (second_dot == std::string_view::npos) return endpoint;

  const std::string_view spelt = host.substr(first_dot + 1, second_dot - first_dot - 1);
  if (spelt.size() > endpoint.region_.size()) return endpoint;
  std::transform(spelt.begin(), spelt.end(), endpoint.region_.begin(), text::lower);
  const std::string_view region{endpoint.region_.data(), spelt.size()};
  if (!text::is_region(region)) return endpoint;

  endpoint.kind = kind_of(host.substr(0, first_dot), region, host.substr(second_dot + 1));
  if (endpoint.canonical()) endpoint.region_length_ = static_cast<std::uint8_t>(spelt.size());
  return endpoint;
}

bool is_aws_host(std::string_view host) noexcept {
  host = without_trailing_dot(host);
  return std::any_of(partitions.begin(), partitions.end(), [host](const Partition& partition) {
    return ends_with_domain(host, partition.suffix) ||
           ends_with_domain(host, partition.dual_stack_suffix);
  });
}

}  // namespace costmark::attribution

namespace costmark {

bool is_bedrock_host(std::string_view host) noexcept {
  return attribution::classify_host(host).canonical();
}

}  // namespace costmark
