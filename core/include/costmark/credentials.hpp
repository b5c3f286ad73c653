// AWS credentials: immutable snapshots, where they come from, and the cache that keeps them fresh.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/environment.hpp"
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

// A source of credentials. `resolve` may block (files, processes, the network); the cache makes
// sure that one thread at a time is in it.
class CredentialsProvider {
 public:
  virtual ~CredentialsProvider() = default;
  virtual std::string_view name() const noexcept = 0;
  // Errors: no_credentials when this source has none (a chain goes on with the next one);
  // any other code when it has some and they cannot be used (a chain stops).
  virtual Result<CredentialsPtr> resolve(UnixSeconds now) = 0;
  // Whether what stands behind the last success has changed since, as a file's may. Asked at most
  // once a second and never beside `resolve`; must be cheap.
  virtual bool changed() const noexcept { return false; }
};

using CredentialsProviderPtr = std::unique_ptr<CredentialsProvider>;

CredentialsProviderPtr static_credentials(CredentialsPtr credentials);

// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SECURITY_TOKEN or AWS_SESSION_TOKEN (the first that
// is set), AWS_CREDENTIAL_EXPIRATION, AWS_ACCOUNT_ID. Errors beside no_credentials: invalid_option,
// naming the variable, for an id without a secret or the reverse, for an expiration that is no
// time, and for control characters.
CredentialsProviderPtr environment_credentials(Environment environment);

// One profile of the shared config and credentials files: static keys, or what its
// credential_process prints. `profile` names it; empty: AWS_DEFAULT_PROFILE, AWS_PROFILE, else
// "default". The files are those of AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, else
// ~/.aws/config and ~/.aws/credentials, where "~" is HOME; all of it out of `environment`. Errors
// beside no_credentials: timeout of the program; invalid_option, with file and line, for a file
// that cannot be read or parsed, a named profile that does not exist, keys that make no pair, a
// program that fails, and a profile that asks for a source which is not supported (a role, web
// identity, SSO, `aws login`): never is another identity taken in its place.
CredentialsProviderPtr profile_credentials(Environment environment, std::string profile = {});

// The default chain of the AWS SDKs as far as it needs no network: environment, shared files. A
// `profile` that is given here leaves the environment's keys out. Container endpoints are
// recognised, and are an error.
CredentialsProviderPtr default_credentials(const Environment& environment,
                                           const std::string& profile = {});

// A region and where it stands, such as "AWS_REGION" or "/home/me/.aws/config:3"; empty for none.
struct NamedRegion {
  std::string name;
  std::string origin;
};

// The `region` of a profile, which is chosen as for `profile_credentials`. Same errors for files.
Result<NamedRegion> profile_region(const Environment& environment, std::string_view profile = {});

// How the default chain came to its answer, for people. Holds no secret but in `credentials`.
struct ChainReport {
  struct Asked {
    std::string source;
    std::string failure;  // empty: this one won
  };
  std::vector<Asked> asked;    // in order; sources behind the winner or an error are not asked
  CredentialsPtr credentials;  // null when there are none; may have expired
  NamedRegion region;          // AWS_REGION, AWS_DEFAULT_REGION, else the profile's
};

ChainReport explain_default_credentials(const Environment& environment, const std::string& profile,
                                        UnixSeconds now);

// Asks the host application. The callback runs on the thread that needs the credentials.
CredentialsProviderPtr callback_credentials(std::function<Result<CredentialsPtr>()> callback);

// The first provider that has credentials wins.
CredentialsProviderPtr chain_credentials(std::vector<CredentialsProviderPtr> providers);

// Keeps the newest snapshot of one provider. Synchronised internally: `get` takes no lock that
// another thread holds while its provider runs, and waits for that thread only when nothing valid
// is left. One thread refreshes at a time; those that waited for it share its result, the error as
// well. Credentials that never expire are refreshed only when their provider says that its files
// have changed: `get` asks for that in the first call of each second (two calls of stat(2) for the
// shared files, by one thread, while the others go on), so a rotated key is in use a second later.
//
// A refresh starts `advisory_window_s` before expiry, or when half of the lifetime is over where
// that is shorter. When it fails, what is still valid is served on and the provider is left alone
// for half a minute, inside `mandatory_window_s` for five seconds.
class CredentialsCache {
 public:
  static constexpr UnixSeconds advisory_window_s = 15 * 60;
  static constexpr UnixSeconds mandatory_window_s = 10 * 60;

  // `on_refresh_failure` is told, on the thread that tried and with no lock held, of a refresh that
  // failed while valid credentials were left; when none are left, `get` returns the error.
  explicit CredentialsCache(CredentialsProviderPtr provider,
                            std::function<void(const Error&)> on_refresh_failure = {});
  ~CredentialsCache();

  // Errors: those of the provider; expired_credentials when it returned expired ones.
  Result<CredentialsPtr> get(UnixSeconds now);

  // Forgets the snapshot if it is still `seen`: the service said that it is not valid.
  void invalidate(const CredentialsPtr& seen) noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace costmark
