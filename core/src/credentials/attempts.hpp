// The exchanges that credentials are fetched with, made again by the policy of each source.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "costmark/credentials.hpp"
#include "costmark/error.hpp"
#include "http/retry.hpp"
#include "http/transport.hpp"

namespace costmark {

// What a policy sees of a result. Retry-After is left out: who needs credentials waits for them
// with a call, so the pauses stay short whatever a busy service asks for.
http::Attempted attempted_of(const Result<http::Response>& result) noexcept;
http::Attempted attempted_of(const Result<CredentialsPtr>& result) noexcept;

// RetryPolicy::next with chance from the system.
std::optional<std::chrono::milliseconds> next_pause(const http::RetryPolicy& policy,
                                                    std::uint32_t attempt,
                                                    const http::Attempted& attempted);

// Calls `attempt` until the policy has no next one, with its pauses between. Returns the last
// result.
template <class Attempt>
auto with_retries(const http::RetryPolicy& policy, http::Transport& transport,
                  const Attempt& attempt) {
  for (std::uint32_t made = 1;; ++made) {
    auto result = attempt();
    const auto pause = next_pause(policy, made, attempted_of(result));
    if (!pause) return result;
    if (pause->count() > 0) transport.pause(*pause);
  }
}

// Of the JSON services (SSO, OIDC, AWS Sign-In): again after 429, 5xx and errors that may pass.
// Not after 408 and 409, as in the AWS SDKs: these services do not answer so, and a refresh token
// may be good for one use.
bool is_retryable_service(const http::Attempted& attempted) noexcept;
inline constexpr http::RetryPolicy service_retries{.predicate = is_retryable_service,
                                                   .first_pause = std::chrono::milliseconds(200),
                                                   .factor = 4,
                                                   .longest_pause = std::chrono::milliseconds(800),
                                                   .jitter_percent = 50,
                                                   .attempts = 3};

// The error for an answer of such a service whose status is not 200: throttled for 429, else
// service; retryable for 429 and 5xx. Repeats nothing of the answer but its request id.
Error unexpected_status(const http::Response& answer, const std::string& what);

}  // namespace costmark
