// Tags of projects that a program knows of by itself.
#pragma once

#include <span>
#include <string_view>

#include "costmark/error.hpp"
#include "costmark/labels.hpp"

namespace costmark {

// Tells all clients of the process, those that are made later too, which tags a project has: rows
// and budgets take them where neither option `tags` nor `lock` knows the project. What was told
// last holds. Safe from any thread, and kept until the process ends: meant for projects that it
// makes. Errors: invalid_argument, as of labels.
Status tell_project_tags(std::string_view project, std::span<const NameValue> tags);

}  // namespace costmark
