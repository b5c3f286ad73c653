// IAM Identity Center (SSO): role credentials for the token that `aws sso login` left.
#pragma once

#include <string>

#include "costmark/credentials.hpp"
#include "costmark/error.hpp"
#include "credentials/config/shared_files.hpp"
#include "credentials/source_context.hpp"

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
  // The profile that was chosen, for the endpoints that it may configure; null for none.
  const config::Profile* endpoints = nullptr;
};

// The token comes from the AWS CLI's cache, ~/.aws/sso/cache. That of a session is renewed through
// OIDC within 15 minutes of its end, and written back; where that fails, it serves as long as it is
// valid. One thread at a time. Errors: expired_credentials and unusable_credentials, saying what to
// run; transport, timeout, throttled, service. No message holds a token or a secret.
Result<CredentialsPtr> sso_credentials(const SourceContext& context, const SsoSettings& settings,
                                       UnixSeconds now);

}  // namespace costmark
