// One connection to a server, kept as long as it may be, and the exchanges over it, one after the
// other.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/cancellation.hpp"
#include "costmark/error.hpp"
#include "http/head.hpp"
#include "http/request.hpp"
#include "net/proxies.hpp"
#include "net/sockets.hpp"

namespace costmark::net {

using SteadyClock = std::chrono::steady_clock;

enum class Version : std::uint8_t {
  automatic,  // HTTP/2 where TLS agrees on it, else HTTP/1.1
  http_1_1,
  http_2,  // over TLS where it agrees on it; without TLS no other is spoken
};

// Whether this libcurl does.
bool speaks_http_2() noexcept;

// The certificates that servers are verified with: those of a PEM file in place of the system's.
struct CaBundle {
  std::string path{};     // empty: the system's
  std::string setting{};  // what named the file: "option 'ca_bundle'", "AWS_CA_BUNDLE"

  friend bool operator==(const CaBundle&, const CaBundle&) = default;
};

// What connections must agree on to stand in for each other.
struct ConnectionConfig {
  Version version = Version::automatic;
  Proxies proxies{};
  CaBundle ca_bundle{};

  friend bool operator==(const ConnectionConfig&, const ConnectionConfig&) = default;
};

// How long the operation that an exchange is part of may last, and what ends it earlier.
struct Limits {
  SteadyClock::time_point deadline;
  Cancellation* cancellation = nullptr;
};

// `time` from now: at least a millisecond, and at most what libcurl takes, some 24 days.
SteadyClock::time_point deadline_in(std::chrono::milliseconds time) noexcept;

// Is given an answer as it comes. An error stops the exchange, which then fails with it; so does an
// exception.
class Receiver {
 public:
  // The head is complete. `encoded`: the body comes in a Content-Encoding that stays.
  virtual Status take_head(bool encoded) = 0;
  virtual Status take_body(std::string_view piece) = 0;

 protected:
  ~Receiver() = default;
};

// Runs on the thread that calls it. One thread at a time, which need not stay the same.
class Connection final : private Sleeper {
 public:
  // Throws std::bad_alloc.
  explicit Connection(ConnectionConfig config);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Blocks until the answer has come, is stopped, or fails. `head` is cleared first. No redirect is
  // followed. A connection that the server closed while it was idle is replaced. The request is
  // sent once, or not at all.
  //
  // Errors, which name no URL: transport and timeout (retryable, except for certificates that do
  // not verify); invalid_option for a CA bundle that cannot be read; invalid_url; invalid_argument
  // for a method or a header field that HTTP does not allow; cancelled; the receiver's. Throws
  // std::bad_alloc and what the receiver throws.
  Status exchange(const http::Request& request, const Limits& limits, http::Head& head,
                  Receiver& receiver);

  // Whether the last exchange failed before anything of an answer came, on a kept connection that
  // the server closed meanwhile, or on a stream that HTTP/2 refused. The next one has a new
  // connection.
  bool found_stale() const noexcept { return found_stale_; }

  // Waits. False when it was cancelled before the time was over.
  bool pause(SteadyClock::time_point until, Cancellation* cancellation);

  // Whether there is a connection that may be used again.
  bool connected() const noexcept;
  // Whether it was made in the process that this one was forked from: then it belongs to that one,
  // and may only be destroyed, which sends nothing.
  bool inherited() const noexcept;
  // Whether its descriptors are still its own: a host may have closed them, and have others under
  // their numbers. Otherwise it may only be destroyed, which touches none of these.
  bool intact() const noexcept;

 private:
  struct Handles;
  struct Transfer;
  struct Callbacks;
  friend struct Callbacks;

  void wake() noexcept override;
  Status set_up();
  Status set_up(const http::Request& request, const Limits& limits);
  Status set_target(const http::Request& request);
  Status run(Transfer& transfer);
  Status drive(Transfer& transfer);
  Status perform(int& running);
  Status outcome_of(const Transfer& transfer);
  std::chrono::milliseconds time_left(Transfer& transfer) const;
  Error failure_of(const Transfer& transfer);
  Error timed_out(const Transfer& transfer) const;
  Error no_bundle() const;
  void leave_to_parent() noexcept;
  void abandon() noexcept;

  const ConnectionConfig config_;
  const std::uint64_t generation_;
  Sockets sockets_;  // outlives the handles, whose callbacks change it
  std::unique_ptr<Handles> handles_;
  Transfer* transfer_ = nullptr;
  bool found_stale_ = false;
};

}  // namespace costmark::net
