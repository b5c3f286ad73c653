#include "client/send/send.hpp"

#include <string>
#include <utility>

#include "client/client_impl.hpp"
#include "client/operation/operation_impl.hpp"
#include "client/send/send_error.hpp"

namespace costmark {
namespace client {
namespace {

using std::chrono::milliseconds;

constexpr int first_status_of_errors = 300;

// How long the body is, libcurl knows better: it may have been edited.
bool is_said_anyway(const Header& header) noexcept {
  return equal_ignoring_case(header.name, "content-length") ||
         equal_ignoring_case(header.name, "transfer-encoding");
}

std::string_view origin_of(std::string_view url) noexcept {
  const auto authority = url.find("://") + 3;
  return url.substr(0, url.find_first_of("/?#", authority));
}

}  // namespace

SendCall::SendCall(const SendContext& context, Operation& operation, const SendOptions& options)
    : context_(context),
      operation_(operation),
      request_(operation.impl().request),
      options_(options),
      response_(operation.response()),
      out_(operation.impl().response.impl()),
      cancellation_(cancellation_of(options.cancel)),
      timeout_(options.timeout.count() == 0 ? context.settings.timeout : options.timeout),
      deadline_(net::SteadyClock::now() + timeout_) {
  operation_.impl().max_attempts =
      options.max_attempts == 0 ? context.settings.max_attempts : options.max_attempts;
}

// The whole way of an operation.
Status SendCall::run() {
  std::optional<net::ConnectionPool::Lease> connection;
  Status last;
  for (;;) {
    if (Status status = prepare(); !status) {
      return operation_.next().reason == NextReason::not_renewed ? std::move(last)
                                                                 : std::move(status);
    }
    if (!connection) connection.emplace(*context_.settings.connections, origin_of(request_.url));
    last = attempt(**connection);
    if (last.ok()) return last;
    const auto again = next_attempt(last.error());
    if (!again) return last;
    if (!(*connection)->pause(*again, cancellation_)) return fault(Code::cancelled, "cancelled");
  }
}

Status SendCall::prepare() {
  Status status = operation_.prepare({.deadline = deadline_, .cancel = options_.cancel});
  if (!status) return status;
  // What proves who sends may have had to be fetched.
  if (cancellation_ != nullptr && cancellation_->requested()) {
    return fault(Code::cancelled, "cancelled");
  }
  if (net::SteadyClock::now() < deadline_) return {};
  return fault(Code::timeout, "the time was up before the request was sent");
}

Status SendCall::attempt(net::Connection& connection) {
  out_.reset();
  append_sent_headers(request_.headers, operation_.impl().made, out_.headers);
  std::erase_if(out_.headers, is_said_anyway);
  operation_.sent();
  const http::Request request{request_.method,
                              target(),
                              out_.headers,
                              operation_.prepared().body(),
                              context_.settings.connect_timeout,
                              timeout_,
                              context_.settings.read_timeout};
  Status status = connection.exchange(request, {deadline_, cancellation_}, out_.head, *this);
  is_stale_ = connection.found_stale();
  return end(std::move(status));
}

Status SendCall::take_head(bool encoded) {
  operation_.head({out_.head.status(), out_.head.fields(), encoded});
  if (is_answered_by_error() || !options_.on_head) return {};
  is_seen_ = true;
  return heard(options_.on_head(response_));
}

Status SendCall::take_body(std::string_view piece) {
  return pass_on(operation_.feed(piece));
}

Status SendCall::pass_on(std::string_view piece) {
  if (piece.empty()) return {};
  const bool is_error = is_answered_by_error();
  if (!is_error && options_.on_body) {
    is_seen_ = true;
    return heard(options_.on_body(piece));
  }
  const std::size_t most = is_error ? largest_error_body : largest_gathered_body;
  const bool fits = piece.size() <= most - out_.body.size();
  out_.body.append(piece.substr(0, most - out_.body.size()));
  if (fits) return {};
  is_cut_ = is_error;
  return {Code::transport, "the answer is larger than " + std::to_string(most) +
                               " bytes; take it piece by piece, with on_body"};
}

// What a handler says, or has asked for with the Cancel of this very operation.
Status SendCall::heard(Status status) {
  if (status.ok() && cancellation_ != nullptr && cancellation_->requested()) {
    status = fault(Code::cancelled, "cancelled");
  }
  is_stopped_ = !status.ok();
  return status;
}

// Ends the attempt that came out with `status`: counts it, and says what its answer means.
Status SendCall::end(Status status) {
  if (std::exchange(is_cut_, false)) status = {};
  std::string_view held;
  if (status.ok()) {
    held = operation_.finish();
  } else if (is_stopped_ || status.error().code == Code::cancelled) {
    operation_.fail(Outcome::cancelled);
  } else {
    held = operation_.fail(out_.head.status() == 0 ? Outcome::error : Outcome::incomplete);
    if (!is_seen_) held = {};  // perhaps it is made again, and all of it comes anew
  }
  if (is_stopped_) return status;
  if (Status passed = pass_on(held); !passed) return passed;
  if (is_answered_by_error() && (status.ok() || status.error().code != Code::cancelled)) {
    return located(refusal_of(response_, request_.headers, operation_.impl().wrong_clock),
                   request_.method, target());
  }
  if (status.ok()) return status;
  return located(std::move(status).take(), request_.method, target());
}

// When to make the next attempt, if at all.
std::optional<net::SteadyClock::time_point> SendCall::next_attempt(const Error& error) {
  if (is_seen_ || is_stopped_) return std::nullopt;
  const auto now = net::SteadyClock::now();
  if (is_stale_ && !std::exchange(is_replaced_, true)) {
    ++operation_.impl().max_attempts;  // not at the expense of the caller
    log_next(error, milliseconds(0));
    return now;
  }
  const Next& next = operation_.next();
  switch (next.step) {
    case NextStep::none:
    case NextStep::done:
      return std::nullopt;
    case NextStep::again:
      return operation_.attempts() < operation_.impl().max_attempts ? std::optional(now)
                                                                    : std::nullopt;
    case NextStep::after_pause:
      if (now + next.pause >= deadline_ || !error.retryable) return std::nullopt;
      log_next(error, next.pause);
      return now + next.pause;
  }
  return std::nullopt;
}

void SendCall::log_next(const Error& error, milliseconds wait) const {
  if (!context_.log) return;
  context_.log(LogLevel::debug, error.message + "; attempt " +
                                    std::to_string(operation_.attempts() + 1) + " begins in " +
                                    std::to_string(wait.count()) + " ms");
}

bool SendCall::is_answered_by_error() const noexcept {
  return out_.head.status() >= first_status_of_errors;
}

std::string_view SendCall::target() const noexcept {
  const std::string_view moved = operation_.prepared().url();
  return moved.empty() ? request_.url : moved;
}

Error SendCall::fault(Code code, std::string_view what) const {
  Error error{code, std::string(what)};
  error.retryable = code == Code::timeout;
  return located(std::move(error), request_.method, target());
}

}  // namespace client

namespace {

Status check_options(const SendOptions& options) {
  constexpr auto longest = std::chrono::hours(24);
  if (options.timeout < std::chrono::milliseconds(0) || options.timeout > longest) {
    return {Code::invalid_argument, "timeout is not from 0 to 86,400,000 ms"};
  }
  if (options.max_attempts > most_attempts) {
    return {Code::invalid_argument,
            "max_attempts is not from 0 to " + std::to_string(most_attempts)};
  }
  return {};
}

}  // namespace

Status Client::send(Operation& operation, const SendOptions& options) {
  if (Status status = check_options(options); !status) return status;
  if (operation.impl().client != impl_) {
    return {Code::invalid_argument, "the operation is another client's"};
  }
  if (operation.id().empty()) return {Code::invalid_argument, "send comes after begin"};
  operation.impl().response.impl().operation = &operation.impl();
  operation.impl().response.clear();
  const client::SendContext context{impl_->sending, impl_->log};
  return client::SendCall(context, operation, options).run();
}

Status Client::send(const Request& request, const SendOptions& options, Operation& operation) {
  if (Status status = operation.begin(request); !status) return status;
  return send(operation, options);
}

}  // namespace costmark
