#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "costmark/client.hpp"
#include "http/head.hpp"

namespace costmark {

struct Response::Impl {
  // What the caller reads.
  http::Head head;
  std::string body;
  std::uint32_t attempts = 0;
  Answer answer;
  Prepared prepared;

  // What sending works with.
  std::vector<Header> headers;
  std::string refused_token;

  ~Impl();

  // Forgets the last operation and keeps its memory, unless it is very large.
  void reset();
  // Forgets the answer of the last attempt.
  void begin_attempt();
};

}  // namespace costmark
