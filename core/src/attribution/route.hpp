#pragma once

#include <cstdint>
#include <string_view>

#include "costmark/api.hpp"

namespace costmark::attribution {

// What the path of a request says about it.
struct Route {
  Api api = Api::other;
  // Whether the request makes a model work, so that it costs money and must be attributed.
  bool inference = false;
};

// Goes by the end of the path, because gateways put it under prefixes of their own.
Route route_of(std::string_view method, std::string_view path) noexcept;

}  // namespace costmark::attribution
