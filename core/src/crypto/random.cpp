#include "crypto/random.hpp"

#include <openssl/rand.h>

#include "crypto/openssl_error.hpp"

namespace costmark::crypto {

Status fill_random(std::span<unsigned char> out) {
  if (RAND_bytes(out.data(), static_cast<int>(out.size())) == 1) return {};
  return openssl_failure("RAND_bytes");
}

}  // namespace costmark::crypto
