// The instance metadata service of EC2 (IMDS).
#pragma once

#include <string>

#include "costmark/credentials_provider.hpp"
#include "credentials/source_context.hpp"

namespace costmark {

// Asks with a token (IMDSv2); where none is to be had, without (IMDSv1) unless that is disabled.
// `profile` is the option that chooses the profile whose keys for IMDS apply.
//
// AWS promises that credentials of an instance work past their stated end while the service cannot
// renew them. So an answer that has expired already is good for another 5 to 10 minutes, and what
// the last answer held is as well while the service is down; a role that is gone ends it.
//
// Errors beside no_credentials, which stands for "no IMDS, or no role": throttled and service, once
// an IMDS is there; unusable_credentials for settings and answers that are none. After a first
// success transport and timeout are told as such.
CredentialsProviderPtr instance_credentials(SourceContext context, std::string profile = {});

}  // namespace costmark
