// How the benchmarks measure. They print ratios of things measured in one run: absolute times say
// more about the machine than about the code.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace costmark::bench {

inline constexpr int repetitions = 9;
inline constexpr auto budget = std::chrono::milliseconds(25);  // of one repetition

// The fastest of several repetitions, in nanoseconds a call.
template <class Work>
double measure(Work work) {
  using Clock = std::chrono::steady_clock;
  work();
  double best = 1e300;
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    std::size_t calls = 0;
    const auto begin = Clock::now();
    auto now = begin;
    do {
      work();
      ++calls;
      now = Clock::now();
    } while (now - begin < budget);
    const double elapsed = std::chrono::duration<double, std::nano>(now - begin).count();
    best = std::min(best, elapsed / static_cast<double>(calls));
  }
  return best;
}

}  // namespace costmark::bench
