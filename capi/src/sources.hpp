// What caches of credentials and of bearer tokens are made of.
#pragma once

#include <functional>

#include "costmark/client.hpp"
#include "costmark/costmark.h"

namespace costmark::capi {

struct Sources {
  // The configuration's, and for what it does not set the environment's.
  Options options;
  Environment environment;
  CredentialsProviderPtr credentials;
  std::function<UnixSeconds()> clock;
  // Logs what a cache could not renew.
  std::function<void(const Error&)> on_refresh_failure;
};

// Errors: as costmark_credentials_cache_new() has them.
Result<Sources> sources_of(const costmark_config* config);

UnixSeconds system_time() noexcept;

}  // namespace costmark::capi
