#include "net/connection_pool.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/immortal.hpp"

namespace costmark::net {
namespace {

// The pools of the process.
class Registry {
 public:
  std::shared_ptr<ConnectionPool> pool(const ConnectionConfig& config, std::size_t most_idle) {
    if (auto known = find(config, most_idle)) return known;
    // Made without the lock: what stays whole across a fork is registered one thing at a time.
    auto made = std::make_shared<ConnectionPool>(config, most_idle);
    Entries unused;
    const std::lock_guard lock(mutex_);
    if (auto known = find_locked(config, most_idle)) return known;
    if (entries_.size() >= most) unused = take_unused();
    entries_.push_back({config, most_idle, made});
    return made;
  }

 private:
  struct Entry {
    ConnectionConfig config;
    std::size_t most_idle;
    std::shared_ptr<ConnectionPool> pool;
  };
  using Entries = std::vector<Entry>;
  static constexpr std::size_t most = 16;

  std::shared_ptr<ConnectionPool> find(const ConnectionConfig& config, std::size_t most_idle) {
    const std::lock_guard lock(mutex_);
    return find_locked(config, most_idle);
  }

  std::shared_ptr<ConnectionPool> find_locked(const ConnectionConfig& config,
                                              std::size_t most_idle) const {
    for (const Entry& entry : entries_) {
      if (entry.config == config && entry.most_idle == most_idle) return entry.pool;
    }
    return nullptr;
  }

  Entries take_unused() {
    Entries kept;
    Entries unused;
    for (Entry& entry : entries_) {
      (entry.pool.use_count() > 1 ? kept : unused).push_back(std::move(entry));
    }
    entries_.swap(kept);
    return unused;
  }

  std::mutex mutex_;
  const HeldDuringFork across_fork_{mutex_};
  Entries entries_;
};

}  // namespace

ConnectionPool::ConnectionPool(ConnectionConfig config, std::size_t most_idle)
    : config_(std::move(config)), most_idle_(most_idle) {}

ConnectionPool::~ConnectionPool() = default;

std::shared_ptr<ConnectionPool> ConnectionPool::of_process(const ConnectionConfig& config,
                                                           std::size_t most_idle) {
  static const Immortal<Registry> registry;
  return registry->pool(config, most_idle);
}

ConnectionPool::Entries ConnectionPool::outdated(SteadyClock::time_point now) {
  const auto is_outdated = [now](const Entry& entry) {
    return entry.connection->inherited() || now - entry.since >= longest_idle;
  };
  Entries kept;
  Entries out;
  if (std::none_of(idle_.begin(), idle_.end(), is_outdated)) return out;
  kept.reserve(idle_.size());
  out.reserve(idle_.size());
  for (Entry& entry : idle_) (is_outdated(entry) ? out : kept).push_back(std::move(entry));
  idle_.swap(kept);
  return out;
}

ConnectionPool::Entry ConnectionPool::take(std::string_view origin) {
  for (;;) {
    Entry entry = take_any(origin);
    if (!entry.connection || entry.connection->intact()) return entry;
  }
}

// The one that talked to this origin last; else one that is not connected.
ConnectionPool::Entry ConnectionPool::take_any(std::string_view origin) {
  Entries old;
  const std::lock_guard lock(mutex_);
  old = outdated(SteadyClock::now());
  const auto find = [this](std::string_view wanted) {
    return std::find_if(idle_.rbegin(), idle_.rend(),
                        [wanted](const Entry& entry) { return entry.origin == wanted; });
  };
  auto found = find(origin);
  if (found == idle_.rend()) found = find({});
  if (found == idle_.rend()) return {};
  Entry entry = std::move(*found);
  idle_.erase(std::next(found).base());
  return entry;
}

void ConnectionPool::put(Entry entry) noexcept {
  if (!entry.connection || entry.connection->inherited() || most_idle_ == 0) return;
  if (!entry.connection->connected()) entry.origin.clear();
  try {
    entry.since = SteadyClock::now();
    Entries old;
    const std::lock_guard lock(mutex_);
    old = outdated(entry.since);
    if (idle_.size() >= most_idle_) {
      old.push_back(std::move(idle_.front()));
      idle_.erase(idle_.begin());
    }
    idle_.push_back(std::move(entry));
  } catch (...) {  // NOLINT(bugprone-empty-catch): without memory for it, it is closed
  }
}

ConnectionPool::Lease::Lease(ConnectionPool& pool, std::string_view origin)
    : pool_(pool), entry_(pool.take(origin)) {
  if (!entry_.connection) entry_.connection = std::make_unique<Connection>(pool.config_);
  entry_.origin = origin;
}

ConnectionPool::Lease::~Lease() {
  pool_.put(std::move(entry_));
}

}  // namespace costmark::net
