// A project as callers name it: by its id or by its ARN.
#pragma once

#include <string>
#include <string_view>

#include "costmark/error.hpp"
#include "costmark/projects.hpp"

namespace costmark::projects {

struct Reference {
  std::string id;
  std::string arn;  // empty where the id was given
};

// Errors: invalid_project, also for an ARN of the other plane, or of another region than the
// place's, and for a text that is no id.
Result<Reference> refer_to(std::string_view project, const Projects::Place& place);

}  // namespace costmark::projects
