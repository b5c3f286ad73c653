#include "crypto/crypto.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <string>

#include "crypto/openssl.hpp"

namespace costmark::crypto {
namespace {

// Fetched once: an implicit fetch costs more than hashing 256 bytes. Never freed, because OpenSSL
// may already have shut down when static objects go.
struct Algorithms {
  Algorithms() noexcept {
    start_openssl();
    const OpensslUse use;
    if (!use) return;
    sha256 = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
    hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  }

  EVP_MD* sha256 = nullptr;
  EVP_MAC* hmac = nullptr;
};

const Algorithms& algorithms() {
  static const Algorithms fetched;
  return fetched;
}

const unsigned char* bytes(std::string_view text) noexcept {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

Status look_up_algorithms() {
  const Algorithms& found = algorithms();
  if (found.sha256 != nullptr && found.hmac != nullptr) return {};
  if (OpensslUse::ended()) return OpensslUse::refusal();
  return {
      Code::internal,
      "OpenSSL offers no SHA-256 or no HMAC: its configuration (openssl.cnf, or the file that "
      "OPENSSL_CONF names) must load a provider that has both, which is the FIPS provider where "
      "it asks for fips=yes"};
}

void Sha256::Free::operator()(EVP_MD_CTX* context) const noexcept {
  if (const OpensslUse use; use) EVP_MD_CTX_free(context);
}

Status Sha256::hash(std::string_view text, Digest& out) {
  const auto* sha256 = algorithms().sha256;
  const OpensslUse use;
  if (!use) return OpensslUse::refusal();
  if (sha256 == nullptr) return openssl_failure("EVP_MD_fetch(SHA2-256)");
  if (!context_) context_.reset(EVP_MD_CTX_new());
  if (!context_) return openssl_failure("EVP_MD_CTX_new");
  if (EVP_DigestInit_ex2(context_.get(), sha256, nullptr) != 1) {
    return openssl_failure("EVP_DigestInit_ex2");
  }
  if (EVP_DigestUpdate(context_.get(), text.data(), text.size()) != 1) {
    return openssl_failure("EVP_DigestUpdate");
  }
  if (EVP_DigestFinal_ex(context_.get(), out.data(), nullptr) != 1) {
    return openssl_failure("EVP_DigestFinal_ex");
  }
  return {};
}

void HmacSha256::Free::operator()(EVP_MAC_CTX* context) const noexcept {
  if (const OpensslUse use; use) EVP_MAC_CTX_free(context);
}

Status HmacSha256::set_key(const unsigned char* key, std::size_t size) {
  auto* hmac = algorithms().hmac;
  const OpensslUse use;
  if (!use) return OpensslUse::refusal();
  if (context_) {  // it has its digest already
    if (EVP_MAC_init(context_.get(), key, size, nullptr) == 1) return {};
    return openssl_failure("EVP_MAC_init with a key");
  }
  if (hmac == nullptr) return openssl_failure("EVP_MAC_fetch(HMAC)");
  std::unique_ptr<EVP_MAC_CTX, Free> context(EVP_MAC_CTX_new(hmac));
  if (!context) return openssl_failure("EVP_MAC_CTX_new");
  char digest[] = "SHA2-256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  if (EVP_MAC_init(context.get(), key, size, parameters) != 1) {
    return openssl_failure("EVP_MAC_init with a key");
  }
  context_ = std::move(context);
  return {};
}

Status HmacSha256::compute(std::string_view text, Digest& out) {
  if (!context_) return Status(Code::internal, "HMAC was asked for before its key was set");
  const OpensslUse use;
  if (!use) return OpensslUse::refusal();
  if (EVP_MAC_init(context_.get(), nullptr, 0, nullptr) != 1)
    return openssl_failure("EVP_MAC_init");
  if (EVP_MAC_update(context_.get(), bytes(text), text.size()) != 1) {
    return openssl_failure("EVP_MAC_update");
  }
  std::size_t written = 0;
  if (EVP_MAC_final(context_.get(), out.data(), &written, out.size()) != 1 ||
      written != out.size()) {
    return openssl_failure("EVP_MAC_final");
  }
  return {};
}

std::array<char, 64> to_hex(const Digest& digest) noexcept {
  constexpr char digits[] = "0123456789abcdef";
  std::array<char, 64> text;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    text[2 * i] = digits[digest[i] >> 4];
    text[2 * i + 1] = digits[digest[i] & 15];
  }
  return text;
}

void append_base64(std::string_view bytes, std::string& out) {
  constexpr std::size_t group = 3;
  const auto start = out.size();
  const auto size = (bytes.size() + group - 1) / group * 4;
  out.resize(start + size + 1);  // EVP_EncodeBlock ends its text with a NUL
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data() + start),
                  reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  out.resize(start + size);
}

void append_base64url(std::string_view bytes, std::string& out) {
  const auto start = out.size();
  append_base64(bytes, out);
  while (out.size() > start && out.back() == '=') out.pop_back();
  const auto text = out.begin() + static_cast<std::ptrdiff_t>(start);
  std::replace(text, out.end(), '+', '-');
  std::replace(text, out.end(), '/', '_');
}

}  // namespace costmark::crypto
