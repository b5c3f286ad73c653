#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "attribution/endpoint.hpp"
#include "client/operation/refusal.hpp"
#include "client/prepare/clock_skew.hpp"
#include "client/prepare/prepared.hpp"
#include "client/prepare/workspace.hpp"
#include "client/settings.hpp"
#include "costmark/client.hpp"
#include "costmark/credentials_cache.hpp"
#include "costmark/signing.hpp"
#include "costmark/url.hpp"
#include "credentials/token_mint.hpp"

namespace costmark::client {

// Where credentials and tokens come from, and whether they were given explicitly: what is explicit
// wins over what merely stands in the environment.
struct Identity {
  CredentialsProviderPtr credentials;
  bool explicit_credentials = false;
  std::function<Result<std::string>()> token_callback;  // null when there is none
  std::function<void(std::string_view)> token_refused;  // what to tell its source; may be null
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
// the caller's authorization alone. Synchronized internally.
//
// A Bedrock API key that the request carries, as `Authorization: Bearer` or, the way of the
// anthropic SDK, as `x-api-key`, counts as the client's bearer token; the former wins. Whatever is
// in x-api-key is taken away from a request that is signed or given a token
// - on Bedrock's own hosts: the token goes into Authorization, and a key that is not Bedrock's
//   (a placeholder, a left-over of another vendor) must not reach AWS;
// - on any other host when it is a Bedrock API key, or the host's client's own: what that client's
//   SDK puts there. Another value is there for a gateway, and stays.
// With auth=none everything stays.
//
// Unless keys or a token are given, a request that its caller signed, and that is sent as it came,
// keeps that signature; and one into which nothing is ever written, as it is with Converse and
// InvokeModel, whatever it was authorized with.
//
// With auth=bearer and no token at hand, one is made from the AWS credentials for the host's region
// (or the configured one), as BearerTokenCache would.
//
// What was refused is given up by `recover`: exactly that one, so that a newer one
// that another thread has fetched meanwhile stays. Signatures are made by the local clock and the
// skew that refusals have shown; whether credentials have expired goes by the local clock
// alone, as botocore does, since their sources go by it as well.
class Authorizer {
 public:
  Authorizer(const Settings& settings, Identity identity,
             std::function<void(LogLevel, std::string_view)> log, Workspaces& workspaces);
  ~Authorizer();

  // Whether `authorize` of this request makes a signature.
  bool signs(const Request& request, const attribution::Endpoint& endpoint,
             const Prepared::Impl& out) const;

  // `now` is the local time. Errors: would_block, besides those of Operation::prepare.
  Status authorize(const Request& request, const Url& url, const attribution::Endpoint& endpoint,
                   UnixSeconds now, const Wait& wait, Prepared::Impl& out);

  // Does what `authorize` would wait for, into `out` and the cache, and finds its errors.
  Status ready(const Request& request, const Url& url, const attribution::Endpoint& endpoint,
               UnixSeconds now, const Wait& wait, Prepared::Impl& out);

  // An answer whose Date was `server` came when the local clock said `now`.
  struct Times {
    std::optional<UnixSeconds> server;
    UnixSeconds now = 0;
  };

  // The service refused `auth`; `token` is what it was for a bearer token. Whether the same
  // request, prepared again, may be accepted.
  bool recover(Refusal refusal, const AuthUsed& auth, std::string_view token, const Times& times);

  // The service accepted `auth`.
  void accepted(const AuthUsed& auth, const Times& times);

  // Whether the time of an accepted request matters.
  bool skewed() const noexcept { return skew_.seconds() != 0; }

  // The endpoint's region, as far as it is known; empty otherwise.
  std::string_view region_of(const Request& request,
                             const attribution::Endpoint& endpoint) const noexcept;

 private:
  AuthMode mode_for(const Request& request, const attribution::Endpoint& endpoint,
                    const Prepared::Impl& out) const;
  bool callers_own(const Request& request, const Prepared::Impl& out) const noexcept;
  bool has_bearer(std::string_view carried) const noexcept;
  Status sign(const Request& request, const Url& url, const attribution::Endpoint& endpoint,
              UnixSeconds now, const Wait& wait, Prepared::Impl& out);
  Status send_bearer(const Request& request, const Url& url, const attribution::Endpoint& endpoint,
                     UnixSeconds now, const Wait& wait, Prepared::Impl& out);
  Result<CredentialsPtr> credentials(UnixSeconds now, const Wait& wait, Prepared::Impl& out);
  Result<std::string_view> region_for(const Request& request,
                                      const attribution::Endpoint& endpoint) const;
  std::string_view service_for(const Request& request, const attribution::Endpoint& endpoint,
                               Api api) const;
  Status check_to_sign(const Request& request, const Url& url,
                       const attribution::Endpoint& endpoint) const;
  Status ready_token(std::string_view carried, const attribution::Endpoint& endpoint,
                     UnixSeconds now, const Wait& wait, Prepared::Impl& out);
  // The token that stays what it is, and what it is called in the log.
  struct GivenToken {
    std::string_view text;
    std::string_view source;
  };
  GivenToken given_token(std::string_view carried) const noexcept;
  // Of a host that takes a bearer token as well, the error says so.
  Result<CredentialsPtr> signing_credentials(const attribution::Endpoint& endpoint, UnixSeconds now,
                                             const Wait& wait, Prepared::Impl& out);
  Result<CredentialsPtr> minting_credentials(const attribution::Endpoint& endpoint, UnixSeconds now,
                                             const Wait& wait, Prepared::Impl& out);
  Status fetch_callback_token(const Wait& wait, Prepared::Impl& out) const;
  Status append_token(std::string_view carried, const Wait& wait, Prepared::Impl& out);
  Status append_callback_token(const Wait& wait, Prepared::Impl& out);
  Status append_minted_token(const attribution::Endpoint& endpoint, UnixSeconds now,
                             const Wait& wait, Prepared::Impl& out);
  void drop_api_key(const Request& request, const attribution::Endpoint& endpoint,
                    Prepared::Impl& out) const;
  bool recover_clock(const AuthUsed& auth, const Times& times);
  void learn_skew(const Times& times);
  void say_once(std::string_view winner, std::string_view source = {});
  void warn_of_unused(const Url& url);

  const Settings& settings_;
  Identity identity_;
  const std::function<void(LogLevel, std::string_view)> log_;
  CredentialsCache cache_;
  TokenMint mint_{max_bearer_token_life_s};
  ClockSkew skew_;
  signing::Signer signer_;
  Workspaces& workspaces_;
  std::atomic<bool> said_{false};
  std::atomic<bool> unused_said_{false};
};

}  // namespace costmark::client
