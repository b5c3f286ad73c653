// What an answer with an error means. The status alone says little: a limit, a conflict and too
// many tags all come as 400, and a missing permission as 401 or 403. What counts is the code.
#pragma once

#include "costmark/error.hpp"
#include "http/response.hpp"
#include "projects/wire.hpp"

namespace costmark::projects {

// `url`: of the request, for people. The message has the service's code and the action that it
// misses a permission for, and no other word of the answer.
Error error_of(const http::Response& answer, const Ask& ask, std::string_view url);

// The error for an answer of success that the Projects API does not give.
Error unreadable(const http::Response& answer, const Ask& ask, std::string_view url);

// An error of the network or the credentials, with what was to be done before it.
Error while_doing(Error error, const Ask& ask);

}  // namespace costmark::projects
