#include <string>
#include <utility>

#include "base/file.hpp"
#include "client/operation/label_hasher.hpp"
#include "costmark/budgets.hpp"
#include "costmark/client.hpp"

namespace costmark {
namespace {

constexpr std::size_t largest_file = std::size_t{1} << 20U;

Result<std::string> text_of_file(const std::string& path) {
  std::string text;
  const FileRead read = read_file(path, largest_file, text);
  if (read.ok()) return text;
  std::string why = read.reason();
  if (read.fault == FileRead::Fault::irregular) why = "it is not a regular file";
  if (read.fault == FileRead::Fault::too_large) why = "it is larger than 1 MiB";
  return Error{Code::invalid_option,
               "option 'budgets': " + path + " cannot be read: " + why +
                   "; budgets themselves read like 'everyone: all 1000calls/day refuse'"};
}

// What the option says: budgets, or the file that has them.
Result<std::vector<Budget>> budgets_of(std::string_view option) {
  if (option.find(':') != std::string_view::npos) return parse_budgets(option);
  const std::string path(option);
  Result<std::string> text = text_of_file(path);
  if (!text) return std::move(text).status();
  Result<std::vector<Budget>> budgets = parse_budgets(text.value());
  if (budgets) return budgets;
  Error error = std::move(budgets).status().take();
  error.message = path + ": " + error.message;
  return error;
}

// The labels of calls are hashed before budgets see them.
Status hash_labels(const Options& options, std::vector<Budget>& budgets) {
  auto hasher = client::LabelHasher::create(options);
  if (!hasher) return std::move(hasher).status();
  if (!hasher.value()) return {};
  for (Budget& budget : budgets) {
    if (budget.subject != BudgetSubject::label) continue;
    const NameValue label{budget.key, budget.value};
    NameValues hashed;
    hasher.value()->copy({&label, 1}, hashed);
    if (!hashed.empty()) budget.value = std::string(hashed.view().front().value);
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<Budgets>> configured_budgets(const Options& options) {
  const std::string_view option = options.text("budgets");
  if (option.empty()) return std::shared_ptr<Budgets>();
  Result<std::vector<Budget>> budgets = budgets_of(option);
  if (!budgets) return std::move(budgets).status();
  if (budgets.value().empty()) return std::shared_ptr<Budgets>();
  if (Status status = hash_labels(options, budgets.value()); !status) return status;
  const bool allows = options.text("budget_unpriced") == "allow";
  const std::string_view ledger = options.text("ledger");
  return Budgets::shared(std::move(budgets).value(),
                         allows ? Budgets::Unpriced::allow : Budgets::Unpriced::refuse,
                         Ledger::is_folder(ledger) ? ledger : std::string_view());
}

}  // namespace costmark
