#include "attribution/rules.hpp"

#include <algorithm>
#include <array>

#include "attribution/glob.hpp"
#include "attribution/project.hpp"
#include "base/text.hpp"

namespace costmark::attribution {
namespace {

Status malformed(std::string_view what, std::size_t offset) {
  return {Code::invalid_option,
          "option 'rules': " + std::string(what) + " at byte " + std::to_string(offset) +
              "; a rule reads PROJECT: model=GLOB api=API path=GLOB, and ';' separates rules",
          offset};
}

std::optional<Api> api_named(std::string_view name) noexcept {
  constexpr std::array apis{
      Api::chat_completions, Api::responses,    Api::messages, Api::embeddings,
      Api::converse,         Api::invoke_model, Api::other};
  for (const Api api : apis) {
    if (name == to_string(api)) return api;
  }
  return std::nullopt;
}

}  // namespace

Status Rules::add_condition(std::string_view text, std::size_t offset, Rule& out) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals + 1 == text.size()) {
    return malformed("a condition without a value", offset);
  }
  const std::string_view key = text.substr(0, equals);
  const std::string_view value = text.substr(equals + 1);
  if (key == "model") {
    out.model = value;
  } else if (key == "path") {
    out.path = value;
  } else if (key == "api") {
    out.api = api_named(value);
    if (!out.api) {
      return malformed(
          "an unknown api (chat_completions, responses, messages, embeddings, converse, "
          "invoke_model, other)",
          offset + equals + 1);
    }
  } else {
    return malformed("an unknown condition (model, api, path)", offset);
  }
  return {};
}

Status Rules::parse_rule(std::string_view text, std::size_t offset, Rule& out) {
  const auto colon = end_of_project(text);
  if (colon == std::string_view::npos) return malformed("a rule without ':'", offset);
  out.project = text::trimmed(text.substr(0, colon));
  std::size_t at = colon + 1;
  while ((at = text.find_first_not_of(text::white_space, at)) != std::string_view::npos) {
    const auto end = std::min(text.find_first_of(text::white_space, at), text.size());
    if (Status status = add_condition(text.substr(at, end - at), offset + at, out); !status) {
      return status;
    }
    at = end;
  }
  if (!out.model && !out.path && !out.api) return malformed("a rule without conditions", offset);
  return {};
}

Result<Rules> Rules::parse(std::string_view text, const ProjectNames& names,
                           const ProjectPlace& place) {
  Rules rules;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const auto end = std::min(text.find(';', begin), text.size());
    const std::string_view part = text.substr(begin, end - begin);
    if (!text::trimmed(part).empty()) {
      Rule rule;
      if (Status status = parse_rule(part, begin, rule); !status) return status;
      if (Status status = names.check(rule.project, "option 'rules'", place); !status) {
        return Error{Code::invalid_option, status.error().message, begin};
      }
      rule.project = std::string(without_arn(rule.project));
      rules.rules_.push_back(std::move(rule));
    }
    begin = end + 1;
  }
  return rules;
}

std::vector<std::string_view> Rules::projects() const {
  std::vector<std::string_view> projects;
  projects.reserve(rules_.size());
  for (const Rule& rule : rules_) projects.push_back(rule.project);
  return projects;
}

std::string_view Rules::match(const RuleInput& input) const noexcept {
  for (const Rule& rule : rules_) {
    if (rule.model && !glob_match(*rule.model, input.model)) continue;
    if (rule.path && !glob_match(*rule.path, input.path)) continue;
    if (rule.api && *rule.api != input.api) continue;
    return rule.project;
  }
  return {};
}

}  // namespace costmark::attribution
