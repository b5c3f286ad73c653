// What every call to OpenSSL has around it.
#pragma once

#include "base/openssl_use.hpp"
#include "costmark/error.hpp"

namespace costmark::crypto {

// Before anything else of OpenSSL's. Where nothing in the process used it before, it is told not to
// shut itself down at exit; its memory stays reachable. Otherwise OpensslUse ends with it.
void start_openssl() noexcept;

// An internal error that names `step`. Leaves the thread's error queue empty: the host's TLS code
// reads it too.
Status openssl_failure(const char* step);

// Empties the queue where a failure is not worth a word.
void forget_openssl_errors() noexcept;

}  // namespace costmark::crypto
