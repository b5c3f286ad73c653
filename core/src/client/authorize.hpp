#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "attribution/endpoint.hpp"
#include "client/prepared.hpp"
#include "client/settings.hpp"
#include "costmark/client.hpp"
#include "costmark/credentials_cache.hpp"
#include "costmark/signing.hpp"
#include "costmark/url.hpp"

namespace costmark::client {

// Where credentials and tokens come from, and whether they were given explicitly: what is explicit
// wins over what merely stands in the environment.
struct Identity {
  CredentialsProviderPtr credentials;
  bool explicit_credentials = false;
  std::function<Result<std::string>()> token_callback;  // null when there is none
  std::string explicit_token;                           // of option bearer_token
  std::string environment_token;                        // of AWS_BEARER_TOKEN_BEDROCK
  std::string host_api_key;

  Identity() = default;
  Identity(Identity&&) noexcept = default;
  Identity& operator=(Identity&&) noexcept = default;
  ~Identity();

  bool explicit_bearer() const noexcept { return token_callback || !explicit_token.empty(); }
};

// The second half of `prepare`: signs the attributed request, sends a bearer token along, or leaves
// the caller's authorization alone. Synchronised internally.
class Authorizer {
 public:
  Authorizer(const Settings& settings, Identity identity,
             std::function<void(LogLevel, std::string_view)> log);
  ~Authorizer();

  Status authorize(const Request& request, const Url& url, const attribution::Endpoint& endpoint,
                   UnixSeconds now, Prepared::Impl& out);

 private:
  AuthMode mode_for(const Request& request, const attribution::Endpoint& endpoint) const;
  bool has_bearer(std::string_view carried) const noexcept;
  Status sign(const Request& request, const Url& url, const attribution::Endpoint& endpoint,
              UnixSeconds now, Prepared::Impl& out);
  Status send_bearer(const Request& request, const Url& url, const attribution::Endpoint& endpoint,
                     Prepared::Impl& out);
  Status append_token(std::string_view carried, std::string& out);
  void say_once(std::string_view winner, std::string_view source = {});

  const Settings& settings_;
  Identity identity_;
  const std::function<void(LogLevel, std::string_view)> log_;
  CredentialsCache cache_;
  signing::Signer signer_;
  std::atomic<bool> said_{false};
};

}  // namespace costmark::client
