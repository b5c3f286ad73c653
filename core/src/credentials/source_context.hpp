// What the sources of credentials work with, all of it handed in.
#pragma once

#include <memory>

#include "costmark/environment.hpp"
#include "costmark/wait.hpp"
#include "credentials/process.hpp"
#include "credentials/sso/cached_json.hpp"
#include "http/transport.hpp"

namespace costmark {

struct SourceContext {
  Environment environment;
  std::shared_ptr<http::Transport> transport;
  ProcessLimits process = {};
  // What is known of the AWS CLI's cache file beyond what stands in it.
  std::shared_ptr<CachedJson> cache_file = std::make_shared<CachedJson>();

  // The same, with exchanges, pauses and programs that end when `wait` is over: with
  // Code::cancelled, not retryable, which no source takes for a failure of what it asks.
  SourceContext within(const Wait& wait) const;
};

// Over the network, with the proxies and the CA bundle that the environment names.
SourceContext source_context(Environment environment);

}  // namespace costmark
