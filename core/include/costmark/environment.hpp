// The process environment as something that is handed in, so that the pure rooms stay pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace costmark {

// Reads one environment variable; absent when it is not set.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

// The process's own environment. Not synchronised with setenv, as POSIX has it.
Environment process_environment();

}  // namespace costmark
