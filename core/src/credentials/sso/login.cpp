#include "credentials/sso/login.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "cleanse.hpp"
#include "costmark/json.hpp"
#include "credentials/config/service_endpoint.hpp"
#include "credentials/sso/cached_token.hpp"
#include "credentials/sso/dpop.hpp"
#include "credentials/sso/login_advice.hpp"
#include "crypto/es256.hpp"
#include "crypto/name_digest.hpp"
#include "timestamp.hpp"

namespace costmark {
namespace {

constexpr UnixSeconds refresh_window_s = 5 * 60;
constexpr std::string_view default_region = "us-east-1";

// The file's members, as botocore and the AWS CLI write them.
constexpr std::array<std::string_view, 9> members{"accessToken.accessKeyId",
                                                  "accessToken.secretAccessKey",
                                                  "accessToken.sessionToken",
                                                  "accessToken.accountId",
                                                  "accessToken.expiresAt",
                                                  "refreshToken",
                                                  "dpopKey",
                                                  "clientId",
                                                  "signInRegion"};
enum Member : std::size_t {
  access_key_id,
  secret_access_key,
  session_token,
  account_id,
  expires_at,
  refresh_token,
  dpop_key,
  client_id,
  sign_in_region
};

// What AWS Sign-In says when it refuses, and what that means.
struct Refusal {
  std::string_view code;
  std::string_view meaning;
};
constexpr std::array<Refusal, 3> refusals{
    {{"TOKEN_EXPIRED", "the session has expired"},
     {"USER_CREDENTIALS_CHANGED", "the user's credentials have changed"},
     {"INSUFFICIENT_PERMISSIONS",
      "the user may not renew it; permission for signin:CreateOAuth2Token may be missing"}}};

const Refusal* known_refusal(std::string_view body) {
  static constexpr std::array<std::string_view, 1> error{"error"};
  SecretObject object;
  std::string code;
  if (!object.open(body, error).ok() || !object.string(0, code)) return nullptr;
  const auto* const found = std::find_if(refusals.begin(), refusals.end(),
                                         [&](const Refusal& one) { return one.code == code; });
  return found == refusals.end() ? nullptr : found;
}

// The credentials of `object`, whose members `first` to `first` + 2 are the keys. Empty when one is
// missing or cannot be used.
CredentialsPtr make_credentials(const SecretObject& object, std::size_t first,
                                Credentials::Fields fields) {
  const bool whole = object.string(first, fields.access_key_id) &&
                     object.string(first + 1, fields.secret_access_key) &&
                     object.string(first + 2, fields.session_token);
  if (!whole) {
    cleanse(fields.secret_access_key);
    return nullptr;
  }
  auto credentials = Credentials::create(std::move(fields));
  return credentials.ok() ? std::move(credentials).value() : nullptr;
}

// What the file holds.
struct Session {
  CredentialsPtr credentials;
  UnixSeconds expires_at = 0;
};

class LoginSession final : public CachedToken<Session> {
 public:
  LoginSession(const SourceContext& context, const LoginSettings& settings, UnixSeconds now)
      : CachedToken(context,
                    {.setting = "aws login (" + settings.where + ")",
                     .kind = "session",
                     .advice = advice_to_run("aws login --profile", settings.profile)},
                    now),
        settings_(settings) {}

 private:
  Status find_path(std::string& path) const override {
    std::string folder = config::variable(context_.environment, "AWS_LOGIN_CACHE_DIRECTORY");
    if (folder.empty()) folder = "~/.aws/login/cache";
    folder = config::expand_path(folder, context_.environment);
    if (folder.empty()) {
      return fault(Code::unusable_credentials,
                   "HOME is not set, so there is no ~/.aws/login/cache with its session");
    }
    auto name = crypto::sha256_hex(settings_.session);
    if (!name) return name.error();
    path = folder + "/" + name.value() + ".json";
    return {};
  }

  Status parse(std::string_view file, Session& held) const override {
    SecretObject object;
    if (!object.open(file, members).ok()) return bad_file("is not one JSON object");
    for (const Member needed : {refresh_token, dpop_key, client_id}) {
      if (object.kind(needed) == json::Kind::string) continue;
      return bad_file("has no " + std::string(members[needed]));
    }
    Credentials::Fields fields;
    fields.expires_at = object.time(expires_at);
    if (!fields.expires_at) {
      return bad_file("has no accessToken with an expiresAt such as 2025-01-02T03:04:05Z");
    }
    held.expires_at = *fields.expires_at;
    object.string(account_id, fields.account_id);
    fields.source = settings_.source;
    held.credentials = make_credentials(object, access_key_id, std::move(fields));
    if (!held.credentials) return bad_file("has no accessToken with keys that can be used");
    return {};
  }

  bool is_due(UnixSeconds left_s) const noexcept override { return left_s <= refresh_window_s; }

  Status prepare(std::string_view file, const Session&) override {
    SecretObject object;
    if (Status status = object.open(file, members); !status) return status;
    std::string region;
    if (!object.string(sign_in_region, region)) region = settings_.region;
    if (region.empty()) region = default_region;
    auto endpoint =
        service_endpoint(AwsService::signin, region, context_.environment, settings_.endpoints);
    if (!endpoint) return fault(endpoint.error().code, endpoint.error().message);
    url_ = endpoint.value().url + "/v1/token";
    Secret pem;
    object.string(dpop_key, pem.text);
    auto key = crypto::Es256Key::from_pem(pem.text);
    if (!key) return bad_file("has a dpopKey that is no P-256 private key");
    key_.emplace(std::move(key).value());
    write_request(object);
    return {};
  }

  void write_request(const SecretObject& object) {
    Secret id;
    Secret refresh;
    object.string(client_id, id.text);
    object.string(refresh_token, refresh.text);
    // Six bytes for one, where it must be escaped.
    body_.text.reserve(128 + 6 * (id.text.size() + refresh.text.size()));
    body_.text += R"({"clientId":)";
    json::append_string(body_.text, id.text);
    body_.text += R"(,"refreshToken":)";
    json::append_string(body_.text, refresh.text);
    body_.text += R"(,"grantType":"refresh_token"})";
  }

  // With a proof of its own for every attempt, as each is good for one.
  Result<http::Response> send() const override {
    const auto proof = dpop_proof(*key_, url_, now_);
    if (!proof) return proof.error();
    const Header header{"DPoP", proof.value()};
    return post_json(*context_.transport, url_, body_.text, {&header, 1});
  }

  Error refused(const http::Response& answer, const Session& old) const override {
    const Refusal* refusal = known_refusal(answer.body);
    std::string what = "AWS Sign-In refused";
    if (refusal != nullptr) what.append(", as ").append(refusal->meaning);
    Error error = unexpected_status(answer, what);
    if (error.retryable) return passing(std::move(error), old.expires_at);
    error.code = Code::expired_credentials;
    return not_renewed(std::move(error), old.expires_at, "; ");
  }

  Status take(std::string_view answer, const Secret& file, const Session& old,
              Session& fresh) const override {
    static constexpr std::array<std::string_view, 5> fields_of_answer{
        "accessToken.accessKeyId", "accessToken.secretAccessKey", "accessToken.sessionToken",
        "expiresIn", "refreshToken"};
    const auto fail = [&](const char* what) {
      return passing({Code::service, std::string("AWS Sign-In's answer ") + what}, old.expires_at);
    };
    SecretObject object;
    Secret refresh;
    if (!object.open(answer, fields_of_answer).ok()) return fail("is not one JSON object");
    const auto lifetime = lifetime_in(object, 3);
    if (!lifetime) return fail("has no expiresIn in seconds");
    if (!object.string(4, refresh.text)) return fail("has no refreshToken");
    fresh.expires_at = now_ + *lifetime;
    Credentials::Fields fields;
    fields.expires_at = fresh.expires_at;
    fields.account_id = old.credentials->account_id();
    fields.source = settings_.source;
    fresh.credentials = make_credentials(object, 0, std::move(fields));
    if (!fresh.credentials) return fail("has no accessToken with keys that can be used");
    keep(*fresh.credentials, refresh, file);
    return {};
  }

  void keep(const Credentials& fresh, const Secret& refresh, const Secret& file) const {
    const std::string expiry = format_timestamp(*fresh.expires_at());
    const std::array<StringMember, 5> changes{
        {{members[access_key_id], fresh.access_key_id()},
         {members[secret_access_key], fresh.secret_access_key()},
         {members[session_token], fresh.session_token()},
         {members[expires_at], expiry},
         {members[refresh_token], refresh.text}}};
    write_back(file, changes);
  }

  const LoginSettings& settings_;
  std::string url_;
  std::optional<crypto::Es256Key> key_;
  Secret body_;
};

}  // namespace

Result<CredentialsPtr> login_credentials(const SourceContext& context,
                                         const LoginSettings& settings, UnixSeconds now) {
  Session held;
  if (Status status = LoginSession(context, settings, now).find(held); !status) return status;
  return held.credentials;
}

}  // namespace costmark
