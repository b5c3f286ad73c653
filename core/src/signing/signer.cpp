#include "costmark/signing.hpp"

#include <array>
#include <chrono>
#include <string>

#include "base/cleanse.hpp"
#include "base/openssl_use.hpp"
#include "costmark/url.hpp"
#include "crypto/crypto.hpp"
#include "signing/canonical.hpp"
#include "signing/key_cache.hpp"
#include "signing/request_check.hpp"

namespace costmark::signing {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view terminator = "aws4_request";

std::string_view view(const std::array<char, 64>& text) noexcept {
  return {text.data(), text.size()};
}

// YYYYMMDDTHHMMSSZ
class Timestamp {
 public:
  explicit Timestamp(UnixSeconds now) noexcept {
    const std::chrono::sys_seconds point{std::chrono::seconds(now)};
    const auto midnight = std::chrono::floor<std::chrono::days>(point);
    const std::chrono::year_month_day date(midnight);
    const std::chrono::hh_mm_ss clock(point - midnight);
    const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
    put(0, year / 100);
    put(2, year % 100);
    put(4, static_cast<unsigned>(date.month()));
    put(6, static_cast<unsigned>(date.day()));
    text_[8] = 'T';
    put(9, static_cast<unsigned>(clock.hours().count()));
    put(11, static_cast<unsigned>(clock.minutes().count()));
    put(13, static_cast<unsigned>(clock.seconds().count()));
    text_[15] = 'Z';
  }

  std::string_view text() const noexcept { return {text_.data(), text_.size()}; }
  std::string_view date() const noexcept { return text().substr(0, 8); }

 private:
  void put(std::size_t at, unsigned two_digits) noexcept {
    text_[at] = static_cast<char>('0' + two_digits / 10);
    text_[at + 1] = static_cast<char>('0' + two_digits % 10);
  }

  std::array<char, 16> text_;
};

void append_scope(std::string_view date, const Scope& scope, std::string& out) {
  out.append(date).append(1, '/').append(scope.region).append(1, '/').append(scope.service);
  out.append(1, '/').append(terminator);
}

// kSigning = HMAC(HMAC(HMAC(HMAC("AWS4" + secret, date), region), service), "aws4_request")
Status derive_key(const Credentials& credentials, const KeySource& source, crypto::HmacSha256& hmac,
                  crypto::Digest& key) {
  std::string secret;
  secret.reserve(4 + credentials.secret_access_key().size());
  secret.append("AWS4").append(credentials.secret_access_key());
  auto status = hmac.set_key(reinterpret_cast<const unsigned char*>(secret.data()), secret.size());
  cleanse(secret.data(), secret.size());
  if (status) status = hmac.compute(source.date, key);
  for (const auto text : {source.region, source.service, terminator}) {
    if (status) status = hmac.set_key(key.data(), key.size());
    if (status) status = hmac.compute(text, key);
  }
  return status;
}

}  // namespace

struct PayloadHasher::Impl {
  crypto::Sha256 sha256;
};

PayloadHasher::PayloadHasher() : impl_(std::make_unique<Impl>()) {}
PayloadHasher::~PayloadHasher() = default;
PayloadHasher::PayloadHasher(PayloadHasher&&) noexcept = default;
PayloadHasher& PayloadHasher::operator=(PayloadHasher&&) noexcept = default;

Status PayloadHasher::hash(std::string_view payload, PayloadHash& out) {
  crypto::Digest digest;
  if (auto status = impl_->sha256.hash(payload, digest); !status) return status;
  out = crypto::to_hex(digest);
  return {};
}

struct Signature::Impl {
  Impl() = default;
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // What goes out: headers, or a presigned query.
  std::string date;
  std::string content_sha256;
  std::string token;
  std::string authorization;
  std::array<Header, 4> headers;
  std::size_t header_count = 0;
  std::string presigned_query;

  // The stages.
  std::string canonical_request;
  std::size_t signed_headers_start = 0;
  std::size_t signed_headers_size = 0;
  std::string string_to_sign;
  std::array<char, 64> signature{};

  // Kept between requests. `hmac` holds the key of `key_name`: a Signature that is reused needs no
  // look-up and no lock.
  QueryCanonicalizer query;
  HeaderCanonicalizer signed_fields;
  crypto::Sha256 sha256;
  crypto::HmacSha256 hmac;
  KeyName key_name;
  std::string host;

  void clear() noexcept;
  std::string_view signed_headers() const noexcept;
  void set_header(std::string_view name, std::string_view value) noexcept;
  void collect_headers(const Request& request);
  void add_signature_headers(const Options& options);
  void write_canonical_request(const Request& request, std::string_view query_to_sign,
                               std::string_view payload_hash, const Options& options);
  Status write_string_to_sign(const Timestamp& time, const Scope& scope);
  Status sign(const Timestamp& time, const Credentials& credentials, const Scope& scope,
              SigningKeyCache& keys);
  Status use_key(const KeySource& source, const Credentials& credentials, SigningKeyCache& keys);
  void write_headers(const Timestamp& time, const Credentials& credentials, const Scope& scope,
                     const Options& options);
  void begin_query(const Request& request, const Timestamp& time, const Credentials& credentials,
                   const Scope& scope, std::int64_t expires_in_s);
  void append_parameter(std::string_view name, std::string_view value);
};

// A session token is in all three, and a presigned query is as good as a password.
Signature::Impl::~Impl() {
  cleanse(token);
  cleanse(canonical_request);
  cleanse(presigned_query);
}

void Signature::Impl::clear() noexcept {
  header_count = 0;
  presigned_query.clear();
  canonical_request.clear();
  signed_headers_start = signed_headers_size = 0;
  string_to_sign.clear();
  signature.fill(0);
}

std::string_view Signature::Impl::signed_headers() const noexcept {
  return std::string_view(canonical_request).substr(signed_headers_start, signed_headers_size);
}

void Signature::Impl::set_header(std::string_view name, std::string_view value) noexcept {
  headers[header_count++] = {name, value};
}

void Signature::Impl::collect_headers(const Request& request) {
  signed_fields.clear();
  bool host_given = false;
  for (const auto& header : request.headers) {
    if (never_signed(header.name)) continue;
    host_given = host_given || equal_ignoring_case(header.name, "host");
    signed_fields.add(header.name, header.value);
  }
  if (!host_given) signed_fields.add("host", request.host);
}

void Signature::Impl::add_signature_headers(const Options& options) {
  signed_fields.add("x-amz-date", date);
  if (options.sign_content_sha256) signed_fields.add("x-amz-content-sha256", content_sha256);
  if (options.sign_security_token && !token.empty()) {
    signed_fields.add("x-amz-security-token", token);
  }
}

void Signature::Impl::write_canonical_request(const Request& request,
                                              std::string_view query_to_sign,
                                              std::string_view payload_hash,
                                              const Options& options) {
  auto& out = canonical_request;
  out.clear();
  append_upper(request.method, out);
  out.push_back('\n');
  append_canonical_path(request.path, options, out);
  out.push_back('\n');
  query.append(query_to_sign, options, out);
  out.push_back('\n');
  signed_fields.append_headers(out);
  out.push_back('\n');
  signed_headers_start = out.size();
  signed_fields.append_names(out);
  signed_headers_size = out.size() - signed_headers_start;
  out.append(1, '\n').append(payload_hash);
}

Status Signature::Impl::write_string_to_sign(const Timestamp& time, const Scope& scope) {
  crypto::Digest digest;
  if (auto status = sha256.hash(canonical_request, digest); !status) return status;
  auto& out = string_to_sign;
  out.clear();
  out.append(algorithm).append(1, '\n').append(time.text()).append(1, '\n');
  append_scope(time.date(), scope, out);
  out.append(1, '\n').append(view(crypto::to_hex(digest)));
  return {};
}

Status Signature::Impl::sign(const Timestamp& time, const Credentials& credentials,
                             const Scope& scope, SigningKeyCache& keys) {
  const KeySource source{credentials.serial(), time.date(), scope.region, scope.service};
  if (auto status = use_key(source, credentials, keys); !status) return status;
  crypto::Digest digest;
  if (auto status = hmac.compute(string_to_sign, digest); !status) return status;
  signature = crypto::to_hex(digest);
  return {};
}

Status Signature::Impl::use_key(const KeySource& source, const Credentials& credentials,
                                SigningKeyCache& keys) {
  if (key_name.matches(source)) return {};
  key_name.clear();
  crypto::Digest key;
  Status status;
  if (!keys.find(source, key)) {
    status = derive_key(credentials, source, hmac, key);
    if (status) keys.insert(source, key);
  }
  if (status) status = hmac.set_key(key.data(), key.size());
  cleanse(key.data(), key.size());
  if (status) key_name.set(source);
  return status;
}

void Signature::Impl::write_headers(const Timestamp& time, const Credentials& credentials,
                                    const Scope& scope, const Options& options) {
  auto& out = authorization;
  out.clear();
  out.append(algorithm).append(" Credential=").append(credentials.access_key_id()).append(1, '/');
  append_scope(time.date(), scope, out);
  out.append(", SignedHeaders=").append(signed_headers());
  out.append(", Signature=").append(view(signature));

  set_header("authorization", authorization);
  set_header("x-amz-date", date);
  if (options.sign_content_sha256) set_header("x-amz-content-sha256", content_sha256);
  if (!token.empty()) set_header("x-amz-security-token", token);
}

// The order of the parameters is botocore's: the token generator of AWS has it, and so do we.
void Signature::Impl::begin_query(const Request& request, const Timestamp& time,
                                  const Credentials& credentials, const Scope& scope,
                                  std::int64_t expires_in_s) {
  // Secrets are not to stay behind in buffers that were too small.
  const auto most = request.query.size() + 3 * token.size() + 1024;
  presigned_query.reserve(most);
  canonical_request.reserve(most + request.path.size());

  std::string credential(credentials.access_key_id());
  credential.push_back('/');
  append_scope(time.date(), scope, credential);
  presigned_query.assign(request.query);
  append_parameter("X-Amz-Algorithm", algorithm);
  append_parameter("X-Amz-Credential", credential);
  append_parameter("X-Amz-Date", date);
  append_parameter("X-Amz-Expires", std::to_string(expires_in_s));
  std::string names;
  signed_fields.append_names(names);
  append_parameter("X-Amz-SignedHeaders", names);
}

void Signature::Impl::append_parameter(std::string_view name, std::string_view value) {
  if (!presigned_query.empty()) presigned_query.push_back('&');
  presigned_query.append(name).push_back('=');
  append_percent_encoded(value, presigned_query);
}

Signature::Signature() : impl_(std::make_unique<Impl>()) {}
Signature::~Signature() = default;
Signature::Signature(Signature&&) noexcept = default;
Signature& Signature::operator=(Signature&&) noexcept = default;

std::span<const Header> Signature::headers() const noexcept {
  return {impl_->headers.data(), impl_->header_count};
}

std::string_view Signature::query() const noexcept {
  return impl_->presigned_query;
}

std::string_view Signature::canonical_request() const noexcept {
  return impl_->canonical_request;
}

std::string_view Signature::string_to_sign() const noexcept {
  return impl_->string_to_sign;
}

std::string_view Signature::signature() const noexcept {
  const bool done = impl_->header_count > 0 || !impl_->presigned_query.empty();
  return done ? view(impl_->signature) : std::string_view();
}

std::string_view Signature::signed_headers() const noexcept {
  return impl_->signed_headers();
}

struct Signer::Impl {
  SigningKeyCache keys;
};

Signer::Signer() : impl_(std::make_unique<Impl>()) {}
Signer::~Signer() = default;

Status Signer::sign(const Request& request, const PayloadHash& payload_hash,
                    const Credentials& credentials, const Scope& scope, UnixSeconds now,
                    const Options& options, Signature& out) const {
  auto& work = out.impl();
  work.clear();
  if (auto status = check_request(request); !status) return status;
  if (auto status = check_scope(scope); !status) return status;
  if (auto status = check_time(now); !status) return status;
  if (options.refuse_expired) {
    if (auto status = check_expiry(credentials, now); !status) return status;
  }

  const OpensslUse of_all_steps;
  const Timestamp time(now);
  work.date = time.text();
  work.content_sha256 = view(payload_hash);
  work.token = credentials.session_token();
  work.collect_headers(request);
  work.add_signature_headers(options);
  work.write_canonical_request(request, request.query, view(payload_hash), options);
  auto status = work.write_string_to_sign(time, scope);
  if (status) status = work.sign(time, credentials, scope, impl_->keys);
  if (status) {
    work.write_headers(time, credentials, scope, options);
  } else {
    work.clear();
  }
  return status;
}

Status Signer::presign(const Request& request, const PayloadHash& payload_hash,
                       const Credentials& credentials, const Scope& scope, UnixSeconds now,
                       std::int64_t expires_in_s, const Options& options, Signature& out) const {
  auto& work = out.impl();
  work.clear();
  if (auto status = check_request(request); !status) return status;
  if (auto status = check_life(request.query, expires_in_s); !status) return status;
  if (auto status = check_scope(scope); !status) return status;
  if (auto status = check_time(now); !status) return status;
  if (auto status = check_expiry(credentials, now); !status) return status;

  const OpensslUse of_all_steps;
  const Timestamp time(now);
  work.date = time.text();
  work.token = credentials.session_token();
  work.collect_headers(request);
  work.begin_query(request, time, credentials, scope, expires_in_s);
  const bool send_token = !work.token.empty();
  const bool sign_token = send_token && options.sign_security_token;
  if (sign_token) work.append_parameter("X-Amz-Security-Token", work.token);
  work.write_canonical_request(request, work.presigned_query, view(payload_hash), options);
  auto status = work.write_string_to_sign(time, scope);
  if (status) status = work.sign(time, credentials, scope, impl_->keys);
  if (!status) {
    work.clear();
    return status;
  }
  if (send_token && !sign_token) work.append_parameter("X-Amz-Security-Token", work.token);
  work.append_parameter("X-Amz-Signature", view(work.signature));
  return {};
}

Status Signer::sign_url(const UrlRequest& request, const Credentials& credentials,
                        const Scope& scope, UnixSeconds now, const Options& options,
                        Signature& out) const {
  auto& work = out.impl();
  work.clear();
  const auto url = parse_url(request.url);
  if (!url.ok()) return url.error();
  work.host.clear();
  append_host_header(url.value(), work.host);
  crypto::Digest digest;
  if (auto status = work.sha256.hash(request.body, digest); !status) return status;
  return sign({request.method, work.host, url.value().path, url.value().query, request.headers},
              crypto::to_hex(digest), credentials, scope, now, options, out);
}

}  // namespace costmark::signing
