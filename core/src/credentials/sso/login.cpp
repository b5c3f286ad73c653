#include "credentials/sso/login.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "cleanse.hpp"
#include "costmark/json.hpp"
#include "credentials/config/service_endpoint.hpp"
#include "credentials/retry.hpp"
#include "credentials/sso/cached_json.hpp"
#include "credentials/sso/dpop.hpp"
#include "credentials/sso/login_advice.hpp"
#include "crypto/es256.hpp"
#include "crypto/name_digest.hpp"
#include "timestamp.hpp"

namespace costmark {
namespace {

constexpr UnixSeconds refresh_window_s = 5 * 60;
constexpr UnixSeconds longest_lifetime_s = 366 * 86400;
// How long to leave the endpoint alone after an attempt that failed.
constexpr UnixSeconds pause_s = 60;
constexpr UnixSeconds short_pause_s = 5;
constexpr auto timeout = std::chrono::seconds(10);
constexpr int attempts = 3;
// How long another process may take from its answer to its file.
constexpr auto time_to_write = std::chrono::milliseconds(500);
// While the old credentials are valid nobody should wait long for new ones.
constexpr int attempts_ahead_of_time = 1;
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

class LoginSession {
 public:
  LoginSession(const SourceContext& context, const LoginSettings& settings, UnixSeconds now)
      : context_(context), settings_(settings), now_(now) {}

  Result<CredentialsPtr> credentials() {
    if (Status status = find_path(); !status) return status;
    Secret file;
    CredentialsPtr held;
    if (Status status = read(file, held); !status) return status;
    if (*held->expires_at() - now_ > refresh_window_s) return held;
    Result<CredentialsPtr> renewed = renew(file, *held);
    if (renewed.ok() || held->expired(now_)) return renewed;
    return held;
  }

 private:
  Error fault(Code code, const std::string& what) const {
    return {code, "aws login (" + settings_.where + "): " + what};
  }

  std::string advice() const { return advice_to_run("aws login --profile", settings_.profile); }

  Error bad_file(const std::string& what) const {
    return fault(Code::unusable_credentials, config::shown(path_) + " " + what + "; " + advice());
  }

  Status find_path() {
    std::string folder = config::variable(context_.environment, "AWS_LOGIN_CACHE_DIRECTORY");
    if (folder.empty()) folder = "~/.aws/login/cache";
    folder = config::expand_path(folder, context_.environment);
    if (folder.empty()) {
      return fault(Code::unusable_credentials,
                   "HOME is not set, so there is no ~/.aws/login/cache with its session");
    }
    auto name = crypto::sha256_hex(settings_.session);
    if (!name) return name.error();
    path_ = folder + "/" + name.value() + ".json";
    return {};
  }

  Status read(Secret& file, CredentialsPtr& held) const {
    if (Status status = context_.cache_file->read(path_, file); !status) {
      return fault(Code::unusable_credentials, status.error().message + "; " + advice());
    }
    SecretObject object;
    if (!object.open(file.text, members).ok()) return bad_file("is not one JSON object");
    for (const Member needed : {refresh_token, dpop_key, client_id}) {
      if (object.kind(needed) == json::Kind::string) continue;
      return bad_file("has no " + std::string(members[needed]));
    }
    Credentials::Fields fields;
    fields.expires_at = object.time(expires_at);
    if (!fields.expires_at) {
      return bad_file("has no accessToken with an expiresAt such as 2025-01-02T03:04:05Z");
    }
    object.string(account_id, fields.account_id);
    fields.source = settings_.source;
    held = make_credentials(object, access_key_id, std::move(fields));
    if (!held) return bad_file("has no accessToken with keys that can be used");
    return {};
  }

  Result<CredentialsPtr> renew(const Secret& file, const Credentials& old) {
    if (const auto* last = context_.cache_file->recent_attempt(path_, now_)) {
      if (last->failure) return *last->failure;
    }
    Result<CredentialsPtr> fresh = ask(file, old);
    if (fresh.ok()) return fresh;
    const bool wait = old.expired(now_) && !fresh.error().retryable;
    if (CredentialsPtr newer = renewed_by_another(old, wait)) return newer;
    const bool hopeful = old.expired(now_) && fresh.error().retryable;
    context_.cache_file->note_attempt(path_, now_, hopeful ? short_pause_s : pause_s,
                                      fresh.error());
    return fresh;
  }

  // Refresh tokens may be good for one use, and the one who was faster still be writing.
  CredentialsPtr renewed_by_another(const Credentials& old, bool wait) const {
    CredentialsPtr newer = newer_than(old);
    if (newer || !wait) return newer;
    context_.transport->pause(time_to_write);
    return newer_than(old);
  }

  CredentialsPtr newer_than(const Credentials& old) const {
    Secret file;
    CredentialsPtr found;
    if (!read(file, found).ok()) return nullptr;
    return *found->expires_at() > std::max(*old.expires_at(), now_) ? found : nullptr;
  }

  Result<CredentialsPtr> ask(const Secret& file, const Credentials& old) {
    SecretObject object;
    if (Status status = object.open(file.text, members); !status) return status;
    std::string region;
    if (!object.string(sign_in_region, region)) region = settings_.region;
    if (region.empty()) region = default_region;
    auto endpoint =
        service_endpoint(AwsService::signin, region, context_.environment, settings_.endpoints);
    if (!endpoint) return fault(endpoint.error().code, endpoint.error().message);
    const std::string url = endpoint.value().url + "/v1/token";

    Secret pem;
    object.string(dpop_key, pem.text);
    const auto key = crypto::Es256Key::from_pem(pem.text);
    if (!key) return bad_file("has a dpopKey that is no P-256 private key");
    Secret body;
    write_request(object, body);
    const int most = old.expired(now_) ? attempts : attempts_ahead_of_time;
    auto answer = send_with_retries(*context_.transport, most,
                                    [&] { return send(url, body.text, key.value()); });
    if (!answer) return passing(answer.error(), old);
    if (answer.value().status != 200) return refused(answer.value(), old);
    return take(answer.value().body, file, old);
  }

  // With a proof of its own for every attempt, as each is good for one.
  Result<http::Response> send(const std::string& url, std::string_view body,
                              const crypto::Es256Key& key) const {
    const auto proof = dpop_proof(key, url, now_);
    if (!proof) return proof.error();
    const std::array<Header, 3> headers{Header{"Content-Type", "application/json"},
                                        Header{"Accept", "application/json"},
                                        Header{"DPoP", proof.value()}};
    http::Request request;
    request.method = "POST";
    request.url = url;
    request.headers = headers;
    request.body = body;
    request.timeout = timeout;
    return context_.transport->send(request);
  }

  static void write_request(const SecretObject& object, Secret& body) {
    Secret id;
    Secret refresh;
    object.string(client_id, id.text);
    object.string(refresh_token, refresh.text);
    // Six bytes for one, where it must be escaped.
    body.text.reserve(128 + 6 * (id.text.size() + refresh.text.size()));
    body.text += R"({"clientId":)";
    json::append_string(body.text, id.text);
    body.text += R"(,"refreshToken":)";
    json::append_string(body.text, refresh.text);
    body.text += R"(,"grantType":"refresh_token"})";
  }

  std::string session_until(const Credentials& old) const {
    return "the session in " + config::shown(path_) + ", valid until " +
           format_timestamp(*old.expires_at()) + ", could not be renewed: ";
  }

  // A failure that may be gone the next time.
  Error passing(Error error, const Credentials& old) const {
    error.message =
        fault(error.code, session_until(old) + error.message + "; if that persists, " + advice())
            .message;
    return error;
  }

  Error refused(const http::Response& answer, const Credentials& old) const {
    const Refusal* refusal = known_refusal(answer.body);
    std::string what = "AWS Sign-In refused";
    if (refusal != nullptr) what.append(", as ").append(refusal->meaning);
    Error error = unexpected_status(answer, what);
    if (error.retryable) return passing(std::move(error), old);
    error.code = Code::expired_credentials;
    error.message = fault(error.code, session_until(old) + error.message + "; " + advice()).message;
    return error;
  }

  Result<CredentialsPtr> take(std::string_view answer, const Secret& file, const Credentials& old) {
    static constexpr std::array<std::string_view, 5> fields_of_answer{
        "accessToken.accessKeyId", "accessToken.secretAccessKey", "accessToken.sessionToken",
        "expiresIn", "refreshToken"};
    const auto unusable = [&](const char* what) {
      return passing({Code::service, std::string("AWS Sign-In's answer ") + what}, old);
    };
    SecretObject object;
    Secret refresh;
    if (!object.open(answer, fields_of_answer).ok()) return unusable("is not one JSON object");
    const auto lifetime = object.unsigned_integer(3);
    if (!lifetime || *lifetime == 0 || *lifetime > std::uint64_t{longest_lifetime_s}) {
      return unusable("has no expiresIn in seconds");
    }
    if (!object.string(4, refresh.text)) return unusable("has no refreshToken");
    Credentials::Fields fields;
    fields.expires_at = now_ + static_cast<UnixSeconds>(*lifetime);
    fields.account_id = old.account_id();
    fields.source = settings_.source;
    CredentialsPtr fresh = make_credentials(object, 0, std::move(fields));
    if (!fresh) return unusable("has no accessToken with keys that can be used");
    keep(*fresh, refresh, file);
    return fresh;
  }

  void keep(const Credentials& fresh, const Secret& refresh, const Secret& file) const {
    const std::string expiry = format_timestamp(*fresh.expires_at());
    const std::array<StringMember, 5> changes{
        {{members[access_key_id], fresh.access_key_id()},
         {members[secret_access_key], fresh.secret_access_key()},
         {members[session_token], fresh.session_token()},
         {members[expires_at], expiry},
         {members[refresh_token], refresh.text}}};
    Secret text;
    if (with_members(file.text, changes, text).ok()) context_.cache_file->store(path_, text.text);
  }

  const SourceContext& context_;
  const LoginSettings& settings_;
  const UnixSeconds now_;
  std::string path_;
};

}  // namespace

Result<CredentialsPtr> login_credentials(const SourceContext& context,
                                         const LoginSettings& settings, UnixSeconds now) {
  return LoginSession(context, settings, now).credentials();
}

}  // namespace costmark
