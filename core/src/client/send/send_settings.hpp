// The options of `send`, read once.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "costmark/environment.hpp"
#include "costmark/error.hpp"
#include "costmark/options.hpp"
#include "net/connection_pool.hpp"

namespace costmark::client {

struct SendSettings {
  std::chrono::milliseconds timeout{};
  std::chrono::milliseconds connect_timeout{};
  std::chrono::milliseconds read_timeout{};
  std::uint32_t max_attempts = 0;
  net::ConnectionConfig connection;
  std::shared_ptr<net::ConnectionPool> connections;  // of that kind

  // Errors: invalid_option, for a bad proxy and a version that libcurl does not speak.
  static Result<SendSettings> create(const Options& options, const Environment& environment);
};

}  // namespace costmark::client
