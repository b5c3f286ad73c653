#pragma once

#include <cstdint>
#include <string_view>

#include "costmark/api.hpp"
#include "costmark/model_routes.hpp"

namespace costmark::attribution {

// What the path of a request says about it.
struct Route {
  Api api = Api::other;
  // Whether the request makes a model work, so that it costs money and must be attributed.
  bool inference = false;
  // Whether the path lies below /anthropic/v1, whatever a gateway puts before that.
  bool anthropic = false;
  // Whether it reads, or cancels, one stored response: the answer may show the end of a background
  // response.
  bool polls = false;

  // Whether the project of such a request stands in the workspace header.
  bool names_workspace() const noexcept { return anthropic || api == Api::messages; }
};

// Goes by the end of the path, because gateways put it under prefixes of their own.
Route route_of(std::string_view method, std::string_view path) noexcept;

// The family that a path of a mantle host begins with; unknown when it begins with none, or spells
// it in another way.
RouteFamily family_of(std::string_view path) noexcept;

}  // namespace costmark::attribution
