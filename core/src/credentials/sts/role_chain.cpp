#include "credentials/sts/role_chain.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "credentials/config/words.hpp"
#include "credentials/sts/role_settings.hpp"
#include "credentials/unusable.hpp"

namespace costmark {
namespace {

using config::Profile;
using config::Setting;
using config::SharedFiles;

std::string at(const Setting& setting) {
  return " (" + setting.where() + ")";
}

bool has_static_keys(const Profile& profile) noexcept {
  return profile.get("aws_access_key_id") || profile.get("aws_secret_access_key");
}

// As botocore spells them, capitals included.
std::optional<NamedSource> named_source(std::string_view name) noexcept {
  if (name == "Environment") return NamedSource::environment;
  if (name == "EcsContainer") return NamedSource::container;
  if (name == "Ec2InstanceMetadata") return NamedSource::instance;
  return std::nullopt;
}

class Walk {
 public:
  Walk(const SharedFiles& files, const std::string& session_name)
      : files_(files), session_name_(session_name) {}

  Result<RoleChain> from(Profile profile) {
    visited_.push_back(profile.name);
    for (;;) {
      const Setting source = profile.get("source_profile");
      const Setting place = profile.get("credential_source");
      if (Status status = check_one_source(profile, source, place); !status) return status;
      if (Status status = add_role(profile); !status) return status;
      if (place) return end_at(profile, place);
      Profile next = files_.profile(source.value());
      if (Status status = check_next(profile, source, next); !status) return status;
      if (Status status = config::check_words(next); !status) return status;
      if (has_static_keys(next) || !RoleChain::begins_at(next)) {
        chain_.setting = "source_profile of profile " + config::quoted(profile.name) + at(source);
        chain_.profile = std::move(next);
        return std::move(chain_);
      }
      visited_.push_back(next.name);
      profile = std::move(next);
    }
  }

 private:
  static Status check_one_source(const Profile& profile, const Setting& source,
                                 const Setting& place) {
    if (source && place) {
      return unusable("profile " + config::quoted(profile.name) + at(profile.get("role_arn")) +
                      " has both source_profile and credential_source; keep one of them");
    }
    if (source || place) return {};
    return unusable("profile " + config::quoted(profile.name) + at(profile.get("role_arn")) +
                    " has a role_arn and says neither source_profile nor credential_source");
  }

  Status add_role(const Profile& profile) {
    Result<sts::Role> role = role_of(profile, session_name_);
    if (!role) return std::move(role).status();
    chain_.roles.push_back(std::move(role).value());
    return {};
  }

  Result<RoleChain> end_at(const Profile& profile, const Setting& place) {
    const auto source = named_source(place.value());
    chain_.setting = "credential_source of profile " + config::quoted(profile.name) + at(place);
    if (!source) {
      return unusable(chain_.setting +
                      " is none of Environment, Ec2InstanceMetadata, EcsContainer");
    }
    chain_.source = *source;
    return std::move(chain_);
  }

  Status check_next(const Profile& profile, const Setting& source, const Profile& next) const {
    if (!next.exists()) {
      return unusable("source_profile of profile " + config::quoted(profile.name) + at(source) +
                      " names profile " + config::quoted(next.name) + ", which does not exist");
    }
    if (std::find(visited_.begin(), visited_.end(), next.name) == visited_.end()) return {};
    // A profile may name itself for its own keys.
    if (next.name == profile.name && has_static_keys(next)) return {};
    std::string loop;
    for (const std::string& name : visited_) loop += config::quoted(name) + " -> ";
    return unusable("source_profile" + at(source) + " closes a loop: " + loop +
                    config::quoted(next.name));
  }

  const SharedFiles& files_;
  const std::string& session_name_;
  std::vector<std::string> visited_;
  RoleChain chain_;
};

}  // namespace

bool RoleChain::begins_at(const Profile& profile) noexcept {
  return profile.get("role_arn") && !profile.get("web_identity_token_file");
}

Result<RoleChain> RoleChain::from(const SharedFiles& files, const Profile& first,
                                  const std::string& session_name) {
  return Walk(files, session_name).from(first);
}

}  // namespace costmark
