#include "credentials/retry.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>

namespace costmark {
namespace {

constexpr auto first_pause = std::chrono::milliseconds(200);

bool is_transient(int status) noexcept {
  return status == 429 || status / 100 == 5;
}

// Ids are letters, digits and dashes; anything else may hold what it should not.
std::string request_id_of(const http::Response& answer) {
  constexpr std::size_t longest = 64;
  const std::string_view id = answer.header("x-amzn-requestid");
  const bool plain = id.size() <= longest && std::all_of(id.begin(), id.end(), [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '-';
                     });
  return plain ? std::string(id) : std::string();
}

}  // namespace

Result<http::Response> send_with_retries(http::Transport& transport, int attempts,
                                         const std::function<Result<http::Response>()>& send) {
  for (auto pause = first_pause;; pause *= 4) {
    Result<http::Response> answer = send();
    const bool again = answer.ok() ? is_transient(answer.value().status) : answer.error().retryable;
    if (!again || --attempts <= 0) return answer;
    transport.pause(pause);
  }
}

Error unexpected_status(const http::Response& answer, const std::string& what) {
  Error error{answer.status == 429 ? Code::throttled : Code::service,
              what + " (HTTP status " + std::to_string(answer.status) + ")"};
  error.http_status = answer.status;
  error.request_id = request_id_of(answer);
  error.retryable = is_transient(answer.status);
  return error;
}

}  // namespace costmark
