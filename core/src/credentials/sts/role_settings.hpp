// What a profile or the environment says of a role, checked before anything is sent.
#pragma once

#include <optional>
#include <string>

#include "costmark/credentials_provider.hpp"
#include "costmark/environment.hpp"
#include "costmark/error.hpp"
#include "credentials/config/shared_files.hpp"
#include "credentials/sts/sts.hpp"

namespace costmark {

// The role of a profile's role_arn, role_session_name (`session_name` where it has none),
// external_id and duration_seconds. Errors: unusable_credentials, with file and line, for values
// that STS does not take, and for mfa_serial, which needs a person to type a code.
Result<sts::Role> role_of(const config::Profile& profile, const std::string& session_name);

// The role that options name; without a session name where they give none. Errors: invalid_option.
Result<sts::Role> role_of(const RoleToAssume& asked);

// The name of a session that nothing names.
std::string default_session_name(UnixSeconds now);

// A role that a token in a file proves the right to.
struct WebIdentity {
  sts::Role role;
  std::string token_file;
  std::string setting;  // names the file in errors: "AWS_WEB_IDENTITY_TOKEN_FILE"
};

// AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN and AWS_ROLE_SESSION_NAME, or web_identity_token_file,
// role_arn and role_session_name of the profile: each from the environment first, unless
// `environment` is null. Absent without a file. Errors: as above, and for a missing ARN.
Result<std::optional<WebIdentity>> web_identity_of(const Environment* environment,
                                                   const config::Profile& profile,
                                                   const std::string& session_name);

// The token in the file, without white space around it; cleanse it. Errors: unusable_credentials
// for a file that cannot be read or does not hold one token.
Result<std::string> read_web_identity_token(const WebIdentity& identity);

}  // namespace costmark
