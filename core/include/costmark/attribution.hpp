// Which project pays for a request, and where that came from.
#pragma once

#include <cstdint>
#include <string_view>

#include "costmark/error.hpp"

namespace costmark {

// Where a request's project came from, in the order in which the sources are asked.
enum class ProjectSource : std::uint8_t { none, request, scope, rule, client, environment };

// "none", "request" and so on; static storage.
std::string_view to_string(ProjectSource source) noexcept;

// Checks a project id, or the ARN of a project, of either plane, that ends in one: letters, digits,
// '_' and '-', 1 to 128 characters, and not "default", which is reserved for the endpoint's own
// project. Errors: invalid_project with the rule and, where one
// character is wrong, its byte offset; `where` begins the message.
//
// AWS documents proj_[a-zA-Z0-9]+ and articles write proj-abc123; both pass.
Status check_project_id(std::string_view text, std::string_view where);

// Checks what names a project before it is known whether names are known: an id, or what the name
// of one may be. Errors: those of `check_project_id`.
Status check_project(std::string_view text, std::string_view where);

// Whether a host name is one of Bedrock's own, such as "bedrock-mantle.us-east-1.api.aws".
bool is_bedrock_host(std::string_view host) noexcept;

}  // namespace costmark
