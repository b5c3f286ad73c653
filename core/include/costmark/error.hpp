// Errors of the core: a status or a value, never an exception for anything a caller can cause.
#pragma once

#include <cassert>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace costmark {

// What went wrong, grouped by what the caller can do about it. The numbers are part of the C ABI:
// they are never reused and never change their meaning.
enum class Code : std::int32_t {
  ok = 0,

  // Fix the request.
  invalid_argument = 1,  // an argument is outside its documented range
  invalid_json = 2,      // the body is not the JSON object it should be; see Error::offset
  invalid_url = 3,       // the URL cannot be used: no host, user information, an impossible port
  body_needed = 4,  // the body is a stream, and its bytes are needed; see Request::body_is_stream

  // Fix the configuration.
  invalid_option = 10,     // unknown option, or a value that the option does not take
  endpoint_mismatch = 11,  // region, service, scheme or origin disagree with the request's host
  unsupported = 12,        // this build lacks what the call needs

  // Fix the attribution.
  invalid_project = 20,      // the text is not a project id
  unattributed = 21,         // no project is named and the policy refuses such calls
  conflict = 22,             // two sources name different projects
  project_not_allowed = 23,  // the project is outside `allowed_projects`

  // Wait for the next period, or raise the budget.
  budget_exceeded = 24,  // a budget has no place for the call; nothing was sent

  // Authenticate again.
  no_credentials = 30,        // nothing to sign with was found
  expired_credentials = 31,   // what was found has expired and could not be renewed
  unusable_credentials = 32,  // a source is set up and cannot be used; the message says what to fix

  // Try again, or report.
  transport = 40,  // the connection failed
  timeout = 41,    // a deadline passed
  throttled = 42,  // the service asked to slow down
  service = 43,    // the service answered with an error

  // Report.
  out_of_memory = 50,
  internal = 51,  // a bug in costmark, or a failing system library

  // The caller's own wish.
  stopped_by_callback = 60,  // never produced by costmark itself; a callback returned it
  cancelled = 61,            // a Cancel stopped the call
  would_block = 62,          // the call would have to wait, and was told not to
};

// The stable spelling of a code, such as "invalid_json". Never null; static storage.
std::string_view to_string(Code code) noexcept;

struct Error {
  Code code = Code::internal;
  // One line that says what happened, where, and what would have been right. No secrets.
  std::string message;
  // Byte offset into the input where it happened; absent where there is no such place.
  std::optional<std::uint64_t> offset = std::nullopt;
  // HTTP status and request id of the answer that caused the error; 0 and empty without one.
  std::int32_t http_status = 0;
  std::string request_id = {};
  // Whether the same call may succeed later without a change.
  bool retryable = false;
};

// Success, or an owned Error. A success costs one null pointer.
class [[nodiscard]] Status {
 public:
  Status() noexcept = default;
  // NOLINTNEXTLINE(google-explicit-constructor): `return error;` should read like that
  Status(Error error) : error_(std::make_unique<Error>(std::move(error))) {}
  Status(Code code, std::string message, std::optional<std::uint64_t> offset = std::nullopt)
      : error_(std::make_unique<Error>(Error{code, std::move(message), offset, 0, {}, false})) {}

  bool ok() const noexcept { return error_ == nullptr; }
  explicit operator bool() const noexcept { return ok(); }
  const Error& error() const noexcept {
    assert(error_);
    return *error_;
  }
  Error take() && { return std::move(*error_); }

 private:
  std::unique_ptr<Error> error_;
};

// A value, or the Error that explains its absence.
template <class T>
class [[nodiscard]] Result {
 public:
  // NOLINTBEGIN(google-explicit-constructor): `return value;` and `return error;` likewise
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
  Result(Status status) : state_(std::in_place_index<1>, std::move(status).take()) {}
  // NOLINTEND(google-explicit-constructor)

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }
  T& value() & noexcept { return *std::get_if<0>(&state_); }
  const T& value() const& noexcept { return *std::get_if<0>(&state_); }
  T&& value() && noexcept { return std::move(*std::get_if<0>(&state_)); }
  const Error& error() const noexcept { return *std::get_if<1>(&state_); }
  Status status() && { return ok() ? Status() : Status(std::move(*std::get_if<1>(&state_))); }

 private:
  std::variant<T, Error> state_;
};

}  // namespace costmark
