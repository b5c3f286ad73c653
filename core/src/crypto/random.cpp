#include "crypto/random.hpp"

#include <openssl/rand.h>

#include "crypto/openssl.hpp"

namespace costmark::crypto {

Status fill_random(std::span<unsigned char> out) {
  start_openssl();
  const OpensslUse use;
  if (!use) return OpensslUse::refusal();
  if (RAND_bytes(out.data(), static_cast<int>(out.size())) == 1) return {};
  return openssl_failure("RAND_bytes");
}

}  // namespace costmark::crypto
