#include "credentials/sso/sso.hpp"

#include <array>
#include <chrono>
#include <string_view>
#include <utility>

#include "cleanse.hpp"
#include "credentials/attempts.hpp"
#include "credentials/config/service_endpoint.hpp"
#include "credentials/sso/cached_json.hpp"
#include "credentials/sso/sso_token.hpp"
#include "signing/canonical.hpp"
#include "timestamp.hpp"

namespace costmark {
namespace {

constexpr auto timeout = std::chrono::seconds(10);

std::string role_of(const SsoSettings& settings) {
  return "role " + config::quoted(settings.role_name) + " of account " +
         config::quoted(settings.account_id);
}

// The whole of GetRoleCredentials' URL.
Result<std::string> portal_url(const SourceContext& context, const SsoSettings& settings) {
  auto endpoint =
      service_endpoint(AwsService::sso, settings.region, context.environment, settings.endpoints);
  if (!endpoint) return sso_fault(settings, endpoint.error().code, endpoint.error().message);
  std::string url = std::move(endpoint).value().url + "/federation/credentials?role_name=";
  signing::append_percent_encoded(settings.role_name, url);
  url += "&account_id=";
  signing::append_percent_encoded(settings.account_id, url);
  return url;
}

Error refused(const SsoSettings& settings, const http::Response& answer) {
  Error error = unexpected_status(answer, "the portal did not hand out " + role_of(settings));
  std::string advice;
  if (answer.status == 401) {
    error.code = Code::expired_credentials;
    advice = ": the session has ended; " + sso_login_advice(settings);
  } else if (answer.status / 100 == 4 && !error.retryable) {
    error.code = Code::unusable_credentials;
    advice =
        ": check sso_account_id and sso_role_name, and whether the user is assigned to them, or " +
        sso_login_advice(settings);
  }
  error.message = sso_fault(settings, error.code, error.message + advice).message;
  return error;
}

Result<CredentialsPtr> read_answer(const SsoSettings& settings, std::string_view body,
                                   UnixSeconds now) {
  static constexpr std::array<std::string_view, 4> members{
      "roleCredentials.accessKeyId", "roleCredentials.secretAccessKey",
      "roleCredentials.sessionToken", "roleCredentials.expiration"};
  const auto fault = [&](const std::string& what) {
    return sso_fault(settings, Code::service, "the portal's answer " + what);
  };
  SecretObject object;
  if (!object.open(body, members).ok()) return fault("is not one JSON object");
  const auto expiration_ms = object.unsigned_integer(3);
  if (!expiration_ms) return fault("has no expiration in milliseconds");
  Credentials::Fields fields;
  fields.expires_at = static_cast<UnixSeconds>(*expiration_ms / 1000);
  fields.account_id = settings.account_id;
  fields.source = settings.source;
  const std::array<std::string*, 3> values{&fields.access_key_id, &fields.secret_access_key,
                                           &fields.session_token};
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (object.string(i, *values[i])) continue;
    cleanse(fields.secret_access_key);
    return fault("has no " + std::string(members[i].substr(members[i].find('.') + 1)));
  }
  auto credentials = Credentials::create(std::move(fields));
  if (!credentials) return fault("cannot be used: " + credentials.error().message);
  if (!credentials.value()->expired(now)) return credentials;
  return fault("holds credentials that expired at " +
               format_timestamp(*credentials.value()->expires_at()) + "; is this clock right?");
}

}  // namespace

Result<CredentialsPtr> sso_credentials(const SourceContext& context, const SsoSettings& settings,
                                       UnixSeconds now) {
  Secret token;
  if (Status status = find_sso_token(context, settings, now, token); !status) return status;
  const Result<std::string> url = portal_url(context, settings);
  if (!url) return url.error();
  const std::array<Header, 2> headers{Header{"x-amz-sso_bearer_token", token.text},
                                      Header{"Accept", "application/json"}};
  http::Request request;
  request.url = url.value();
  request.headers = headers;
  request.timeout = timeout;
  http::Transport& transport = *context.transport;
  auto answer = with_retries(service_retries, transport, [&] { return transport.send(request); });
  if (!answer) {
    Error error = answer.error();
    error.message = sso_fault(settings, error.code, error.message).message;
    return error;
  }
  if (answer.value().status != 200) return refused(settings, answer.value());
  return read_answer(settings, answer.value().body, now);
}

}  // namespace costmark
