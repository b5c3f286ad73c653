#include "credentials/source_context.hpp"

#include <string>
#include <utility>

#include "credentials/config/shared_files.hpp"

namespace costmark {

SourceContext source_context(Environment environment) {
  http::TransportConfig config;
  const std::string bundle = config::variable(environment, "AWS_CA_BUNDLE");
  config.ca_bundle = config::expand_path(bundle, environment);
  // Not expandable: a file that is not there, never the system's certificates in its place.
  if (config.ca_bundle.empty()) config.ca_bundle = bundle;
  auto transport = http::curl_transport(std::move(config));
  return {std::move(environment), std::move(transport)};
}

}  // namespace costmark
