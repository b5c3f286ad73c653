#include "credentials/attempts.hpp"

#include "http/field.hpp"
#include "jitter.hpp"

namespace costmark {

http::Attempted attempted_of(const Result<http::Response>& result) noexcept {
  if (result.ok()) return {.status = result.value().status};
  return {.error = &result.error()};
}

http::Attempted attempted_of(const Result<CredentialsPtr>& result) noexcept {
  if (result.ok()) return {};
  return {.status = result.error().http_status, .error = &result.error()};
}

std::optional<std::chrono::milliseconds> next_pause(const http::RetryPolicy& policy,
                                                    std::uint32_t attempt,
                                                    const http::Attempted& attempted) {
  constexpr UnixSeconds no_date = 0;  // attempted_of leaves Retry-After out
  constexpr std::int64_t most = 1 << 30;
  return policy.next(attempt, attempted, no_date, static_cast<std::uint32_t>(random_up_to(most)));
}

bool is_retryable_service(const http::Attempted& attempted) noexcept {
  if (attempted.status != 0) return attempted.status == 429 || attempted.status / 100 == 5;
  return attempted.error != nullptr && attempted.error->retryable;
}

Error unexpected_status(const http::Response& answer, const std::string& what) {
  Error error{answer.status == 429 ? Code::throttled : Code::service,
              what + " (HTTP status " + std::to_string(answer.status) + ")"};
  error.http_status = answer.status;
  error.request_id = http::plain_id(answer.header("x-amzn-requestid"));
  error.retryable = is_retryable_service({.status = answer.status});
  return error;
}

}  // namespace costmark
