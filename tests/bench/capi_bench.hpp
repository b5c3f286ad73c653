#pragma once

namespace costmark::bench {

// Prints what the C ABI costs on top of the core. False when something that is measured does not
// work.
bool print_capi();

}  // namespace costmark::bench
