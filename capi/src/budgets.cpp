#include "costmark/budgets.hpp"

#include <chrono>

#include "client.hpp"
#include "guard.hpp"
#include "numbers.hpp"
#include "views.hpp"

using namespace costmark::capi;
using costmark::Budget;
using costmark::Budgets;

namespace {

std::int64_t now_us() noexcept {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

costmark_budget shown(const Budget& budget, const costmark::BudgetState& state) noexcept {
  costmark_budget out = COSTMARK_BUDGET_INIT;
  out.name = view(budget.name);
  out.key = view_or_absent(budget.key);
  out.value = view_or_absent(budget.value);
  out.limit = budget.limit;
  out.spent = state.spent;
  out.reserved = state.reserved;
  out.left = state.left;
  out.reset_us = state.reset_us;
  out.subject = number_of(budget.subject);
  out.unit = number_of(budget.unit);
  out.period = number_of(budget.period);
  out.action = number_of(budget.action);
  return out;
}

}  // namespace

size_t costmark_client_budget_count(const costmark_client* client) noexcept {
  if (!alive(client)) return 0;
  const Budgets* const budgets = client->core->budgets();
  return budgets == nullptr ? 0 : budgets->all().size();
}

void costmark_client_budget_read(const costmark_client* client, size_t index,
                                 costmark_budget* out_budget) noexcept {
  if (index >= costmark_client_budget_count(client)) return show_nothing(out_budget);
  const Budgets& budgets = *client->core->budgets();
  show(shown(budgets.all()[index], budgets.state(index, now_us())), out_budget);
}
