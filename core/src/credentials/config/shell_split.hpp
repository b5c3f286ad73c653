// Splitting a line into words as a POSIX shell would, without a shell.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace costmark {

// The rules of Python's shlex.split, which botocore goes by: white space separates, '...' is taken
// as it is, "..." and bare text know the backslash. Nothing is expanded and no character begins a
// comment. Absent when a quotation or an escape is left open.
std::optional<std::vector<std::string>> split_words(std::string_view text);

}  // namespace costmark
