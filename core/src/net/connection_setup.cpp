// What libcurl is told of a connection and of an exchange.
#include <algorithm>
#include <utility>

#include "costmark/url.hpp"
#include "http/encoding.hpp"
#include "net/connection_state.hpp"

namespace costmark::net {
namespace {

using std::chrono::milliseconds;

long to_libcurl(Version version) noexcept {
  switch (version) {
    case Version::http_1_1:
      return CURL_HTTP_VERSION_1_1;
    case Version::http_2:
      return CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
    case Version::automatic:
      break;
  }
  return speaks_http_2() ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1;
}

// libcurl 7.87 and 7.88 break an HTTP/2 connection without TLS when they use it again
// (https://github.com/curl/curl/pull/10643).
bool must_not_be_kept(const Url& url, Version version) noexcept {
  const unsigned libcurl = curl_version_info(CURLVERSION_NOW)->version_num;
  return version == Version::http_2 && !url.https && libcurl >= 0x075700 && libcurl < 0x080000;
}

http::Decoders decoders() noexcept {
  static const int features = curl_version_info(CURLVERSION_NOW)->features;
  return {(features & CURL_VERSION_LIBZ) != 0, (features & CURL_VERSION_BROTLI) != 0,
          (features & CURL_VERSION_ZSTD) != 0};
}

bool decodes_answer(std::span<const Header> headers) noexcept {
  bool asked = false;
  for (const Header& header : headers) {
    if (!equal_ignoring_case(header.name, "accept-encoding")) continue;
    if (!http::decodes_all(header.value, decoders())) return false;
    asked = true;
  }
  return asked;
}

milliseconds time_to_connect(milliseconds most, SteadyClock::time_point deadline) noexcept {
  const auto left = std::chrono::ceil<milliseconds>(deadline - SteadyClock::now());
  return std::clamp(left, milliseconds(1), std::max(most, milliseconds(1)));
}

}  // namespace

bool speaks_http_2() noexcept {
  return (curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_HTTP2) != 0;
}

// What stays the same from exchange to exchange.
Status Connection::set_up() {
  Setter options(handles_->easy.get());
  set_curl_defaults(options);
  set_security(options, config_.ca_bundle.path);
  options.set(CURLOPT_ERRORBUFFER, handles_->text.data());
  options.set(CURLOPT_HTTP_VERSION, to_libcurl(config_.version));
  options.set(CURLOPT_TCP_KEEPALIVE, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
  options.set(CURLOPT_QUICK_EXIT, 1L);  // a resolver that is too late is not waited for
#endif
  options.set(CURLOPT_NOPROXY, config_.proxies.no_proxy.c_str());
  Callbacks::set(options, this);
  return options.result();
}

Status Connection::set_up(const http::Request& request, const Limits& limits) {
  if (Status status = http::check_request(request.method, request.headers); !status) return status;
  Handles& own = *handles_;
  if (!own.is_set_up) {
    if (Status status = set_up(); !status) return status;
    own.is_set_up = true;
  }
  own.method = request.method;
  own.headers.clear();
  take_headers(request.headers, own.headers);
  own.text[0] = '\0';

  // What libcurl would copy is given to it only where it changes.
  const bool is_new = !std::exchange(own.is_current, false);
  Setter options(own.easy.get());
  set_request(options, own.method, request.body);
  options.set(CURLOPT_HTTPHEADER, own.headers.list());
  own.time_to_connect = time_to_connect(request.connect_timeout, limits.deadline);
  options.set(CURLOPT_CONNECTTIMEOUT_MS, limit_ms(own.time_to_connect));
  if (is_new || own.url != request.url || own.proxied != request.proxied) {
    if (Status status = set_target(request); !status) return status;
  }
  if (const bool decodes = decodes_answer(request.headers); is_new || own.decodes != decodes) {
    own.decodes = decodes;
    // What is sent is the caller's own field.
    options.set(CURLOPT_ACCEPT_ENCODING, decodes ? "gzip" : static_cast<const char*>(nullptr));
  }
  Status status = options.result();
  own.is_current = status.ok();
  return status;
}

Status Connection::set_target(const http::Request& request) {
  const Result<Url> url = parse_url(request.url);
  if (!url) return url.error();
  Handles& own = *handles_;
  const Proxies& proxies = config_.proxies;
  own.url = request.url;
  own.proxied = request.proxied;
  Setter options(own.easy.get());
  options.set(CURLOPT_URL, own.url.c_str());
  // An empty one is none, not even the environment's.
  const std::string& proxy = url.value().https ? proxies.of_https : proxies.of_http;
  options.set(CURLOPT_PROXY, request.proxied ? proxy.c_str() : "");
  options.set(CURLOPT_FORBID_REUSE, must_not_be_kept(url.value(), config_.version) ? 1L : 0L);
  return options.result();
}

}  // namespace costmark::net
