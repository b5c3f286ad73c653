// The session of `aws login`.
#pragma once

#include <string>

#include "costmark/credentials.hpp"
#include "costmark/error.hpp"
#include "credentials/config/shared_files.hpp"
#include "credentials/source_context.hpp"

namespace costmark {

struct LoginSettings {
  std::string session;  // value of `login_session`
  std::string region;   // empty: us-east-1
  std::string profile;  // shown in what the user is told to run
  std::string where;    // names the setting in errors, such as "~/.aws/config:3"
  std::string source;   // of the credentials
  // The profile that was chosen, for the endpoints that it may configure; null for none.
  const config::Profile* endpoints = nullptr;
};

// They stand in the AWS CLI's cache: AWS_LOGIN_CACHE_DIRECTORY, else ~/.aws/login/cache. Within
// five minutes of their end they are renewed through AWS Sign-In and written back; where that
// fails, they serve as long as they are valid. One thread at a time. Errors: expired_credentials
// and unusable_credentials, saying what to run; transport, timeout, throttled, service. No message
// holds a token or a key.
Result<CredentialsPtr> login_credentials(const SourceContext& context,
                                         const LoginSettings& settings, UnixSeconds now);

}  // namespace costmark
