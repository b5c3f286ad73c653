#include "credentials/profile.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "credentials/config/shared_files.hpp"
#include "credentials/config/words.hpp"
#include "credentials/metadata/container.hpp"
#include "credentials/metadata/instance.hpp"
#include "credentials/profile_sources.hpp"
#include "credentials/sts/assumed_role.hpp"
#include "credentials/sts/role_chain.hpp"
#include "credentials/sts/role_settings.hpp"
#include "credentials/unusable.hpp"

namespace costmark {
namespace {

using config::Profile;
using config::ProfileChoice;
using config::Setting;
using config::SharedFiles;

class ProfileProvider final : public CredentialsProvider {
 public:
  ProfileProvider(SourceContext context, std::string profile)
      : context_(std::move(context)), option_(std::move(profile)) {}

  std::string_view name() const noexcept override { return "shared files"; }

  Result<CredentialsPtr> resolve(UnixSeconds now, const Wait& wait) override {
    if (session_name_.empty()) session_name_ = default_session_name(now);
    Seen seen;
    seen.paths = SharedFiles::Paths::of(context_.environment);
    // Before the files are read: what changes meanwhile is noticed the next time.
    seen.stamps = SharedFiles::Stamps::of(seen.paths);
    Kept kept;
    Result<CredentialsPtr> result = read({context_.within(wait), wait, now}, seen, kept);
    kept_ = std::make_unique<const Kept>(std::move(kept));
    if (result.ok()) seen_ = std::make_unique<const Seen>(std::move(seen));
    return result;
  }

  bool changed() const noexcept override {
    return seen_ && (SharedFiles::Stamps::of(seen_->paths) != seen_->stamps ||
                     any_changed(seen_->token_files));
  }

 private:
  // One call of `resolve`.
  struct Call {
    const SourceContext context;
    const Wait& wait;
    const UnixSeconds now;
  };

  // What the last success was made of.
  struct Seen {
    SharedFiles::Paths paths;
    SharedFiles::Stamps stamps;
    std::vector<WatchedFile> token_files;
  };

  // What the roles of a profile are sourced from, and what that was made of.
  struct Kept {
    std::string profile;
    SharedFiles::Stamps stamps;
    std::vector<WatchedFile> token_files;
    KeptSources sources;
  };

  static bool any_changed(const std::vector<WatchedFile>& files) noexcept {
    return std::any_of(files.begin(), files.end(),
                       [](const WatchedFile& file) { return file.changed(); });
  }

  Result<CredentialsPtr> read(const Call& call, Seen& seen, Kept& kept) {
    Result<SharedFiles> files = SharedFiles::load(seen.paths);
    if (!files) return std::move(files).status();
    const auto choice = ProfileChoice::of(context_.environment, option_);
    const Profile profile = files.value().profile(choice.name);
    if (!profile.exists() && !choice.chosen_by.empty()) {
      return unusable("profile " + config::quoted(profile.name) + " (" +
                      std::string(choice.chosen_by) + ") is not in " + seen.paths.to_string());
    }
    if (Status status = config::check_words(profile); !status) return status;
    ProfileSources sources(call.context, files.value(), profile, session_name_);
    if (RoleChain::begins_at(profile)) {
      auto result = assume(call, sources, files.value(), profile, seen, kept);
      seen.token_files = kept.token_files;
      return result;
    }
    auto own = sources.credentials_of(profile, option_.empty(), call.now);
    seen.token_files = sources.token_files();
    if (own.ok()) return std::move(own).value().credentials;
    if (own.error().code == Code::no_credentials && !profile.exists()) {
      return Error{Code::no_credentials, "profile " + config::quoted(profile.name) + " is not in " +
                                             seen.paths.to_string()};
    }
    return std::move(own).status();
  }

  Result<CredentialsPtr> assume(const Call& call, ProfileSources& sources, const SharedFiles& files,
                                const Profile& profile, const Seen& seen, Kept& kept) {
    const Result<RoleChain> chain = RoleChain::from(files, profile, session_name_);
    if (!chain) return chain.error();
    const Result<sts::Client> client = sources.sts(true);
    if (!client) return client.error();
    const bool same = kept_ && kept_->profile == profile.name && kept_->stamps == seen.stamps &&
                      !any_changed(kept_->token_files);
    if (same) kept.token_files = kept_->token_files;
    AssumedRole role(
        chain.value(), client.value(), [&] { return base_of(call, chain.value(), sources); },
        same ? kept_->sources : KeptSources(), call.now);
    auto result = role.resolve();
    kept.profile = profile.name;
    kept.stamps = seen.stamps;
    kept.sources = role.take_kept();
    if (!sources.token_files().empty()) kept.token_files = sources.token_files();
    return result;
  }

  // What the innermost role of a chain is assumed with.
  Result<Sourced> base_of(const Call& call, const RoleChain& chain, ProfileSources& sources) {
    Result<Sourced> result = Sourced();
    if (chain.profile) {
      result = sources.credentials_of(*chain.profile, false, call.now);
    } else {
      auto found = ask(call, chain.source);
      result = found.ok() ? Result<Sourced>(Sourced{found.value(), true}) : found.error();
      if (found.ok()) result.value().costly = chain.source != NamedSource::environment;
    }
    if (result.ok() || result.error().code != Code::no_credentials) return result;
    return unusable(chain.setting + " has no credentials: " + result.error().message);
  }

  Result<CredentialsPtr> ask(const Call& call, NamedSource source) {
    if (source == NamedSource::environment) {
      return environment_credentials(context_.environment)->resolve(call.now, call.wait);
    }
    if (source == NamedSource::container) {
      return container_credentials(context_)->resolve(call.now, call.wait);
    }
    // It remembers what an outage must not take away.
    if (!instance_) instance_ = instance_credentials(context_, option_);
    return instance_->resolve(call.now, call.wait);
  }

  const SourceContext context_;
  const std::string option_;
  std::string session_name_;  // the same at every renewal, as CloudTrail's readers expect
  CredentialsProviderPtr instance_;
  // Swapped whole, so that a child that is forked meanwhile finds one or the other.
  std::unique_ptr<const Seen> seen_;
  std::unique_ptr<const Kept> kept_;
};

}  // namespace

CredentialsProviderPtr profile_credentials(SourceContext context, std::string profile) {
  return std::make_unique<ProfileProvider>(std::move(context), std::move(profile));
}

CredentialsProviderPtr profile_credentials(Environment environment, std::string profile) {
  return profile_credentials(source_context(std::move(environment)), std::move(profile));
}

Result<NamedRegion> profile_region(const Environment& environment, std::string_view profile) {
  Result<SharedFiles> files = SharedFiles::load(SharedFiles::Paths::of(environment));
  if (!files) return std::move(files).status();
  const auto choice = ProfileChoice::of(environment, profile);
  const Setting region = files.value().profile(choice.name).get("region");
  if (!region) return NamedRegion{};
  return NamedRegion{std::string(region.value()), region.where()};
}

}  // namespace costmark
