#pragma once

#include "costmark/send.hpp"
#include "net/cancellation.hpp"

namespace costmark {

struct Cancel::Impl {
  net::Cancellation cancellation;
};

}  // namespace costmark
