// SHA-256 and HMAC-SHA-256 over OpenSSL's EVP interface. Contexts are made on first use and kept:
// one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "costmark/error.hpp"

struct evp_md_ctx_st;
struct evp_mac_ctx_st;

namespace costmark::crypto {

// Makes OpenSSL look its algorithms up, which the first use would do otherwise, under locks.
// Errors: internal, when it has none to offer.
Status look_up_algorithms();

using Digest = std::array<unsigned char, 32>;

class Sha256 {
 public:
  // Errors: internal, with what OpenSSL says.
  Status hash(std::string_view text, Digest& out);

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

// Keeps its key between calls: starting again with the same key costs a fifth of setting one.
class HmacSha256 {
 public:
  // Errors of both: internal, with what OpenSSL says.
  Status set_key(const unsigned char* key, std::size_t size);
  Status compute(std::string_view text, Digest& out);

 private:
  struct Free {
    void operator()(evp_mac_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_mac_ctx_st, Free> context_;
};

// Lower-case hexadecimal.
std::array<char, 64> to_hex(const Digest& digest) noexcept;

// Appends `bytes` in the standard alphabet of RFC 4648, section 4, with padding.
void append_base64(std::string_view bytes, std::string& out);

// The same in the alphabet of section 5, without padding, as JSON Web Signatures have it.
void append_base64url(std::string_view bytes, std::string& out);

}  // namespace costmark::crypto
