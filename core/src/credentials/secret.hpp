// A secret in memory.
#pragma once

#include <string>

#include "base/cleanse.hpp"

namespace costmark {

// Text that is overwritten when it goes. What appends to it reserves first: growing would leave
// copies behind.
struct Secret {
  std::string text;
  Secret() = default;
  ~Secret() { cleanse(text); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
};

}  // namespace costmark
