// AWS credentials: immutable snapshots.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "costmark/error.hpp"

namespace costmark {

// Seconds since 1970-01-01T00:00:00Z.
using UnixSeconds = std::int64_t;

// One set of AWS credentials. Immutable, share freely; the memory of the secrets is cleansed when
// the last owner lets go.
class Credentials {
  class Checked {  // only create() can make one
    friend class Credentials;
    Checked() = default;
  };

 public:
  struct Fields {
    std::string access_key_id;
    std::string secret_access_key;
    std::string session_token;              // empty for long-term keys
    std::optional<UnixSeconds> expires_at;  // absent: they do not expire
    std::string account_id;                 // empty when unknown
    std::string source;                     // which provider won, such as "environment"
  };

  // Errors: no_credentials when the key id or the secret is empty, or a field holds a control
  // character (the message names the field and never its content).
  static Result<std::shared_ptr<const Credentials>> create(Fields fields);
  Credentials(Checked, Fields fields) noexcept;
  ~Credentials();
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;

  std::string_view access_key_id() const noexcept { return fields_.access_key_id; }
  std::string_view secret_access_key() const noexcept { return fields_.secret_access_key; }
  std::string_view session_token() const noexcept { return fields_.session_token; }
  std::optional<UnixSeconds> expires_at() const noexcept { return fields_.expires_at; }
  std::string_view account_id() const noexcept { return fields_.account_id; }
  std::string_view source() const noexcept { return fields_.source; }
  bool expired(UnixSeconds now) const noexcept {
    return fields_.expires_at && *fields_.expires_at <= now;
  }
  // Differs between any two snapshots of this process: a cheap key for caches that derive from one.
  std::uint64_t serial() const noexcept { return serial_; }

 private:
  Fields fields_;
  std::uint64_t serial_;
};

using CredentialsPtr = std::shared_ptr<const Credentials>;

}  // namespace costmark
