// The names of projects, and the id that each stands for.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/error.hpp"

namespace costmark::attribution {

// A project that is known by name. What is not known is empty.
struct NamedProject {
  std::string name;
  std::string id;
  std::string account;
  std::string region;
  std::string plane;  // "mantle" or "bedrock"
};

// Where a project is looked for. Without a region it may be in any.
struct ProjectPlace {
  std::string_view region{};
  std::string_view plane{};
};

// Which texts name which project. An id always stands for itself: what begins with "proj_", as
// those that AWS gives do, and what is the id of a known project. Every other text is a name, and
// stands for the one project that has it in a region; one of the place's plane goes before one of
// the other. Immutable.
class ProjectNames {
 public:
  // No names are known, and each text is an id.
  ProjectNames() = default;
  // `file`: where they stand, as errors name it.
  ProjectNames(std::string file, std::vector<NamedProject> projects);

  bool empty() const noexcept { return file_.empty(); }

  // `where` begins the errors. Errors: invalid_project for a text that is neither, and for a name
  // that several projects have. The view is of `text`, or lives as long as the names.
  Result<std::string_view> id_of(std::string_view text, std::string_view where,
                                 const ProjectPlace& place) const;

  // What `id_of` would say. Where no region is known, a name that some project has may do.
  Status check(std::string_view text, std::string_view where, const ProjectPlace& place) const;

  // The ids of the projects in a region that have such a name, for a glob or a name. Errors: those
  // of `id_of`, for a name.
  Result<std::vector<std::string_view>> ids_of_glob(std::string_view glob, std::string_view where,
                                                    std::string_view region) const;

 private:
  // Those that have a name, or one that begins so; beside each other, as they are sorted.
  using Namesakes = std::span<const NamedProject>;

  bool is_id(std::string_view text) const noexcept;
  Namesakes named(std::string_view name) const noexcept;
  Namesakes beginning_with(std::string_view prefix) const noexcept;
  // Those from a name on for which `is_of` holds.
  template <class IsOf>
  Namesakes from(std::string_view name, IsOf is_of) const noexcept;
  Error unknown(std::string_view text, std::string_view where, std::string_view region) const;
  Error ambiguous(std::string_view text, std::string_view where, const ProjectPlace& place) const;
  std::string hint(std::string_view text) const;

  std::string file_;
  std::vector<NamedProject> projects_;  // by name
  std::vector<std::string> ids_;        // sorted
};

}  // namespace costmark::attribution
