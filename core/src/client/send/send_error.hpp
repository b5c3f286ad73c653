// What `send` says went wrong.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "costmark/client.hpp"

namespace costmark::client {

// The error with the request before it: method, origin and path. The query is left out; it may hold
// a secret.
Error located(Error error, std::string_view method, std::string_view url);

// What an answer with a status from 300 on means, with the service's code and no other word of it.
// `sent`: the caller's headers. `wrong_clock`: what is to be said of the local clock, or nothing.
Error refusal_of(const Response& answer, std::span<const Header> sent,
                 std::string_view wrong_clock);

}  // namespace costmark::client
