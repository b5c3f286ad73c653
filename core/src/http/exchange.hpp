// One HTTP exchange over libcurl's easy interface.
#pragma once

#include "costmark/error.hpp"
#include "http/head.hpp"
#include "http/transport.hpp"

namespace costmark::http {

// Blocks the calling thread. Errors: those of `Transport::send`, and invalid_argument for a method
// or a header field that would not arrive as one. Throws std::bad_alloc.
Result<Response> exchange(const Request& request, const TransportConfig& config);

}  // namespace costmark::http
