// Where roles are assumed: the endpoint of STS and the region that is signed for.
#pragma once

#include <string>

#include "costmark/environment.hpp"
#include "costmark/error.hpp"
#include "credentials/config/shared_files.hpp"

namespace costmark::sts {

struct Endpoint {
  std::string url;     // with its path
  std::string origin;  // scheme, host and port, for errors
  std::string region;  // to sign for
};

// Both by `profile`, the one that was chosen, also for the roles of other profiles that it leads
// to, as in botocore. The region is AWS_REGION, AWS_DEFAULT_REGION or the profile's `region`;
// without one, and with AWS_STS_REGIONAL_ENDPOINTS=legacy (sts_regional_endpoints of the profile)
// in the regions that are older than regional endpoints, it is the global endpoint, signed for
// us-east-1. The URL is that of `service_endpoint`.
//
// Errors: those of `service_endpoint`; unusable_credentials for a word that is neither legacy nor
// regional, and, where requests are signed (`signs`), for a configured endpoint without a region.
Result<Endpoint> endpoint(const Environment& environment, const config::Profile& profile,
                          bool signs);

}  // namespace costmark::sts
