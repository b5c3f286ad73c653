#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string_view>

#include "costmark/error.hpp"
#include "costmark/http.hpp"
#include "costmark/wait.hpp"

namespace costmark::http {

// What is asked, and how long and how large the answer may be. Views; read until the exchange has
// ended.
struct Request {
  std::string_view method = "GET";
  std::string_view url;  // absolute, percent-encoded
  std::span<const Header> headers;
  std::string_view body;
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(5);
  std::chrono::milliseconds timeout = std::chrono::seconds(30);  // of all of it
  // The longest that no byte comes or goes. By default only `timeout` counts.
  std::chrono::milliseconds read_timeout = std::chrono::hours(24);
  // What ends it earlier.
  Wait wait{};
  // Bytes of the body of an answer that is gathered.
  std::size_t largest_answer = 1U << 20U;
  // Whether a proxy applies. Endpoints that answer this very machine are never asked through one.
  bool proxied = true;
};

// Errors: invalid_argument for a method or a header field that HTTP does not allow; the message
// repeats no value.
Status check_request(std::string_view method, std::span<const Header> headers);

}  // namespace costmark::http
