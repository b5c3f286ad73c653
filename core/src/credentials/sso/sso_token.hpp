// The token of `aws sso login`: out of the AWS CLI's cache, renewed where that can be done.
#pragma once

#include <string>

#include "costmark/error.hpp"
#include "credentials/secret.hpp"
#include "credentials/sso/sso.hpp"

namespace costmark {

// One that is valid at `now`. Errors: those of `sso_credentials`.
Status find_sso_token(const SourceContext& context, const SsoSettings& settings, UnixSeconds now,
                      Secret& out);

// An error of this source, which says where it is set up.
Error sso_fault(const SsoSettings& settings, Code code, const std::string& what);

// "run 'aws sso login ...'", as it fits the settings.
std::string sso_login_advice(const SsoSettings& settings);

}  // namespace costmark
