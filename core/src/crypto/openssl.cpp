#include "crypto/openssl.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>

#include <string>
#include <utility>

namespace costmark::crypto {
namespace {

bool start() noexcept {
  OpensslUse::watch_forks();
  // Fails once OpenSSL has shut down.
  if (OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr) != 1 ||
      OPENSSL_atexit(&OpensslUse::end) != 1) {
    OpensslUse::end();
    return false;
  }
  return true;
}

}  // namespace

void start_openssl() noexcept {
  static const bool started = start();
  static_cast<void>(started);
}

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
