// Any name and value is an option or an error that can be shown; rules only ever name projects.
// Input: pairs of a name and a value.
#include <algorithm>

#include "attribution/rules.hpp"
#include "costmark/attribution.hpp"
#include "costmark/client.hpp"
#include "costmark/options.hpp"
#include "fuzz/property.hpp"

namespace {

using namespace costmark;

// Of words alone, as an error's own text and the names of options are: found there, it shows
// nothing.
bool is_of_words(std::string_view secret) {
  return std::all_of(secret.begin(), secret.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || c == '_' || c == ' '; });
}

void check_error(const Error& error, std::string_view secret) {
  COSTMARK_HOLDS(fuzz::is_one_line(error.message));
  COSTMARK_HOLDS(error.message.size() < 2048);
  COSTMARK_HOLDS(secret.size() < 8 || is_of_words(secret) ||
                 error.message.find(secret) == std::string::npos);
}

void check_rules(std::string_view text) {
  const auto rules = attribution::Rules::parse(text);
  if (!rules) {
    COSTMARK_HOLDS(rules.error().code == Code::invalid_option);
    COSTMARK_HOLDS(rules.error().offset && *rules.error().offset <= text.size());
    return check_error(rules.error(), {});
  }
  for (const Api api : {Api::other, Api::chat_completions}) {
    const std::string_view project = rules.value().match({text, api, "/v1/chat/completions"});
    COSTMARK_HOLDS(project.empty() || check_project_id(project, "rule").ok());
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  ClientConfig config;
  config.environment = [](std::string_view) { return std::optional<std::string>(); };
  while (!input.empty()) {
    const std::string name = input.field();
    const std::string value = input.field();
    const OptionInfo* option = find_option(name);
    const bool secret = option != nullptr && option->type == OptionType::secret;
    const Status status = config.options.set(name, value);
    if (!status) {
      COSTMARK_HOLDS(status.error().code == Code::invalid_option);
      check_error(status.error(), secret ? std::string_view(value) : std::string_view());
      continue;
    }
    COSTMARK_HOLDS(option != nullptr && config.options.origin(name) == "set");
    COSTMARK_HOLDS(config.options.text(name) == (value.empty() ? option->default_value : value));
    if (name == "rules") check_rules(value);
  }
  const std::string key(config.options.text("secret_access_key"));
  const auto client = Client::create(std::move(config));
  if (!client) check_error(client.error(), key);
  return 0;
}
