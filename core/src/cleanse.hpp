#pragma once

#include <string>

namespace costmark {

// Overwrites a secret in a way that the compiler does not drop, then empties the string. The
// buffer stays for reuse.
void cleanse(std::string& secret) noexcept;

}  // namespace costmark
