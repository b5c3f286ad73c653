// What the calls of a client may spend.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "costmark/budgets.hpp"
#include "costmark/operation.hpp"
#include "costmark/prices.hpp"

namespace costmark::client {

// How much output calls had: an approximate distribution. Synchronized internally.
class OutputSizes {
 public:
  void add(std::uint64_t tokens) noexcept;
  // No more than one of a hundred was larger; absent before the first.
  std::optional<std::uint64_t> percentile_99() const noexcept;

 private:
  // Four for each power of two: up to a quarter too much.
  static constexpr std::size_t per_octave = 4;
  static constexpr std::size_t octaves = 32;
  static std::size_t place_of(std::uint64_t tokens) noexcept;
  static std::uint64_t largest_at(std::size_t place) noexcept;

  std::array<std::atomic<std::uint32_t>, per_octave * octaves> counts_{};
};

// What an operation has reserved. One thread at a time.
struct BudgetHold {
  Reservation reservation;
  Spending estimate;
  std::string project;      // who was asked to pay
  bool is_counted = false;  // as a call: a further attempt of it is not another one
};

// The budgets of a client: asked before a call is sent, told what it used. Synchronized internally.
class CallBudgets {
 public:
  // What a call may need that does not limit its output, before any answer was seen.
  static constexpr std::uint64_t output_before_any_answer = 4096;

  struct Parts {
    std::shared_ptr<Budgets> budgets;
    PriceBook prices;
    std::int64_t output_tokens;  // of a call that does not limit them; 0: what was observed
    std::function<void(const std::string&)> warn;
  };

  // What a call is before it is sent.
  struct Call {
    const AttemptReport& report;  // project, tags, labels, model, region, account
    std::size_t body_bytes;
    std::optional<std::int64_t> most_output;  // as the request limits it
    bool overrides;
  };

  explicit CallBudgets(Parts parts) : parts_(std::move(parts)) {}

  // What a call may use, unless that is reserved already for the same payer. Errors:
  // budget_exceeded.
  Status reserve(const Call& call, BudgetHold& hold);
  // The call is not sent, or used nothing.
  void release(BudgetHold& hold) noexcept { parts_.budgets->release(hold.reservation); }

  // An attempt has ended, and has its estimate. What used nothing stays reserved, for a further
  // attempt. `host` is where a response is stored that ends later.
  void end(const AttemptReport& attempt, std::string_view host, BudgetHold& hold);
  // Such a response has ended. `counted` was counted of it before; `began_here`: by this process.
  void settle(const AttemptReport& settlement, std::string_view host, const Usage& counted,
              bool began_here);

  const Budgets& budgets() const noexcept { return *parts_.budgets; }

 private:
  Spending estimate(const Call& call) const noexcept;
  std::uint64_t output_of(const Call& call) const noexcept;
  void warn(const Budgets::Verdict& verdict) const;

  const Parts parts_;
  OutputSizes outputs_;
};

}  // namespace costmark::client
