#include "client/prepare/authorize.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "attribution/carrier.hpp"
#include "base/cleanse.hpp"
#include "base/text.hpp"

namespace costmark::client {
namespace {

constexpr std::string_view authorization_header = "authorization";
constexpr std::string_view api_key_header = "x-api-key";
constexpr std::string_view sigv4_scheme = "AWS4-HMAC-SHA256";
constexpr std::string_view bearer_scheme = "Bearer ";

std::string_view value_of(const Request& request, std::string_view name) noexcept {
  for (const Header& header : request.headers) {
    if (equal_ignoring_case(header.name, name)) return header.value;
  }
  return {};
}

// Bedrock API keys: short-term ones and, by the prefix that CloudTrail shows, long-term ones. Any
// other key of a host's client is the placeholder that its SDK demands.
bool looks_like_bedrock_key(std::string_view key) noexcept {
  return key.starts_with("bedrock-api-key-") || key.starts_with("ABSK");
}

std::string_view bearer_of(std::string_view authorization) noexcept {
  if (authorization.size() <= bearer_scheme.size() ||
      !equal_ignoring_case(authorization.substr(0, bearer_scheme.size()), bearer_scheme)) {
    return {};
  }
  return authorization.substr(bearer_scheme.size());
}

// The Bedrock API key that a request carries; empty when it carries none.
std::string_view carried_key(const Request& request) noexcept {
  const std::string_view bearer = bearer_of(value_of(request, authorization_header));
  if (looks_like_bedrock_key(bearer)) return bearer;
  const std::string_view key = value_of(request, api_key_header);
  return looks_like_bedrock_key(key) ? key : std::string_view();
}

// The short list of headers that are signed; the signer itself adds host and x-amz-*.
bool is_signed(std::string_view name) noexcept {
  constexpr std::string_view amz = "x-amz-";
  return equal_ignoring_case(name, "host") || equal_ignoring_case(name, "content-type") ||
         equal_ignoring_case(name, attribution::project_header) ||
         equal_ignoring_case(name, attribution::workspace_header) ||
         equal_ignoring_case(name, attribution::identifier_header) ||
         (name.size() > amz.size() && equal_ignoring_case(name.substr(0, amz.size()), amz));
}

bool is_service_name(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return text::is_alphanumeric(c) || c == '-' || c == '_' || c == '.';
  });
}

// What the caller has signed a request for: the parts of
// `AWS4-HMAC-SHA256 Credential=ID/DATE/REGION/SERVICE/aws4_request, ...`. Empty where it has not.
signing::Scope signed_scope(const Request& request) noexcept {
  constexpr std::string_view credential_name = "Credential=";
  std::string_view text = value_of(request, authorization_header);
  if (!text.starts_with(sigv4_scheme)) return {};
  const auto begin = text.find(credential_name);
  if (begin == std::string_view::npos) return {};
  text = text.substr(begin + credential_name.size());
  text = text.substr(0, text.find_first_of(", "));
  std::array<std::string_view, 4> parts;  // and what is behind them
  for (std::string_view& part : parts) {
    const auto end = std::min(text.find('/'), text.size());
    part = text.substr(0, end);
    text = text.substr(std::min(end + 1, text.size()));
  }
  const bool whole =
      text == "aws4_request" && text::is_region(parts[2]) && is_service_name(parts[3]);
  return whole ? signing::Scope{parts[2], parts[3]} : signing::Scope{};
}

bool is_named(std::string_view listed, std::string_view name) noexcept {
  return equal_ignoring_case(listed, name);
}

bool is_named(const Header& listed, std::string_view name) noexcept {
  return equal_ignoring_case(listed.name, name);
}

template <class Names>
bool listed(const Names& names, std::string_view name) noexcept {
  return std::any_of(names.begin(), names.end(),
                     [name](const auto& each) { return is_named(each, name); });
}

// Names spelled here, as the request's own need not outlive `prepare`.
void drop_earlier_signature(const Request& request, Prepared::Impl& out) {
  for (const std::string_view name :
       {"authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"}) {
    const bool carried = listed(request.headers, name);
    if (carried && !listed(out.headers_to_remove, name)) out.headers_to_remove.push_back(name);
  }
}

// Copies the values. Their names are the signer's, and stay.
void set_headers(std::span<const Header> headers, Prepared::Impl& out) {
  std::size_t size = 0;
  for (const Header& header : headers) size += header.value.size() + 1;
  std::string& values = out.authorization;
  values.clear();
  values.reserve(size);  // growing would leave copies of secrets, and move the values
  for (const Header& header : headers) {
    const std::size_t begin = values.size();
    values.append(header.value).push_back('\0');
    out.headers_to_set.push_back(
        {header.name, std::string_view(values).substr(begin, header.value.size())});
  }
}

Status check_token(std::string_view token) {
  if (text::is_visible_ascii(token)) return {};
  return {Code::no_credentials,
          "the bearer token is empty or holds white space, control or non-ASCII characters"};
}

// Secrets go to Bedrock's own hosts, or to the one origin that the client was made for.
Status check_destination(const Settings& settings, const Url& url,
                         const attribution::Endpoint& endpoint) {
  if (!endpoint.region().empty() || settings.origin) return {};
  return {Code::endpoint_mismatch,
          "a request to " + std::string(url.host) +
              ", which is not one of Bedrock's hosts, is signed or sent a bearer token only when "
              "option 'base_url' names it"};
}

// AWS verifies the Host that it receives: one that is not its own cannot be verified there, and the
// signature would be good elsewhere.
Status check_host_headers(const Request& request, const Url& url) {
  for (const Header& header : request.headers) {
    if (!equal_ignoring_case(header.name, "host")) continue;
    std::string_view named = header.value;
    if (url.default_port() && named.ends_with(":443")) named.remove_suffix(4);
    if (url.default_port() && !url.ipv6 && equal_ignoring_case(named, url.host)) continue;
    std::string host;
    append_host_header(url, host);
    if (equal_ignoring_case(named, host)) continue;
    return {Code::endpoint_mismatch, "the request's Host header is not the host of its URL, " +
                                         host + "; leave it out or make them agree"};
  }
  return {};
}

}  // namespace

Authorizer::Authorizer(const Settings& settings, Identity identity,
                       std::function<void(LogLevel, std::string_view)> log, Workspaces& workspaces)
    : settings_(settings),
      identity_(std::move(identity)),
      log_(std::move(log)),
      cache_(std::move(identity_.credentials),
             [this](const Error& error) {
               if (log_) {
                 log_(LogLevel::warning,
                      "credentials could not be refreshed, those at hand still serve: " +
                          error.message);
               }
             }),
      workspaces_(workspaces) {}

Authorizer::~Authorizer() = default;

Identity::~Identity() {
  cleanse(explicit_token);
  cleanse(environment_token);
  cleanse(host_api_key);
}

void Authorizer::say_once(std::string_view winner, std::string_view source) {
  if (!log_ || said_.exchange(true, std::memory_order_relaxed)) return;
  log_(LogLevel::info,
       "requests are authenticated with " + std::string(winner) + std::string(source));
}

// Who gives keys or a token expects that they are used.
void Authorizer::warn_of_unused(const Url& url) {
  const bool token = identity_.explicit_bearer();
  if (settings_.auth != AuthMode::automatic || (!token && !identity_.explicit_credentials)) return;
  if (!log_ || unused_said_.exchange(true, std::memory_order_relaxed)) return;
  log_(LogLevel::warning,
       std::string(token ? "the bearer token" : "the AWS credentials") +
           " that costmark was given " + (token ? "is" : "are") +
           " not used: " + std::string(url.host) +
           " is not one of Bedrock's hosts, and requests to it keep the authorization that they "
           "come with; to have them " +
           (token ? "carry the token, set option 'auth' to bearer"
                  : "signed, set option 'auth' to sigv4") +
           " and 'base_url' to that host");
}

// What is explicit beats what merely stands in the environment.
bool Authorizer::has_bearer(std::string_view carried) const noexcept {
  return identity_.explicit_bearer() || !carried.empty() ||
         looks_like_bedrock_key(identity_.host_api_key) ||
         (!identity_.environment_token.empty() && !identity_.explicit_credentials);
}

bool Authorizer::signs(const Request& request, const attribution::Endpoint& endpoint,
                       const Prepared::Impl& out) const {
  return mode_for(request, endpoint, out) == AuthMode::sigv4;
}

// A signature over what is sent as it came is good. To Bedrock's own operations no SDK makes up a
// token that means nothing, so that theirs is good whatever is written. The placeholder that an SDK
// demands is none.
bool Authorizer::callers_own(const Request& request, const Prepared::Impl& out) const noexcept {
  if (identity_.explicit_bearer() || identity_.explicit_credentials) return false;
  const std::string_view given = value_of(request, authorization_header);
  if (given.starts_with(sigv4_scheme)) return out.invoking || out.is_untouched();
  const bool placeholder =
      !identity_.host_api_key.empty() && bearer_of(given) == identity_.host_api_key;
  const bool is_own = out.invoking || is_of_runtime(out.api);
  return is_own && !given.empty() && !placeholder;
}

AuthMode Authorizer::mode_for(const Request& request, const attribution::Endpoint& endpoint,
                              const Prepared::Impl& out) const {
  if (settings_.auth != AuthMode::automatic) return settings_.auth;
  if (callers_own(request, out)) return AuthMode::none;
  // Host, not the option `endpoint`: only a canonical name proves that AWS is there.
  if (endpoint.region().empty()) {
    // A signed request to a host of the caller's: the caller said so, and editing the request has
    // broken that signature.
    const bool is_signed = value_of(request, authorization_header).starts_with(sigv4_scheme);
    return is_signed ? AuthMode::sigv4 : AuthMode::none;
  }
  return has_bearer(carried_key(request)) ? AuthMode::bearer : AuthMode::sigv4;
}

Result<CredentialsPtr> Authorizer::credentials(UnixSeconds now, const Wait& wait,
                                               Prepared::Impl& out) {
  if (!wait.no_wait) return cache_.get(now, wait);
  CredentialsPtr at_hand = cache_.at_hand(now, out.renewal_due);
  if (!at_hand) return would_block("fetching credentials");
  return at_hand;
}

Result<CredentialsPtr> Authorizer::signing_credentials(const attribution::Endpoint& endpoint,
                                                       UnixSeconds now, const Wait& wait,
                                                       Prepared::Impl& out) {
  Result<CredentialsPtr> found = credentials(now, wait, out);
  const bool would_take_a_token =
      settings_.auth == AuthMode::automatic && !endpoint.region().empty();
  if (found || found.error().code != Code::no_credentials || !would_take_a_token) return found;
  Error error = found.error();
  error.message +=
      "; a bearer token does as well: AWS_BEARER_TOKEN_BEDROCK, or option 'bearer_token'";
  return error;
}

Status Authorizer::fetch_callback_token(const Wait& wait, Prepared::Impl& out) const {
  if (wait.no_wait) return would_block("asking the bearer token callback");
  Result<std::string> token = identity_.token_callback();
  if (!token) return std::move(token).status();
  Status status = check_token(token.value());
  cleanse(out.ready_token);
  if (status) out.ready_token = token.value();
  cleanse(token.value());
  return status;
}

Status Authorizer::append_callback_token(const Wait& wait, Prepared::Impl& out) {
  if (out.ready_token.empty()) {
    if (Status status = fetch_callback_token(wait, out); !status) return status;
  }
  out.authorization += out.ready_token;
  cleanse(out.ready_token);
  return {};
}

Authorizer::GivenToken Authorizer::given_token(std::string_view carried) const noexcept {
  if (!identity_.explicit_token.empty()) {
    return {identity_.explicit_token, "the bearer token of option 'bearer_token'"};
  }
  if (!carried.empty()) return {carried, "the Bedrock API key of the client"};
  if (looks_like_bedrock_key(identity_.host_api_key)) {
    return {identity_.host_api_key, "the Bedrock API key of the client"};
  }
  return {identity_.environment_token, "the bearer token of AWS_BEARER_TOKEN_BEDROCK"};
}

Status Authorizer::append_token(std::string_view carried, const Wait& wait, Prepared::Impl& out) {
  const std::size_t begin = out.authorization.size();
  if (identity_.token_callback) {
    if (Status status = append_callback_token(wait, out); !status) return status;
    out.auth.kind = AuthKind::callback_token;
    say_once("the host's bearer token callback");
  } else {
    out.auth.kind = AuthKind::given_token;
    const GivenToken token = given_token(carried);
    say_once(token.source);
    out.authorization += token.text;
  }
  return check_token(std::string_view(out.authorization).substr(begin));
}

Result<CredentialsPtr> Authorizer::minting_credentials(const attribution::Endpoint& endpoint,
                                                       UnixSeconds now, const Wait& wait,
                                                       Prepared::Impl& out) {
  Result<CredentialsPtr> found = credentials(now, wait, out);
  if (!found && found.error().code == Code::would_block) return found;
  const Result<std::string_view> region = region_for({}, endpoint);
  if (found && region) return found;
  // Who has no region often has no credentials either, and is told both at once.
  Error error = region ? found.error() : region.error();
  if (!region && !found) error.message += "; and " + found.error().message;
  error.message =
      "no bearer token is given, and none can be made from the AWS credentials: " + error.message;
  return error;
}

Status Authorizer::append_minted_token(const attribution::Endpoint& endpoint, UnixSeconds now,
                                       const Wait& wait, Prepared::Impl& out) {
  if (Status status = check_clock(now); !status) return status;
  const Result<CredentialsPtr> found = minting_credentials(endpoint, now, wait, out);
  if (!found) return found.error();
  const std::string_view region = region_for({}, endpoint).value();
  const Result<BearerTokenPtr> token = mint_.token_of(found.value(), region, now);
  if (!token) return token.error();
  say_once("a short-term token made from the AWS credentials of: ", found.value()->source());
  out.authorization += token.value()->text();
  out.auth = {AuthKind::minted_token, found.value(), 0};
  return {};
}

Status Authorizer::send_bearer(const Request& request, const Url& url,
                               const attribution::Endpoint& endpoint, UnixSeconds now,
                               const Wait& wait, Prepared::Impl& out) {
  if (Status status = check_destination(settings_, url, endpoint); !status) return status;
  out.authorization = bearer_scheme;
  const std::string_view carried = carried_key(request);
  Status status = has_bearer(carried) ? append_token(carried, wait, out)
                                      : append_minted_token(endpoint, now, wait, out);
  if (!status) return status;
  drop_earlier_signature(request, out);
  drop_api_key(request, endpoint, out);
  out.headers_to_set.push_back({"Authorization", out.authorization});
  return {};
}

// A host that names its region is right about it; then what was said, then what the caller signed
// for.
std::string_view Authorizer::region_of(const Request& request,
                                       const attribution::Endpoint& endpoint) const noexcept {
  std::string_view region = endpoint.region();
  if (region.empty()) region = settings_.region;
  if (region.empty()) region = signed_scope(request).region;
  return region.empty() ? settings_.default_region : region;
}

Result<std::string_view> Authorizer::region_for(const Request& request,
                                                const attribution::Endpoint& endpoint) const {
  const std::string_view region = region_of(request, endpoint);
  if (!region.empty()) return region;
  return settings_.no_region();
}

std::string_view Authorizer::service_for(const Request& request,
                                         const attribution::Endpoint& endpoint, Api api) const {
  if (!settings_.service.empty()) return settings_.service;
  if (!endpoint.region().empty() || settings_.custom_kind) return endpoint.signing_service();
  const std::string_view service = signed_scope(request).service;
  if (!service.empty()) return service;
  return is_of_runtime(api) ? "bedrock" : endpoint.signing_service();
}

void Authorizer::drop_api_key(const Request& request, const attribution::Endpoint& endpoint,
                              Prepared::Impl& out) const {
  const std::string_view key = value_of(request, api_key_header);
  const bool sdk_put_it_there =
      looks_like_bedrock_key(key) || (!key.empty() && key == identity_.host_api_key);
  const bool carried = listed(request.headers, api_key_header);
  if (carried && (!endpoint.region().empty() || sdk_put_it_there)) {
    out.headers_to_remove.push_back(api_key_header);
  }
}

Status Authorizer::check_to_sign(const Request& request, const Url& url,
                                 const attribution::Endpoint& endpoint) const {
  if (Status status = check_destination(settings_, url, endpoint); !status) return status;
  if (!endpoint.region().empty()) {
    if (Status status = check_host_headers(request, url); !status) return status;
  }
  if (request.body_is_stream) {
    return {Code::body_needed,
            "signing the request needs all bytes of its body, which is a stream: "
            "read it, and pass the bytes"};
  }
  return region_for(request, endpoint).status();
}

Status Authorizer::sign(const Request& request, const Url& url,
                        const attribution::Endpoint& endpoint, UnixSeconds now, const Wait& wait,
                        Prepared::Impl& out) {
  if (Status status = check_to_sign(request, url, endpoint); !status) return status;
  if (Status status = check_clock(now); !status) return status;
  Result<CredentialsPtr> signers = signing_credentials(endpoint, now, wait, out);
  if (!signers) return std::move(signers).status();
  say_once("SigV4 and the AWS credentials of: ", signers.value()->source());

  const Lease<Workspace> work(workspaces_);
  for (const Header& header : request.headers) {
    if (is_signed(header.name) && !signing::never_signed(header.name) &&
        !listed(out.headers_to_remove, header.name) && !listed(out.headers_to_set, header.name)) {
      work->signed_headers.push_back(header);
    }
  }
  for (const Header& header : out.headers_to_set) work->signed_headers.push_back(header);
  drop_earlier_signature(request, out);
  drop_api_key(request, endpoint, out);

  if (Status status = work->hasher.hash(out.body, work->payload_hash); !status) return status;
  work->host.clear();
  append_host_header(url, work->host);
  const signing::Request to_sign{request.method, work->host, url.path, url.query,
                                 work->signed_headers};
  const signing::Scope scope{region_for(request, endpoint).value(),
                             service_for(request, endpoint, out.api)};
  const UnixSeconds skew = skew_.seconds();
  signing::Options options;
  options.refuse_expired = false;  // the cache has looked, by the clock without the skew
  if (Status status = signer_.sign(to_sign, work->payload_hash, *signers.value(), scope, now + skew,
                                   options, work->signature);
      !status) {
    return status;
  }
  set_headers(work->signature.headers(), out);
  out.auth = {AuthKind::signature, signers.value(), skew};
  return {};
}

bool Authorizer::recover(Refusal refusal, const AuthUsed& auth, std::string_view token,
                         const Times& times) {
  if (refusal == Refusal::none) return false;
  switch (auth.kind) {
    case AuthKind::none:
    case AuthKind::given_token:
      return false;
    case AuthKind::callback_token:
      if (identity_.token_refused) identity_.token_refused(token);
      return true;
    case AuthKind::minted_token:
      return refusal == Refusal::credentials &&
             cache_.invalidate(auth.credentials.lock(), times.now);
    case AuthKind::signature:
      if (refusal == Refusal::credentials) {
        return cache_.invalidate(auth.credentials.lock(), times.now);
      }
      if (refusal == Refusal::clock) {
        learn_skew(times);
        return true;
      }
      return recover_clock(auth, times);
  }
  return false;
}

// A signature that does not match: only a clock that is far off explains it from here.
bool Authorizer::recover_clock(const AuthUsed& auth, const Times& times) {
  if (!times.server) return false;
  const UnixSeconds off = *times.server - (times.now + auth.skew);
  if (std::abs(off) < ClockSkew::suspicious_s) return false;
  learn_skew(times);
  return std::abs(off) <= ClockSkew::most_s;
}

void Authorizer::accepted(const AuthUsed& auth, const Times& times) {
  if (auth.kind == AuthKind::signature) learn_skew(times);
}

void Authorizer::learn_skew(const Times& times) {
  if (!times.server) return;
  const auto skew = skew_.learn(*times.server, times.now);
  if (skew && log_) log_(LogLevel::warning, describe_skew(*skew));
  const std::string wrong = describe_wrong_clock(*times.server, times.now);
  if (!wrong.empty() && log_) log_(LogLevel::warning, wrong);
}

Status Authorizer::authorize(const Request& request, const Url& url,
                             const attribution::Endpoint& endpoint, UnixSeconds now,
                             const Wait& wait, Prepared::Impl& out) {
  switch (mode_for(request, endpoint, out)) {
    case AuthMode::sigv4:
      return sign(request, url, endpoint, now, wait, out);
    case AuthMode::bearer:
      return send_bearer(request, url, endpoint, now, wait, out);
    case AuthMode::automatic:
    case AuthMode::none:
      if (endpoint.region().empty()) warn_of_unused(url);
      return {};
  }
  return {};
}

Status Authorizer::ready(const Request& request, const Url& url,
                         const attribution::Endpoint& endpoint, UnixSeconds now, const Wait& wait,
                         Prepared::Impl& out) {
  switch (mode_for(request, endpoint, out)) {
    case AuthMode::sigv4:
      if (Status status = check_to_sign(request, url, endpoint); !status) return status;
      return signing_credentials(endpoint, now, wait, out).status();
    case AuthMode::bearer:
      if (Status status = check_destination(settings_, url, endpoint); !status) return status;
      return ready_token(carried_key(request), endpoint, now, wait, out);
    case AuthMode::automatic:
    case AuthMode::none:
      return {};
  }
  return {};
}

Status Authorizer::ready_token(std::string_view carried, const attribution::Endpoint& endpoint,
                               UnixSeconds now, const Wait& wait, Prepared::Impl& out) {
  if (!has_bearer(carried)) return minting_credentials(endpoint, now, wait, out).status();
  if (identity_.token_callback) return fetch_callback_token(wait, out);
  return check_token(given_token(carried).text);
}

}  // namespace costmark::client
