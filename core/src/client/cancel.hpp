#pragma once

#include "costmark/send.hpp"
#include "http/cancellation.hpp"

namespace costmark {

struct Cancel::Impl {
  http::Cancellation cancellation;
};

}  // namespace costmark
