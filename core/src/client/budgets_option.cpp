#include <algorithm>
#include <string>
#include <utility>

#include "attribution/endpoint.hpp"
#include "attribution/project.hpp"
#include "base/file.hpp"
#include "client/lock_file.hpp"
#include "client/operation/label_hasher.hpp"
#include "costmark/budgets.hpp"
#include "costmark/client.hpp"
#include "costmark/url.hpp"

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

std::string region_of(const Options& options) {
  const std::string_view region = options.text("region");
  if (!region.empty()) return std::string(region);
  const Result<Url> url = parse_url(options.text("base_url"));
  return url ? std::string(attribution::classify_host(url.value().host).region()) : std::string();
}

// Rows have ids, and budgets may have the names of option `lock`.
Status use_ids(const Options& options, std::vector<Budget>& budgets) {
  const auto is_of_project = [](const Budget& budget) {
    return budget.subject == BudgetSubject::project;
  };
  if (std::none_of(budgets.begin(), budgets.end(), is_of_project)) return {};
  Result<client::LockFile> lock = client::configured_lock_file(options);
  if (!lock) return std::move(lock).status();
  const attribution::ProjectNames names = lock.value().names();
  const std::string region = region_of(options);
  for (Budget& budget : budgets) {
    if (!is_of_project(budget) || budget.value == attribution::default_project) continue;
    const auto id = names.id_of(budget.value, "option 'budgets'", {region, {}});
    if (!id) return id.error();
    budget.value = std::string(id.value());
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
  if (Status status = use_ids(options, budgets.value()); !status) return status;
  const bool allows = options.text("budget_unpriced") == "allow";
  const std::string_view ledger = options.text("ledger");
  return Budgets::shared(std::move(budgets).value(),
                         allows ? Budgets::Unpriced::allow : Budgets::Unpriced::refuse,
                         Ledger::is_folder(ledger) ? ledger : std::string_view());
}

}  // namespace costmark
