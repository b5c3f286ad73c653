// How the instance metadata service is to be asked: variables, then keys of the profile.
#pragma once

#include <chrono>
#include <string>

#include "costmark/environment.hpp"
#include "costmark/error.hpp"

namespace costmark {

struct InstanceSettings {
  std::string endpoint = "http://169.254.169.254";  // without a '/' at its end
  std::string origin;                               // of `endpoint`, for errors
  std::chrono::seconds timeout{1};                  // of each attempt
  int attempts = 1;
  bool disabled = false;       // AWS_EC2_METADATA_DISABLED
  std::string v1_disabled_by;  // who ruled out IMDSv1; empty: nothing

  // Looks at nothing else once AWS_EC2_METADATA_DISABLED says true. `profile` is chosen as for
  // `profile_credentials`. Errors: unusable_credentials, naming the variable or file and line, for
  // a bad value, and for shared files that cannot be read.
  static Result<InstanceSettings> of(const Environment& environment, const std::string& profile);
};

}  // namespace costmark
