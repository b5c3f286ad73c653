// Whole exchanges: one request, one answer in memory. An interface, so that what is built on it can
// be tested answer by answer; `net` has the one that goes over the network.
#pragma once

#include <chrono>
#include <string>

#include "costmark/error.hpp"
#include "costmark/url.hpp"
#include "http/request.hpp"
#include "http/response.hpp"

namespace costmark::http {

// What errors show of a URL: its scheme and host, and the port unless it is the scheme's own.
std::string origin_of(const Url& url);

// Synchronized internally.
class Transport {
 public:
  virtual ~Transport() = default;

  // Follows no redirect. Errors, none of which holds more of the URL than its scheme, host and
  // port: timeout and transport (both retryable, except for certificates that do not verify);
  // invalid_option for a CA bundle that cannot be read; invalid_url; invalid_argument for a method
  // or a header field that HTTP does not allow; out_of_memory.
  virtual Result<Response> send(const Request& request) = 0;

  // Waits on the calling thread, between two attempts.
  virtual void pause(std::chrono::milliseconds time) = 0;
};

}  // namespace costmark::http
