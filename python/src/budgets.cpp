#include "costmark/budgets.hpp"

#include <chrono>

#include "bindings.hpp"
#include "core_call.hpp"
#include "costmark/client.hpp"

namespace costmark::python {
namespace {

std::int64_t now_us() noexcept {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

const char* name_of(BudgetSubject subject) noexcept {
  switch (subject) {
    case BudgetSubject::all:
      return "all";
    case BudgetSubject::project:
      return "project";
    case BudgetSubject::tag:
      return "tag";
    case BudgetSubject::label:
      return "label";
  }
  return "";
}

const char* name_of(BudgetUnit unit) noexcept {
  switch (unit) {
    case BudgetUnit::pico_usd:
      return "pico_usd";
    case BudgetUnit::tokens:
      return "tokens";
    case BudgetUnit::calls:
      return "calls";
  }
  return "";
}

py::dict as_dict(const Budget& budget, const BudgetState& state) {
  py::dict result;
  result["name"] = as_text(budget.name);
  result["subject"] = name_of(budget.subject);
  result["key"] = as_text(budget.key);
  result["value"] = as_text(budget.value);
  result["unit"] = name_of(budget.unit);
  result["period"] = as_text(to_string(budget.period));
  result["action"] = budget.action == BudgetAction::refuse ? "refuse" : "warn";
  result["limit"] = budget.limit;
  result["spent"] = state.spent;
  result["reserved"] = state.reserved;
  result["left"] = state.left;
  result["reset_us"] = state.reset_us;
  return result;
}

void append(const Budgets& budgets, py::list& out) {
  for (std::size_t i = 0; i < budgets.all().size(); ++i) {
    const BudgetState state = in_core(true, [&] { return budgets.state(i, now_us()); });
    out.append(as_dict(budgets.all()[i], state));
  }
}

py::list budgets_of_process() {
  py::list all;
  for (const auto& budgets : Budgets::of_process()) append(*budgets, all);
  return all;
}

// Null without option `budgets`.
std::shared_ptr<Budgets> budgets_of(const py::dict& given) {
  Options options;
  for (const auto& [name, value] : given) {
    check(options.set(text_view(name, "an option's name"), text_view(value, "an option's value")));
  }
  check(options.load_environment(process_environment()));
  return check(in_core(true, [&] { return configured_budgets(options); }));
}

py::list budgets_of_options(const py::dict& options) {
  py::list all;
  if (const auto budgets = budgets_of(options)) append(*budgets, all);
  return all;
}

void rebuild(const py::dict& options, const std::vector<std::int64_t>& spent) {
  const auto budgets = budgets_of(options);
  if (!budgets) throw py::value_error("there are no budgets");
  check(in_core(true, [&] { return budgets->rebuild(spent, now_us()); }));
}

}  // namespace

void bind_budgets(py::module_& module) {
  module.def("budgets", budgets_of_process);
  module.def("configured_budgets", budgets_of_options, py::arg("options"));
  module.def("rebuild_budgets", rebuild, py::arg("options"), py::arg("spent"));
}

}  // namespace costmark::python
