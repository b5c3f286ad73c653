// What a request, a scope and a time must be before they are signed.
#pragma once

#include <string>
#include <string_view>

#include "costmark/signing.hpp"

namespace costmark::signing {

// Errors of all: those of Signer::sign and, for check_life, Signer::presign.
Status check_request(const Request& request);
Status check_scope(const Scope& scope);
Status check_life(std::string_view query, std::int64_t expires_in_s);
Status check_time(UnixSeconds now);
Status check_expiry(const Credentials& credentials, UnixSeconds now);

// Appends `text` with a-z as A-Z.
void append_upper(std::string_view text, std::string& out);

}  // namespace costmark::signing
