#include "credentials/sts/sts.hpp"

#include <array>
#include <chrono>
#include <cstdlib>
#include <span>
#include <utility>
#include <vector>

#include "cleanse.hpp"
#include "costmark/signing.hpp"
#include "credentials/attempts.hpp"
#include "credentials/sts/sts_answer.hpp"
#include "credentials/sts/sts_refusal.hpp"
#include "signing/canonical.hpp"
#include "timestamp.hpp"

namespace costmark::sts {
namespace {

constexpr auto connect_timeout = std::chrono::seconds(3);
constexpr auto timeout = std::chrono::seconds(10);
constexpr std::size_t largest_answer = 256U << 10U;
constexpr UnixSeconds tolerated_skew_s = 4 * 60;  // AWS refuses five minutes

constexpr std::string_view content_type = "application/x-www-form-urlencoded; charset=utf-8";

// STS says in the body what may pass, so the error knows it and not the status. A 200 that is not
// STS's comes from a proxy or a portal, which will be there in a second as well.
bool is_retryable(const http::Attempted& attempted) noexcept {
  return attempted.error != nullptr && attempted.error->retryable && attempted.status != 200;
}

constexpr http::RetryPolicy retries{.predicate = is_retryable,
                                    .first_pause = std::chrono::milliseconds(500),
                                    .factor = 2,
                                    .longest_pause = std::chrono::milliseconds(1000),
                                    .jitter_percent = 50,
                                    .attempts = 3};

// One call of one action, with all its attempts.
class Call {
 public:
  Call(http::Transport& transport, const Endpoint& endpoint, const Role& role,
       std::string_view action)
      : transport_(transport), endpoint_(endpoint), role_(role), action_(action) {
    body_ = "Action=" + std::string(action) + "&Version=2011-06-15";
    add("RoleArn", role.arn);
    add("RoleSessionName", role.session_name);
    if (!role.external_id.empty()) add("ExternalId", role.external_id);
    if (role.duration_s) add("DurationSeconds", std::to_string(*role.duration_s));
  }
  ~Call() { cleanse(body_); }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  void sign_with(const Credentials& source) {
    signer_ = &source;
    secrets_ = {source.secret_access_key(), source.session_token()};
  }

  void prove_with(std::string_view token) {
    body_.reserve(body_.size() + 3 * token.size() + 64);  // no copy of the token is left behind
    add("WebIdentityToken", token);
    secrets_ = {token, {}};
  }

  Result<CredentialsPtr> run(UnixSeconds now) {
    auto result = with_retries(retries, transport_, [&] { return attempt(now); });
    if (result.ok()) return result;
    Error error = result.error();
    error.message = role_.who + ": " + error.message + " (" + endpoint_.origin + ")";
    return error;
  }

 private:
  void add(std::string_view name, std::string_view value) {
    body_.append("&").append(name).append("=");
    signing::append_percent_encoded(value, body_);
  }

  Result<CredentialsPtr> attempt(UnixSeconds now) {
    auto answer = send(now + skew_s_);
    if (!answer) return answer.error();
    if (answer.value().status == 200) return read(answer.value(), now);
    Refusal refusal = refusal_in(answer.value());
    if (learn_skew(refusal, answer.value(), now)) {
      answer = send(now + skew_s_);
      if (!answer) return answer.error();
      if (answer.value().status == 200) return read(answer.value(), now);
      refusal = refusal_in(answer.value());
    }
    return refusal_error(refusal, action_, secrets_);
  }

  Result<http::Response> send(UnixSeconds now) {
    std::vector<Header> headers{{"content-type", content_type}};
    signing::Signature signature;
    if (signer_ != nullptr) {
      if (Status status = sign(headers, now, signature); !status) return status;
      headers.insert(headers.end(), signature.headers().begin(), signature.headers().end());
    }
    http::Request request;
    request.method = "POST";
    request.url = endpoint_.url;
    request.headers = headers;
    request.body = body_;
    request.connect_timeout = connect_timeout;
    request.timeout = timeout;
    request.largest_answer = largest_answer;
    return transport_.send(request);
  }

  Status sign(std::span<const Header> headers, UnixSeconds now, signing::Signature& out) const {
    signing::Options options;
    options.sign_content_sha256 = false;
    return signing::Signer().sign_url({"POST", endpoint_.url, headers, body_}, *signer_,
                                      {endpoint_.region, "sts"}, now, options, out);
  }

  static Refusal refusal_in(const http::Response& answer) {
    return read_refusal(answer.status, answer.body, answer.header("x-amzn-requestid"));
  }

  // The clock of AWS counts. Once a call: what it says then is not doubted again.
  bool learn_skew(const Refusal& refusal, const http::Response& answer, UnixSeconds now) {
    if (signer_ == nullptr || skew_s_ != 0 || !refuses_time(refusal)) return false;
    const auto theirs = parse_http_date(answer.header("date"));
    if (!theirs || std::abs(*theirs - now) < tolerated_skew_s) return false;
    skew_s_ = *theirs - now;
    return true;
  }

  Result<CredentialsPtr> read(const http::Response& answer, UnixSeconds now) const {
    auto credentials = read_credentials(answer.body, action_, role_.source);
    if (!credentials) {
      Error error = credentials.error();
      error.message = "the answer to " + std::string(action_) + " is none: " + error.message;
      error.http_status = answer.status;
      error.retryable = true;
      return error;
    }
    if (!credentials.value()->expired(now)) return credentials;
    return Error{Code::expired_credentials,
                 "STS handed out credentials that expired at " +
                     format_timestamp(*credentials.value()->expires_at()) +
                     "; look at this machine's clock"};
  }

  http::Transport& transport_;
  const Endpoint& endpoint_;
  const Role& role_;
  const std::string_view action_;
  std::string body_;  // may hold a token
  const Credentials* signer_ = nullptr;
  std::array<std::string_view, 2> secrets_;
  UnixSeconds skew_s_ = 0;
};

}  // namespace

Client::Client(std::shared_ptr<http::Transport> transport, Endpoint endpoint)
    : transport_(std::move(transport)), endpoint_(std::move(endpoint)) {}

Result<CredentialsPtr> Client::assume_role(const Role& role, const Credentials& source,
                                           UnixSeconds now) const {
  Call call(*transport_, endpoint_, role, "AssumeRole");
  call.sign_with(source);
  return call.run(now);
}

Result<CredentialsPtr> Client::assume_role_with_web_identity(const Role& role,
                                                             std::string_view token,
                                                             UnixSeconds now) const {
  Call call(*transport_, endpoint_, role, "AssumeRoleWithWebIdentity");
  call.prove_with(token);
  return call.run(now);
}

}  // namespace costmark::sts
