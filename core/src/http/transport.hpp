// Whole HTTP exchanges for the rooms that fetch something: one request, one answer in memory.
// Behind an interface, so that what is built on it can be tested answer by answer.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "costmark/error.hpp"
#include "costmark/http.hpp"
#include "costmark/url.hpp"

namespace costmark::http {

// What errors show of a URL: its scheme and host, and the port unless it is the scheme's own.
std::string origin_of(const Url& url);

struct Request {
  std::string_view method = "GET";
  std::string_view url;  // absolute, percent-encoded
  std::span<const Header> headers;
  std::string_view body;
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(5);
  std::chrono::milliseconds timeout = std::chrono::seconds(30);  // of the whole exchange
  std::size_t largest_answer = 1U << 20U;                        // bytes of its body
  // Whether a proxy applies: the transport's own, else the environment's. Endpoints that answer
  // this very machine are never asked for through a proxy.
  bool proxied = true;
};

// An answer of any status. Its body may hold a secret and is cleansed when it goes.
struct Response {
  Response() = default;
  ~Response();
  Response(Response&&) noexcept = default;
  Response& operator=(Response&&) noexcept;

  // The value of the first field of that name; empty when there is none.
  std::string_view header(std::string_view name) const noexcept;

  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

// Synchronised internally.
class Transport {
 public:
  virtual ~Transport() = default;

  // Follows no redirect. Errors, none of which holds more of the URL than its scheme, host and
  // port: timeout and transport (both retryable, except for certificates that do not verify);
  // invalid_url; invalid_argument for a method or a header that is none; out_of_memory.
  virtual Result<Response> send(const Request& request) = 0;

  // Waits on the calling thread, between two attempts.
  virtual void pause(std::chrono::milliseconds time) = 0;
};

struct TransportConfig {
  // PEM file to trust in place of the system's (AWS_CA_BUNDLE); empty: the system's.
  std::string ca_bundle;
  // Of requests that may be proxied, and the hosts that need none; empty: the environment's. May
  // hold a password.
  std::string proxy{};
  std::string no_proxy{};
};

// Over libcurl: HTTP/1.1, TLS 1.2 or newer with the server's name verified, a connection and a
// handle an exchange, so that there is nothing to share between threads or with a forked child.
// Raises no signals. Nothing runs between exchanges; inside one libcurl may look a host name up on
// a thread of its own, because the system's resolver knows no deadline (addresses and `localhost`
// need none).
std::shared_ptr<Transport> curl_transport(TransportConfig config = {});

}  // namespace costmark::http
