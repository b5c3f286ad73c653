#pragma once

#include <string>
#include <string_view>

#include "costmark/error.hpp"

namespace costmark::attribution {

// The project that an endpoint takes when a request names none. It cannot be tagged.
inline constexpr std::string_view default_project = "default";

// Whether it is spelled like an id: 1 to 128 letters, digits, '_' and '-'.
bool is_project_id(std::string_view text) noexcept;

// What was given as a project, as an error may show it: short, and in ASCII that prints. Empty for
// what may be a key that was put in the wrong place.
std::string shown_project(std::string_view given);

// The id at the end of a project's ARN, of either plane
// (arn:PARTITION:bedrock-mantle:REGION:ACCOUNT:project/ID); any other text as it is.
std::string_view without_arn(std::string_view text) noexcept;

// The project id inside what a request itself carries: an id, "default", or an ARN, of which the id
// is returned.
Result<std::string_view> project_id_in_request(std::string_view text, std::string_view where);

}  // namespace costmark::attribution
