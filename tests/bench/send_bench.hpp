#pragma once

namespace costmark::bench {

// Prints what `send` adds to libcurl. False when something that is measured does not work.
bool print_send();

}  // namespace costmark::bench
