#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "attribution/project_names.hpp"
#include "costmark/attribution.hpp"
#include "costmark/error.hpp"

namespace costmark::attribution {

// What to do when the request itself names another project than scope, rule or client would.
enum class ConflictPolicy : std::uint8_t { keep, override, refuse };

// Every place that may name the project of one request; empty views where it does not.
struct Candidates {
  // The request itself.
  std::string_view argument;
  std::string_view header;
  std::string_view body;
  std::string_view body_place = "the body's project_id";  // as errors name it
  // What it runs under.
  std::string_view scope;
  std::string_view rule;
  std::string_view client;
  std::string_view environment;
  ProjectPlace place;  // where the request goes
};

struct Decision {
  std::string_view project;  // empty: none is named. "default" only if the request says so itself
  ProjectSource source = ProjectSource::none;
};

// Decides about the project of a request. Immutable.
class Resolver {
 public:
  Resolver(ConflictPolicy conflict, std::vector<std::string> allowed_projects,
           ProjectNames names = {});

  // Errors: invalid_project, conflict, project_not_allowed. The decision's view is one of those
  // handed in, or lives as long as the resolver.
  Result<Decision> resolve(const Candidates& candidates) const;

  // Whether `allowed_projects` admits a project; without that option every one.
  bool allows(std::string_view project) const noexcept;

  // Whether a decision's project may be used at all. Errors: project_not_allowed.
  Status check_allowed(const Decision& decision) const;

  ConflictPolicy conflict() const noexcept { return conflict_; }
  const ProjectNames& names() const noexcept { return names_; }

  // Of what a request itself carries: also "default", and an ARN. Errors: invalid_project.
  Result<std::string_view> id_in_request(std::string_view text, std::string_view where,
                                         const ProjectPlace& place) const;

 private:
  Result<std::string_view> named_by_request(const Candidates& candidates) const;
  Result<Decision> named_around_request(const Candidates& candidates) const;

  ConflictPolicy conflict_;
  // Both empty: every project is allowed.
  std::vector<std::string> allowed_ids_;  // sorted
  std::vector<std::string> allowed_patterns_;
  ProjectNames names_;
};

}  // namespace costmark::attribution
