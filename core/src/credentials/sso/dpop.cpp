#include "credentials/sso/dpop.hpp"

#include <array>
#include <cstddef>

#include "costmark/json.hpp"
#include "crypto/crypto.hpp"
#include "crypto/random.hpp"

namespace costmark {
namespace {

// Version 4 of RFC 9562.
Result<std::string> random_uuid() {
  std::array<unsigned char, 16> bytes;
  if (Status status = crypto::fill_random(bytes); !status) return status;
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

}  // namespace

Result<std::string> dpop_proof(const crypto::Es256Key& key, std::string_view url, UnixSeconds now) {
  const Result<std::string> jwk = key.public_jwk();
  if (!jwk) return jwk.error();
  const Result<std::string> id = random_uuid();
  if (!id) return id.error();
  const std::string header = R"({"typ":"dpop+jwt","alg":"ES256","jwk":)" + jwk.value() + "}";
  std::string claims = R"({"htm":"POST","htu":)";
  json::append_string(claims, url);
  claims += R"(,"iat":)" + std::to_string(now) + R"(,"jti":")" + id.value() + R"("})";

  std::string token;
  crypto::append_base64url(header, token);
  token += '.';
  crypto::append_base64url(claims, token);
  const auto signature = key.sign(token);
  if (!signature) return signature.error();
  token += '.';
  crypto::append_base64url(
      {reinterpret_cast<const char*>(signature.value().data()), signature.value().size()}, token);
  return token;
}

}  // namespace costmark
