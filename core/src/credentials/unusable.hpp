// The error of what is set up for credentials and cannot give any.
#pragma once

#include <string>
#include <utility>

#include "costmark/error.hpp"

namespace costmark {

inline Status unusable(std::string message) {
  return {Code::unusable_credentials, std::move(message)};
}

}  // namespace costmark
