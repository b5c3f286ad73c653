// The lines of a client, or of a process, that are idle.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "fork.hpp"
#include "http/line.hpp"

namespace costmark::http {

// Synchronised internally. In a forked child the lines of the parent are given up, and new ones are
// made.
class LinePool {
 public:
  // Keeps up to `most_idle` lines that nobody uses, for `longest_idle` at most; nothing runs that
  // would close them in time, only those who come and go.
  LinePool(LineConfig config, std::size_t most_idle);
  ~LinePool();
  LinePool(const LinePool&) = delete;
  LinePool& operator=(const LinePool&) = delete;

  // The one of the process for such lines. It stays when nobody has it any more.
  static std::shared_ptr<LinePool> of_process(const LineConfig& config, std::size_t most_idle);

  class Lease;

  static constexpr auto longest_idle =
      std::chrono::seconds(110);  // libcurl gives up those of 118 s

 private:
  struct Entry {
    std::string origin;  // that it talked to last; empty: not connected
    SteadyClock::time_point since{};
    std::unique_ptr<Line> line{};
  };
  using Entries = std::vector<Entry>;

  Entry take(std::string_view origin);
  void put(Entry entry) noexcept;
  // Takes out what is not to be used again. With the mutex held; what is returned is destroyed
  // without it.
  Entries outdated(SteadyClock::time_point now);

  const LineConfig config_;
  const std::size_t most_idle_;
  std::mutex mutex_;
  const HeldDuringFork across_fork_{mutex_};
  Entries idle_;  // the one that was used last is the last
};

// A line for one user at a time, and back to the pool with it at the end. Must not outlive the
// pool.
class LinePool::Lease {
 public:
  // Throws std::bad_alloc.
  Lease(LinePool& pool, std::string_view origin);
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  Line& operator*() const noexcept { return *entry_.line; }
  Line* operator->() const noexcept { return entry_.line.get(); }

 private:
  LinePool& pool_;
  Entry entry_;
};

}  // namespace costmark::http
