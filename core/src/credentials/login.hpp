// The session of `aws login`.
#pragma once

#include <string>

#include "costmark/credentials.hpp"
#include "costmark/error.hpp"
#include "credentials/context.hpp"

namespace costmark {

struct LoginSettings {
  std::string session;  // value of `login_session`
  std::string region;   // empty: us-east-1
  std::string profile;  // shown in what the user is told to run
  std::string where;    // names the setting in errors, such as "~/.aws/config:3"
  std::string source;   // of the credentials
};

Result<CredentialsPtr> login_credentials(const SourceContext& context,
                                         const LoginSettings& settings, UnixSeconds now);

}  // namespace costmark
