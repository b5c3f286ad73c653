// The credentials endpoint of a container: ECS and EKS Pod Identity.
#pragma once

#include "costmark/credentials_provider.hpp"
#include "credentials/context.hpp"

namespace costmark {

CredentialsProviderPtr container_credentials(SourceContext context);

}  // namespace costmark
