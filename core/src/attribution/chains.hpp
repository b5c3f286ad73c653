#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/fork.hpp"

namespace costmark::attribution {

// Remembers which project a stored response belongs to, so that a chain that would cross projects
// is noticed before it is sent. Bounded: the oldest ids are forgotten first. Synchronized
// internally.
class Chains {
 public:
  explicit Chains(std::size_t capacity) : capacity_(capacity) {}

  void remember(std::string_view response_id, std::string_view project);

  // Whether `response_id` is known to belong to another project than `project`; if so `owner` is
  // set to that one (its capacity is reused).
  bool crosses(std::string_view response_id, std::string_view project, std::string& owner) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  const HeldDuringFork across_fork_{mutex_};
  std::unordered_map<std::string, std::string, Hash, std::equal_to<>> owners_;
  std::deque<std::string_view> order_;  // keys of owners_, oldest first
};

}  // namespace costmark::attribution
