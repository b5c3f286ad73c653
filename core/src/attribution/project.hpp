#pragma once

#include <string_view>

#include "costmark/error.hpp"

namespace costmark::attribution {

// The project that an endpoint takes when a request names none. It cannot be tagged.
inline constexpr std::string_view default_project = "default";

// The project id inside what a request itself carries: an id, "default", or the project's ARN
// (arn:PARTITION:bedrock-mantle:REGION:ACCOUNT:project/ID), of which the id is returned.
Result<std::string_view> project_id_in_request(std::string_view text, std::string_view where);

}  // namespace costmark::attribution
