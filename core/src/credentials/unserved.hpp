// Sources of the default chain that this version recognises and does not ask.
#pragma once

#include <string>
#include <string_view>

#include "costmark/error.hpp"

namespace costmark {

// The error for `who`, which asks for a source that cannot be served. It stops a chain: going on
// would sign with another identity than the one that was set up.
inline Status unserved(const std::string& who, std::string_view source) {
  return {Code::unusable_credentials,
          who + " needs " + std::string(source) +
              ", which this version does not support; what works: keys in the environment or in "
              "the shared files, credential_process, or credentials that the host passes in"};
}

}  // namespace costmark
