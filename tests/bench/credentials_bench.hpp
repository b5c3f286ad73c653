#pragma once

namespace costmark::bench {

// Prints what credentials cost: on the hot path, and when they are resolved. False when something
// that is measured does not work.
bool print_credentials();

}  // namespace costmark::bench
