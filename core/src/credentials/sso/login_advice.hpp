// What a user is told to run.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "credentials/config/config_file.hpp"
#include "text.hpp"

namespace costmark {

// "run 'aws sso login --profile dev'"; a name that a shell would split is quoted.
inline std::string advice_to_run(std::string_view command, std::string_view name) {
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return text::is_alphanumeric(c) ||
           std::string_view("-_.@/+:").find(c) != std::string_view::npos;
  });
  const std::string shown = config::shown(name);
  return "run '" + std::string(command) + " " + (plain ? shown : "\"" + shown + "\"") + "'";
}

}  // namespace costmark
