// The numbers of the C ABI beside the core's enumerations. Where both count alike, numbers.cpp
// holds the proof; the others are translated here.
#pragma once

#include <optional>

#include "costmark/budgets.hpp"
#include "costmark/client.hpp"
#include "costmark/costmark.h"

namespace costmark::capi {

costmark_outcome number_of(Outcome outcome) noexcept;
// Absent for what is not a costmark_outcome that an attempt can fail with.
std::optional<Outcome> failure_of(costmark_outcome outcome) noexcept;

costmark_answer_kind number_of(AttemptReport::Kind kind) noexcept;
costmark_log_level number_of(LogLevel level) noexcept;
costmark_option_type number_of(OptionType type) noexcept;

inline costmark_project_source number_of(ProjectSource source) noexcept {
  return static_cast<costmark_project_source>(source);
}
inline costmark_api number_of(Api api) noexcept {
  return static_cast<costmark_api>(api);
}
inline costmark_step number_of(NextStep step) noexcept {
  return static_cast<costmark_step>(step);
}
inline costmark_reason number_of(NextReason reason) noexcept {
  return static_cast<costmark_reason>(reason);
}
// Zero is not known, in each enumeration of the ABI.
constexpr costmark_budget_subject number_of(BudgetSubject subject) noexcept {
  return static_cast<costmark_budget_subject>(subject) + 1;
}
constexpr costmark_budget_unit number_of(BudgetUnit unit) noexcept {
  return static_cast<costmark_budget_unit>(unit) + 1;
}
constexpr costmark_budget_period number_of(BudgetPeriod period) noexcept {
  return static_cast<costmark_budget_period>(period) + 1;
}
constexpr costmark_budget_action number_of(BudgetAction action) noexcept {
  return static_cast<costmark_budget_action>(action) + 1;
}
inline costmark_project_plane number_of(ProjectPlane plane) noexcept {
  return static_cast<costmark_project_plane>(plane);
}
inline costmark_cost_state number_of(CostState state) noexcept {
  return static_cast<costmark_cost_state>(state);
}
inline costmark_verdict number_of(Verdict verdict) noexcept {
  return static_cast<costmark_verdict>(verdict);
}

}  // namespace costmark::capi
