#include "credentials/sts/sts_refusal.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/cleanse.hpp"
#include "base/text.hpp"
#include "credentials/sts/xml.hpp"
#include "http/field.hpp"

namespace costmark::sts {
namespace {

constexpr std::size_t longest_arn = 2048;
constexpr std::size_t longest_action = 64;
constexpr std::size_t telling_length = 12;  // so much of a secret is part of it, not chance

// What to do about the codes that have one cause.
struct Advice {
  std::string_view code;
  Code kind;
  std::string_view with_keys;   // for AssumeRole
  std::string_view with_token;  // for AssumeRoleWithWebIdentity
};

constexpr std::string_view expired_token =
    "the web identity token has expired; what writes its file has to renew it";

constexpr std::array<Advice, 9> advices{{
    {"AccessDenied", Code::unusable_credentials,
     "the trust policy of the role and the policies of the caller must both allow it",
     "the trust policy of the role must allow the token's issuer, audience and subject"},
    {"ExpiredToken", Code::expired_credentials,
     "the credentials that the role is assumed with have expired", expired_token},
    {"ExpiredTokenException", Code::expired_credentials,
     "the credentials that the role is assumed with have expired", expired_token},
    {"InvalidClientTokenId", Code::unusable_credentials,
     "the access key id that the role is assumed with is not known there: deleted, or of another "
     "partition",
     ""},
    {"SignatureDoesNotMatch", Code::unusable_credentials,
     "the secret access key that the role is assumed with does not belong to its id, or this "
     "machine's clock is wrong",
     ""},
    {"InvalidIdentityToken", Code::unusable_credentials, "",
     "the web identity token is not one of a provider that IAM knows in the role's account"},
    {"IDPRejectedClaim", Code::unusable_credentials, "",
     "the identity provider rejects the web identity token"},
    {"RegionDisabledException", Code::unusable_credentials,
     "STS is not active in this region for the account; activate it, or set another region",
     "STS is not active in this region for the account; activate it, or set another region"},
    {"ValidationError", Code::unusable_credentials,
     "look at role_arn, role_session_name, duration_seconds and external_id",
     "look at the role's ARN, the session's name and the token"},
}};

// As botocore counts them.
constexpr std::array<std::string_view, 13> throttling{"Throttling",
                                                      "ThrottlingException",
                                                      "ThrottledException",
                                                      "RequestThrottledException",
                                                      "RequestThrottled",
                                                      "TooManyRequestsException",
                                                      "RequestLimitExceeded",
                                                      "BandwidthLimitExceeded",
                                                      "LimitExceededException",
                                                      "SlowDown",
                                                      "PriorRequestNotComplete",
                                                      "EC2ThrottledException",
                                                      "ProvisionedThroughputExceededException"};

constexpr std::array<std::string_view, 3> passing{"IDPCommunicationError", "RequestTimeout",
                                                  "RequestTimeoutException"};

constexpr std::array<std::string_view, 3> of_time{"SignatureDoesNotMatch", "RequestExpired",
                                                  "RequestTimeTooSkewed"};

// STS could not ask the identity provider for its keys; the token may be as good as ever.
bool lacks_provider_keys(const Refusal& refusal) noexcept {
  return refusal.code == "InvalidIdentityToken" &&
         refusal.message.find("retrieve verification key") != std::string::npos;
}

template <class Words>
bool is_one_of(const Words& words, std::string_view word) noexcept {
  return std::find(words.begin(), words.end(), word) != words.end();
}

constexpr bool in_arn(char c) noexcept {
  return text::is_alphanumeric(c) ||
         std::string_view("-._:/+=,@").find(c) != std::string_view::npos;
}

std::string_view take_arn(std::string_view& text) noexcept {
  const auto end = std::find_if_not(text.begin(), text.end(), in_arn);
  const std::string_view taken = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(taken.size());
  return taken;
}

bool take(std::string_view& text, std::string_view expected) noexcept {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

bool is_arn(std::string_view text) noexcept {
  return text.starts_with("arn:") && text.size() <= longest_arn;
}

// "User: ARN is not authorized to perform: ACTION on resource: ARN" at the start of the message.
std::string_view denial_in(std::string_view message) noexcept {
  std::string_view rest = message;
  if (!take(rest, "User: ") || !is_arn(take_arn(rest))) return {};
  if (!take(rest, " is not authorized to perform: ")) return {};
  const std::string_view action = take_arn(rest);
  if (!action.starts_with("sts:") || action.size() > longest_action) return {};
  if (!take(rest, " on resource: ") || !is_arn(take_arn(rest))) return {};
  return message.substr(0, message.size() - rest.size());
}

bool shares_text(std::string_view text, std::string_view secret) noexcept {
  const std::size_t length = std::min(telling_length, secret.size());
  if (length == 0) return false;
  for (std::size_t at = 0; at + length <= text.size(); ++at) {
    if (secret.find(text.substr(at, length)) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

Refusal::~Refusal() {
  cleanse(message);
}

Refusal& Refusal::operator=(Refusal&& other) noexcept {
  if (this == &other) return *this;
  cleanse(message);
  status = other.status;
  code = std::move(other.code);
  request_id = std::move(other.request_id);
  message = std::move(other.message);
  return *this;
}

Refusal read_refusal(int status, std::string_view body, std::string_view header_id) {
  Refusal refusal;
  refusal.status = status;
  refusal.request_id = http::plain_id(header_id);
  // An answer that breaks off may have said enough before.
  const Status ignored = xml::read(body, [&](std::string_view path, const std::string& text) {
    path.remove_prefix(std::min(path.find('/'), path.size() - 1) + 1);
    if (path == "Error/Code" || path == "Errors/Error/Code") refusal.code = http::plain_code(text);
    if (path == "Error/Message" || path == "Errors/Error/Message") refusal.message = text;
    if (path == "RequestId" || path == "RequestID") refusal.request_id = http::plain_id(text);
  });
  static_cast<void>(ignored);
  return refusal;
}

Error refusal_error(const Refusal& refusal, std::string_view action,
                    std::span<const std::string_view> secrets) {
  const auto harmless = [&](std::string_view text) {
    const bool shares = std::any_of(secrets.begin(), secrets.end(),
                                    [&](auto secret) { return shares_text(text, secret); });
    return shares ? std::string_view() : text;
  };
  const std::string_view code = harmless(refusal.code);
  const std::string status = "HTTP status " + std::to_string(refusal.status);
  Error error{Code::service, "STS refused " + std::string(action) + ": "};
  error.http_status = refusal.status;
  error.request_id = harmless(refusal.request_id);
  error.message += code.empty() ? status : std::string(code) + " (" + status + ")";
  if (!error.request_id.empty()) error.message += ", request id " + error.request_id;
  const bool throttled = refusal.status == 429 || is_one_of(throttling, code);
  error.retryable = throttled || refusal.status >= 500 || is_one_of(passing, code) ||
                    lacks_provider_keys(refusal);
  if (throttled) error.code = Code::throttled;
  if (error.retryable || code.empty()) return error;
  error.code = Code::unusable_credentials;
  if (code == "AccessDenied") {
    const std::string_view denial = harmless(denial_in(refusal.message));
    if (!denial.empty()) error.message.append(": ").append(denial);
  }
  for (const Advice& advice : advices) {
    if (advice.code != code) continue;
    error.code = advice.kind;
    const auto text = action == "AssumeRole" ? advice.with_keys : advice.with_token;
    if (!text.empty()) error.message.append("; ").append(text);
  }
  return error;
}

bool refuses_time(const Refusal& refusal) noexcept {
  return is_one_of(of_time, refusal.code);
}

}  // namespace costmark::sts
