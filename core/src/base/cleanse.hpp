#pragma once

#include <cstddef>
#include <string>

namespace costmark {

// Overwrites a secret in a way that the compiler does not drop.
void cleanse(void* memory, std::size_t size) noexcept;

// The same, then empties the string. The buffer stays for reuse.
void cleanse(std::string& secret) noexcept;

}  // namespace costmark
