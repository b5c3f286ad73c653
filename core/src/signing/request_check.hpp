// What a request, a scope and a time must be before they are signed.
#pragma once

#include <string>
#include <string_view>

#include "costmark/signing.hpp"

namespace costmark::signing {

// Errors of all three: those of Signer::sign.
Status check_request(const Request& request);
Status check_scope(const Scope& scope);
Status check_time(const Credentials& credentials, UnixSeconds now);

// Appends `text` with a-z as A-Z.
void append_upper(std::string_view text, std::string& out);

}  // namespace costmark::signing
