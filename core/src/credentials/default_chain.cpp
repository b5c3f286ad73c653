#include <array>
#include <utility>

#include "costmark/credentials_provider.hpp"
#include "credentials/shared_files.hpp"
#include "credentials/unserved.hpp"

namespace costmark {
namespace {

// ECS and EKS Pod Identity.
class ContainerProvider final : public CredentialsProvider {
 public:
  explicit ContainerProvider(Environment environment) : environment_(std::move(environment)) {}

  std::string_view name() const noexcept override { return "container"; }

  Result<CredentialsPtr> resolve(UnixSeconds) override {
    for (const char* name :
         {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"}) {
      if (!config::variable(environment_, name).empty()) {
        return unserved(name, "the container's credentials endpoint");
      }
    }
    return Error{Code::no_credentials, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not set"};
  }

 private:
  Environment environment_;
};

class InstanceProvider final : public CredentialsProvider {
 public:
  std::string_view name() const noexcept override { return "EC2 instance metadata"; }

  Result<CredentialsPtr> resolve(UnixSeconds) override {
    return Error{Code::no_credentials, "not supported by this version"};
  }
};

// An explicit profile beats keys in the environment, as in botocore.
std::vector<CredentialsProviderPtr> default_providers(const Environment& environment,
                                                      const std::string& profile) {
  std::vector<CredentialsProviderPtr> providers;
  if (profile.empty()) providers.push_back(environment_credentials(environment));
  providers.push_back(profile_credentials(environment, profile));
  providers.push_back(std::make_unique<ContainerProvider>(environment));
  providers.push_back(std::make_unique<InstanceProvider>());
  return providers;
}

}  // namespace

CredentialsProviderPtr default_credentials(const Environment& environment,
                                           const std::string& profile) {
  return chain_credentials(default_providers(environment, profile));
}

ChainReport explain_default_credentials(const Environment& environment, const std::string& profile,
                                        UnixSeconds now) {
  ChainReport report;
  for (const auto& provider : default_providers(environment, profile)) {
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
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (!report.region.name.empty()) break;
    if (auto value = config::variable(environment, name); !value.empty()) {
      report.region = {std::move(value), name};
    }
  }
  if (report.region.name.empty()) {
    if (auto region = profile_region(environment, profile); region.ok()) {
      report.region = std::move(region).value();
    }
  }
  return report;
}

}  // namespace costmark
