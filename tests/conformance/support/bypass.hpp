// Makes attempts to get a request past costmark: one for each line of standard input, and one line
// printed for each. See "Ways past costmark" of tests/conformance/README.md.
#pragma once

#include "conformance/support/subject.hpp"

namespace conformance {

// Returns the program's status.
int make_attempts(MakeClient make_client);

}  // namespace conformance
