// ECDSA over P-256 with SHA-256, as JSON Web Signatures call it: ES256 (RFC 7518, section 3.4).
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "costmark/error.hpp"

struct evp_pkey_st;

namespace costmark::crypto {

// A private key. OpenSSL cleanses its memory when it goes. Immutable, share freely.
class Es256Key {
 public:
  static constexpr std::size_t coordinate_size = 32;
  using Signature = std::array<unsigned char, 2 * coordinate_size>;  // R, then S, both big-endian

  // Reads "EC PRIVATE KEY" (SEC 1) or "PRIVATE KEY" (PKCS #8), not encrypted; never asks anybody
  // for a passphrase. Errors: invalid_argument when that is no P-256 key, quoting nothing of it.
  static Result<Es256Key> from_pem(std::string_view pem);

  // The public key as a JSON Web Key: {"kty":"EC","x":"...","y":"...","crv":"P-256"}.
  // Errors of both: internal, with what OpenSSL says.
  Result<std::string> public_jwk() const;
  Result<Signature> sign(std::string_view text) const;

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const noexcept;
  };
  explicit Es256Key(std::unique_ptr<evp_pkey_st, Free> key) noexcept;

  std::unique_ptr<evp_pkey_st, Free> key_;
};

}  // namespace costmark::crypto
