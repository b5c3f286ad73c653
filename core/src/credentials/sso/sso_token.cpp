#include "credentials/sso/sso_token.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include "costmark/json.hpp"
#include "credentials/config/service_endpoint.hpp"
#include "credentials/retry.hpp"
#include "credentials/sso/cached_json.hpp"
#include "credentials/sso/login_advice.hpp"
#include "crypto/name_digest.hpp"
#include "text.hpp"
#include "timestamp.hpp"

namespace costmark {
namespace {

constexpr UnixSeconds refresh_window_s = 15 * 60;
constexpr UnixSeconds longest_lifetime_s = 366 * 86400;
constexpr auto timeout = std::chrono::seconds(10);
constexpr int attempts = 3;
// How long to leave the endpoint alone after an attempt; the shorter one where calls fail meanwhile
// and the next attempt may go well.
constexpr UnixSeconds pause_s = 60;
constexpr UnixSeconds short_pause_s = 5;
// How long another process may take from its answer to its file.
constexpr auto time_to_write = std::chrono::milliseconds(500);
// While the old token is valid nobody should wait long for a new one.
constexpr int attempts_ahead_of_time = 1;

// The file's members, as botocore and the AWS CLI write them.
constexpr std::array<std::string_view, 6> members{"accessToken",  "expiresAt",
                                                  "clientId",     "clientSecret",
                                                  "refreshToken", "registrationExpiresAt"};
enum Member : std::size_t {
  access_token,
  expires_at,
  client_id,
  client_secret,
  refresh_token,
  registration_expires_at
};

struct Token {
  Secret access;
  UnixSeconds expires_at = 0;
};

// The OAuth error codes of CreateToken, which may be repeated. Empty for anything else.
std::string_view known_error(std::string_view body) {
  static constexpr std::array<std::string_view, 11> codes{"access_denied",
                                                          "expired_token",
                                                          "invalid_client",
                                                          "invalid_grant",
                                                          "invalid_scope",
                                                          "invalid_request",
                                                          "slow_down",
                                                          "unauthorized_client",
                                                          "internal_error",
                                                          "unsupported_grant_type",
                                                          "authorization_pending"};
  static constexpr std::array<std::string_view, 1> error{"error"};
  SecretObject object;
  std::string code;
  if (!object.open(body, error).ok() || !object.string(0, code)) return {};
  const auto* const found = std::find(codes.begin(), codes.end(), code);
  return found == codes.end() ? std::string_view() : *found;
}

class TokenSource {
 public:
  TokenSource(const SourceContext& context, const SsoSettings& settings, UnixSeconds now)
      : context_(context), settings_(settings), now_(now) {}

  Status find(Secret& out) {
    if (Status status = find_path(); !status) return status;
    Secret file;
    Token token;
    if (Status status = read(file, token); !status) return status;
    if (!settings_.session.empty() && token.expires_at - now_ < refresh_window_s) {
      if (Status status = renew(file, token); !status && token.expires_at <= now_) return status;
    }
    if (token.expires_at <= now_) {
      return expired(token, "");
    }
    out.text.swap(token.access.text);
    return {};
  }

 private:
  Error fault(Code code, const std::string& what) const { return sso_fault(settings_, code, what); }

  Error expired(const Token& token, const std::string& why) const {
    return fault(Code::expired_credentials,
                 "the token in " + config::shown(path_) + " expired at " +
                     format_timestamp(token.expires_at) + why + "; " + sso_login_advice(settings_));
  }

  Status find_path() {
    const std::string folder = config::expand_path("~/.aws/sso/cache", context_.environment);
    if (folder.empty()) {
      return fault(Code::unusable_credentials,
                   "HOME is not set, so there is no ~/.aws/sso/cache with its token");
    }
    auto name =
        crypto::sha1_hex(settings_.session.empty() ? settings_.start_url : settings_.session);
    if (!name) return name.error();
    path_ = folder + "/" + name.value() + ".json";
    return {};
  }

  Status read(Secret& file, Token& token) const {
    if (Status status = context_.cache_file->read(path_, file); !status) {
      return fault(Code::unusable_credentials,
                   status.error().message + "; " + sso_login_advice(settings_));
    }
    SecretObject object;
    if (!object.open(file.text, members).ok()) return bad_file("is not one JSON object");
    const auto expiry = object.time(Member::expires_at);
    if (!object.string(Member::access_token, token.access.text) ||
        !text::is_visible_ascii(token.access.text)) {
      return bad_file("has no accessToken that could be sent");
    }
    if (!expiry) return bad_file("has no expiresAt such as 2025-01-02T03:04:05Z");
    token.expires_at = *expiry;
    return {};
  }

  Status bad_file(const std::string& what) const {
    return fault(Code::unusable_credentials,
                 config::shown(path_) + " " + what + "; " + sso_login_advice(settings_));
  }

  // Puts a newer one in the place of `token`. After an error that one is as it was.
  Status renew(const Secret& file, Token& token) {
    const bool valid = token.expires_at > now_;
    Secret body;
    if (Status status = write_request(file, token, body); !status) return status;
    if (const auto* last = context_.cache_file->recent_attempt(path_, now_)) {
      if (valid) return {};
      if (last->failure) return *last->failure;
    }
    auto endpoint = service_endpoint(AwsService::sso_oidc, settings_.region, context_.environment,
                                     settings_.endpoints);
    if (!endpoint) return fault(endpoint.error().code, endpoint.error().message);
    const std::string url = endpoint.value().url + "/token";
    Status status = ask(url, body.text, valid, file, token);
    if (!status && renewed_by_another(token, !valid && !status.error().retryable)) return {};
    const bool hopeful = !status && !valid && status.error().retryable;
    context_.cache_file->note_attempt(path_, now_, hopeful ? short_pause_s : pause_s,
                                      status ? std::nullopt : std::optional(status.error()));
    return status;
  }

  // What CreateToken is sent, where the file has all of it.
  Status write_request(const Secret& file, const Token& token, Secret& body) const {
    SecretObject object;
    Secret id;
    Secret secret;
    Secret refresh;
    if (Status status = object.open(file.text, members); !status) return status;
    if (!object.string(Member::client_id, id.text) ||
        !object.string(Member::client_secret, secret.text) ||
        !object.string(Member::refresh_token, refresh.text)) {
      return expired(token, " and cannot be renewed, as it came without a refresh token");
    }
    const auto registered_until = object.time(Member::registration_expires_at);
    if (!registered_until || *registered_until <= now_) {
      return expired(token, " and cannot be renewed, as the client's registration has expired");
    }
    const std::size_t text = id.text.size() + secret.text.size() + refresh.text.size();
    body.text.reserve(128 + 6 * text);  // six bytes for one, where it must be escaped
    body.text += R"({"clientId":)";
    json::append_string(body.text, id.text);
    body.text += R"(,"clientSecret":)";
    json::append_string(body.text, secret.text);
    body.text += R"(,"grantType":"refresh_token","refreshToken":)";
    json::append_string(body.text, refresh.text);
    body.text += '}';
    return {};
  }

  Status ask(const std::string& url, std::string_view body, bool valid, const Secret& file,
             Token& token) {
    const std::array<Header, 2> headers{Header{"Content-Type", "application/json"},
                                        Header{"Accept", "application/json"}};
    http::Request request;
    request.method = "POST";
    request.url = url;
    request.headers = headers;
    request.body = body;
    request.timeout = timeout;
    http::Transport& transport = *context_.transport;
    auto answer = send_with_retries(transport, valid ? attempts_ahead_of_time : attempts,
                                    [&] { return transport.send(request); });
    if (!answer) return passing(answer.error(), token);
    const http::Response& response = answer.value();
    if (response.status == 200) return take(response.body, file, token);
    const std::string_view code = known_error(response.body);
    Error error = unexpected_status(
        response, "the OIDC endpoint refused to renew it" +
                      (code.empty() ? std::string() : ", saying " + std::string(code)));
    if (error.retryable || code == "slow_down") return passing(std::move(error), token);
    Error last = expired(token, ", and " + error.message);
    last.http_status = error.http_status;
    last.request_id = std::move(error.request_id);
    return last;
  }

  // A failure that may be gone the next time.
  Error passing(Error error, const Token& token) const {
    error.message = fault(error.code, "the token in " + config::shown(path_) + ", valid until " +
                                          format_timestamp(token.expires_at) +
                                          ", could not be renewed: " + error.message +
                                          "; if that persists, " + sso_login_advice(settings_))
                        .message;
    return error;
  }

  Status take(std::string_view answer, const Secret& file, Token& token) {
    static constexpr std::array<std::string_view, 3> fields{"accessToken", "expiresIn",
                                                            "refreshToken"};
    SecretObject object;
    Token fresh;
    Secret refresh;
    const bool readable = object.open(answer, fields).ok() && object.string(0, fresh.access.text) &&
                          text::is_visible_ascii(fresh.access.text);
    const auto lifetime = readable ? object.unsigned_integer(1) : std::nullopt;
    if (!lifetime || *lifetime == 0 || *lifetime > std::uint64_t{longest_lifetime_s}) {
      return passing({Code::service, "the OIDC endpoint's answer holds no token with a lifetime"},
                     token);
    }
    fresh.expires_at = now_ + static_cast<UnixSeconds>(*lifetime);
    object.string(2, refresh.text);
    keep(fresh, refresh, file);
    token.access.text.swap(fresh.access.text);
    token.expires_at = fresh.expires_at;
    return {};
  }

  // Without a new refresh token the old one stays in use (RFC 6749, section 6).
  void keep(const Token& fresh, const Secret& refresh, const Secret& file) {
    const std::string expiry = format_timestamp(fresh.expires_at);
    const std::array<StringMember, 3> changes{{{"accessToken", fresh.access.text},
                                               {"expiresAt", expiry},
                                               {"refreshToken", refresh.text}}};
    Secret text;
    const auto changed = std::span(changes).first(refresh.text.empty() ? 2 : 3);
    if (with_members(file.text, changed, text).ok()) context_.cache_file->store(path_, text.text);
  }

  // Refresh tokens may be good for one use, and the one who was faster still be writing.
  bool renewed_by_another(Token& token, bool wait) const {
    if (adopt_newer(token)) return true;
    if (!wait) return false;
    context_.transport->pause(time_to_write);
    return adopt_newer(token);
  }

  bool adopt_newer(Token& token) const {
    Secret file;
    Token newer;
    if (!read(file, newer).ok() || newer.expires_at <= std::max(now_, token.expires_at)) {
      return false;
    }
    token.access.text.swap(newer.access.text);
    token.expires_at = newer.expires_at;
    return true;
  }

  const SourceContext& context_;
  const SsoSettings& settings_;
  const UnixSeconds now_;
  std::string path_;
};

}  // namespace

Status find_sso_token(const SourceContext& context, const SsoSettings& settings, UnixSeconds now,
                      Secret& out) {
  return TokenSource(context, settings, now).find(out);
}

Error sso_fault(const SsoSettings& settings, Code code, const std::string& what) {
  return {code, "SSO (" + settings.where + "): " + what};
}

std::string sso_login_advice(const SsoSettings& settings) {
  if (settings.profile.empty() && !settings.session.empty()) {
    return advice_to_run("aws sso login --sso-session", settings.session);
  }
  return advice_to_run("aws sso login --profile", settings.profile);
}

}  // namespace costmark
