// The credentials of one profile of the shared files.
#pragma once

#include <string>

#include "costmark/credentials_provider.hpp"
#include "credentials/source_context.hpp"

namespace costmark {

// As the public `profile_credentials`, over a transport that is handed in. What is asked for, in
// botocore's order: role_arn, web identity, SSO, keys in the credentials file, `aws login`,
// credential_process, keys in the config file. The first that the profile names decides: if it is
// incomplete or fails, that is the error, never the next one's identity.
CredentialsProviderPtr profile_credentials(SourceContext context, std::string profile);

// As the public `role_credentials`.
Result<CredentialsProviderPtr> role_credentials(SourceContext context,
                                                CredentialsProviderPtr source,
                                                const RoleToAssume& asked);

// As the public `default_credentials`.
CredentialsProviderPtr default_credentials(const SourceContext& context,
                                           const std::string& profile);

}  // namespace costmark
