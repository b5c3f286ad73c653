// Any name and value is an option or an error that can be shown; rules only ever name projects.
// Input: pairs of a name and a value.
#include "attribution/rules.hpp"
#include "costmark/attribution.hpp"
#include "costmark/client.hpp"
#include "costmark/options.hpp"
#include "fuzz/property.hpp"

namespace {

using namespace costmark;

// In each secret, and nowhere else: an input that has found it is passed over.
constexpr std::string_view canary = "K7MDENGbPxRfiCY";

void check_error(const Error& error) {
  COSTMARK_HOLDS(fuzz::is_one_line(error.message));
  COSTMARK_HOLDS(error.message.size() < 2048);
  COSTMARK_HOLDS(error.message.find(canary) == std::string::npos);
}

void check_rules(std::string_view text) {
  const auto rules = attribution::Rules::parse(text);
  if (!rules) {
    COSTMARK_HOLDS(rules.error().code == Code::invalid_option);
    COSTMARK_HOLDS(rules.error().offset && *rules.error().offset <= text.size());
    return check_error(rules.error());
  }
  for (const Api api : {Api::other, Api::chat_completions}) {
    const std::string_view project = rules.value().match({text, api, "/v1/chat/completions"});
    COSTMARK_HOLDS(project.empty() || check_project_id(project, "rule").ok());
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  if (input.rest().find(canary) != std::string_view::npos) return 0;
  ClientConfig config;
  config.environment = [](std::string_view) { return std::optional<std::string>(); };
  while (!input.empty()) {
    const std::string name = input.field();
    std::string value = input.field();
    const OptionInfo* option = find_option(name);
    if (option != nullptr && option->type == OptionType::secret && !value.empty()) value += canary;
    const Status status = config.options.set(name, value);
    if (!status) {
      COSTMARK_HOLDS(status.error().code == Code::invalid_option);
      check_error(status.error());
      continue;
    }
    COSTMARK_HOLDS(option != nullptr && config.options.origin(name) == "set");
    COSTMARK_HOLDS(config.options.text(name) == (value.empty() ? option->default_value : value));
    if (name == "rules") check_rules(value);
  }
  const auto client = Client::create(std::move(config));
  if (!client) check_error(client.error());
  return 0;
}
