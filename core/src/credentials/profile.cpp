#include "credentials/profile.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "credentials/unserved.hpp"

namespace costmark {
namespace {

using config::Profile;
using config::ProfileChoice;
using config::Setting;
using config::SharedFiles;

Status unusable(std::string message) {
  return {Code::unusable_credentials, std::move(message)};
}

std::string quoted(std::string_view name) {
  return "'" + config::shown(name) + "'";
}

std::string at(const Setting& setting) {
  return " (" + setting.where() + ")";
}

// Follows role_arn from profile to profile and says what is wrong with the chain, if anything is.
class RoleChain {
 public:
  explicit RoleChain(const SharedFiles& files) : files_(files) {}

  Status check(const Profile& first) {
    visited_.push_back(first.name);
    for (Profile profile = first;;) {
      const Setting role = profile.get("role_arn");
      const Setting source = profile.get("source_profile");
      const Setting place = profile.get("credential_source");
      if (source && place) {
        return unusable("profile " + quoted(profile.name) + at(role) +
                        " has both source_profile and credential_source; keep one of them");
      }
      if (!source && !place) {
        return unusable("profile " + quoted(profile.name) + at(role) +
                        " has a role_arn and says neither source_profile nor credential_source");
      }
      if (place) return check_place(profile, place);
      Profile next = files_.profile(source.value());
      if (Status status = check_source(profile, source, next); !status) return status;
      if (has_static_keys(next) || !assumes_role(next)) return {};
      visited_.push_back(next.name);
      profile = std::move(next);
    }
  }

  static bool assumes_role(const Profile& profile) noexcept {
    return profile.get("role_arn") && !profile.get("web_identity_token_file");
  }

 private:
  static bool has_static_keys(const Profile& profile) noexcept {
    return profile.get("aws_access_key_id") || profile.get("aws_secret_access_key");
  }

  static Status check_place(const Profile& profile, const Setting& place) {
    for (const std::string_view known : {"environment", "ec2instancemetadata", "ecscontainer"}) {
      std::string lower(place.value());
      std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      });
      if (lower == known) return {};
    }
    return unusable("credential_source of profile " + quoted(profile.name) + at(place) +
                    " is none of Environment, Ec2InstanceMetadata, EcsContainer");
  }

  Status check_source(const Profile& profile, const Setting& source, const Profile& next) const {
    if (!next.exists()) {
      return unusable("source_profile of profile " + quoted(profile.name) + at(source) +
                      " names profile " + quoted(next.name) + ", which does not exist");
    }
    if (std::find(visited_.begin(), visited_.end(), next.name) == visited_.end()) return {};
    // A profile may name itself for its own keys.
    if (next.name == profile.name && has_static_keys(next)) return {};
    std::string loop;
    for (const std::string& name : visited_) loop += quoted(name) + " -> ";
    return unusable("source_profile" + at(source) + " closes a loop: " + loop + quoted(next.name));
  }

  const SharedFiles& files_;
  std::vector<std::string> visited_;
};

class ProfileProvider final : public CredentialsProvider {
 public:
  ProfileProvider(Environment environment, std::string profile, ProcessLimits limits)
      : environment_(std::move(environment)), option_(std::move(profile)), limits_(limits) {}

  std::string_view name() const noexcept override { return "shared files"; }

  Result<CredentialsPtr> resolve(UnixSeconds) override {
    auto seen = std::make_unique<Seen>();
    seen->paths = SharedFiles::Paths::of(environment_);
    // Before the files are read: what changes meanwhile is noticed the next time.
    seen->stamps = SharedFiles::Stamps::of(seen->paths);
    Result<CredentialsPtr> result = read(seen->paths);
    if (result.ok()) seen_ = std::move(seen);
    return result;
  }

  bool changed() const noexcept override {
    return seen_ && SharedFiles::Stamps::of(seen_->paths) != seen_->stamps;
  }

 private:
  struct Seen {
    SharedFiles::Paths paths;
    SharedFiles::Stamps stamps;
  };

  Result<CredentialsPtr> read(const SharedFiles::Paths& paths) const {
    Result<SharedFiles> files = SharedFiles::load(paths);
    if (!files) return std::move(files).status();
    const auto choice = ProfileChoice::of(environment_, option_);
    const Profile profile = files.value().profile(choice.name);
    if (!profile.exists() && !choice.chosen_by.empty()) {
      return unusable("profile " + quoted(profile.name) + " (" + std::string(choice.chosen_by) +
                      ") is not in " + paths.to_string());
    }
    if (Status status = refuse_roles(files.value(), profile); !status) return status;
    if (Setting id = profile.in_credentials_file("aws_access_key_id")) {
      return keys(profile, id, &Profile::in_credentials_file, "credentials file");
    }
    if (const Setting login = profile.get("login_session")) {
      return unserved("profile " + quoted(profile.name) + at(login), "the 'aws login' session");
    }
    if (const Setting command = profile.get("credential_process")) return run(profile, command);
    if (Setting id = profile.in_config_file("aws_access_key_id")) {
      return keys(profile, id, &Profile::in_config_file, "config file");
    }
    return Error{Code::no_credentials,
                 profile.exists()
                     ? "profile " + quoted(profile.name) + " names no source of credentials"
                     : "profile " + quoted(profile.name) + " is not in " + paths.to_string()};
  }

  // What stands before static keys in the order and needs the network.
  Status refuse_roles(const SharedFiles& files, const Profile& profile) const {
    const std::string who = "profile " + quoted(profile.name);
    if (RoleChain::assumes_role(profile)) {
      if (Status status = RoleChain(files).check(profile); !status) return status;
      return unserved(who + at(profile.get("role_arn")), "an assumed role (role_arn)");
    }
    if (option_.empty() && !config::variable(environment_, "AWS_WEB_IDENTITY_TOKEN_FILE").empty()) {
      return unserved("AWS_WEB_IDENTITY_TOKEN_FILE", "web identity (AssumeRoleWithWebIdentity)");
    }
    const Setting token = profile.get("web_identity_token_file");
    if (token && !token.value().empty()) {
      return unserved(who + at(token), "web identity (AssumeRoleWithWebIdentity)");
    }
    for (const std::string_view key : {"sso_account_id", "sso_role_name"}) {
      if (const Setting sso = profile.get(key)) return unserved(who + at(sso), "SSO");
    }
    return {};
  }

  // Id and secret stand in the same file: halves of two files would make no pair.
  Result<CredentialsPtr> keys(const Profile& profile, const Setting& id,
                              Setting (Profile::*get)(std::string_view) const noexcept,
                              const char* file) const {
    const auto text = [&](std::string_view key) {
      const Setting setting = (profile.*get)(key);
      return setting ? std::string(setting.value()) : std::string();
    };
    Credentials::Fields fields;
    fields.access_key_id = id.value();
    fields.secret_access_key = text("aws_secret_access_key");
    // The older name first, as botocore has it.
    fields.session_token = (profile.*get)("aws_security_token") ? text("aws_security_token")
                                                                : text("aws_session_token");
    fields.account_id = text("aws_account_id");
    fields.source = source(profile, file);
    auto credentials = Credentials::create(std::move(fields));
    if (credentials.ok()) return credentials;
    return unusable("profile " + quoted(profile.name) + at(id) + ": " +
                    credentials.error().message);
  }

  Result<CredentialsPtr> run(const Profile& profile, const Setting& command) const {
    const std::string where = command.where();
    const Setting account = profile.get("aws_account_id");
    return run_credential_process(
        {command.value(), where, account ? account.value() : std::string_view(),
         source(profile, "credential_process")},
        limits_);
  }

  static std::string source(const Profile& profile, const char* kind) {
    return "profile " + quoted(profile.name) + ", " + kind;
  }

  const Environment environment_;
  const std::string option_;
  const ProcessLimits limits_;
  // The last time that it went well. Swapped whole, so that a child that is forked meanwhile finds
  // one or the other.
  std::unique_ptr<const Seen> seen_;
};

}  // namespace

CredentialsProviderPtr profile_credentials(Environment environment, std::string profile,
                                           ProcessLimits limits) {
  return std::make_unique<ProfileProvider>(std::move(environment), std::move(profile), limits);
}

CredentialsProviderPtr profile_credentials(Environment environment, std::string profile) {
  return profile_credentials(std::move(environment), std::move(profile), ProcessLimits());
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
