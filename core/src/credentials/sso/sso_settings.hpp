// The SSO settings of a profile and of the sso-session that it names.
#pragma once

#include "costmark/error.hpp"
#include "credentials/config/shared_files.hpp"
#include "credentials/sso/sso.hpp"

namespace costmark {

// The setting that asks for SSO: sso_account_id or sso_role_name; else none.
config::Setting sso_mark(const config::Profile& profile) noexcept;

// `mark` as above. Errors: unusable_credentials, with file and line, for an sso-session that is not
// there or says something else than the profile, and for what is missing.
Result<SsoSettings> sso_settings(const config::SharedFiles& files, const config::Profile& profile,
                                 const config::Setting& mark);

}  // namespace costmark
