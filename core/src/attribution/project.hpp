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

// Whether it is no id or name, but an ARN, whatever of.
bool is_arn(std::string_view text) noexcept;

inline constexpr std::string_view mantle_service = "bedrock-mantle";
inline constexpr std::string_view bedrock_service = "bedrock";

// The parts of a project's ARN, of either plane: "arn:PARTITION:SERVICE:REGION:ACCOUNT:project/ID".
// Views. The id may be anything.
struct ProjectArn {
  std::string_view service;
  std::string_view region;
  std::string_view account;
  std::string_view id;
};

// All empty where `text` is no ARN of a project.
ProjectArn parse_project_arn(std::string_view text) noexcept;

// The id at the end of a project's ARN; any other text as it is.
std::string_view without_arn(std::string_view text) noexcept;

// Where the project of "PROJECT: ..." ends, at a colon behind those of an ARN; npos without one.
std::size_t end_of_project(std::string_view text) noexcept;

// The project id inside what a request itself carries: an id, "default", or an ARN, of which the id
// is returned.
Result<std::string_view> project_id_in_request(std::string_view text, std::string_view where);

}  // namespace costmark::attribution
