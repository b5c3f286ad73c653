#include "crypto/name_digest.hpp"

#include <openssl/evp.h>

#include <array>

#include "crypto/openssl.hpp"

namespace costmark::crypto {
namespace {

Result<std::string> hex_digest(const char* algorithm, std::string_view name) {
  start_openssl();
  const OpensslUse use;
  if (!use) return OpensslUse::refusal();
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  std::size_t size = 0;
  if (EVP_Q_digest(nullptr, algorithm, nullptr, name.data(), name.size(), digest.data(), &size) !=
      1) {
    return openssl_failure("EVP_Q_digest");
  }
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * size);
  for (std::size_t i = 0; i < size; ++i) {
    text += digits[digest[i] >> 4];
    text += digits[digest[i] & 15];
  }
  return text;
}

}  // namespace

Result<std::string> sha1_hex(std::string_view name) {
  return hex_digest("SHA1", name);
}

Result<std::string> sha256_hex(std::string_view name) {
  return hex_digest("SHA2-256", name);
}

}  // namespace costmark::crypto
