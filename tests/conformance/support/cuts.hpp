// Has each answer of standard input read in two pieces, cut at each place in turn, and prints what
// came of it. See "Cuts" of tests/conformance/README.md.
#pragma once

#include "conformance/support/subject.hpp"

namespace conformance {

// Returns the program's status.
int read_cut_answers(MakeClient make_client);

}  // namespace conformance
