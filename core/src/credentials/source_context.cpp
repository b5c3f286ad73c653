#include "credentials/source_context.hpp"

#include <string>
#include <string_view>
#include <utility>

#include "credentials/config/shared_files.hpp"
#include "net/transport.hpp"

namespace costmark {

SourceContext source_context(Environment environment) {
  constexpr std::string_view variable = "AWS_CA_BUNDLE";
  const std::string bundle = config::variable(environment, variable);
  std::string path = config::expand_path(bundle, environment);
  // Not expandable: a file that is not there, never the system's certificates in its place.
  if (path.empty()) path = bundle;
  auto transport = net::network_transport({net::Version::http_1_1,
                                           net::proxies_of(environment),
                                           {std::move(path), std::string(variable)}});
  return {std::move(environment), std::move(transport)};
}

}  // namespace costmark
