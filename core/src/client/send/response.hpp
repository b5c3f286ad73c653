#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "costmark/operation.hpp"
#include "costmark/send.hpp"
#include "http/head.hpp"

namespace costmark {

struct Response::Impl {
  // What the caller reads.
  http::Head head;
  std::string body;

  const Operation::Impl* operation = nullptr;  // that this is a part of
  std::vector<Header> headers;                 // of the request

  // Forgets the answer of the last attempt, and keeps its memory, unless it is very large.
  void reset() noexcept;
  // Lets go of large buffers.
  void shrink() noexcept;
};

}  // namespace costmark
