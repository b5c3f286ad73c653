// What the tests of connections share.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <string_view>

#include "core/net/loopback.hpp"
#include "net/connection.hpp"

namespace costmark::net {

using http::Head;
using http::Request;
using std::chrono::milliseconds;

// Gathers a body, and does with each piece what a test wants of it.
class Gathered final : public Receiver {
 public:
  Status take_head(bool is_encoded) override {
    encoded = is_encoded;
    ++heads;
    return on_head ? on_head() : Status();
  }
  Status take_body(std::string_view piece) override {
    body += piece;
    return on_body ? on_body() : Status();
  }

  std::string body;
  bool encoded = false;
  int heads = 0;
  std::function<Status()> on_head;
  std::function<Status()> on_body;
};

inline Request get(std::string_view url) {
  Request request;
  request.url = url;
  return request;
}

// A connection, and what came of its last exchange.
struct Client {
  explicit Client(ConnectionConfig config = {}) : connection(std::move(config)) {}

  Code send(const Request& request, Cancellation* cancellation = nullptr) {
    received.body.clear();
    received.heads = 0;
    const Limits limits{deadline_in(request.timeout), cancellation};
    const Status status = connection.exchange(request, limits, head, received);
    error = status.ok() ? Error{} : status.error();
    return status.ok() ? Code::ok : error.code;
  }

  Connection connection;
  Head head;
  Gathered received;
  Error error;
};

}  // namespace costmark::net
