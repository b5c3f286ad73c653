// Proof of possession of a key (DPoP, RFC 9449), as AWS Sign-In asks for it.
#pragma once

#include <string>
#include <string_view>

#include "costmark/credentials.hpp"
#include "costmark/error.hpp"
#include "crypto/es256.hpp"

namespace costmark {

// The value of the `DPoP` header of a POST to `url`: a JSON Web Token with typ, alg and jwk in its
// header; htm, htu, iat and a random jti in its claims. Good for one request. Errors: internal.
Result<std::string> dpop_proof(const crypto::Es256Key& key, std::string_view url, UnixSeconds now);

}  // namespace costmark
