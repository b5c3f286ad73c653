#include "crypto/openssl_error.hpp"

#include <openssl/err.h>

#include <string>
#include <utility>

namespace costmark::crypto {

Status openssl_failure(const char* step) {
  std::string message = std::string("OpenSSL failed in ") + step;
  if (const auto code = ERR_peek_last_error(); code != 0) {
    char reason[256];
    ERR_error_string_n(code, reason, sizeof reason);
    message.append(": ").append(reason);
  }
  ERR_clear_error();
  return Status(Code::internal, std::move(message));
}

void forget_openssl_errors() noexcept {
  ERR_clear_error();
}

}  // namespace costmark::crypto
