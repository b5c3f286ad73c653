// IAM Identity Center (SSO): role credentials for the token that `aws sso login` left.
#pragma once

#include <string>

#include "costmark/credentials.hpp"
#include "costmark/error.hpp"
#include "credentials/context.hpp"

namespace costmark {

struct SsoSettings {
  std::string session;  // name of the sso-session; empty for a profile of the legacy form
  std::string start_url;
  std::string region;  // of the SSO portal
  std::string account_id;
  std::string role_name;
  std::string profile;  // shown in what the user is told to run
  std::string where;    // names the setting in errors, such as "~/.aws/config:3"
  std::string source;   // of the credentials
};

Result<CredentialsPtr> sso_credentials(const SourceContext& context, const SsoSettings& settings,
                                       UnixSeconds now);

}  // namespace costmark
