// AWS Signature Version 4. Pure: time, credentials and the request are handed in.
//
// Source of the rules: "Create a signed AWS API request" in the AWS IAM User Guide, and AWS's
// signing test suite. For one request, the result is botocore's SigV4Auth's, except that
// - x-amz-date is always what carries the time; botocore rewrites and signs a Date header instead
//   when the request has one, here it is signed as it is;
// - headers with an underscore in their name are not signed (see never_signed);
// - a left-over x-amz-content-sha256 is never taken for the hash of the payload;
// - only ASCII white space is folded in header values, not U+00A0 and its like: it is bytes that
//   travel;
// - line breaks, NUL and what else could forge a request are errors.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/credentials.hpp"
#include "costmark/error.hpp"
#include "costmark/http.hpp"

namespace costmark::signing {

// Lower-case hexadecimal SHA-256 of a payload.
using PayloadHash = std::array<char, 64>;

// SHA-256 over pieces. The seam for a hash that is computed while the body is scanned: code that
// produces a PayloadHash may hand it to `sign`. Reusable; one thread at a time.
class PayloadHasher {
 public:
  PayloadHasher();
  ~PayloadHasher();
  PayloadHasher(PayloadHasher&&) noexcept;
  PayloadHasher& operator=(PayloadHasher&&) noexcept;

  Status hash(std::string_view payload, PayloadHash& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct Request {
  std::string_view method;
  std::string_view host;   // value of the Host header, with the port unless it is the default one
  std::string_view path;   // as on the request line, percent-encoded; empty means "/"
  std::string_view query;  // as on the request line, without '?'
  // What to sign besides host and the x-amz-* headers that signing adds. Names that no AWS SDK
  // signs (hop-by-hop, user-agent, x-amzn-trace-id, ...) and left-overs of an earlier signature
  // (authorization, x-amz-date, x-amz-security-token, x-amz-content-sha256) are skipped. A `host`
  // header in here is used instead of the member above.
  std::span<const Header> headers;
};

// A request as a client writes it down. The Host header is made from the URL unless `headers` has
// one; the URL's fragment is ignored.
struct UrlRequest {
  std::string_view method;
  std::string_view url;
  std::span<const Header> headers;
  std::string_view body;
};

struct Scope {
  std::string_view region;   // such as "us-east-1"
  std::string_view service;  // signing name, such as "bedrock-mantle"
};

struct Options {
  bool normalize_path = true;      // remove dot segments and doubled slashes (all but S3)
  bool double_encode_path = true;  // encode the encoded path once more (all but S3)
  // Decode the query and encode it strictly before it is sorted, as the User Guide has it. False:
  // its parts are sorted as they are on the request line, as botocore does. The two differ only
  // for queries that are not strictly encoded: reserved characters, '+', lower-case hex digits,
  // bytes above 0x7F, empty parts ("a=1&&b=2").
  bool encode_query = false;
  bool sign_content_sha256 = true;  // add and sign x-amz-content-sha256; `sign` only
  bool sign_security_token = true;  // false: the token is added after signing
  // False: the caller has looked at the expiry already, by a clock other than the one that it signs
  // by; `sign` only.
  bool refuse_expired = true;
};

// What signing produced. Reuse one for many requests: its buffers are kept, and cleansed when it
// goes. One thread at a time.
class Signature {
 public:
  Signature();
  ~Signature();
  Signature(Signature&&) noexcept;
  Signature& operator=(Signature&&) noexcept;

  // Headers to set on the request: authorization, x-amz-date, and as the options and credentials
  // have it x-amz-content-sha256 and x-amz-security-token. Views into this object.
  // None after `presign`.
  std::span<const Header> headers() const noexcept;

  // After `presign`, the query to send, without '?'; else empty. View into this object.
  std::string_view query() const noexcept;

  // Wipes what it shows; the memory stays for reuse.
  void clear() noexcept;

  // The stages, for tests and for explaining a refused signature. Views into this object.
  std::string_view canonical_request() const noexcept;
  std::string_view string_to_sign() const noexcept;
  std::string_view signature() const noexcept;  // hexadecimal
  std::string_view signed_headers() const noexcept;

  struct Impl;
  Impl& impl() noexcept { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// AWS refuses presigned requests that live longer than a week.
inline constexpr std::int64_t max_presigned_life_s = 604800;

// Signs requests and remembers signing keys by credentials, date, region and service.
// Synchronized internally; never waits for another thread.
class Signer {
 public:
  Signer();
  ~Signer();

  // Errors: invalid_argument for a header value that holds CR, LF or NUL (named, never quoted), a
  // header name or method that is no token, a missing host, a path without its '/', control
  // characters anywhere, a region or service that is empty or holds more than letters, digits, '-',
  // '_' and '.', and a time outside 1970 to 9999; expired_credentials; internal when OpenSSL fails.
  // After an error `out` is empty.
  Status sign(const Request& request, const PayloadHash& payload_hash,
              const Credentials& credentials, const Scope& scope, UnixSeconds now,
              const Options& options, Signature& out) const;

  // Signs into the query instead: everyone who has the URL may send this request, and no other,
  // until `expires_in_s` after `now` or until the credentials expire, whichever comes first.
  // `out.query()` is the request's own query as it came, followed by the X-Amz-* parameters in
  // botocore's order. With `options.sign_security_token` false the session token is added after
  // signing.
  //
  // Errors: those of `sign`; invalid_argument also for `expires_in_s` outside 1 to
  // `max_presigned_life_s` and for a query that holds a parameter of an earlier signature.
  Status presign(const Request& request, const PayloadHash& payload_hash,
                 const Credentials& credentials, const Scope& scope, UnixSeconds now,
                 std::int64_t expires_in_s, const Options& options, Signature& out) const;

  // The same as `sign` for a whole request, whose body is hashed here. Errors: also invalid_url.
  Status sign_url(const UrlRequest& request, const Credentials& credentials, const Scope& scope,
                  UnixSeconds now, const Options& options, Signature& out) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Whether a header never takes part in a signature: hop-by-hop fields and what is rewritten on the
// way (the list of botocore 1.44), left-overs of an earlier signature, and names with an underscore
// (bedrock-mantle's front door does not preserve those before it verifies).
bool never_signed(std::string_view header_name) noexcept;

// Whether a header is a left-over of an earlier signature, to be dropped before signing again.
bool stale_signature_header(std::string_view header_name) noexcept;

}  // namespace costmark::signing
