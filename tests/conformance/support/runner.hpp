// The main function of a runner of tests/conformance: see README.md there.
//
//   RUNNER --cases FILE --server ORIGIN [--case NAME]
//   RUNNER --bypass
//   RUNNER --cuts
#pragma once

#include "conformance/support/subject.hpp"

namespace conformance {

int run_all(int count, char** values, MakeClient make_client);

}  // namespace conformance
