// From profile to profile along role_arn and source_profile, until one has credentials.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "costmark/error.hpp"
#include "credentials/config/shared_files.hpp"
#include "credentials/sts/sts.hpp"

namespace costmark {

enum class NamedSource : std::uint8_t { environment, container, instance };

struct RoleChain {
  // At least one. The first is the one that is wanted; each is assumed with the credentials of the
  // next, the last with those below.
  std::vector<sts::Role> roles;

  // The source_profile of the last role, or its credential_source: one of the two.
  std::optional<config::Profile> profile;
  NamedSource source = NamedSource::environment;
  std::string setting;  // which of them, for errors: "source_profile (~/.aws/config:4)"

  // Whether the profile's credentials are those of a role that others' credentials assume.
  static bool begins_at(const config::Profile& profile) noexcept;

  // Errors: unusable_credentials, with file and line, for a role with no source or with two, a
  // source that is not there, a loop, and what `role_of` refuses.
  static Result<RoleChain> from(const config::SharedFiles& files, const config::Profile& first,
                                const std::string& session_name);
};

}  // namespace costmark
