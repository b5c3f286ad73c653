// Where a service of AWS is asked: the endpoint that is configured, or AWS's own for a region.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "costmark/environment.hpp"
#include "costmark/error.hpp"
#include "credentials/config/shared_files.hpp"

namespace costmark {

enum class AwsService : std::uint8_t { sts, sso, sso_oidc, signin, bedrock, bedrock_mantle };

struct ServiceEndpoint {
  std::string url;     // scheme, host, perhaps a port and a path; never a '/' at its end
  std::string origin;  // what configured it, such as "AWS_ENDPOINT_URL_STS"; empty for AWS's own
};

// The first that is set, as in botocore: AWS_ENDPOINT_URL_{STS,SSO,SSO_OIDC,SIGNIN,BEDROCK},
// AWS_ENDPOINT_URL, endpoint_url below the service in the profile's services section, endpoint_url
// of the profile; none of them where AWS_IGNORE_CONFIGURED_ENDPOINT_URLS or
// ignore_configured_endpoint_urls is true. Else the host that botocore's endpoint rules give for
// the region's partition, AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT (use_fips_endpoint
// and use_dualstack_endpoint of the profile). AWS's SDKs do not know bedrock-mantle: it has no
// variable of its own, and one host. `profile` is the one that was chosen, also where a
// source stands in another; null for none. A configured endpoint is taken whatever FIPS and
// dual-stack say.
//
// Errors: unusable_credentials for a region that is no host label, a bad URL, or one that leads to
// AWS over plain http, and a services section that does not exist.
Result<ServiceEndpoint> service_endpoint(AwsService service, std::string_view region,
                                         const Environment& environment,
                                         const config::Profile* profile);

}  // namespace costmark
