#pragma once

#include <string>
#include <string_view>

#include "attribution/lenient_path.hpp"

namespace costmark::attribution {

// Reads the model out of a path of Converse or InvokeModel: what stands between "model" and the
// operation, without its percent-encoding. An ARN may have slashes there.
//
//   /gateway/model/arn%3Aaws%3Abedrock%3A...%3Ainference-profile%2Fus.m/converse
//
// A path that is spelled in another way is read as `lenient` has it, in lower case.
void read_path_model(std::string_view path, const LenientPath& lenient, std::string& out);

}  // namespace costmark::attribution
