#include "credentials/sts/sts_endpoint.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "costmark/url.hpp"
#include "credentials/config/region.hpp"
#include "credentials/config/service_endpoint.hpp"
#include "credentials/unusable.hpp"
#include "http/transport.hpp"

namespace costmark::sts {
namespace {

using config::Profile;
using config::Setting;

constexpr std::string_view global_region = "aws-global";
constexpr std::string_view global_url = "https://sts.amazonaws.com";
constexpr std::string_view region_of_global = "us-east-1";

// Those whose sign-ins AWS_STS_REGIONAL_ENDPOINTS=legacy sends to the global endpoint; botocore's
// LEGACY_GLOBAL_STS_REGIONS.
constexpr std::array<std::string_view, 15> legacy_regions{
    "ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1",
    "eu-central-1",   "eu-north-1", "eu-west-1",      "eu-west-2",      "eu-west-3",
    "sa-east-1",      "us-east-1",  "us-east-2",      "us-west-1",      "us-west-2"};

Result<bool> wants_legacy(const Environment& environment, const Profile& profile) {
  std::string style = config::variable(environment, "AWS_STS_REGIONAL_ENDPOINTS");
  std::string origin = "AWS_STS_REGIONAL_ENDPOINTS";
  const Setting setting = profile.get("sts_regional_endpoints");
  if (style.empty() && setting) {
    style = setting.value();
    origin = "sts_regional_endpoints (" + setting.where() + ")";
  }
  if (style.empty() || style == "regional") return false;
  if (style == "legacy") return true;
  return unusable(origin + " is neither legacy nor regional");
}

bool is_legacy(std::string_view region) noexcept {
  return std::find(legacy_regions.begin(), legacy_regions.end(), region) != legacy_regions.end();
}

}  // namespace

Result<Endpoint> endpoint(const Environment& environment, const Profile& profile, bool signs) {
  const Result<bool> legacy = wants_legacy(environment, profile);
  if (!legacy) return legacy.error();
  const NamedRegion named = chosen_region(environment, profile);
  const bool global = named.name.empty() || named.name == global_region;
  const std::string region = global ? std::string(region_of_global) : named.name;
  auto found = service_endpoint(AwsService::sts, region, environment, &profile);
  if (!found) {
    Error error = found.error();
    if (!global) error.message += " (region: " + named.origin + ")";
    return error;
  }
  // Anything else than the plain name is what FIPS or dual-stack asked for.
  const bool plain = found.value().url == "https://sts." + region + ".amazonaws.com";
  const bool configured = !found.value().origin.empty();
  if (!configured && plain && (global || (legacy.value() && is_legacy(region)))) {
    return Endpoint{std::string(global_url) + "/", std::string(global_url),
                    std::string(region_of_global)};
  }
  if (configured && signs && named.name.empty()) {
    return unusable("the endpoint of " + found.value().origin +
                    " needs a region to sign for; set AWS_REGION, or region in the profile");
  }
  const Result<Url> url = parse_url(found.value().url);
  if (!url) return url.error();
  const std::string origin = http::origin_of(url.value());
  return Endpoint{origin + std::string(url.value().path) + "/", origin, region};
}

}  // namespace costmark::sts
