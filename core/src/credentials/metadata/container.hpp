// The credentials endpoint of a container: ECS and EKS Pod Identity.
#pragma once

#include "costmark/credentials_provider.hpp"
#include "credentials/source_context.hpp"

namespace costmark {

CredentialsProviderPtr container_credentials(SourceContext context);

}  // namespace costmark
