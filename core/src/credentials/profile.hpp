// The credentials of one profile of the shared files.
#pragma once

#include <string>

#include "costmark/credentials_provider.hpp"
#include "credentials/process.hpp"
#include "credentials/shared_files.hpp"

namespace costmark {

// As `profile_credentials`, with limits for the program that a profile may name. What is asked for,
// in botocore's order: role_arn, web identity, SSO, keys in the credentials file, `aws login`,
// credential_process, keys in the config file. The first that the profile names decides: if it is
// one that is not served yet, or is incomplete, that is the error, never the next one's identity.
CredentialsProviderPtr profile_credentials(Environment environment, std::string profile,
                                           ProcessLimits limits);

}  // namespace costmark
