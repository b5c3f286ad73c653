// Wipes what held a secret.
#pragma once

#include <cstddef>
#include <string>

namespace costmark::capi {

// Overwrites all of a string's memory, in a way that the compiler does not drop, and empties it.
inline void wipe(std::string& secret) noexcept {
  volatile char* bytes = secret.data();
  for (std::size_t i = 0; i < secret.capacity(); ++i) bytes[i] = 0;
  secret.clear();
}

}  // namespace costmark::capi
