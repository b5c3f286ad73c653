// What a profile has as a source of its own, beside the roles that it may assume with others'.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "costmark/credentials.hpp"
#include "costmark/error.hpp"
#include "credentials/config/shared_files.hpp"
#include "credentials/source_context.hpp"
#include "credentials/sts/assumed_role.hpp"
#include "credentials/sts/role_settings.hpp"
#include "credentials/sts/sts.hpp"

namespace costmark {

struct WatchedFile {
  std::string path;
  config::FileStamp stamp;
  bool changed() const noexcept { return config::FileStamp::of(path) != stamp; }
};

class ProfileSources {
 public:
  // What is handed in stays the caller's and must outlive this. `chosen` is the profile whose
  // settings for endpoints and regions apply, also when another one's credentials are asked for.
  ProfileSources(const SourceContext& context, const config::SharedFiles& files,
                 const config::Profile& chosen, const std::string& session_name)
      : context_(context), files_(files), chosen_(chosen), session_name_(session_name) {}

  // Asks the first of web identity, SSO, keys in the credentials file, `aws login`,
  // credential_process, keys in the config file that the profile names, and no other.
  // `with_environment`: AWS_WEB_IDENTITY_TOKEN_FILE and its like count. Errors: no_credentials when
  // it names none.
  Result<Sourced> credentials_of(const config::Profile& profile, bool with_environment,
                                 UnixSeconds now);

  // At the endpoint of the chosen profile. `signs`: a region is needed.
  Result<sts::Client> sts(bool signs) const;

  // The token files that were read, as they were before: their change changes the credentials.
  const std::vector<WatchedFile>& token_files() const noexcept { return token_files_; }

 private:
  Result<Sourced> of_web_identity(const WebIdentity& identity, UnixSeconds now);
  Result<Sourced> of_sso(const config::Profile& profile, const config::Setting& mark,
                         UnixSeconds now) const;
  Result<Sourced> of_login(const config::Profile& profile, const config::Setting& session,
                           UnixSeconds now) const;
  Result<Sourced> of_process(const config::Profile& profile, const config::Setting& command) const;

  const SourceContext& context_;
  const config::SharedFiles& files_;
  const config::Profile& chosen_;
  const std::string& session_name_;
  std::vector<WatchedFile> token_files_;
};

}  // namespace costmark
