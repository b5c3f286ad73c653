// Bytes that cannot be guessed.
#pragma once

#include <span>

#include "costmark/error.hpp"

namespace costmark::crypto {

// From OpenSSL's generator, which a forked child seeds anew. Errors: internal, with what OpenSSL
// says.
Status fill_random(std::span<unsigned char> out);

}  // namespace costmark::crypto
