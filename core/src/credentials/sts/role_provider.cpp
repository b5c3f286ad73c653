// The role that a client's options name, assumed with what the client signs with otherwise.
#include <memory>
#include <string>
#include <utility>

#include "costmark/credentials_provider.hpp"
#include "credentials/config/shared_files.hpp"
#include "credentials/profile.hpp"
#include "credentials/sts/assumed_role.hpp"
#include "credentials/sts/role_chain.hpp"
#include "credentials/sts/role_settings.hpp"
#include "credentials/sts/sts.hpp"
#include "credentials/sts/sts_endpoint.hpp"
#include "credentials/unusable.hpp"

namespace costmark {
namespace {

class RoleProvider final : public CredentialsProvider {
 public:
  RoleProvider(SourceContext context, CredentialsProviderPtr source, sts::Role role,
               std::string profile)
      : context_(std::move(context)),
        source_(std::move(source)),
        option_(std::move(profile)),
        chain_(std::make_unique<RoleChain>()) {
    chain_->roles.push_back(std::move(role));
  }

  std::string_view name() const noexcept override { return "role"; }

  Result<CredentialsPtr> resolve(UnixSeconds now, const Wait& wait) override {
    name_session(now);
    const SourceContext context = context_.within(wait);
    const Result<sts::Endpoint> endpoint = endpoint_now();
    if (!endpoint) return endpoint.error();
    const sts::Client client(context.transport, endpoint.value());
    const bool is_kept = kept_ && !source_->changed();
    AssumedRole role(
        *chain_, client, [&] { return source(now, wait); }, is_kept ? *kept_ : KeptSources(), now);
    Result<CredentialsPtr> result = role.resolve();
    kept_ = std::make_unique<const KeptSources>(role.take_kept());
    return result;
  }

  bool changed() const noexcept override { return source_->changed(); }

 private:
  // The same name at every renewal, as CloudTrail's readers expect.
  void name_session(UnixSeconds now) {
    std::string& name = chain_->roles.front().session_name;
    if (name.empty()) name = default_session_name(now);
  }

  Result<sts::Endpoint> endpoint_now() const {
    using config::ProfileChoice;
    using config::SharedFiles;
    Result<SharedFiles> files = SharedFiles::load(SharedFiles::Paths::of(context_.environment));
    if (!files) return std::move(files).status();
    const auto choice = ProfileChoice::of(context_.environment, option_);
    return sts::endpoint(context_.environment, files.value().profile(choice.name), true);
  }

  Result<Sourced> source(UnixSeconds now, const Wait& wait) {
    auto found = source_->resolve(now, wait);
    if (found.ok()) return Sourced{std::move(found).value(), true};
    if (found.error().code != Code::no_credentials) return std::move(found).status();
    return unusable(chain_->roles.front().who +
                    ": there are no credentials to assume it with: " + found.error().message);
  }

  const SourceContext context_;
  const CredentialsProviderPtr source_;
  const std::string option_;
  const std::unique_ptr<RoleChain> chain_;
  // Swapped whole, so that a child that is forked meanwhile finds one or the other.
  std::unique_ptr<const KeptSources> kept_;
};

// A region that was chosen goes before that of the environment.
Environment in_region(Environment environment, const std::string& region) {
  if (region.empty()) return environment;
  return [environment = std::move(environment),
          region](std::string_view name) -> std::optional<std::string> {
    return name == "AWS_REGION" ? region : environment(name);
  };
}

}  // namespace

Result<CredentialsProviderPtr> role_credentials(SourceContext context,
                                                CredentialsProviderPtr source,
                                                const RoleToAssume& asked) {
  Result<sts::Role> role = role_of(asked);
  if (!role) return std::move(role).status();
  context.environment = in_region(std::move(context.environment), asked.region);
  return CredentialsProviderPtr(std::make_unique<RoleProvider>(
      std::move(context), std::move(source), std::move(role).value(), asked.profile));
}

Result<CredentialsProviderPtr> role_credentials(Environment environment,
                                                CredentialsProviderPtr source,
                                                const RoleToAssume& asked) {
  return role_credentials(source_context(std::move(environment)), std::move(source), asked);
}

}  // namespace costmark
