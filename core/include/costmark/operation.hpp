// One call of the user: its decision, its attempts, and what each of them used.
//
//          begin()                    ready()                     sent()
//   idle ──────────► decided ────────────────► (the same)   ┌──────────────┐
//                       │                                   │              ▼
//                       └── prepare() ──► prepared ─────────┘          answering ── head() feed()*
//                                            ▲                             │
//                                            │ prepare()                   │ finish() or fail()
//                                            └────────────── ended ◄───────┘
//                                                              │
//                                                   next(): done · again · after a pause
//
// What each call does in each state that the picture does not show:
// - `begin` and `clear` in any state drop the operation before it, as the destructor does.
// - `ready` and `prepare` in idle, and `ready` while answering: invalid_argument.
// - `prepare` while prepared: replaces what was prepared, which is not counted. While answering:
// that
//   attempt ends first, as the destructor would end it. After the end: the next attempt, whatever
//   `next` said, because hosts repeat by themselves.
// - `sent` while decided: an attempt that was not prepared here, for who only observes. Elsewhere
// it
//   changes nothing.
// - `head` while prepared: an answer proves that the request was sent. A second head, and one of a
//   status below 200, change nothing.
// - `feed` before a head or after the end returns the piece, uncounted.
// - `fail` while prepared: the request never left; the attempt is not counted.
// - An operation that is dropped while answering has failed when its head said 400 or more, else it
//   was cancelled. One that is dropped before `sent` leaves no trace.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "costmark/api.hpp"
#include "costmark/attribution.hpp"
#include "costmark/error.hpp"
#include "costmark/http.hpp"
#include "costmark/labels.hpp"
#include "costmark/prices.hpp"
#include "costmark/usage.hpp"
#include "costmark/wait.hpp"

namespace costmark {

class Client;
class Prepared;
class Response;
struct Request;

// The head of an answer. Views, read by `Operation::head` alone.
struct AnswerHead {
  int http_status = 0;
  std::span<const Header> headers;
  // The body will be fed in a Content-Encoding that the caller does not take off: it passes unread.
  bool encoded = false;
};

// How the caller reads the body of an answer whose head was given.
struct AnswerPlan {
  // `feed` may return other bytes than it was given: take Content-Length away.
  bool may_change_body = false;
  // More than 0: the service refuses what authenticated the request, and may accept another try.
  // Read so many bytes, for so long, before anything is passed on; if the end comes within that,
  // `finish` and ask `next`.
  std::size_t read_ahead_bytes = 0;
  std::chrono::milliseconds read_ahead_time{0};
};

// What to do after an attempt has ended.
enum class NextStep : std::uint8_t {
  none,         // no attempt has ended
  done,         // this was the last one
  again,        // at once
  after_pause,  // later: what failed may pass then
};

enum class NextReason : std::uint8_t {
  none,
  answered,      // done: a complete answer
  cancelled,     // done: the caller gave up
  final_answer,  // done: repeating would bring the same answer
  not_renewed,   // done: no other credentials or token than those that were refused are to be had
  exhausted,     // done: as many attempts as option max_attempts allows
  refused,       // again: the service refused the credentials, the token or the clock, and others
                 // are to be had; at most once in an operation
  busy,          // after a pause: 408, 409, 429 or at least 500
  no_answer,     // after a pause: the connection failed
  cut_short,     // after a pause, if nothing of the answer was passed on: it broke off
};

// "done" and so on; static storage.
std::string_view to_string(NextStep step) noexcept;
std::string_view to_string(NextReason reason) noexcept;

struct Next {
  NextStep step = NextStep::none;
  NextReason reason = NextReason::none;
  std::chrono::milliseconds pause{
      0};  // of `after_pause`: what Retry-After asks for, else a backoff

  friend bool operator==(const Next&, const Next&) = default;
};

// An attempt that has ended, or the settlement of a background response. Views, read while it is
// handed over, or until the operation's next `prepare`, `begin` or end.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): in the order of their meaning
struct AttemptReport {
  enum class Kind : std::uint8_t { attempt, settlement };

  Kind kind = Kind::attempt;
  std::string_view operation;  // id; empty for a settlement of another process's operation
  std::string_view project;    // "default" when the request named none
  ProjectSource project_source = ProjectSource::none;
  Api api = Api::other;
  std::string_view model;                // as requested; empty when the body names none
  std::uint32_t attempt = 0;             // from 1
  bool concurrent = false;               // it began while another attempt of the operation was open
  int http_status = 0;                   // 0: there was no answer
  std::string_view request_id;           // the service's; empty without one
  std::chrono::microseconds latency{0};  // from `sent` to the end
  std::optional<std::chrono::microseconds> time_to_first_byte;  // of the body, from `sent`
  std::int64_t started_us = 0;  // microseconds since 1970 when it was sent; 0: not known
  std::string_view host;        // of the URL
  std::string_view region;      // empty: not known
  std::string_view account;     // of the credentials; empty: not known
  std::string_view sdk;         // the first words of User-Agent
  bool streamed = false;
  bool background = false;  // the request asks for a background response
  // Those of the operation; the values of some are hashed if `labels_key` is not empty, which names
  // the key. Of a settlement: those of the operation that began the response, if this process did.
  std::span<const NameValue> labels{};
  std::string_view labels_key{};
  // Of the project, as options `lock` and `tags` tell, or `tell_project_tags`.
  std::span<const NameValue> tags{};
  // The estimate that the ledger gets too. Only where it is handed over (ClientConfig::on_usage).
  std::string_view serving{};
  std::optional<std::int64_t> cost_pico{};
  CostState cost_state = CostState::unknown;
  PriceFlags price_flags{};
  std::string_view price_book{};  // its hash; empty: there is no estimate
  const Answer& answer;
};

// One operation of a client. One thread at a time; operations of a client are independent. Keeps
// its client alive, and its memory for the next `begin`.
class Operation {
 public:
  static constexpr std::size_t id_size = 36;

  Operation(Operation&&) noexcept;
  Operation& operator=(Operation&&) noexcept;
  ~Operation();

  // Decides which project pays, and gives the operation its id (UUIDv7). No I/O; nothing is
  // counted. The request's views are read until `begin` returns; `ready`, `prepare` without a
  // request and `Client::send` read them again. Reserves what the call may use in its budgets,
  // until an attempt has ended or the operation is dropped. Errors: all those of attribution,
  // budget_exceeded; the operation is idle then.
  Status begin(const Request& request);

  // The same for an attempt that begins while one of `other` is open: the two share the id, the
  // count of attempts and the one resend. `other` must not be in use by another thread meanwhile.
  // What it may use is reserved in `prepare`, as it may never send: budget_exceeded comes there.
  Status begin_beside(const Operation& other, const Request& request);

  // Ends what is open, as the destructor does, and wipes its secrets; the operation is idle then,
  // and keeps its memory.
  void reset() noexcept;

  // The same, and lets go of buffers above 64 KiB: for who keeps it until there is another call.
  void retire() noexcept;

  // Does what `prepare` would wait for: fetches credentials or a token, and proof where option
  // `verify` asks for it. May run on another thread than the rest. With `no_wait`: would_block
  // where one of these needs I/O; `renewal_due` may be set. Errors: those of `prepare` of the same
  // request, so that they come before the caller begins to send.
  Status ready(const Wait& wait = {});

  // Prepares the next attempt: carries the project, and signs. Without a request: that of `begin`,
  // or of the last `prepare` with one. With one: the policies run again; the id, and what the
  // caller named beside the request in `begin`, stay. Errors: those of `begin`, of credentials,
  // endpoint_mismatch, unattributed where option `verify` proves that the endpoint ignores the
  // project; would_block, timeout and cancelled, as `wait` has them. After an error nothing is
  // prepared. After `next` said `again`: pass the answer that you have on if this fails.
  Status prepare(const Wait& wait = {});
  Status prepare(const Request& request, const Wait& wait = {});

  // What to send; empty unless an attempt is prepared or on its way. Views live until the next
  // `prepare` or `begin`.
  const Prepared& prepared() const noexcept;

  // Whether credentials are due for renewal, and this caller is the one to do that, by `ready`,
  // when it suits: those at hand still serve. Told to one caller at a time.
  bool renewal_due() const noexcept;

  // The request is on its way: the attempt counts, and its clock starts.
  void sent() noexcept;

  AnswerPlan head(const AnswerHead& head);
  // Takes a piece of the body, decoded, and returns what to pass on: `piece` itself unless a chunk
  // that only costmark asked for is taken out. The view lives until the next call.
  std::string_view feed(std::string_view piece);
  // Whether the model has ended a streamed answer and its counts, which come last, did not come
  // yet: for a caller who stops reading here, a host may read on for a moment.
  bool lacks_only_counts() const noexcept;
  // The answer has ended. Returns what was held back, to be passed on.
  std::string_view finish();
  // The attempt has failed, or its answer broke off, or was given up.
  std::string_view fail(Outcome outcome);

  // After the attempt's end; the same until the next `prepare`. Asks nothing.
  const Next& next() const noexcept;

  const Answer& answer() const noexcept;
  AttemptReport report() const noexcept;  // of the last attempt that was sent

  std::string_view id() const noexcept;  // empty while idle
  std::uint32_t attempts() const noexcept;

  // What `Client::send` received.
  const Response& response() const noexcept;

  struct Impl;
  Impl& impl() noexcept { return *impl_; }

 private:
  friend class Client;
  explicit Operation(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace costmark
