#include "credentials/retry.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>

#include "http/field.hpp"
#include "jitter.hpp"

namespace costmark {
namespace {

constexpr auto first_pause = std::chrono::milliseconds(200);

bool is_transient(int status) noexcept {
  return status == 429 || status / 100 == 5;
}

}  // namespace

Result<http::Response> send_with_retries(http::Transport& transport, int attempts,
                                         const std::function<Result<http::Response>()>& send) {
  for (auto pause = first_pause;; pause *= 4) {
    Result<http::Response> answer = send();
    const bool again = answer.ok() ? is_transient(answer.value().status) : answer.error().retryable;
    if (!again || --attempts <= 0) return answer;
    transport.pause(jittered(pause));
  }
}

Error unexpected_status(const http::Response& answer, const std::string& what) {
  Error error{answer.status == 429 ? Code::throttled : Code::service,
              what + " (HTTP status " + std::to_string(answer.status) + ")"};
  error.http_status = answer.status;
  error.request_id = http::plain_id(answer.header("x-amzn-requestid"));
  error.retryable = is_transient(answer.status);
  return error;
}

}  // namespace costmark
