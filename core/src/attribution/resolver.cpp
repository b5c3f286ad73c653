#include "attribution/resolver.hpp"

#include <algorithm>
#include <functional>
#include <iterator>

#include "attribution/glob.hpp"
#include "attribution/project.hpp"
#include "base/text.hpp"

namespace costmark {

std::string_view to_string(ProjectSource source) noexcept {
  switch (source) {
    case ProjectSource::none:
      return "none";
    case ProjectSource::request:
      return "request";
    case ProjectSource::scope:
      return "scope";
    case ProjectSource::rule:
      return "rule";
    case ProjectSource::client:
      return "client";
    case ProjectSource::environment:
      return "environment";
  }
  return "none";
}

namespace attribution {

Resolver::Resolver(ConflictPolicy conflict, std::vector<std::string> allowed_projects,
                   ProjectNames names)
    : conflict_(conflict), allowed_ids_(std::move(allowed_projects)), names_(std::move(names)) {
  const auto patterns = std::partition(allowed_ids_.begin(), allowed_ids_.end(),
                                       [](const std::string& glob) { return !is_pattern(glob); });
  std::move(patterns, allowed_ids_.end(), std::back_inserter(allowed_patterns_));
  allowed_ids_.erase(patterns, allowed_ids_.end());
  std::sort(allowed_ids_.begin(), allowed_ids_.end());
}

Result<std::string_view> Resolver::id_in_request(std::string_view text, std::string_view where,
                                                 const ProjectPlace& place) const {
  const bool is_name = !names_.empty() && text != default_project && !is_arn(text);
  return is_name ? names_.id_of(text, where, place) : project_id_in_request(text, where);
}

// The one project that the request itself names, in whichever places it does.
Result<std::string_view> Resolver::named_by_request(const Candidates& candidates) const {
  struct Place {
    std::string_view text;
    std::string_view name;
  };
  const Place places[] = {{candidates.argument, "the call's project argument"},
                          {candidates.header, "the request's project header"},
                          {candidates.body, candidates.body_place}};
  std::string_view project;
  std::string_view named_in;
  for (const Place& place : places) {
    if (place.text.empty()) continue;
    Result<std::string_view> id = id_in_request(place.text, place.name, candidates.place);
    if (!id) return id;
    if (!project.empty() && project != id.value()) {
      return Error{Code::conflict,
                   "the request names two projects: " + text::quoted(project) + " in " +
                       std::string(named_in) + " and " + text::quoted(id.value()) + " in " +
                       std::string(place.name) + "; name one",
                   {},
                   0,
                   {},
                   false};
    }
    project = id.value();
    named_in = place.name;
  }
  return project;
}

// What is configured was checked when it was read, but for what a name stands for at this place.
Result<Decision> Resolver::named_around_request(const Candidates& candidates) const {
  const auto named = [&](std::string_view text, ProjectSource source,
                         std::string_view where) -> Result<Decision> {
    if (names_.empty() && source != ProjectSource::scope) return Decision{text, source};
    Result<std::string_view> id = names_.id_of(text, where, candidates.place);
    if (!id) return std::move(id).status();
    return Decision{id.value(), source};
  };
  if (!candidates.scope.empty()) return named(candidates.scope, ProjectSource::scope, "the scope");
  if (!candidates.rule.empty()) {
    return named(candidates.rule, ProjectSource::rule, "option 'rules'");
  }
  if (!candidates.client.empty()) {
    return named(candidates.client, ProjectSource::client, "option 'project'");
  }
  if (!candidates.environment.empty()) {
    return named(candidates.environment, ProjectSource::environment, "the environment's project");
  }
  return Decision{};
}

bool Resolver::allows(std::string_view project) const noexcept {
  if (allowed_ids_.empty() && allowed_patterns_.empty()) return true;
  return std::binary_search(allowed_ids_.begin(), allowed_ids_.end(), project, std::less<>()) ||
         std::any_of(
             allowed_patterns_.begin(), allowed_patterns_.end(),
             [project](const std::string& pattern) { return glob_match(pattern, project); });
}

Status Resolver::check_allowed(const Decision& decision) const {
  if (decision.project.empty() || allows(decision.project)) return {};
  return {Code::project_not_allowed, "project " + text::quoted(decision.project) + " (from " +
                                         std::string(to_string(decision.source)) +
                                         ") matches no pattern of option 'allowed_projects'"};
}

Result<Decision> Resolver::resolve(const Candidates& candidates) const {
  Result<std::string_view> by_request = named_by_request(candidates);
  if (!by_request) return std::move(by_request).status();
  Result<Decision> named_around = named_around_request(candidates);
  if (!named_around) return named_around;

  const Decision around = named_around.value();
  Decision decision = around;
  if (!by_request.value().empty()) {
    const Decision request{by_request.value(), ProjectSource::request};
    const bool disagree = !around.project.empty() && around.project != request.project;
    if (disagree && conflict_ == ConflictPolicy::refuse) {
      return Error{Code::conflict,
                   "the request names project " + text::quoted(request.project) + " but the " +
                       std::string(to_string(around.source)) + " names " +
                       text::quoted(around.project) + ", and option 'conflict' is refuse",
                   {},
                   0,
                   {},
                   false};
    }
    if (!disagree || conflict_ == ConflictPolicy::keep) decision = request;
  }
  if (Status status = check_allowed(decision); !status) return status;
  return decision;
}

}  // namespace attribution
}  // namespace costmark
