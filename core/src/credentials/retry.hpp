// Asking a service again when it is too busy to answer.
#pragma once

#include <functional>
#include <string>

#include "costmark/error.hpp"
#include "http/transport.hpp"

namespace costmark {

// Calls `send` at most `attempts` times, until there is an answer other than 429 and 5xx or an
// error that would come again, with growing pauses between. Returns the last answer or the last
// error.
Result<http::Response> send_with_retries(http::Transport& transport, int attempts,
                                         const std::function<Result<http::Response>()>& send);

// The error for an answer with a status that was not hoped for: throttled for 429, else service;
// retryable for 429 and 5xx. Names the status and repeats nothing of the answer but its request id.
Error unexpected_status(const http::Response& answer, const std::string& what);

}  // namespace costmark
