#include "credentials/config/region.hpp"

#include <string>
#include <utility>

namespace costmark {

NamedRegion chosen_region(const Environment& environment, const config::Profile& profile) {
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (std::string value = config::variable(environment, name); !value.empty()) {
      return {std::move(value), name};
    }
  }
  const config::Setting region = profile.get("region");
  if (!region || region.value().empty()) return {};
  return {std::string(region.value()), region.where()};
}

}  // namespace costmark
