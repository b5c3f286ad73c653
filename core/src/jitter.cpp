#include "jitter.hpp"

#include <unistd.h>

namespace costmark {

std::int64_t random_up_to(std::int64_t most) noexcept {
  std::uint32_t bits = 0;
  if (most <= 0 || getentropy(&bits, sizeof bits) != 0) return 0;
  return static_cast<std::int64_t>(bits) % (most + 1);
}

}  // namespace costmark
