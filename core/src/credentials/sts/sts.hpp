// Assumes roles at AWS STS: the query protocol, version 2011-06-15.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "costmark/credentials.hpp"
#include "costmark/error.hpp"
#include "credentials/sts/sts_endpoint.hpp"
#include "http/transport.hpp"

namespace costmark::sts {

struct Role {
  std::string arn;
  std::string session_name;
  std::string external_id;                 // empty: none
  std::optional<std::int64_t> duration_s;  // absent: what STS gives, an hour
  std::string who;                         // begins errors: "profile 'p' (~/.aws/config:3)"
  std::string source;                      // of the credentials
};

// The limits of the API, for those who fill a Role.
inline constexpr std::size_t shortest_arn = 20;
inline constexpr std::size_t longest_arn = 2048;
inline constexpr std::size_t shortest_session_name = 2;
inline constexpr std::size_t longest_session_name = 64;
inline constexpr std::size_t shortest_external_id = 2;
inline constexpr std::size_t longest_external_id = 1224;
inline constexpr std::int64_t shortest_session_s = 900;
inline constexpr std::int64_t longest_session_s = 43200;
inline constexpr std::size_t shortest_token = 4;
inline constexpr std::size_t longest_token = 20000;

// Synchronized internally. Each call blocks for up to three exchanges of ten seconds: throttling,
// server errors, IDPCommunicationError and failed connections are met with another attempt after a
// second or less. A signature that STS finds out of date is made again,
// once, by the time in its answer.
//
// Errors name the role, STS's code and request id, and never what was sent, nor what STS says of it
// beyond the two ARNs of a denial. expired_credentials when the source's credentials or the token
// have expired, or what STS hands out already has; unusable_credentials for other refusals;
// throttled, service; transport, timeout.
class Client {
 public:
  Client(std::shared_ptr<http::Transport> transport, Endpoint endpoint);

  Result<CredentialsPtr> assume_role(const Role& role, const Credentials& source,
                                     UnixSeconds now) const;

  // Unsigned: the token is what proves who asks.
  Result<CredentialsPtr> assume_role_with_web_identity(const Role& role, std::string_view token,
                                                       UnixSeconds now) const;

 private:
  std::shared_ptr<http::Transport> transport_;
  Endpoint endpoint_;
};

}  // namespace costmark::sts
