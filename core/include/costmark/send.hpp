// Sending over libcurl: what `Client::send` is told, and what it brings back.
//
// One operation is one call of `send` and up to `max_attempts` exchanges. Each is prepared and
// signed anew; what the caller's headers say, an Idempotency-Key for one, stays the same. An
// attempt is made again
// - once, at once, when the service refused its proof and another one is to be had
//   (Next::again);
// - once, at once, and beyond `max_attempts`, when the server closed a kept connection, or refused
//   an HTTP/2 stream, without anything of an answer;
// - after a pause, when the connection failed, when the answer broke off before any of it was
//   handed on, or when its status is 408, 409, 429 or at least 500. The pause is what Retry-After
//   (seconds, or a date) or retry-after-ms asks for, else half a second, doubled for each attempt
//   up to eight seconds, less up to a quarter of it by chance. A pause that would outlast the
//   deadline is not begun: the last failure is returned instead.
// Nothing is made again once a handler has been given something of an answer. Redirects are not
// followed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "costmark/error.hpp"
#include "costmark/http.hpp"
#include "costmark/usage.hpp"
#include "costmark/wait.hpp"

namespace costmark {

class Prepared;
class Response;

// How one operation is sent. What is 0 or null is the client's option of that name, or absent.
struct SendOptions {
  // Called once, before any piece: the answer with a status below 300 has begun. `response` shows
  // its status and headers. An error stops the operation, and `send` returns it.
  std::function<Status(const Response& response)> on_head;
  // Called with each piece of the body of an answer with a status below 300, as it comes; null: the
  // body is gathered in the Response. An error stops the operation, and `send` returns it. The body
  // of another answer is always gathered, up to `largest_error_body`.
  std::function<Status(std::string_view piece)> on_body;
  Cancel* cancel = nullptr;
  std::chrono::milliseconds timeout{0};  // of the operation, pauses included; option timeout_ms
  std::uint32_t max_attempts = 0;        // option max_attempts
};

inline constexpr std::uint32_t most_attempts = 100;
inline constexpr std::size_t largest_error_body = 1U << 20U;
// Of a body that is gathered; the operation fails on a larger one.
inline constexpr std::size_t largest_gathered_body = 256U << 20U;

// The last answer that `send` received, a part of its Operation. One thread at a time. Views into
// it live until the operation is sent or begun again, or ends.
class Response {
 public:
  Response();
  ~Response();
  Response(const Response&) = delete;
  Response& operator=(const Response&) = delete;

  int http_status() const noexcept;  // 0: there was no answer
  std::span<const Header> headers() const noexcept;
  // The first field of that name; empty when there is none.
  std::string_view header(std::string_view name) const noexcept;
  // What was gathered; what went to `on_body` is not in it.
  std::string_view body() const noexcept;
  // Of x-amzn-requestid, x-request-id or their like; empty without one.
  std::string_view request_id() const noexcept;

  std::uint32_t attempts() const noexcept;    // exchanges that were sent
  const Answer& answer() const noexcept;      // what the last one used
  const Prepared& prepared() const noexcept;  // what was sent in it: project, source, hint

  struct Impl;
  Impl& impl() noexcept { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace costmark
