#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/fork.hpp"
#include "costmark/labels.hpp"
#include "costmark/usage.hpp"

namespace costmark::client {

// The stored responses that this process has created or seen, so that one that ends later is
// counted once, by whichever poll sees its end first.
//
//   created, still at work ──► open ──── a poll shows the end ────► settled
//   cut short                ──► open (with what was counted)         ▲
//   complete                 ──────────────────────────────────────────┘
//
// Bounded: the oldest are forgotten first. Synchronized internally; a forked child inherits it.
class BackgroundResponses {
 public:
  static constexpr std::size_t most = 16384;

  // The one of the process: a response may be polled by another client than the one that made it.
  static BackgroundResponses& of_process();

  struct Owner {
    std::string operation;  // id
    std::string project;
    std::string model;
    NameValues labels;
    std::string labels_key;
  };
  struct Settlement {
    std::optional<Owner> owner;  // absent: another process created it
    Usage counted;               // what was counted of it before
  };

  // `host` is where the response is stored, `id` its id.
  void opened(std::string_view host, std::string_view id, Owner owner, const Usage& counted);
  void completed(std::string_view host, std::string_view id);

  // The end of a response was seen: absent when it was counted before.
  std::optional<Settlement> settle(std::string_view host, std::string_view id,
                                   bool created_elsewhere);

 private:
  struct Entry {
    bool settled = false;
    Settlement open;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };

  Entry& entry(std::string_view host, std::string_view id);

  std::mutex mutex_;
  const HeldDuringFork across_fork_{mutex_};
  std::unordered_map<std::string, Entry, Hash, std::equal_to<>> entries_;
  std::deque<std::string_view> order_;  // keys of entries_, oldest first
};

}  // namespace costmark::client
