// What the sources of credentials work with, all of it handed in.
#pragma once

#include <memory>

#include "costmark/environment.hpp"
#include "credentials/process.hpp"
#include "http/transport.hpp"

namespace costmark {

struct SourceContext {
  Environment environment;
  std::shared_ptr<http::Transport> transport;
  ProcessLimits process = {};
};

// Over the network, with the CA bundle that the environment names.
SourceContext source_context(Environment environment);

}  // namespace costmark
