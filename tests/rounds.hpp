// How long tests are that repeat something at random.
#pragma once

#include <cstdlib>

namespace costmark::tests {

// `./dev test --slow` and --full set it.
inline bool slow_tests() {
  return std::getenv("TEST_SLOW") != nullptr;
}

// All of them in slow tests, else a tenth.
inline int rounds(int all) {
  return slow_tests() ? all : all / 10;
}

}  // namespace costmark::tests
