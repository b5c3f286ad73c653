#include "credentials/profile.hpp"

#include <string>
#include <utility>
#include <vector>

#include "credentials/config/region.hpp"
#include "credentials/config/shared_files.hpp"
#include "credentials/metadata/container.hpp"
#include "credentials/metadata/instance.hpp"

namespace costmark {
namespace {

// An explicit profile beats keys in the environment, as in botocore.
std::vector<CredentialsProviderPtr> default_providers(const SourceContext& context,
                                                      const std::string& profile) {
  std::vector<CredentialsProviderPtr> providers;
  if (profile.empty()) providers.push_back(environment_credentials(context.environment));
  providers.push_back(profile_credentials(context, profile));
  providers.push_back(container_credentials(context));
  providers.push_back(instance_credentials(context, profile));
  return providers;
}

}  // namespace

NamedRegion default_region(const Environment& environment, const std::string& profile) {
  const auto files = config::SharedFiles::load(config::SharedFiles::Paths::of(environment));
  const auto choice = config::ProfileChoice::of(environment, profile);
  return chosen_region(environment,
                       files.ok() ? files.value().profile(choice.name) : config::Profile());
}

CredentialsProviderPtr default_credentials(const Environment& environment,
                                           const std::string& profile) {
  return default_credentials(source_context(environment), profile);
}

CredentialsProviderPtr default_credentials(const SourceContext& context,
                                           const std::string& profile) {
  return chain_credentials(default_providers(context, profile));
}

ChainReport explain_default_credentials(const Environment& environment, const std::string& profile,
                                        UnixSeconds now) {
  ChainReport report;
  for (const auto& provider : default_providers(source_context(environment), profile)) {
    Result<CredentialsPtr> result = provider->resolve(now);
    ChainReport::Asked asked{std::string(provider->name()), {}};
    if (result.ok()) {
      report.credentials = result.value();
      if (result.value()->expired(now)) asked.failure = "its credentials have expired";
      report.asked.push_back(std::move(asked));
      break;
    }
    asked.failure = result.error().message;
    report.asked.push_back(std::move(asked));
    if (result.error().code != Code::no_credentials) break;
  }
  report.region = default_region(environment, profile);
  return report;
}

}  // namespace costmark
