#include "credentials/sso/sso_token.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "costmark/json.hpp"
#include "credentials/config/service_endpoint.hpp"
#include "credentials/sso/cached_token.hpp"
#include "credentials/sso/login_advice.hpp"
#include "crypto/name_digest.hpp"
#include "text.hpp"
#include "timestamp.hpp"

namespace costmark {
namespace {

constexpr UnixSeconds refresh_window_s = 15 * 60;

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

  friend void swap(Token& a, Token& b) noexcept {
    a.access.text.swap(b.access.text);
    std::swap(a.expires_at, b.expires_at);
  }
};

std::string setting_of(const SsoSettings& settings) {
  return "SSO (" + settings.where + ")";
}

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

class SsoToken final : public CachedToken<Token> {
 public:
  SsoToken(const SourceContext& context, const SsoSettings& settings, UnixSeconds now)
      : CachedToken(context,
                    {.setting = setting_of(settings),
                     .kind = "token",
                     .advice = sso_login_advice(settings)},
                    now),
        settings_(settings) {}

  Error expired(const Token& token, const std::string& why) const {
    return fault(Code::expired_credentials,
                 "the token in " + config::shown(path_) + " expired at " +
                     format_timestamp(token.expires_at) + why + "; " + names_.advice);
  }

 private:
  Status find_path(std::string& path) const override {
    const std::string folder = config::expand_path("~/.aws/sso/cache", context_.environment);
    if (folder.empty()) {
      return fault(Code::unusable_credentials,
                   "HOME is not set, so there is no ~/.aws/sso/cache with its token");
    }
    auto name =
        crypto::sha1_hex(settings_.session.empty() ? settings_.start_url : settings_.session);
    if (!name) return name.error();
    path = folder + "/" + name.value() + ".json";
    return {};
  }

  Status parse(std::string_view file, Token& token) const override {
    SecretObject object;
    if (!object.open(file, members).ok()) return bad_file("is not one JSON object");
    const auto expiry = object.time(Member::expires_at);
    if (!object.string(Member::access_token, token.access.text) ||
        !text::is_visible_ascii(token.access.text)) {
      return bad_file("has no accessToken that could be sent");
    }
    if (!expiry) return bad_file("has no expiresAt such as 2025-01-02T03:04:05Z");
    token.expires_at = *expiry;
    return {};
  }

  // A token of the legacy form has no session to renew it with.
  bool is_due(UnixSeconds left_s) const noexcept override {
    return !settings_.session.empty() && left_s < refresh_window_s;
  }

  Status prepare(std::string_view file, const Token& old) override {
    if (Status status = write_request(file, old); !status) return status;
    auto endpoint = service_endpoint(AwsService::sso_oidc, settings_.region, context_.environment,
                                     settings_.endpoints);
    if (!endpoint) return fault(endpoint.error().code, endpoint.error().message);
    url_ = endpoint.value().url + "/token";
    return {};
  }

  // What CreateToken is sent, where the file has all of it.
  Status write_request(std::string_view file, const Token& old) {
    SecretObject object;
    Secret id;
    Secret secret;
    Secret refresh;
    if (Status status = object.open(file, members); !status) return status;
    if (!object.string(Member::client_id, id.text) ||
        !object.string(Member::client_secret, secret.text) ||
        !object.string(Member::refresh_token, refresh.text)) {
      return expired(old, " and cannot be renewed, as it came without a refresh token");
    }
    const auto registered_until = object.time(Member::registration_expires_at);
    if (!registered_until || *registered_until <= now_) {
      return expired(old, " and cannot be renewed, as the client's registration has expired");
    }
    const std::size_t size = id.text.size() + secret.text.size() + refresh.text.size();
    body_.text.reserve(128 + 6 * size);  // six bytes for one, where it must be escaped
    body_.text += R"({"clientId":)";
    json::append_string(body_.text, id.text);
    body_.text += R"(,"clientSecret":)";
    json::append_string(body_.text, secret.text);
    body_.text += R"(,"grantType":"refresh_token","refreshToken":)";
    json::append_string(body_.text, refresh.text);
    body_.text += '}';
    return {};
  }

  Result<http::Response> send() const override {
    return post_json(*context_.transport, url_, body_.text);
  }

  Error refused(const http::Response& answer, const Token& old) const override {
    const std::string_view code = known_error(answer.body);
    Error error = unexpected_status(
        answer, "the OIDC endpoint refused to renew it" +
                    (code.empty() ? std::string() : ", saying " + std::string(code)));
    if (error.retryable || code == "slow_down") return passing(std::move(error), old.expires_at);
    Error last = expired(old, ", and " + error.message);
    last.http_status = error.http_status;
    last.request_id = std::move(error.request_id);
    return last;
  }

  Status take(std::string_view answer, const Secret& file, const Token& old,
              Token& fresh) const override {
    static constexpr std::array<std::string_view, 3> fields{"accessToken", "expiresIn",
                                                            "refreshToken"};
    SecretObject object;
    Secret refresh;
    const bool readable = object.open(answer, fields).ok() && object.string(0, fresh.access.text) &&
                          text::is_visible_ascii(fresh.access.text);
    const auto lifetime = readable ? lifetime_in(object, 1) : std::nullopt;
    if (!lifetime) {
      return passing({Code::service, "the OIDC endpoint's answer holds no token with a lifetime"},
                     old.expires_at);
    }
    fresh.expires_at = now_ + *lifetime;
    object.string(2, refresh.text);
    keep(fresh, refresh, file);
    return {};
  }

  // Without a new refresh token the old one stays in use (RFC 6749, section 6).
  void keep(const Token& fresh, const Secret& refresh, const Secret& file) const {
    const std::string expiry = format_timestamp(fresh.expires_at);
    const std::array<StringMember, 3> changes{{{"accessToken", fresh.access.text},
                                               {"expiresAt", expiry},
                                               {"refreshToken", refresh.text}}};
    write_back(file, std::span(changes).first(refresh.text.empty() ? 2 : 3));
  }

  const SsoSettings& settings_;
  std::string url_;
  Secret body_;
};

}  // namespace

Status find_sso_token(const SourceContext& context, const SsoSettings& settings, UnixSeconds now,
                      Secret& out) {
  SsoToken source(context, settings, now);
  Token token;
  if (Status status = source.find(token); !status) return status;
  if (token.expires_at <= now) return source.expired(token, "");
  out.text.swap(token.access.text);
  return {};
}

Error sso_fault(const SsoSettings& settings, Code code, const std::string& what) {
  return {code, setting_of(settings) + ": " + what};
}

std::string sso_login_advice(const SsoSettings& settings) {
  if (settings.profile.empty() && !settings.session.empty()) {
    return advice_to_run("aws sso login --sso-session", settings.session);
  }
  return advice_to_run("aws sso login --profile", settings.profile);
}

}  // namespace costmark
