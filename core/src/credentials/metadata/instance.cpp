#include "credentials/metadata/instance.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/cleanse.hpp"
#include "base/jitter.hpp"
#include "base/text.hpp"
#include "costmark/json.hpp"
#include "credentials/attempts.hpp"
#include "credentials/metadata/endpoint_answer.hpp"
#include "credentials/metadata/instance_settings.hpp"

namespace costmark {
namespace {

constexpr std::string_view token_path = "/latest/api/token";
constexpr std::string_view roles_path = "/latest/meta-data/iam/security-credentials/";
constexpr UnixSeconds shortest_extension_s = 5 * 60;
constexpr UnixSeconds longest_extension_s = 10 * 60;
// How long to take it for granted that there is no service, where finding out means waiting.
constexpr UnixSeconds silence_s = 10;

// What IAM takes for a name; none of it needs an escape in a path.
bool is_role_name(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return text::is_alphanumeric(c) ||
           std::string_view("_+=,.@-").find(c) != std::string_view::npos;
  });
}

// Statuses by which an IMDS says how it wants to be asked.
constexpr int bad_request = 400;
constexpr bool denies_tokens(int status) noexcept {
  return status == 403 || status == 404 || status == 405;
}

// The answer to PUT alone may be lost: its hop limit keeps it from containers. So a time-out is as
// final as a status that says so.
bool is_retryable_token(const http::Attempted& attempted) noexcept {
  if (attempted.error != nullptr) return attempted.error->code != Code::timeout;
  return attempted.status != 200 && attempted.status != bad_request &&
         !denies_tokens(attempted.status);
}

// Whatever went wrong, as in botocore.
bool is_retryable_read(const http::Attempted& attempted) noexcept {
  return attempted.error != nullptr;
}

// Without pauses, as in botocore: it is asked once, unless AWS_METADATA_SERVICE_NUM_ATTEMPTS or the
// profile says otherwise, and the link-local address belongs to this machine.
constexpr http::RetryPolicy token_retries{
    .predicate = is_retryable_token, .first_pause = std::chrono::milliseconds(0), .attempts = 1};
constexpr http::RetryPolicy read_retries{
    .predicate = is_retryable_read, .first_pause = std::chrono::milliseconds(0), .attempts = 1};

// One round of requests: the token, the role's name, its credentials.
class ImdsQuery {
 public:
  ImdsQuery(const InstanceSettings& settings, http::Transport& transport)
      : settings_(settings), transport_(transport) {}
  ~ImdsQuery() { cleanse(token_); }
  ImdsQuery(const ImdsQuery&) = delete;
  ImdsQuery& operator=(const ImdsQuery&) = delete;

  Result<Credentials::Fields> run() {
    if (Status status = fetch_token(); !status) return status;
    Result<http::Response> list =
        get(std::string(roles_path), [](std::string_view body) { return !body.empty(); });
    if (!list) return list.error();
    const std::string_view lines = list.value().body;
    const std::string role(lines.substr(0, lines.find_first_of("\r\n")));
    if (!is_role_name(role)) return fault("the answer is no role's name");
    role_found_ = true;
    Result<http::Response> answer = get(std::string(roles_path) + role, [](std::string_view body) {
      return json::validate(body).ok();
    });
    if (!answer) return answer.error();
    return read_endpoint_answer(answer.value().body, settings_.origin + ", role " + role);
  }

  // Whether the service answered that there is a role.
  bool role_found() const noexcept { return role_found_; }

 private:
  // Leaves the token empty where IMDSv1 is to be asked.
  Status fetch_token() {
    const Header ttl{"x-aws-ec2-metadata-token-ttl-seconds", "21600"};
    const Result<http::Response> answer = with_retries(
        limited(token_retries), transport_, [&] { return send("PUT", token_path, {&ttl, 1}); });
    if (!answer) return without_token(answer.error());
    const int status = answer.value().status;
    if (status == 200) return take_token(answer.value().body);
    Error failure = refused("the token", status);
    return status == bad_request ? Status(std::move(failure)) : without_token(std::move(failure));
  }

  Status take_token(std::string_view body) {
    if (!text::is_visible_ascii(body)) return fault("the answer is no token");
    token_ = body;
    return {};
  }

  Status without_token(Error failure) const {
    if (settings_.v1_disabled_by.empty()) return {};
    failure.message += "; IMDSv1 is disabled (" + settings_.v1_disabled_by + ")";
    return failure;
  }

  // The first answer that is acceptable; otherwise the last failure.
  template <class Acceptable>
  Result<http::Response> get(const std::string& path, Acceptable acceptable) {
    const Header token{"x-aws-ec2-metadata-token", token_};
    const std::span<const Header> headers(&token, token_.empty() ? 0 : 1);
    return with_retries(limited(read_retries), transport_, [&]() -> Result<http::Response> {
      Result<http::Response> answer = send("GET", path, headers);
      if (!answer) return answer;
      if (const int status = answer.value().status; status != 200) {
        return refused(role_found_ ? "the role's credentials" : "the role", status);
      }
      if (acceptable(answer.value().body)) return answer;
      Error failure =
          fault(role_found_ ? "the role's credentials are no JSON" : "the role is empty");
      failure.retryable = true;
      return failure;
    });
  }

  http::RetryPolicy limited(const http::RetryPolicy& policy) const noexcept {
    return policy.with_attempts(static_cast<std::uint32_t>(settings_.attempts));
  }

  Result<http::Response> send(std::string_view method, std::string_view path,
                              std::span<const Header> headers) {
    const std::string url = settings_.endpoint + std::string(path);
    http::Request request;
    request.method = method;
    request.url = url;
    request.headers = headers;
    request.connect_timeout = settings_.timeout;
    request.timeout = settings_.timeout;
    request.proxied = false;
    return transport_.send(request);
  }

  Error fault(const std::string& what) const {
    return {Code::unusable_credentials, settings_.origin + ": " + what};
  }

  Error refused(const std::string& what, int status) const {
    Error error{status == 429 ? Code::throttled : Code::service,
                settings_.origin + ": " + what + " was asked for and the answer was HTTP status " +
                    std::to_string(status)};
    error.http_status = status;
    error.retryable = status == 429 || status >= 500;
    return error;
  }

  const InstanceSettings& settings_;
  http::Transport& transport_;
  std::string token_;
  bool role_found_ = false;
};

class InstanceProvider final : public CredentialsProvider {
 public:
  InstanceProvider(SourceContext context, std::string profile)
      : context_(std::move(context)), profile_(std::move(profile)) {}

  std::string_view name() const noexcept override { return "EC2 instance metadata"; }

  Result<CredentialsPtr> resolve(UnixSeconds now, const Wait& wait) override {
    const Result<InstanceSettings> settings = InstanceSettings::of(context_.environment, profile_);
    if (!settings) return settings.error();
    if (settings.value().disabled) {
      return Error{Code::no_credentials, "AWS_EC2_METADATA_DISABLED is true"};
    }
    if (now >= silent_since_ && now < silent_since_ + silence_s) return *silence_;
    const auto transport = context_.within(wait).transport;
    ImdsQuery query(settings.value(), *transport);
    Result<Credentials::Fields> fields = query.run();
    if (!fields) return without_answer(fields.error(), query.role_found(), now);
    return keep(std::move(fields).value(), settings.value().origin, now);
  }

 private:
  Result<CredentialsPtr> keep(Credentials::Fields fields, const std::string& origin,
                              UnixSeconds now) {
    fields.source = name();
    if (*fields.expires_at <= now) fields.expires_at = now + extension();
    Result<CredentialsPtr> made = make_credentials(std::move(fields), origin);
    if (made) last_ = made.value();
    return made;
  }

  Result<CredentialsPtr> without_answer(Error error, bool role_found, UnixSeconds now) {
    const bool outage = error.retryable;
    if (last_ && outage && last_->expired(now)) return extended(now);
    const bool answered = role_found || (error.retryable && error.http_status != 0);
    if (last_ || answered) return error;
    const bool waited = error.code == Code::timeout;
    error.code = Code::no_credentials;
    error.retryable = false;
    if (waited) {
      silence_ = std::make_unique<const Error>(error);
      silent_since_ = now;
    }
    return error;
  }

  Result<CredentialsPtr> extended(UnixSeconds now) {
    Credentials::Fields fields;
    fields.access_key_id = last_->access_key_id();
    fields.secret_access_key = last_->secret_access_key();
    fields.session_token = last_->session_token();
    fields.account_id = last_->account_id();
    fields.source = name();
    fields.expires_at = now + extension();
    Result<CredentialsPtr> made = Credentials::create(std::move(fields));
    if (made) last_ = made.value();
    return made;
  }

  // Not every process of a fleet is to ask at once when the service is back.
  static UnixSeconds extension() noexcept {
    return shortest_extension_s + random_up_to(longest_extension_s - shortest_extension_s);
  }

  const SourceContext context_;
  const std::string profile_;
  CredentialsPtr last_;
  std::unique_ptr<const Error> silence_;  // the error when there was no answer in time
  UnixSeconds silent_since_ = std::numeric_limits<UnixSeconds>::max();
};

}  // namespace

CredentialsProviderPtr instance_credentials(SourceContext context, std::string profile) {
  return std::make_unique<InstanceProvider>(std::move(context), std::move(profile));
}

}  // namespace costmark
