// What proved the sender of an attempt.
#pragma once

#include <cstdint>
#include <memory>

#include "costmark/credentials.hpp"

namespace costmark::client {

enum class AuthKind : std::uint8_t {
  none,         // nothing of ours: the caller's own authorization, if any
  signature,    // SigV4
  given_token,  // a token that stays what it is: of an option, the environment, the host's client
  callback_token,  // a token of the host's callback
  minted_token,    // a token made from the credentials
};

// Kept for the case that the service refuses it; holds no secret alive.
struct AuthUsed {
  AuthKind kind = AuthKind::none;
  std::weak_ptr<const Credentials> credentials;  // that signed, or that the token was made from
  UnixSeconds skew = 0;                          // that was applied

  void reset() noexcept { *this = AuthUsed(); }
};

}  // namespace costmark::client
