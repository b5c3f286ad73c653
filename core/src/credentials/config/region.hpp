// The region that the environment or a profile sets.
#pragma once

#include "costmark/credentials_provider.hpp"
#include "costmark/environment.hpp"
#include "credentials/config/shared_files.hpp"

namespace costmark {

// AWS_REGION, AWS_DEFAULT_REGION, or `region` of the profile; empty for none.
NamedRegion chosen_region(const Environment& environment, const config::Profile& profile);

}  // namespace costmark
