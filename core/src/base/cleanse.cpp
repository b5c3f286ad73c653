#include "base/cleanse.hpp"

#include <cstring>

namespace costmark {

void cleanse(void* memory, std::size_t size) noexcept {
  if (size == 0) return;
  std::memset(memory, 0, size);
  // The compiler must take it that somebody reads the zeros.
  asm volatile("" : : "r"(memory) : "memory");
}

void cleanse(std::string& secret) noexcept {
  secret.resize(secret.capacity());  // also what a longer text has left there
  cleanse(secret.data(), secret.size());
  secret.clear();
}

}  // namespace costmark
