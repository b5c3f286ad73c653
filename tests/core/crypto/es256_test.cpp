#include "crypto/es256.hpp"

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/crypto.hpp"

namespace costmark::crypto {
namespace {

// The key of RFC 7515, appendix A.3.
constexpr std::string_view rfc_sec1_body =
    "MHcCAQEEII6bEJ5xkJi/mASH3x9dd+nLKWBuvtImO19XwhPfhPSyoAoGCCqGSM49"
    "AwEHoUQDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72b"
    "focs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==";
constexpr std::string_view rfc_pkcs8_body =
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjpsQnnGQmL+YBIff"
    "H1136cspYG6+0iY7X1fCE9+E9LKhRANCAAR/zc4ncPbEXUGDy+5v20t7WAczNXvp"
    "7xO6z248e9FURcfxRM0bvZt+hyzf7bnuufSzaV1uqQskrYpGIyiFiOWt";
constexpr std::string_view rfc_jwk =
    R"({"kty":"EC","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","crv":"P-256"})";
// Its x coordinate begins with a zero byte.
constexpr std::string_view short_x_body =
    "MHcCAQEEINeX2XKO3kpjJbUh4M38S84uLVmiPEZGVTlFrZTyxunVoAoGCCqGSM49"
    "AwEHoUQDQgAEAPCjJDuBpf71mNbjaZ4TXzrs5DFciz0zndyowOAlgMTTCm4LqdJR"
    "LT5VPrtJ7YOrqqFPcETFYHvHDNP1nPiKbw==";
constexpr std::string_view short_x_jwk =
    R"({"kty":"EC","x":"APCjJDuBpf71mNbjaZ4TXzrs5DFciz0zndyowOAlgMQ",)"
    R"("y":"0wpuC6nSUS0-VT67Se2Dq6qhT3BExWB7xwzT9Zz4im8","crv":"P-256"})";

std::string pem(std::string_view label, std::string_view body, std::string_view line_end = "\n",
                std::size_t width = 64) {
  std::string text = "-----BEGIN " + std::string(label) + "-----" + std::string(line_end);
  for (std::size_t i = 0; i < body.size(); i += width) {
    text.append(body.substr(i, width)).append(line_end);
  }
  return text + "-----END " + std::string(label) + "-----" + std::string(line_end);
}

std::string rfc_key() {
  return pem("EC PRIVATE KEY", rfc_sec1_body);
}

// Asks OpenSSL, with a key that is made of the public coordinates alone.
bool verifies(const Es256Key::Signature& signature, std::string_view text) {
  const unsigned char der_of_point[] = {
      0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
      0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
      0x04, 0x7f, 0xcd, 0xce, 0x27, 0x70, 0xf6, 0xc4, 0x5d, 0x41, 0x83, 0xcb, 0xee,
      0x6f, 0xdb, 0x4b, 0x7b, 0x58, 0x07, 0x33, 0x35, 0x7b, 0xe9, 0xef, 0x13, 0xba,
      0xcf, 0x6e, 0x3c, 0x7b, 0xd1, 0x54, 0x45, 0xc7, 0xf1, 0x44, 0xcd, 0x1b, 0xbd,
      0x9b, 0x7e, 0x87, 0x2c, 0xdf, 0xed, 0xb9, 0xee, 0xb9, 0xf4, 0xb3, 0x69, 0x5d,
      0x6e, 0xa9, 0x0b, 0x24, 0xad, 0x8a, 0x46, 0x23, 0x28, 0x85, 0x88, 0xe5, 0xad};
  const unsigned char* place = der_of_point;
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      d2i_PUBKEY(nullptr, &place, sizeof der_of_point), EVP_PKEY_free);
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(ECDSA_SIG_new(), ECDSA_SIG_free);
  constexpr int half = Es256Key::coordinate_size;
  ECDSA_SIG_set0(pair.get(), BN_bin2bn(signature.data(), half, nullptr),
                 BN_bin2bn(signature.data() + half, half, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get());
  const int result =
      EVP_DigestVerify(context.get(), der, static_cast<std::size_t>(size),
                       reinterpret_cast<const unsigned char*>(text.data()), text.size());
  OPENSSL_free(der);
  ERR_clear_error();
  return result == 1;
}

TEST(Es256, TheKeyOfRfc7515InEveryForm) {
  const std::string forms[] = {
      rfc_key(),
      pem("EC PRIVATE KEY", rfc_sec1_body, "\r\n"),
      pem("EC PRIVATE KEY", rfc_sec1_body, "\n", 1000),  // one line, as the AWS CLI writes it
      pem("EC PRIVATE KEY", rfc_sec1_body, "\n", 76),
      pem("PRIVATE KEY", rfc_pkcs8_body),
      pem("PRIVATE KEY", rfc_pkcs8_body, "\n", 1000),
      "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + rfc_key(),
      rfc_key().substr(0, rfc_key().size() - 1),
      "a word before it\n\n" + rfc_key() + "and one behind it\n",
  };
  for (const std::string& form : forms) {
    const auto key = Es256Key::from_pem(form);
    ASSERT_TRUE(key.ok()) << form;
    const auto jwk = key.value().public_jwk();
    ASSERT_TRUE(jwk.ok()) << jwk.error().message;
    EXPECT_EQ(jwk.value(), rfc_jwk);
  }
}

TEST(Es256, ACoordinateThatBeginsWithZeroKeepsItsLength) {
  const auto key = Es256Key::from_pem(pem("EC PRIVATE KEY", short_x_body));
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key.value().public_jwk().value(), short_x_jwk);
}

// One in 128 signatures has a number with a leading zero byte.
TEST(Es256, EverySignatureVerifies) {
  const auto key = Es256Key::from_pem(rfc_key());
  ASSERT_TRUE(key.ok());
  bool padded = false;
  for (int i = 0; i < 2000; ++i) {
    const std::string text = "text " + std::to_string(i);
    const auto signature = key.value().sign(text);
    ASSERT_TRUE(signature.ok()) << signature.error().message;
    if (i % 100 == 0) {
      ASSERT_TRUE(verifies(signature.value(), text)) << i;
      ASSERT_FALSE(verifies(signature.value(), text + "."));
    }
    if (signature.value()[0] != 0 && signature.value()[Es256Key::coordinate_size] != 0) continue;
    padded = true;
    ASSERT_TRUE(verifies(signature.value(), text)) << i;
  }
  EXPECT_TRUE(padded);
}

TEST(Es256, WhatIsNoP256KeyIsRefusedAndNotQuoted) {
  const std::string cases[] = {
      "",
      "nonsense",
      std::string("\0\0\0", 3),
      std::string(rfc_sec1_body),
      pem("EC PRIVATE KEY", ""),
      pem("EC PRIVATE KEY", rfc_sec1_body.substr(0, 64)),
      pem("EC PRIVATE KEY", std::string(200, '*')),
      pem("CERTIFICATE", rfc_sec1_body),
      rfc_key().substr(0, rfc_key().find("-----END")),
      pem("PUBLIC KEY",
          "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7"
          "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ=="),
      pem("PRIVATE KEY",  // secp256k1
          "MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgjpsQnnGQmL+YBIffH113"
          "6cspYG6+0iY7X1fCE9+E9LKhRANCAATPSCGjXivTRTJGOGOxc7xD4nNDRQ/1IKsn"
          "4CAHHYxp3Q+x6LaSeCCnJQ4TnpKSZwptu0secyMv0FySNCCWjuzN"),
      pem("PRIVATE KEY",  // P-384
          "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDAAAAAAAAAAAAAAAAAA"
          "AAAAjpsQnnGQmL+YBIffH1136cspYG6+0iY7X1fCE9+E9LKhZANiAAQrMK4CL9FD"
          "3ZT1WYMvo1f9FAK9DBQQD8bdODta9CIWnclZXewVfycgMaa+CwvqoFl3x6mDCEUY"
          "em9o4qaUkvcpPCJ0eiqTN1ygYMJapVcme+6jmSCE4oJ6GxJJHwopP38="),
      pem("PRIVATE KEY",  // Ed25519
          "MC4CAQAwBQYDK2VwBCIEIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"),
      // Encrypted: nobody may be asked for a passphrase.
      pem("ENCRYPTED PRIVATE KEY",
          "MIH0MF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQEFDDAkBBBcQ+ok1Cez2uPw4neq"
          "JRt5AgIIADAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQTAwIpBgxXlGp5axn"
          "E5qDOwSBkAKbwrjfYVezLzxyr1lcVS4Ed/7lQFqPbEdnwZHtrgwB107D3OMXkpCM"
          "KtQh/Wz7f2HvzyZ7QhKRy5RnlDWBxq+HQji22kZEdBGRBJ0OKEnrFDlLGk2xa5PW"
          "/4Y+sUmblNk97srzqlF5F+3u0vcAJ2sQO9kPCLLJHFLvPpVEPC9+OJsCZLgcuGUa"
          "Scgp8/7ujA=="),
      "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
      "DEK-Info: AES-256-CBC,D520571D4EA4742C71F80025E8F9BD58\n\n"
      "ojUN1rPGVYa98OlrVzWtSFNS+C+dnRLh5MAEXRNuUXSijh7pFe1pSv4z59Vq6ojO\n"
      "aJHnxmdokylI37qt+cU9IU0WwhV1d+Is2yo6F/d7cufYEn1XWL0rz80L2x419C70\n"
      "vuB14uByQ90fCAD6J169s+XjmcuYNNOi0a10yvskdOI=\n-----END EC PRIVATE KEY-----\n",
      std::string(1U << 20U, 'A') + rfc_key(),
  };
  for (const std::string& text : cases) {
    const auto key = Es256Key::from_pem(text);
    ASSERT_FALSE(key.ok()) << text.substr(0, 200);
    EXPECT_EQ(key.error().code, Code::invalid_argument);
    EXPECT_EQ(key.error().message, "not a P-256 private key in PEM");
    EXPECT_EQ(ERR_peek_error(), 0UL) << "an error is left in the queue";
  }
}

}  // namespace
}  // namespace costmark::crypto
