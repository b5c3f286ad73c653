// What a call used: read out of answers, whole or streamed, and summed by project.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "costmark/api.hpp"
#include "costmark/error.hpp"

namespace costmark {

// How a call ended.
enum class Outcome : std::uint8_t {
  ok,          // a complete answer
  error,       // the service answered with an error, or the connection failed
  cancelled,   // the caller gave up
  incomplete,  // the answer broke off, or says itself that it is not complete
  unknown,     // the answer could not be read
};

std::string_view to_string(Outcome outcome) noexcept;

// Token counts that the server reported. `input` includes cached and cache-written tokens,
// `output` includes reasoning tokens. Absent where the server said nothing; never estimated.
struct Usage {
  std::optional<std::uint64_t> input_tokens;
  std::optional<std::uint64_t> cached_input_tokens;
  std::optional<std::uint64_t> cache_write_tokens;
  std::optional<std::uint64_t> output_tokens;
  std::optional<std::uint64_t> reasoning_tokens;
  // A part was larger than its whole, or a count was no integer that fits: reported as it came,
  // flagged, never corrected.
  bool inconsistent = false;

  bool any() const noexcept { return input_tokens || output_tokens; }

  friend bool operator==(const Usage&, const Usage&) = default;
};

// What an answer told about its call.
struct Answer {
  Usage usage;
  Outcome outcome = Outcome::unknown;
  std::string response_id;  // "chatcmpl-...", "resp_...", "msg_..."; empty when not seen
  std::string model;        // as answered
  std::string service_tier;

  friend bool operator==(const Answer&, const Answer&) = default;
};

// One attempt that has ended. Views, read while it is handed over.
struct UsageEvent {
  std::string_view project;  // "default" when the request named none
  Api api = Api::other;
  std::uint32_t attempt = 0;  // of its operation, from 1
  int http_status = 0;        // 0: there was no answer
  const Answer& answer;
};

// Reads usage out of one answer that arrives in pieces of any size. Holds at most one server-sent
// event, or one whole JSON answer, up to `max_buffered_bytes`; what is larger passes unread and
// leaves the outcome `unknown`. One thread at a time; reusable through `begin`.
class AnswerReader {
 public:
  static constexpr std::size_t max_buffered_bytes = 64U << 20U;

  enum class Format : std::uint8_t { json, event_stream, opaque };

  AnswerReader();
  ~AnswerReader();
  AnswerReader(AnswerReader&&) noexcept;
  AnswerReader& operator=(AnswerReader&&) noexcept;

  // Starts an answer. `hide_usage_chunk` takes the chat chunk that carries only usage
  // (`"choices": []`) out of what `feed` passes on: the library asked for it, the caller did not.
  void begin(Api api, int http_status, std::string_view content_type, bool hide_usage_chunk);

  // Takes the next piece and returns what to pass on to the caller: `piece` itself, unless a chunk
  // is being hidden. The view lives until the next call.
  std::string_view feed(std::string_view piece);

  // The answer ended (no `outcome`), broke off or was given up (`outcome`). What the answer itself
  // said about its end stands: a stream that was closed behind its last event is complete, and a
  // status of 400 or more is an error. Returns the bytes still held back, to be passed on; the view
  // lives until the next call. Repeated calls change nothing, and later pieces pass untouched.
  std::string_view finish(std::optional<Outcome> outcome = std::nullopt);

  // Complete once `finish` was called; before, what is known so far.
  const Answer& answer() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Sums of one project. Counts are over operations, token sums over attempts.
struct UsageTotals {
  std::uint64_t operations = 0;
  std::uint64_t attempts = 0;
  std::uint64_t failed_attempts = 0;      // outcome error
  std::uint64_t incomplete_attempts = 0;  // outcome cancelled, incomplete or unknown
  std::uint64_t input_tokens = 0;
  std::uint64_t cached_input_tokens = 0;
  std::uint64_t cache_write_tokens = 0;
  std::uint64_t output_tokens = 0;
  std::uint64_t reasoning_tokens = 0;
  std::uint64_t inconsistent = 0;  // attempts whose usage was flagged

  friend bool operator==(const UsageTotals&, const UsageTotals&) = default;
};

// Usage by project id; calls that named no project count under "default". Synchronised internally.
class UsageCounters {
 public:
  UsageCounters();
  ~UsageCounters();

  // One attempt has begun; `first` when it is its operation's first one.
  void begin_attempt(std::string_view project, bool first);
  // That attempt has ended.
  void end_attempt(std::string_view project, Outcome outcome, const Usage& usage);

  std::map<std::string, UsageTotals> snapshot() const;
  void reset();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace costmark
