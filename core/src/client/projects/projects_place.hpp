// Where the Projects API is: the plane that is asked, and its URL.
#pragma once

#include <string>

#include "costmark/client.hpp"
#include "costmark/projects.hpp"

namespace costmark::client {

struct ProjectsEndpoint {
  ProjectPlane plane = ProjectPlane::mantle;  // never automatic
  std::string base_url;                       // without a '/' at its end
  bool is_of_sdks = false;                    // AWS_ENDPOINT_URL or its like names it
};

// `plane`: the one that is asked for. The environment's options are in `config` already.
//
//   option base_url               plane=auto is    and the URL
//   a bedrock-mantle host         mantle           that host's
//   a bedrock-runtime host        bedrock          the control plane's of its region
//   another host                  mantle, or bedrock with option endpoint=runtime; that host's
//   none                          the same; that of AWS_ENDPOINT_URL_BEDROCK (bedrock alone) or
//                                 AWS_ENDPOINT_URL, else AWS's own host for the region
//
// A host of AWS that belongs to the other plane gives its region alone. Errors: invalid_option,
// invalid_url.
Result<ProjectsEndpoint> projects_endpoint(const ClientConfig& config, ProjectPlane plane);

}  // namespace costmark::client
