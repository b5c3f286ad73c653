// The process environment as something that is handed in, so that the pure modules stay pure.
#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace costmark {

// Reads one environment variable; absent when it is not set.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

// The first of these variables that is set to something; empty when none is.
std::string first_of(const Environment& environment,
                     std::initializer_list<std::string_view> variables);

// The process's own environment. Not synchronized with setenv, as POSIX has it. Empty where it is
// withheld.
Environment process_environment();

// Whether the environment is another user's: the program runs with more privileges than the user
// who started it (set-user-ID, set-group-ID, file capabilities). A variable could then make it read
// a file, run a program or trust a certificate of theirs.
bool process_environment_is_withheld() noexcept;

}  // namespace costmark
