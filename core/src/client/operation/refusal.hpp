// Why a service refused to believe who sent a request.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace costmark::client {

enum class Refusal : std::uint8_t {
  none,         // none, or one that other credentials do not help: no permission, a wrong scope
  credentials,  // the credentials or the token are said to have expired, or to be invalid
  clock,        // the signature is said to be too old, or of the future
  signature,    // it does not match: a wrong secret, something changed on the way, or the clock
};

// Reads the answer to one attempt. The status alone says nothing: a missing permission comes as 401
// or 403, and so does an expired token. What counts is the error's name (`error.code`,
// `error.type`, `__type` or the header x-amzn-errortype) and its message. One thread at a time.
class RefusalReader {
 public:
  // Of longer answers only the beginning counts.
  static constexpr std::size_t most_buffered = 64U << 10U;

  // `error_type` is the header x-amzn-errortype, or empty.
  void begin(int http_status, std::string_view error_type);
  void feed(std::string_view piece);

  // Whether the status is one of those that may refuse what authenticated the request.
  bool watching() const noexcept { return watching_; }

  Refusal finish() const;

 private:
  bool watching_ = false;
  std::string error_type_;
  std::string body_;
};

}  // namespace costmark::client
