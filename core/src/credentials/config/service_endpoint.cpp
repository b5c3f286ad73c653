#include "credentials/config/service_endpoint.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/text.hpp"
#include "costmark/http.hpp"
#include "costmark/url.hpp"
#include "credentials/unusable.hpp"

namespace costmark {
namespace {

struct ServiceNames {
  std::string_view variable;  // behind AWS_ENDPOINT_URL_; empty: none
  std::string_view section;   // in a services section; empty: none
  std::string_view host;      // first labels of AWS's own hosts
};

// In the order of AwsService.
constexpr std::array<ServiceNames, 6> services{{{"STS", "sts", "sts"},
                                                {"SSO", "sso", "portal.sso"},
                                                {"SSO_OIDC", "sso_oidc", "oidc"},
                                                {"SIGNIN", "signin", "signin"},
                                                {"BEDROCK", "bedrock", "bedrock"},
                                                {"", "", "bedrock-mantle"}}};

struct Partition {
  std::string_view prefix;  // of its regions
  std::string_view suffix;
  std::string_view dual_stack_suffix;
  std::string_view signin_suffix;
};

// Of botocore's partitions.json and signin's endpoint rules, 1.44. The last one is everywhere else.
constexpr std::array<Partition, 8> partitions{{
    {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "signin.amazonaws.cn"},
    {"us-gov-", "amazonaws.com", "api.aws", "signin.amazonaws-us-gov.com"},
    {"eusc-de-", "amazonaws.eu", "api.amazonwebservices.eu", "signin.amazonaws-eusc.eu"},
    {"us-iso-", "c2s.ic.gov", "api.aws.ic.gov", "signin.c2shome.ic.gov"},
    {"us-isob-", "sc2s.sgov.gov", "api.aws.scloud", "signin.sc2shome.sgov.gov"},
    {"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "signin.csphome.adc-e.uk"},
    {"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov", "signin.csphome.hci.ic.gov"},
    {"", "amazonaws.com", "api.aws", "signin.aws.amazon.com"},
}};

const Partition& partition_of(std::string_view region) noexcept {
  return *std::find_if(partitions.begin(), partitions.end(),
                       [&](const Partition& one) { return region.starts_with(one.prefix); });
}

bool is_host_of_aws(std::string_view host) noexcept {
  if (host.ends_with('.')) host.remove_suffix(1);
  const auto is_in = [&](std::string_view domain) {
    return host.size() > domain.size() && host[host.size() - domain.size() - 1] == '.' &&
           equal_ignoring_case(host.substr(host.size() - domain.size()), domain);
  };
  return std::any_of(partitions.begin(), partitions.end(), [&](const Partition& one) {
    return is_in(one.suffix) || is_in(one.dual_stack_suffix) || is_in(one.signin_suffix);
  });
}

// A value and where it stands.
struct Found {
  std::string value;
  std::string origin;
};

class Lookup {
 public:
  Lookup(const ServiceNames& service, const Environment& environment,
         const config::Profile* profile)
      : service_(service), environment_(environment), profile_(profile) {}

  bool is_true(std::string_view name, std::string_view key) const {
    return equal_ignoring_case(either(name, key).value, "true");
  }

  // Empty where none is configured.
  Result<Found> url() const {
    if (is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls")) {
      return Found{};
    }
    Found found;
    if (!service_.variable.empty()) {
      found = in_environment("AWS_ENDPOINT_URL_" + std::string(service_.variable));
    }
    if (found.value.empty()) found = in_environment("AWS_ENDPOINT_URL");
    if (!found.value.empty()) return found;
    auto in_section = in_services_section();
    if (!in_section || !in_section.value().value.empty()) return in_section;
    return in_profile("endpoint_url");
  }

 private:
  Found in_environment(std::string_view name) const {
    return {config::variable(environment_, name), std::string(name)};
  }

  Found in_profile(std::string_view key) const {
    const config::Setting setting = profile_ != nullptr ? profile_->get(key) : config::Setting();
    if (!setting) return {};
    return {std::string(setting.value()), setting.where()};
  }

  Found either(std::string_view name, std::string_view key) const {
    Found found = in_environment(name);
    return found.value.empty() ? in_profile(key) : found;
  }

  Result<Found> in_services_section() const {
    if (service_.section.empty()) return Found{};
    const Found name = in_profile("services");
    if (name.origin.empty()) return Found{};
    const config::ConfigFile& file = *profile_->config_file;
    const config::Section* section = file.services(name.value);
    if (section == nullptr) {
      return unusable("services section '" + config::shown(name.value) + "' (" + name.origin +
                      ") does not exist");
    }
    const config::Entry* entry = file.entry(*section, service_.section);
    const auto url = entry != nullptr ? entry->sub_value("endpoint_url") : std::nullopt;
    if (!url) return Found{};
    return Found{std::string(*url), file.where(*entry)};
  }

  const ServiceNames& service_;
  const Environment& environment_;
  const config::Profile* profile_;
};

Result<ServiceEndpoint> configured(Found found) {
  const auto url = parse_url(found.value);
  if (!url || !url.value().query.empty()) {
    return unusable("the endpoint of " + found.origin +
                    " is no URL such as https://host:port/path");
  }
  if (!url.value().https && is_host_of_aws(url.value().host)) {
    return unusable("the endpoint of " + found.origin +
                    " is AWS's over plain http, where anyone could read the credentials; "
                    "write https");
  }
  while (found.value.ends_with('/')) found.value.pop_back();
  return ServiceEndpoint{std::move(found.value), std::move(found.origin)};
}

std::string signin_host(std::string_view region, bool fips) {
  const Partition& partition = partition_of(region);
  const std::string name(region);
  if (!fips) return name + "." + std::string(partition.signin_suffix);
  if (name == "us-gov-west-1") return "signin-fips.amazonaws-us-gov.com";
  if (name.starts_with("us-gov-")) return name + ".signin-fips.amazonaws-us-gov.com";
  return "signin-fips." + name + "." + std::string(partition.suffix);
}

std::string host_of(AwsService service, const ServiceNames& names, std::string_view region,
                    bool fips, bool dual_stack) {
  if (service == AwsService::bedrock_mantle) {
    return std::string(names.host) + "." + std::string(region) + ".api.aws";
  }
  if (service == AwsService::signin && !dual_stack) return signin_host(region, fips);
  const Partition& partition = partition_of(region);
  // The ordinary endpoints of AWS GovCloud are the FIPS ones, but for Bedrock's.
  const bool named = service == AwsService::bedrock || !region.starts_with("us-gov-");
  const bool marked = fips && (dual_stack || named);
  std::string host(names.host);
  host.append(marked ? "-fips." : ".").append(region).append(".");
  return host.append(dual_stack ? partition.dual_stack_suffix : partition.suffix);
}

}  // namespace

Result<ServiceEndpoint> service_endpoint(AwsService service, std::string_view region,
                                         const Environment& environment,
                                         const config::Profile* profile) {
  const ServiceNames& names = services[static_cast<std::size_t>(service)];
  const Lookup lookup(names, environment, profile);
  Result<Found> url = lookup.url();
  if (!url) return std::move(url).status();
  if (!url.value().value.empty()) return configured(std::move(url).value());
  if (!text::is_region(region)) {
    return unusable(config::quoted(region) + " is no region such as us-east-1");
  }
  const bool fips = lookup.is_true("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
  const bool dual_stack = lookup.is_true("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
  return ServiceEndpoint{"https://" + host_of(service, names, region, fips, dual_stack), {}};
}

}  // namespace costmark
