// The answers of AWS STS, version 2011-06-15, in XML.
#pragma once

#include <string>
#include <string_view>

#include "costmark/credentials.hpp"
#include "costmark/error.hpp"

namespace costmark::sts {

// The credentials in the answer to `action` ("AssumeRole"). Their account is that of the assumed
// role's ARN. Errors: service, for an answer that is not one, naming what is missing or the byte
// where its XML ends making sense; nothing of it is quoted.
Result<CredentialsPtr> read_credentials(std::string_view body, std::string_view action,
                                        std::string source);

}  // namespace costmark::sts
