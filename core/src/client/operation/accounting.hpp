#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "attribution/chains.hpp"
#include "costmark/operation.hpp"
#include "costmark/usage.hpp"

namespace costmark::client {

// The one place where usage is counted. Synchronized internally.
class Accounting {
 public:
  using OnUsage = std::function<void(const AttemptReport&)>;

  Accounting(std::shared_ptr<UsageCounters> counters, OnUsage on_usage, attribution::Chains& chains)
      : counters_(std::move(counters)), on_usage_(std::move(on_usage)), chains_(chains) {}

  // An attempt of an inference request is on its way.
  void begin(std::string_view project, std::string_view model, bool first_attempt);

  // That attempt has ended. `host` is where its response is stored, if it is.
  void end(const AttemptReport& attempt, std::string_view host);

  // A stored response was read, by a poll or by cancelling it: its end counts once.
  void settle(const AttemptReport& poll, std::string_view host);

  UsageCounters& counters() const noexcept { return *counters_; }

 private:
  const std::shared_ptr<UsageCounters> counters_;
  const OnUsage on_usage_;
  attribution::Chains& chains_;
};

}  // namespace costmark::client
