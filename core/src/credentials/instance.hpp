// The instance metadata service of EC2 (IMDS).
#pragma once

#include "costmark/credentials_provider.hpp"
#include "credentials/context.hpp"

namespace costmark {

CredentialsProviderPtr instance_credentials(SourceContext context);

}  // namespace costmark
