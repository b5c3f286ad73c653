// What OpenSSL says about the call that failed last on this thread.
#pragma once

#include "costmark/error.hpp"

namespace costmark::crypto {

// An internal error that names `step`. Leaves the thread's error queue empty: the host's TLS code
// reads it too.
Status openssl_failure(const char* step);

// Empties the queue where a failure is not worth a word.
void forget_openssl_errors() noexcept;

}  // namespace costmark::crypto
