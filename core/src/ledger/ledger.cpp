#include "costmark/ledger.hpp"

#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>
#include <map>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "base/fork.hpp"
#include "base/immortal.hpp"
#include "ledger/row.hpp"
#include "ledger/sink.hpp"

namespace costmark {
namespace ledger {
namespace {

std::int64_t system_us() noexcept {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

// From the kernel: a child that was forked among threads may find OpenSSL's locks taken.
Result<std::string> new_writer() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<unsigned char, 8> bytes{};
  if (::getentropy(bytes.data(), bytes.size()) != 0) {
    return Error{Code::internal, std::string("getentropy: ") + std::strerror(errno)};
  }
  std::string text;
  for (const unsigned char byte : bytes) {
    text += digits[byte >> 4U];
    text += digits[byte & 0xFU];
  }
  return text;
}

// One writer: that of one process.
//
//   a row ──► written                           a full disk, a full pipe, a folder that went away:
//     │                                         rows wait, the oldest first; none of them is
//     └────► waits ──► written, when another    written before those that waited longer
//     │                row comes, or at flush
//     └────► lost, when what waits has no room
class Writer {
 public:
  Writer(const LedgerConfig& config, std::unique_ptr<Sink> sink, std::string name)
      : config_(config),
        sink_(std::move(sink)),
        name_(std::move(name)),
        generation_(fork_generation()) {}

  // Of the process that made it; in a forked child another one takes its place.
  bool is_of_this_process() const noexcept { return generation_ == fork_generation(); }

  bool write(const LedgerRow& row) {
    const std::lock_guard lock(mutex_);
    const std::int64_t now = config_.clock_us();
    open_segment(now);
    const RowKey key{name_, seq_++, config_.machine};
    for (const Detail detail :
         {Detail::all, Detail::no_usage, Detail::no_labels, Detail::short_texts}) {
      row_.clear();
      append_row(row, key, detail, row_);
      if (row_.size() <= sink_->largest_row()) break;
    }
    const bool is_written = deliver(now);
    note_what_happened(now);
    return is_written;
  }

  bool flush() {
    const std::lock_guard lock(mutex_);
    const std::int64_t now = config_.clock_us();
    const bool is_written = waiting_.empty() || (open_segment(now) && write_waiting(now));
    note_what_happened(now);
    return is_written;
  }

  // The writer has ended.
  void end() {
    const std::lock_guard lock(mutex_);
    if (seq_ == 0) return;  // it never had a row
    const std::int64_t now = config_.clock_us();
    open_segment(now);
    note("close", now);
    sink_->close();
  }

  LedgerCounters counters() const {
    const std::lock_guard lock(mutex_);
    return counters_;
  }

  std::string trouble() const {
    const std::lock_guard lock(mutex_);
    if (counters_.rows_waiting == 0 && counters_.rows_lost == lost_noted_) return {};
    return "the ledger " + config_.target + " cannot be written (" + std::strerror(error_) +
           "): " + std::to_string(counters_.rows_waiting) + " rows wait in memory, " +
           std::to_string(counters_.rows_lost) + " are lost";
  }

 private:
  // Makes sure that rows have where to go. False when that cannot be now.
  bool open_segment(std::int64_t now) {
    if (sink_->is_open() && !sink_->is_over(now)) return true;
    if (sink_->is_open()) {
      note("close", now);
      sink_->close();
    }
    if (!reopen(now)) return false;
    note("open", now);
    is_new_ = false;
    return true;
  }

  bool reopen(std::int64_t now) {
    if (const int failed = sink_->open(name_, now); failed != 0) {
      error_ = failed;
      return false;
    }
    if (written_of_first_ > 0) ++counters_.rows_torn;
    written_of_first_ = 0;
    is_new_ = true;
    return true;
  }

  // Once rows can be written again.
  void note_what_happened(std::int64_t now) {
    if (!waiting_.empty() || !sink_->is_open()) return;
    if (std::exchange(is_new_, false)) note("open", now);
    if (counters_.rows_lost != lost_noted_) {
      lost_noted_ = counters_.rows_lost;
      note("lost", now);
    }
  }

  // `row_` is what to say.
  void note(std::string_view name, std::int64_t now) {
    row_.clear();
    append_note({name, now, ::getpid(), counters_,
                 error_ == 0 ? std::string_view() : std::strerror(error_)},
                {name_, seq_++, config_.machine}, row_);
    deliver(now);
  }

  // Writes `row_`, behind what waits; else it waits, or is lost.
  bool deliver(std::int64_t now) {
    if (sink_->is_open() && write_waiting(now)) {
      std::size_t written = 0;
      if (put(row_, written, now)) {
        ++counters_.rows_written;
        return true;
      }
      written_of_first_ = written;
    }
    // A row that is begun is kept in any case: the next one would stand on its line.
    const bool is_begun = waiting_.empty() && written_of_first_ > 0;
    if (!is_begun && waiting_.size() + row_.size() > config_.most_waiting) {
      ++counters_.rows_lost;
      return false;
    }
    waiting_ += row_;
    ++counters_.rows_waiting;
    return false;
  }

  bool write_waiting(std::int64_t now) {
    std::size_t at = 0;
    while (at < waiting_.size()) {
      const std::size_t end = waiting_.find('\n', at) + 1;
      if (!put(std::string_view(waiting_).substr(at, end - at), written_of_first_, now)) break;
      written_of_first_ = 0;
      at = end;
      ++counters_.rows_written;
      --counters_.rows_waiting;
    }
    waiting_.erase(0, at);
    if (waiting_.empty() && waiting_.capacity() > largest_kept) waiting_.shrink_to_fit();
    return waiting_.empty();
  }

  // Writes what of a row is not yet written.
  bool put(std::string_view row, std::size_t& written, std::int64_t now) {
    while (written < row.size()) {
      const ssize_t count = sink_->write(row.substr(written));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) {
        error_ = count < 0 ? errno : EIO;
        return false;
      }
      written += static_cast<std::size_t>(count);
    }
    if (sink_->commit(now)) return true;
    // The file is gone, and the row with it: it goes into a new one.
    sink_->close();
    written = 0;
    if (!reopen(now)) return false;
    const ssize_t count = sink_->write(row);
    if (count == static_cast<ssize_t>(row.size())) return true;
    error_ = count < 0 ? errno : ENOSPC;
    written = count < 0 ? 0 : static_cast<std::size_t>(count);
    return false;
  }

  static constexpr std::size_t largest_kept = std::size_t{64} << 10U;

  const LedgerConfig& config_;
  const std::unique_ptr<Sink> sink_;
  const std::string name_;
  const std::uint64_t generation_;

  mutable std::mutex mutex_;
  std::uint64_t seq_ = 0;
  std::string row_;
  std::string waiting_;
  std::size_t written_of_first_ = 0;  // bytes of the first row that waits
  bool is_new_ = false;               // the segment has no note yet
  int error_ = 0;                     // errno of what failed last
  std::uint64_t lost_noted_ = 0;
  LedgerCounters counters_;
};

// The ledgers that the clients of a process share, and what became of those that have ended.
class Registry {
 public:
  static Registry& of_process() {
    static const Immortal<Registry> all;
    return *all;
  }

  // What there is for a key, else `made`.
  std::shared_ptr<Ledger> find_or_add(const std::string& key, const std::shared_ptr<Ledger>& made) {
    const std::lock_guard lock(mutex_);
    std::erase_if(ledgers_, [](const auto& entry) { return entry.second.expired(); });
    std::weak_ptr<Ledger>& entry = ledgers_[key];
    if (auto found = entry.lock()) return found;
    entry = made;
    return made;
  }

  void ended(const LedgerCounters& counters) {
    const std::lock_guard lock(mutex_);
    add(counters, ended_of_this_process());
  }

  LedgerCounters sums() {
    // What is held here ends below, without the lock, if it was the last owner's.
    std::vector<std::shared_ptr<Ledger>> living;
    LedgerCounters sum;
    {
      const std::lock_guard lock(mutex_);
      sum = ended_of_this_process();
      living.reserve(ledgers_.size());
      for (const auto& entry : ledgers_) living.push_back(entry.second.lock());
    }
    for (const auto& ledger : living) {
      if (ledger) add(ledger->counters(), sum);
    }
    return sum;
  }

 private:
  static void add(const LedgerCounters& counters, LedgerCounters& to) noexcept {
    to.rows_written += counters.rows_written;
    to.rows_waiting += counters.rows_waiting;
    to.rows_lost += counters.rows_lost;
    to.rows_torn += counters.rows_torn;
  }
  LedgerCounters& ended_of_this_process() noexcept {
    if (std::exchange(generation_, fork_generation()) != generation_) ended_ = {};
    return ended_;
  }

  std::mutex mutex_;
  const HeldDuringFork across_fork_{mutex_};
  std::map<std::string, std::weak_ptr<Ledger>> ledgers_;
  std::uint64_t generation_ = 0;
  LedgerCounters ended_;
};

}  // namespace
}  // namespace ledger

struct Ledger::Impl {
  explicit Impl(LedgerConfig with) : config(std::move(with)) {
    if (config.machine.empty()) config.machine = ledger::host_name();
    if (!config.clock_us) config.clock_us = ledger::system_us;
  }
  ~Impl() {
    ledger::Writer* const mine = writer.load();
    if (mine == nullptr || !mine->is_of_this_process()) return;  // a parent's is not touched
    delete mine;
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // The writer of this process. Errors: internal, when there is no randomness.
  Result<ledger::Writer*> of_this_process() {
    ledger::Writer* found = writer.load(std::memory_order_acquire);
    if (found != nullptr && found->is_of_this_process()) return found;
    Result<std::unique_ptr<ledger::Sink>> sink = ledger::make_sink(config);
    if (!sink) return std::move(sink).status().take();
    Result<std::string> name = ledger::new_writer();
    if (!name) return std::move(name).status().take();
    auto made =
        std::make_unique<ledger::Writer>(config, std::move(sink).value(), std::move(name).value());
    // The parent's is left as it is: another thread may have been inside of it at the fork.
    if (writer.compare_exchange_strong(found, made.get(), std::memory_order_acq_rel)) {
      return made.release();
    }
    return found;
  }

  LedgerConfig config;
  std::atomic<bool> is_shared{false};
  std::atomic<ledger::Writer*> writer{nullptr};
};

Ledger::Ledger(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Ledger::~Ledger() {
  ledger::Writer* const writer = impl_->writer.load();
  if (writer == nullptr || !writer->is_of_this_process()) return;
  try {
    writer->end();
    if (!impl_->is_shared) return;
    LedgerCounters counters = writer->counters();
    counters.rows_lost += std::exchange(counters.rows_waiting, 0);
    ledger::Registry::of_process().ended(counters);
  } catch (...) {  // NOLINT(bugprone-empty-catch): without memory there is no note
  }
}

Result<std::shared_ptr<Ledger>> Ledger::create(LedgerConfig config) {
  if (auto sink = ledger::make_sink(config); !sink) return std::move(sink).status().take();
  return std::shared_ptr<Ledger>(new Ledger(std::make_unique<Impl>(std::move(config))));
}

Result<std::shared_ptr<Ledger>> Ledger::shared(const LedgerConfig& config) {
  const std::string key = config.target + '\n' + std::to_string(static_cast<int>(config.sync)) +
                          ' ' + std::to_string(config.largest_segment) + ' ' +
                          std::to_string(config.most_waiting) + ' ' + config.machine;
  Result<std::shared_ptr<Ledger>> made = create(config);
  if (!made) return made;
  made.value()->impl_->is_shared = true;
  return ledger::Registry::of_process().find_or_add(key, made.value());
}

bool Ledger::is_folder(std::string_view target) noexcept {
  return !target.empty() && target != "stdout" && target != "stderr" && !target.starts_with("fd:");
}

LedgerCounters Ledger::counters_of_process() {
  return ledger::Registry::of_process().sums();
}

bool Ledger::write(const LedgerRow& row) noexcept {
  try {
    Result<ledger::Writer*> writer = impl_->of_this_process();
    return writer.ok() && writer.value()->write(row);
  } catch (...) {
    return false;
  }
}

bool Ledger::flush() noexcept {
  try {
    Result<ledger::Writer*> writer = impl_->of_this_process();
    return writer.ok() && writer.value()->flush();
  } catch (...) {
    return false;
  }
}

LedgerCounters Ledger::counters() const noexcept {
  const ledger::Writer* const writer = impl_->writer.load(std::memory_order_acquire);
  if (writer == nullptr || !writer->is_of_this_process()) return {};
  return writer->counters();
}

std::string Ledger::trouble() const {
  const ledger::Writer* const writer = impl_->writer.load(std::memory_order_acquire);
  if (writer == nullptr || !writer->is_of_this_process()) return {};
  return writer->trouble();
}

}  // namespace costmark
