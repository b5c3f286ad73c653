// The options of `send`, read once.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "costmark/environment.hpp"
#include "costmark/error.hpp"
#include "costmark/options.hpp"
#include "http/line_pool.hpp"
#include "http/transport.hpp"

namespace costmark::client {

struct SendSettings {
  std::chrono::milliseconds timeout{};
  std::chrono::milliseconds connect_timeout{};
  std::chrono::milliseconds read_timeout{};
  std::uint32_t max_attempts = 0;
  std::shared_ptr<http::LinePool> lines;

  // Errors: invalid_option, for a proxy that is none and a version that libcurl does not speak.
  static Result<SendSettings> create(const Options& options, const Environment& environment);
};

// The same way for what else goes to the endpoint: the probes of a verification.
http::TransportConfig transport_config(const Options& options, const Environment& environment);

}  // namespace costmark::client
