// Where AWS credentials come from: one provider a source, and the default chain of the AWS SDKs.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/credentials.hpp"
#include "costmark/environment.hpp"
#include "costmark/error.hpp"
#include "costmark/wait.hpp"

namespace costmark {

// A source of credentials. `resolve` may block (files, processes, the network); the cache makes
// sure that one thread at a time is in it.
class CredentialsProvider {
 public:
  virtual ~CredentialsProvider() = default;
  virtual std::string_view name() const noexcept = 0;
  // Errors: no_credentials when this source has none (a chain goes on with the next one);
  // any other code when it has some and they cannot be used (a chain stops). When `wait` is over
  // before, the result is some error, and the source stays as it was.
  virtual Result<CredentialsPtr> resolve(UnixSeconds now, const Wait& wait = {}) = 0;
  // Whether what stands behind the last success has changed since, as a file's may. Asked at most
  // once a second and never beside `resolve`; must be cheap.
  virtual bool changed() const noexcept { return false; }
};

using CredentialsProviderPtr = std::unique_ptr<CredentialsProvider>;

CredentialsProviderPtr static_credentials(CredentialsPtr credentials);

// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SECURITY_TOKEN or AWS_SESSION_TOKEN (the first that
// is set), AWS_CREDENTIAL_EXPIRATION, AWS_ACCOUNT_ID. Errors beside no_credentials:
// unusable_credentials, naming the variable, for an id without a secret or the reverse, for an
// expiration that is no time, and for control characters.
CredentialsProviderPtr environment_credentials(Environment environment);

// One profile of the shared config and credentials files: an assumed role, a web identity, SSO,
// static keys, `aws login`, or what its credential_process prints, in botocore's order. `profile`
// names it; empty: AWS_DEFAULT_PROFILE, AWS_PROFILE, else "default", and
// AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN stands for a web identity of the profile. The files
// are those of AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, else ~/.aws/config and
// ~/.aws/credentials, where "~" is HOME; all of it out of `environment`. Roles are assumed at STS;
// what they are sourced from is kept, and asked again only when it is due itself.
//
// Errors beside no_credentials: timeout, transport, throttled, service of a program or an endpoint;
// expired_credentials, saying what to run; unusable_credentials, with file and line, for a file
// that cannot be read or parsed, a named profile that does not exist, keys that make no pair, a
// role without a source, what a service refuses, and everything else that is set up and cannot be
// used: never is another identity taken in its place.
CredentialsProviderPtr profile_credentials(Environment environment, std::string profile = {});

// The default chain of the AWS SDKs: environment, shared files and web identity, container (ECS,
// EKS Pod Identity), EC2 instance metadata. A `profile` that is given here leaves the environment's
// keys and its web identity out.
CredentialsProviderPtr default_credentials(const Environment& environment,
                                           const std::string& profile = {});

// A role of IAM, as options name it.
struct RoleToAssume {
  std::string arn;
  std::string external_id;   // empty: none
  std::string session_name;  // empty: "costmark-session-" and the time of the first call
  std::string region;        // of the STS to ask; empty: the environment's, then the profile's
  std::string profile;       // whose settings of endpoints count; as for `profile_credentials`
};

// The credentials of a role, which is assumed with those of `source` at STS. These are kept, and
// asked for again only when they are due themselves. Errors of the function: invalid_option for
// what STS does not take. Of the provider: those of `source`, of which no_credentials is an
// unusable_credentials here, and as for the roles of profiles.
Result<CredentialsProviderPtr> role_credentials(Environment environment,
                                                CredentialsProviderPtr source,
                                                const RoleToAssume& asked);

// A region and where it stands, such as "AWS_REGION" or "/home/me/.aws/config:3"; empty for none.
struct NamedRegion {
  std::string name;
  std::string origin;
};

// The `region` of a profile, which is chosen as for `profile_credentials`. Same errors for files.
Result<NamedRegion> profile_region(const Environment& environment, std::string_view profile = {});

// AWS_REGION, AWS_DEFAULT_REGION, else that of the profile, unless the files cannot be read.
NamedRegion default_region(const Environment& environment, const std::string& profile = {});

// How the credentials came about, for people. Holds no secret but in credentials.
struct ChainReport {
  struct Asked {
    std::string source;
    std::string failure;  // empty: this one won
  };
  std::vector<Asked> asked;     // in order; sources behind the winner or an error are not asked
  CredentialsPtr credentials;   // null when there are none; may have expired
  NamedRegion region;           // `default_region`
  std::string role;             // the ARN of option role_arn; empty without one
  CredentialsPtr assumed_with;  // what signs the question for that role; null when there are none
};

ChainReport explain_default_credentials(const Environment& environment, const std::string& profile,
                                        UnixSeconds now);

// Asks the host application. The callback runs on the thread that needs the credentials.
CredentialsProviderPtr callback_credentials(std::function<Result<CredentialsPtr>()> callback);

// The first provider that has credentials wins.
CredentialsProviderPtr chain_credentials(std::vector<CredentialsProviderPtr> providers);

}  // namespace costmark
