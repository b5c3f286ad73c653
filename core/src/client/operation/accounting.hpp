#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "attribution/chains.hpp"
#include "costmark/ledger.hpp"
#include "costmark/operation.hpp"
#include "costmark/usage.hpp"

namespace costmark::client {

// The one place where usage is counted. Synchronized internally.
class Accounting {
 public:
  using OnUsage = std::function<void(const AttemptReport&)>;

  // Says what became of a ledger that cannot be written.
  using OnTrouble = std::function<void()>;

  struct Parts {
    std::shared_ptr<UsageCounters> counters;
    OnUsage on_usage;                // may be null
    std::shared_ptr<Ledger> ledger;  // null: none
    bool notes_begin = true;         // the ledger gets a row before an attempt is sent
    OnTrouble on_trouble;
  };

  Accounting(Parts parts, attribution::Chains& chains)
      : parts_(std::move(parts)), chains_(chains) {}

  // An attempt of an inference request is on its way.
  void begin(const AttemptReport& attempt);

  // That attempt has ended. `host` is where its response is stored, if it is.
  void end(const AttemptReport& attempt, std::string_view host);

  // A stored response was read, by a poll or by cancelling it: its end counts once.
  void settle(const AttemptReport& poll, std::string_view host);

  // A policy did not let an inference request out.
  void refuse(const AttemptReport& call, Code code);

  UsageCounters& counters() const noexcept { return *parts_.counters; }
  const std::shared_ptr<Ledger>& ledger() const noexcept { return parts_.ledger; }

 private:
  void write(const LedgerRow& row) const;

  const Parts parts_;
  attribution::Chains& chains_;
};

}  // namespace costmark::client
