#include "attribution/endpoint.hpp"

#include <algorithm>

#include "attribution/glob.hpp"
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
// In the names of interface endpoints, between region and suffix.
constexpr std::string_view interface_label = "vpce.";

// Globs, in lower case. Who serves one of these names serves no Bedrock model.
constexpr std::array<std::string_view, 33> hosts_of_other_vendors{
    "api.openai.com",
    "*.api.openai.com",
    "*.openai.azure.com",
    "*.openai.azure.us",
    "*.cognitiveservices.azure.com",
    "*.services.ai.azure.com",
    "*.inference.ai.azure.com",
    "*.models.ai.azure.com",
    "api.anthropic.com",
    "aws-external-anthropic.*.api.aws",  // Claude Platform on AWS
    "generativelanguage.googleapis.com",
    "aiplatform.googleapis.com",
    "*-aiplatform.googleapis.com",
    "api.ai21.com",
    "api.cerebras.ai",
    "api.cohere.ai",
    "api.cohere.com",
    "api.deepseek.com",
    "api.fireworks.ai",
    "api.groq.com",
    "api.mistral.ai",
    "api.moonshot.ai",
    "api.moonshot.cn",
    "api.perplexity.ai",
    "api.sambanova.ai",
    "api.together.ai",
    "api.together.xyz",
    "api.x.ai",
    "api.z.ai",
    "dashscope.aliyuncs.com",
    "dashscope-intl.aliyuncs.com",
    "integrate.api.nvidia.com",
    "models.github.ai",
};

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

bool has_prefix(std::string_view text, std::string_view prefix) noexcept {
  return equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}

EndpointKind inference_kind_of(std::string_view service, std::string_view region,
                               std::string_view suffix, bool is_interface) noexcept {
  if (equal_ignoring_case(service, "bedrock-mantle")) {
    if (is_interface) {
      return is_runtime_suffix(region, suffix) ? EndpointKind::mantle : EndpointKind::custom;
    }
    return equal_ignoring_case(suffix, mantle_suffix) ? EndpointKind::mantle : EndpointKind::custom;
  }
  if (equal_ignoring_case(service, "bedrock-runtime") ||
      equal_ignoring_case(service, "bedrock-runtime-fips")) {
    return is_runtime_suffix(region, suffix) ? EndpointKind::runtime : EndpointKind::custom;
  }
  return EndpointKind::custom;
}

EndpointKind control_kind_of(std::string_view service, std::string_view region,
                             std::string_view suffix, bool) noexcept {
  const bool is_control =
      equal_ignoring_case(service, "bedrock") || equal_ignoring_case(service, "bedrock-fips");
  return is_control && is_runtime_suffix(region, suffix) ? EndpointKind::control
                                                         : EndpointKind::custom;
}

}  // namespace

std::string_view to_string(EndpointKind kind) noexcept {
  switch (kind) {
    case EndpointKind::mantle:
      return "mantle";
    case EndpointKind::runtime:
      return "runtime";
    case EndpointKind::control:
      return "control";
    case EndpointKind::custom:
      return "custom";
  }
  return "custom";
}

Endpoint classify_host(std::string_view host) noexcept {
  return Endpoint::classify(host, inference_kind_of);
}

Endpoint classify_control_host(std::string_view host) noexcept {
  return Endpoint::classify(host, control_kind_of);
}

Endpoint Endpoint::classify(std::string_view host, KindOf kind_of) noexcept {
  Endpoint endpoint;
  host = without_trailing_dot(host);
  const bool is_interface = has_prefix(host, "vpce-");
  if (is_interface) host.remove_prefix(std::min(host.find('.'), host.size() - 1) + 1);
  const auto first_dot = host.find('.');
  if (first_dot == std::string_view::npos) return endpoint;
  const auto second_dot = host.find('.', first_dot + 1);
  if (second_dot == std::string_view::npos) return endpoint;

  const std::string_view spelled = host.substr(first_dot + 1, second_dot - first_dot - 1);
  if (spelled.size() > endpoint.region_.size()) return endpoint;
  std::transform(spelled.begin(), spelled.end(), endpoint.region_.begin(), text::lower);
  const std::string_view region{endpoint.region_.data(), spelled.size()};
  if (!text::is_region(region)) return endpoint;

  std::string_view suffix = host.substr(second_dot + 1);
  if (is_interface) {
    if (!has_prefix(suffix, interface_label)) return endpoint;
    suffix.remove_prefix(interface_label.size());
  }
  endpoint.kind = kind_of(host.substr(0, first_dot), region, suffix, is_interface);
  if (endpoint.canonical()) endpoint.region_length_ = static_cast<std::uint8_t>(spelled.size());
  return endpoint;
}

bool is_aws_host(std::string_view host) noexcept {
  host = without_trailing_dot(host);
  return std::any_of(partitions.begin(), partitions.end(), [host](const Partition& partition) {
    return ends_with_domain(host, partition.suffix) ||
           ends_with_domain(host, partition.dual_stack_suffix);
  });
}

bool is_host_of_other_vendor(std::string_view host) noexcept {
  std::array<char, 253> buffer;  // no host name is longer
  host = without_trailing_dot(host);
  if (host.size() > buffer.size()) return false;
  std::transform(host.begin(), host.end(), buffer.begin(), text::lower);
  const std::string_view lower{buffer.data(), host.size()};
  return std::any_of(hosts_of_other_vendors.begin(), hosts_of_other_vendors.end(),
                     [lower](std::string_view glob) { return glob_match(glob, lower); });
}

}  // namespace costmark::attribution

namespace costmark {

bool is_bedrock_host(std::string_view host) noexcept {
  return attribution::classify_host(host).canonical();
}

}  // namespace costmark
