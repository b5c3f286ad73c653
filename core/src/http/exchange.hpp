// One HTTP exchange over libcurl's easy interface.
#pragma once

#include <cstddef>

#include "costmark/error.hpp"
#include "http/transport.hpp"

namespace costmark::http {

// Bytes of an answer's header fields together, those of interim answers and trailers included.
inline constexpr std::size_t largest_header = 64U << 10U;

// Blocks the calling thread. Errors: those of `Transport::send`, and invalid_argument for a method
// or a header field that would not arrive as one. Throws std::bad_alloc.
Result<Response> exchange(const Request& request, const TransportConfig& config);

}  // namespace costmark::http
