// The ledger: one row for every attempt, appended to a file of this process, or to a stream.
//
// A folder holds raw/date=YYYY-MM-DD/MACHINE-PID-START-WRITER.jsonl: segments, each appended to by
// one process and never changed. A row is one line of JSON, and one write(2). Times are
// microseconds since 1970 in UTC. What is not known is absent, never zero. docs/ledger.md says what
// each member means; python/costmark/ledger/row.schema.json is the reference.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "costmark/error.hpp"
#include "costmark/labels.hpp"
#include "costmark/usage.hpp"

namespace costmark {

// What a caller says for a row; views, read while it is written. Empty texts and absent numbers are
// left out of it.
struct LedgerRow {
  // `begin`: an attempt that may spend is about to be sent. `attempt`: it has ended. `settle`: the
  // end of a background response was seen. `refused`: a call that was not let out.
  enum class Kind : std::uint8_t { begin, attempt, settle, refused };

  Kind kind = Kind::attempt;
  std::string_view op;  // id of the operation
  std::uint32_t attempt = 0;
  std::int64_t start_us = 0;  // when the attempt was sent
  std::int64_t end_us = 0;    // the accounting time; 0: it has not ended
  std::optional<std::int64_t> latency_us;
  std::optional<std::int64_t> ttfb_us;

  std::string_view account;
  std::string_view region;
  std::string_view url_host;
  std::string_view project;
  std::string_view project_source;
  std::string_view api;
  std::string_view model;
  std::string_view model_answered;
  std::string_view serving;
  std::string_view tier;
  bool stream = false;
  bool background = false;
  bool concurrent = false;

  std::string_view outcome;
  int status = 0;  // HTTP; 0: no answer
  std::string_view error_code;
  std::string_view request_id;
  std::string_view response_id;
  std::string_view sdk;

  const Usage* usage = nullptr;  // null: none
  std::string_view usage_json;   // the server's own object

  std::optional<std::int64_t> cost_pico;
  std::string_view cost_state;
  std::string_view why_unpriced;  // one of the row's flags; empty: none
  std::string_view price_book;

  std::span<const NameValue> tags;
  std::span<const NameValue> labels;
  std::string_view labels_key;  // of which key the hashed ones are; empty: none is hashed
};

// What became of the rows of this process.
struct LedgerCounters {
  std::uint64_t rows_written = 0;
  std::uint64_t rows_waiting = 0;  // in memory, until they can be written
  std::uint64_t rows_lost = 0;     // there was no room for them to wait
  std::uint64_t rows_torn = 0;     // begun in a file that then went away; written anew elsewhere

  friend bool operator==(const LedgerCounters&, const LedgerCounters&) = default;
};

enum class LedgerSync : std::uint8_t { never, interval, every };

struct LedgerConfig {
  // A folder, which is made when it is not there; or "stdout", "stderr", "fd:N".
  std::string target;
  // When what was written is forced to the disk: never (the kernel decides), at most once a second,
  // or with every row. Of folders alone.
  LedgerSync sync = LedgerSync::never;
  std::size_t largest_segment = std::size_t{64} << 20U;  // bytes; then a new one begins
  std::size_t most_waiting = std::size_t{4} << 20U;      // bytes of rows that wait in memory
  std::string machine;                                   // empty: the host's name
  std::function<std::int64_t()> clock_us;                // null: the system's
};

// Writes rows. No call of the user fails because of it: what cannot be written waits in memory, as
// far as there is room, and what had no room is counted as lost. Synchronized internally; starts no
// threads. A forked child is a writer of its own and counts from zero; what waited stays its
// parent's.
class Ledger {
 public:
  // Nothing is opened before the first row. Errors: invalid_option for an empty target and for a
  // bad number behind "fd:".
  static Result<std::shared_ptr<Ledger>> create(LedgerConfig config);
  // The one of this process that writes to `config.target`, made when there is none.
  static Result<std::shared_ptr<Ledger>> shared(const LedgerConfig& config);
  // Whether rows for such a target go into a folder, and not to a descriptor.
  static bool is_folder(std::string_view target) noexcept;
  // The sums of all that `shared` has given to this process, those that have ended as well. Rows
  // that still waited when theirs ended are lost. A forked child counts from zero.
  static LedgerCounters counters_of_process();

  // Writes what waits, and a note that the writer has ended.
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // False when the row waits or is lost: `trouble` says why.
  bool write(const LedgerRow& row) noexcept;
  // Tries to write what waits. False when something still does.
  bool flush() noexcept;

  LedgerCounters counters() const noexcept;
  // One line about what keeps rows from being written; empty when nothing does.
  std::string trouble() const;

 private:
  struct Impl;
  explicit Ledger(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace costmark
