// The connections of a client, or of a process, that are idle.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/fork.hpp"
#include "net/connection.hpp"

namespace costmark::net {

// Synchronized internally. In a forked child the connections of the parent are given up, and new
// ones are made.
class ConnectionPool {
 public:
  // Keeps up to `most_idle` connections that are not in use, for `longest_idle` at most; nothing
  // runs that would close them in time, only the calls that take and return one.
  ConnectionPool(ConnectionConfig config, std::size_t most_idle);
  ~ConnectionPool();
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  // The one of the process for such connections. It stays when no client has it any more.
  static std::shared_ptr<ConnectionPool> of_process(const ConnectionConfig& config,
                                                    std::size_t most_idle);

  class Lease;

  static constexpr auto longest_idle =
      std::chrono::seconds(110);  // libcurl gives up those of 118 s

 private:
  struct Entry {
    std::string origin;  // that it talked to last; empty: not connected
    SteadyClock::time_point since{};
    std::unique_ptr<Connection> connection{};
  };
  using Entries = std::vector<Entry>;

  Entry take(std::string_view origin);
  Entry take_any(std::string_view origin);
  void put(Entry entry) noexcept;
  // Takes out what is not to be used again. With the mutex held; what is returned is destroyed
  // without it.
  Entries outdated(SteadyClock::time_point now);

  const ConnectionConfig config_;
  const std::size_t most_idle_;
  std::mutex mutex_;
  const HeldDuringFork across_fork_{mutex_};
  Entries idle_;  // the one that was used last is the last
};

// A connection for one user at a time, and back to the pool with it at the end. Must not outlive
// the pool.
class ConnectionPool::Lease {
 public:
  // Throws std::bad_alloc.
  Lease(ConnectionPool& pool, std::string_view origin);
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  Connection& operator*() const noexcept { return *entry_.connection; }
  Connection* operator->() const noexcept { return entry_.connection.get(); }

 private:
  ConnectionPool& pool_;
  Entry entry_;
};

}  // namespace costmark::net
