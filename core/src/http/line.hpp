// One line to a server: a connection that is kept, and the exchanges over it, one after the other.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "costmark/error.hpp"
#include "costmark/http.hpp"
#include "http/cancellation.hpp"
#include "http/head.hpp"
#include "http/sockets.hpp"

namespace costmark::http {

using SteadyClock = std::chrono::steady_clock;

enum class Version : std::uint8_t {
  automatic,  // HTTP/2 where TLS agrees on it, else HTTP/1.1
  http_1_1,
  http_2,  // over TLS where it agrees on it; without TLS no other is spoken
};

// Whether this libcurl does.
bool speaks_http_2() noexcept;

// What lines must agree on to stand in for each other. A proxy may hold a password.
struct LineConfig {
  LineConfig() = default;
  LineConfig(const LineConfig&) = default;
  LineConfig(LineConfig&&) noexcept = default;
  LineConfig& operator=(const LineConfig&) = default;
  LineConfig& operator=(LineConfig&&) noexcept = default;
  ~LineConfig();

  Version version = Version::automatic;
  std::string http_proxy;  // of http URLs; empty: none
  std::string https_proxy;
  std::string no_proxy;   // hosts that are reached without one, as curl spells it
  std::string ca_bundle;  // PEM file in place of the system's certificates; empty: the system's

  friend bool operator==(const LineConfig&, const LineConfig&) = default;
};

// One exchange. Views; read until it has ended.
struct Call {
  std::string_view method;
  std::string_view url;  // absolute, percent-encoded
  std::span<const Header> headers;
  std::string_view body;
  std::chrono::milliseconds connect_timeout{0};
  std::chrono::milliseconds read_timeout{0};  // the longest that no byte comes or goes
  SteadyClock::time_point deadline;
  Cancellation* cancellation = nullptr;
};

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
class Line final : private Sleeper {
 public:
  // Throws std::bad_alloc.
  explicit Line(LineConfig config);
  ~Line();
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  // Blocks until the answer has come, is stopped, or fails. `head` is cleared first. No redirect is
  // followed. A connection that the server closed while nobody used it is replaced. The request is
  // sent once, or not at all.
  //
  // Errors, which name no URL: transport and timeout (retryable, except for certificates that do
  // not verify); invalid_option for a proxy or a CA bundle that cannot be used; invalid_argument
  // for a method or a header field that would not arrive as one; cancelled; the receiver's. Throws
  // std::bad_alloc and what the receiver throws.
  Status exchange(const Call& call, Head& head, Receiver& receiver);

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

 private:
  struct Handles;
  struct Transfer;
  struct Callbacks;
  friend struct Callbacks;

  void wake() noexcept override;
  Status set_up();
  Status set_up(const Call& call);
  Status run(Transfer& transfer);
  Status drive(Transfer& transfer);
  Status outcome_of(const Transfer& transfer);
  std::chrono::milliseconds time_left(Transfer& transfer) const;
  Error timed_out(const Transfer& transfer) const;
  void leave_to_parent() noexcept;

  const LineConfig config_;
  const std::uint64_t generation_;
  Sockets sockets_;  // outlives the handles, whose callbacks change it
  std::unique_ptr<Handles> handles_;
  Transfer* transfer_ = nullptr;
  bool found_stale_ = false;
};

}  // namespace costmark::http
