// Files whose whole content is one token, such as those that Kubernetes rotates.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "costmark/error.hpp"

namespace costmark {

inline constexpr std::size_t largest_token = 64U << 10U;  // bytes

// The content, byte for byte; cleanse it. `who` names the setting in errors, such as
// "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE". Errors: unusable_credentials for a file that cannot be
// read, is no regular file, is empty, or is larger than `largest_token`.
Result<std::string> read_token_file(const std::string& path, std::string_view who);

}  // namespace costmark
