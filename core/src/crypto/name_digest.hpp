// Digests of names, for files that are called after them. Not for signing.
#pragma once

#include <string>
#include <string_view>

#include "costmark/error.hpp"

namespace costmark::crypto {

// In lower-case hexadecimal. Errors: internal, with what OpenSSL says.
Result<std::string> sha1_hex(std::string_view name);
Result<std::string> sha256_hex(std::string_view name);

}  // namespace costmark::crypto
