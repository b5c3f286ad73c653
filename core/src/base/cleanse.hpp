#pragma once

#include <cstddef>
#include <string>

namespace costmark {

// Overwrites a secret in a way that the compiler does not drop.
void cleanse(void* memory, std::size_t size) noexcept;

// The same for all memory of a string, which is empty then and keeps it. What appends secrets to
// one reserves first: growing would leave copies behind.
void cleanse(std::string& secret) noexcept;

}  // namespace costmark
