#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "attribution/chains.hpp"
#include "client/operation/call_budgets.hpp"
#include "client/project_tags.hpp"
#include "costmark/ledger.hpp"
#include "costmark/operation.hpp"
#include "costmark/prices.hpp"
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
    OnUsage on_usage;                 // may be null
    std::shared_ptr<Ledger> ledger;   // null: none
    bool notes_begin = true;          // the ledger gets a row before an attempt is sent
    std::optional<PriceBook> prices;  // of the estimates
    CallBudgets* budgets = nullptr;   // null: none
    OnTrouble on_trouble;
  };

  Accounting(Parts parts, attribution::Chains& chains, const ProjectTags& tags)
      : parts_(std::move(parts)), chains_(chains), tags_(tags) {}

  // An attempt of an inference request is on its way.
  void begin(const AttemptReport& attempt);

  // That attempt has ended. `host` is where its response is stored, if it is.
  void end(const AttemptReport& attempt, std::string_view host, BudgetHold& hold);

  // A stored response was read, by a poll or by cancelling it: its end counts once.
  void settle(const AttemptReport& poll, std::string_view host);

  // A policy did not let an inference request out.
  void refuse(const AttemptReport& call, Code code);

  UsageCounters& counters() const noexcept { return *parts_.counters; }
  const std::shared_ptr<Ledger>& ledger() const noexcept { return parts_.ledger; }
  // Of a project whose account and region are not known.
  std::span<const NameValue> tags_of(std::string_view project) const noexcept {
    return tags_.of({}, {}, project);
  }
  // Whether reports are of use beyond the counters.
  bool has_listener() const noexcept {
    return parts_.ledger || parts_.on_usage || parts_.budgets != nullptr;
  }

 private:
  void write(const LedgerRow& row) const;
  void add_cost(AttemptReport& report) const;
  void tell(const AttemptReport& report) const;

  const Parts parts_;
  attribution::Chains& chains_;
  const ProjectTags& tags_;
};

}  // namespace costmark::client
