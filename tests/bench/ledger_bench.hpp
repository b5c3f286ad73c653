#pragma once

namespace costmark::bench {

// False when a benchmark cannot be made.
bool print_ledger();

}  // namespace costmark::bench
