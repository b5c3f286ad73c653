// Variables of the environment that look like an option of costmark and are none.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace costmark {

// For each name that begins with COSTMARK_ and belongs to no option: what is wrong with it, with
// the nearest name there is. Other names are passed over.
std::vector<std::string> unknown_variables(std::span<const std::string_view> names);

// The same for the process's own environment. Empty where that is withheld.
std::vector<std::string> unknown_process_variables();

}  // namespace costmark
