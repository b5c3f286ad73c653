// The JSON object in which the endpoints of ECS, EKS and EC2 hand out credentials.
#pragma once

#include <string>
#include <string_view>

#include "costmark/credentials.hpp"
#include "costmark/error.hpp"

namespace costmark {

// AccessKeyId, SecretAccessKey, Token and Expiration are all demanded, as by botocore, though Token
// may be null; AccountId may be there. `who` begins errors and names the endpoint. Errors:
// unusable_credentials for an object that does not hold them or that has a `Code` other than
// Success, which is repeated if it is a plain word; `retryable` when the text is not even JSON.
// Nothing else of the answer is ever repeated. The caller cleanses what it does not hand on.
Result<Credentials::Fields> read_endpoint_answer(std::string_view body, std::string_view who);

// The credentials of `fields`. Errors: unusable_credentials, so that a chain does not go on to some
// other identity.
Result<CredentialsPtr> make_credentials(Credentials::Fields fields, std::string_view who);

}  // namespace costmark
