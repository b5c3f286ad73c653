// The module in a build without the network: every exchange fails, and nothing needs libcurl.
#include <algorithm>
#include <memory>
#include <thread>
#include <utility>

#include "net/connection.hpp"
#include "net/transport.hpp"

namespace costmark::net {
namespace {

using std::chrono::milliseconds;

Error no_network() {
  return {Code::unsupported, "this build of costmark has no network (COSTMARK_NETWORK=OFF)"};
}

class NoTransport final : public http::Transport {
 public:
  Result<http::Response> send(const http::Request&) override { return no_network(); }
  void pause(milliseconds) override {}
};

}  // namespace

struct Connection::Handles {};

SteadyClock::time_point deadline_in(milliseconds time) noexcept {
  return SteadyClock::now() +
         std::clamp(time, milliseconds(1), milliseconds(std::chrono::days(24)));
}

bool speaks_http_2() noexcept {
  return false;
}

Connection::Connection(ConnectionConfig config)
    : config_(std::move(config)), generation_(fork_generation()) {}

Connection::~Connection() = default;

Status Connection::exchange(const http::Request&, const Limits&, http::Head& head, Receiver&) {
  head.clear();
  return no_network();
}

bool Connection::pause(SteadyClock::time_point until, Cancellation* cancellation) {
  while (SteadyClock::now() < until) {
    if (cancellation != nullptr && cancellation->requested()) return false;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return true;
}

bool Connection::connected() const noexcept {
  return false;
}

bool Connection::inherited() const noexcept {
  return generation_ != fork_generation();
}

bool Connection::intact() const noexcept {
  return true;
}

void Connection::wake() noexcept {}

// NOLINTBEGIN(performance-unnecessary-value-param): as the declarations have it
std::shared_ptr<http::Transport> network_transport(ConnectionConfig) {
  return std::make_shared<NoTransport>();
}

std::shared_ptr<http::Transport> pooled_transport(std::shared_ptr<ConnectionPool>) {
  return std::make_shared<NoTransport>();
}
// NOLINTEND(performance-unnecessary-value-param)

}  // namespace costmark::net
