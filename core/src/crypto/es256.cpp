#include "crypto/es256.hpp"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/objects.h>
#include <openssl/pem.h>

#include <utility>
#include <vector>

#include "crypto/crypto.hpp"
#include "crypto/openssl.hpp"

namespace costmark::crypto {
namespace {

constexpr std::size_t largest_pem = 64U << 10U;

template <auto free>
struct Deleter {
  template <class T>
  void operator()(T* object) const noexcept {
    free(object);
  }
};
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;
using Number = std::unique_ptr<BIGNUM, Deleter<BN_clear_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>>;

// In place of OpenSSL's own, which asks at the terminal.
int refuse_passphrase(char*, int, int, void*) {
  return -1;
}

bool is_p256(const EVP_PKEY* key) noexcept {
  char group[64];
  std::size_t length = 0;
  return EVP_PKEY_get_group_name(key, group, sizeof group, &length) == 1 &&
         OBJ_txt2nid(group) == NID_X9_62_prime256v1;
}

// Appends `number` in base64url, padded to a coordinate's size; false if it does not fit.
bool append_coordinate(const EVP_PKEY* key, const char* name, std::string& out) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return false;
  const Number number(raw);
  std::array<unsigned char, Es256Key::coordinate_size> bytes;
  if (BN_bn2binpad(raw, bytes.data(), bytes.size()) != static_cast<int>(bytes.size())) return false;
  append_base64url({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, out);
  return true;
}

bool write_fixed(const BIGNUM* number, unsigned char* out) noexcept {
  constexpr int size = Es256Key::coordinate_size;
  return BN_bn2binpad(number, out, size) == size;
}

}  // namespace

void Es256Key::Free::operator()(evp_pkey_st* key) const noexcept {
  if (const OpensslUse use; use) EVP_PKEY_free(key);
}

Es256Key::Es256Key(std::unique_ptr<evp_pkey_st, Free> key) noexcept : key_(std::move(key)) {}

Result<Es256Key> Es256Key::from_pem(std::string_view pem) {
  const Status refused(Code::invalid_argument, "not a P-256 private key in PEM");
  if (pem.size() > largest_pem) return refused.error();
  start_openssl();
  const OpensslUse use;
  if (!use) return OpensslUse::refusal();
  const Bio text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!text) return openssl_failure("BIO_new_mem_buf");
  std::unique_ptr<evp_pkey_st, Free> key(
      PEM_read_bio_PrivateKey(text.get(), nullptr, refuse_passphrase, nullptr));
  const bool usable = key && is_p256(key.get());
  forget_openssl_errors();
  if (!usable) return refused.error();
  return Es256Key(std::move(key));
}

Result<std::string> Es256Key::public_jwk() const {
  const OpensslUse use;
  if (!use) return OpensslUse::refusal();
  std::string jwk = R"({"kty":"EC","x":")";
  if (!append_coordinate(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X, jwk)) {
    return openssl_failure("EVP_PKEY_get_bn_param");
  }
  jwk += R"(","y":")";
  if (!append_coordinate(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y, jwk)) {
    return openssl_failure("EVP_PKEY_get_bn_param");
  }
  return jwk + R"(","crv":"P-256"})";
}

Result<Es256Key::Signature> Es256Key::sign(std::string_view text) const {
  const OpensslUse use;
  if (!use) return OpensslUse::refusal();
  const DigestContext context(EVP_MD_CTX_new());
  if (!context) return openssl_failure("EVP_MD_CTX_new");
  if (EVP_DigestSignInit_ex(context.get(), nullptr, "SHA2-256", nullptr, nullptr, key_.get(),
                            nullptr) != 1) {
    return openssl_failure("EVP_DigestSignInit_ex");
  }
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = 0;
  if (EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) != 1) {
    return openssl_failure("EVP_DigestSign");
  }
  std::vector<unsigned char> der(size);
  if (EVP_DigestSign(context.get(), der.data(), &size, bytes, text.size()) != 1) {
    return openssl_failure("EVP_DigestSign");
  }
  const unsigned char* place = der.data();
  const EcdsaSignature pair(d2i_ECDSA_SIG(nullptr, &place, static_cast<long>(size)));
  if (!pair) return openssl_failure("d2i_ECDSA_SIG");
  Signature signature;
  if (!write_fixed(ECDSA_SIG_get0_r(pair.get()), signature.data()) ||
      !write_fixed(ECDSA_SIG_get0_s(pair.get()), signature.data() + coordinate_size)) {
    return openssl_failure("BN_bn2binpad");
  }
  return signature;
}

}  // namespace costmark::crypto
