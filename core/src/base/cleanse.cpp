#include "base/cleanse.hpp"

namespace costmark {

void cleanse(void* memory, std::size_t size) noexcept {
  volatile char* bytes = static_cast<char*>(memory);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = 0;
}

void cleanse(std::string& secret) noexcept {
  cleanse(secret.data(), secret.size());
  secret.clear();
}

}  // namespace costmark
