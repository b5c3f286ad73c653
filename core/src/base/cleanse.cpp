#include "base/cleanse.hpp"

#include <cstring>

namespace costmark {

void cleanse(void* memory, std::size_t size) noexcept {
  if (size == 0) return;
  std::memset(memory, 0, size);
  // For the compiler this reads the zeros, so it cannot leave them out.
  asm volatile("" : : "r"(memory) : "memory");
}

void cleanse(std::string& secret) noexcept {
  secret.resize(secret.capacity());  // also what a longer text has left there
  cleanse(secret.data(), secret.size());
  secret.clear();
}

}  // namespace costmark
