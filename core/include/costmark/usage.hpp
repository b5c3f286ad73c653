// What a call used: read out of answers, whole or streamed, and summed by project.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "costmark/api.hpp"
#include "costmark/error.hpp"
#include "costmark/http.hpp"

namespace costmark {

// How an attempt ended.
enum class Outcome : std::uint8_t {
  unknown,     // the answer could not be read, or has not ended
  ok,          // a complete answer
  error,       // the service answered with an error, or the connection failed
  cancelled,   // the caller gave up
  incomplete,  // the answer broke off, or says itself that it is not complete
  open,        // a background response that goes on at the service
};

std::string_view to_string(Outcome outcome) noexcept;

// The `status` of a Response.
enum class ResponseStatus : std::uint8_t {
  unknown,  // not seen, or a status of the future
  queued,
  in_progress,
  completed,
  failed,
  incomplete,
  cancelled,
};

std::string_view to_string(ResponseStatus status) noexcept;

// Why counts need a second look. What was reported stays as it came: a flag never changes a count.
enum class UsageFlag : std::uint32_t {
  // A part was larger than its whole, a sum did not fit, or what told the counts twice disagreed,
  // or left in doubt whether the input includes the cached tokens.
  inconsistent = 1U << 0U,
  decreasing =
      1U << 1U,       // a later report of the same answer was smaller or empty; the larger stays
  total = 1U << 2U,   // the reported total is not the sum of input and output
  unread = 1U << 3U,  // something that may hold counts could not be read
  other_model = 1U << 4U,  // the counts include work of a model other than the one that answered
};

inline constexpr std::array all_usage_flags = {UsageFlag::decreasing, UsageFlag::total,
                                               UsageFlag::unread, UsageFlag::inconsistent,
                                               UsageFlag::other_model};

std::string_view to_string(UsageFlag flag) noexcept;

// A set of UsageFlag.
class UsageFlags {
 public:
  constexpr UsageFlags() = default;
  constexpr UsageFlags(std::initializer_list<UsageFlag> flags) {
    for (const UsageFlag flag : flags) set(flag);
  }

  constexpr void set(UsageFlag flag) noexcept { bits_ |= static_cast<std::uint32_t>(flag); }
  constexpr void set(UsageFlags flags) noexcept { bits_ |= flags.bits_; }
  constexpr bool has(UsageFlag flag) const noexcept {
    return (bits_ & static_cast<std::uint32_t>(flag)) != 0;
  }
  constexpr bool any() const noexcept { return bits_ != 0; }
  constexpr std::uint32_t bits() const noexcept { return bits_; }

  friend bool operator==(UsageFlags, UsageFlags) = default;

 private:
  std::uint32_t bits_ = 0;
};

// What a server may count besides the tokens that every model has. The first ones are parts of
// `cache_write_tokens`, by time to live, and of the input and the output; the others are calls.
enum class Meter : std::uint8_t {
  unknown,
  cache_write_5m,
  cache_write_30m,
  cache_write_1h,
  cache_write_12h,
  audio_input,
  audio_output,
  web_search,
  web_fetch,
};

inline constexpr std::array all_meters = {
    Meter::cache_write_5m, Meter::cache_write_30m, Meter::cache_write_1h, Meter::cache_write_12h,
    Meter::audio_input,    Meter::audio_output,    Meter::web_search,     Meter::web_fetch};

std::string_view to_string(Meter meter) noexcept;

// A count for each meter that the server told.
class Meters {
 public:
  constexpr std::optional<std::uint64_t> operator[](Meter meter) const noexcept {
    return (known_ & bit(meter)) != 0 ? std::optional(counts_[place(meter)]) : std::nullopt;
  }
  constexpr void set(Meter meter, std::uint64_t count) noexcept {
    counts_[place(meter)] = count;
    known_ |= bit(meter);
  }
  constexpr bool any() const noexcept { return known_ != 0; }

  friend bool operator==(const Meters&, const Meters&) = default;

 private:
  static constexpr std::size_t place(Meter meter) noexcept {
    return static_cast<std::size_t>(meter);
  }
  static constexpr std::uint32_t bit(Meter meter) noexcept { return 1U << place(meter); }

  std::uint32_t known_ = 0;
  std::array<std::uint64_t, all_meters.size() + 1> counts_{};
};

// Token counts that the server reported. `input` includes cached and cache-written tokens,
// `output` includes reasoning tokens. Absent where the server said nothing; never estimated.
struct Usage {
  std::optional<std::uint64_t> input_tokens;
  std::optional<std::uint64_t> cached_input_tokens;
  std::optional<std::uint64_t> cache_write_tokens;
  std::optional<std::uint64_t> output_tokens;
  std::optional<std::uint64_t> reasoning_tokens;
  std::optional<std::uint64_t> total_tokens;  // as reported, never a sum made here
  Meters meters;
  UsageFlags flags;

  bool any() const noexcept { return input_tokens || output_tokens; }
  // Whether the counts need a second look, for whatever reason.
  bool inconsistent() const noexcept { return flags.any(); }

  friend bool operator==(const Usage&, const Usage&) = default;
};

// What an answer told about its call.
struct Answer {
  // Longer ones are left out.
  static constexpr std::size_t max_usage_json = 4096;
  static constexpr std::size_t max_error_code = 128;

  Usage usage;
  Outcome outcome = Outcome::unknown;
  std::string response_id;  // "chatcmpl-...", "resp_...", "msg_..."; empty when not seen
  std::string model;        // as answered
  std::string service_tier;
  ResponseStatus status = ResponseStatus::unknown;
  bool background = false;  // a Response that was made to go on at the service
  std::string error_code;   // the error's code, or else its type, as the body named it
  std::string usage_json;   // the server's own usage object, valid JSON

  // Empties it and keeps its memory.
  void clear() noexcept;

  friend bool operator==(const Answer&, const Answer&) = default;
};

// Reads usage out of one answer that arrives in pieces of any size. What an answer is, is told by
// its bytes; labels such as its Content-Type are often wrong. Counts are cumulative: of the reports
// of one answer the largest stands. Holds at most one server-sent event, one frame of AWS's event
// streams, or one whole JSON answer, up to `max_buffered_bytes`; what is larger passes unread and
// leaves the outcome `unknown`. One thread at a time; reusable through `begin`.
class AnswerReader {
 public:
  static constexpr std::size_t max_buffered_bytes = 64U << 20U;

  AnswerReader();
  ~AnswerReader();
  AnswerReader(AnswerReader&&) noexcept;
  AnswerReader& operator=(AnswerReader&&) noexcept;

  // Starts an answer. `streamed`: the request asked for a stream. It and the content type only tell
  // what the first bytes leave in doubt. `hide_usage_chunk` takes the chat chunk that carries
  // nothing but usage out of what `feed` passes on: the library asked for it, the caller did not.
  void begin(Api api, int http_status, std::string_view content_type, bool streamed,
             bool hide_usage_chunk);

  // Takes what the head of the answer says by itself, after `begin`: bedrock-runtime tells the
  // counts and the tier of InvokeModel there, and the code of an error.
  void read_headers(std::span<const Header> headers);

  // Takes the next piece and returns what to pass on to the caller: `piece` itself, unless a chunk
  // is being hidden. The view lives until the next call.
  std::string_view feed(std::string_view piece);

  // The answer ended (no `outcome`), broke off or was given up (`outcome`). What the answer itself
  // said about its end stands: a stream that was closed behind its last event is complete, a status
  // of 400 or more is an error, and a background response is `open` until it has ended. Returns the
  // bytes still held back, to be passed on; the view lives until the next call. Repeated calls
  // change nothing, and later pieces pass untouched.
  std::string_view finish(std::optional<Outcome> outcome = std::nullopt);

  // Complete once `finish` was called; before, what is known so far.
  const Answer& answer() const noexcept;

  // Whether the model has ended a streamed answer and its counts, which come last, did not come
  // yet. Who would stop reading here loses them.
  bool lacks_only_counts() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Sums of one project and model. Counts are over operations, token sums over attempts. A sum that
// no longer fits stays at the largest number.
struct UsageTotals {
  std::uint64_t operations = 0;
  std::uint64_t attempts = 0;
  std::uint64_t failed_attempts = 0;      // outcome error
  std::uint64_t incomplete_attempts = 0;  // outcome cancelled, incomplete or unknown
  std::uint64_t open_attempts = 0;        // outcome open
  std::uint64_t input_tokens = 0;
  std::uint64_t cached_input_tokens = 0;
  std::uint64_t cache_write_tokens = 0;
  std::uint64_t output_tokens = 0;
  std::uint64_t reasoning_tokens = 0;
  std::uint64_t inconsistent = 0;  // reports of usage that were flagged
  bool is_overflow = false;        // the sums of all that came when there were too many keys

  friend bool operator==(const UsageTotals&, const UsageTotals&) = default;
};

struct UsageKey {
  std::string project;
  std::string model;  // as requested; empty when the request named none

  friend auto operator<=>(const UsageKey&, const UsageKey&) = default;
};

using UsageSnapshot = std::map<UsageKey, UsageTotals>;

// Requests that were prepared, or observed without that, and that tell of a gap in the attribution.
// Each attempt counts.
struct RequestCounts {
  std::uint64_t unattributed = 0;  // may spend, and named no project but the endpoint's default
  std::uint64_t unrecognized = 0;  // to no known route: passed unedited, at an unknown cost

  friend bool operator==(const RequestCounts&, const RequestCounts&) = default;
};

std::map<std::string, UsageTotals> totals_by_project(const UsageSnapshot& snapshot);

// Usage by project id and requested model; calls that named no project count under "default".
// Synchronized internally. A forked child starts from zero; its parent's counts stay.
class UsageCounters {
 public:
  static constexpr std::size_t default_max_keys = 10'000;
  // Longer names count as too many keys do.
  static constexpr std::size_t max_name = 2048;
  // Both names of the key that takes what came when there were too many; no project id is like it.
  static constexpr std::string_view overflow_name = "(other)";

  explicit UsageCounters(std::size_t max_keys = default_max_keys);
  ~UsageCounters();
  UsageCounters(const UsageCounters&) = delete;
  UsageCounters& operator=(const UsageCounters&) = delete;

  // One attempt has begun; `first` when it is its operation's first one.
  void begin_attempt(std::string_view project, std::string_view model, bool first);
  // That attempt has ended.
  void end_attempt(std::string_view project, std::string_view model, Outcome outcome,
                   const Usage& usage);
  // A background response has ended that another attempt began, perhaps in another process: its
  // tokens count, and no attempt.
  void settle(std::string_view project, std::string_view model, const Usage& usage);

  void count_unattributed() noexcept;
  void count_unrecognized() noexcept;

  UsageSnapshot snapshot() const;
  RequestCounts requests() const;
  void reset();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace costmark
