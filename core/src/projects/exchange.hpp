// How the Projects API is spoken to: an interface, so that what is built on it can be tested answer
// by answer.
#pragma once

#include <chrono>
#include <string_view>

#include "costmark/credentials.hpp"
#include "costmark/error.hpp"
#include "costmark/wait.hpp"
#include "http/response.hpp"

namespace costmark::projects {

// One request. Views; read until the exchange has ended.
struct Message {
  std::string_view method;
  std::string_view url;
  std::string_view body;   // JSON; empty for none
  bool repeatable = true;  // whether sending it twice comes to the same
};

// Synchronized internally.
class Exchange {
 public:
  virtual ~Exchange() = default;

  // Sends a request with what authorizes it, and returns an answer of any status. Errors: those of
  // credentials and of the network.
  virtual Result<http::Response> send(const Message& message, const Wait& wait) = 0;

  // Between two attempts; shorter where `wait` is over before.
  virtual void pause(std::chrono::milliseconds time, const Wait& wait) = 0;

  virtual UnixSeconds now() = 0;

  // How long an operation may take, all attempts and pauses included.
  virtual std::chrono::milliseconds timeout() const = 0;
};

}  // namespace costmark::projects
