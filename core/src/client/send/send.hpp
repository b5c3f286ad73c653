#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "client/operation/operation_impl.hpp"
#include "client/send/response.hpp"
#include "client/send/send_settings.hpp"
#include "costmark/client.hpp"
#include "net/connection_pool.hpp"

namespace costmark::client {

// What an operation is sent with.
struct SendContext {
  const SendSettings& settings;
  const std::function<void(LogLevel, std::string_view)>& log;
};

// One operation that has begun.
class SendCall final : private net::Receiver {
 public:
  SendCall(const SendContext& context, Operation& operation, const SendOptions& options);
  // An attempt that a handler's exception left open was cancelled.
  ~SendCall() { operation_.impl().end_open_attempt(); }
  SendCall(const SendCall&) = delete;
  SendCall& operator=(const SendCall&) = delete;

  // Once. Errors and exceptions: those of Client::send.
  Status run();

 private:
  using TimePoint = net::SteadyClock::time_point;

  Status take_head(bool encoded) override;
  Status take_body(std::string_view piece) override;

  Status prepare();
  Status attempt(net::Connection& connection);
  Status end(Status status);
  Status pass_on(std::string_view piece);
  Status heard(Status status);
  std::optional<TimePoint> next_attempt(const Error& error);
  void log_next(const Error& error, std::chrono::milliseconds wait) const;
  bool is_answered_by_error() const noexcept;
  std::string_view target() const noexcept;
  Error fault(Code code, std::string_view what) const;

  const SendContext context_;
  Operation& operation_;
  const Request& request_;
  const SendOptions& options_;
  const Response& response_;
  Response::Impl& out_;
  Cancellation* const cancellation_;
  const std::chrono::milliseconds timeout_;
  const TimePoint deadline_;
  bool is_seen_ = false;      // a handler has been given something
  bool is_stopped_ = false;   // by a handler
  bool is_cut_ = false;       // enough of an error's body is there
  bool is_stale_ = false;     // the connection of the last attempt was
  bool is_replaced_ = false;  // an attempt, because its connection was stale
};

}  // namespace costmark::client
