#pragma once

#include <cstdint>
#include <string_view>

#include "attribution/lenient_path.hpp"
#include "costmark/api.hpp"
#include "costmark/model_routes.hpp"

namespace costmark::attribution {

// What a request may cost, and how it names its project. The table of route.cpp says which is
// which. In this order: of two readings of a path the later kind counts.
enum class RouteKind : std::uint8_t {
  free,       // known to spend nothing
  unknown,    // in no row of the table
  spending,   // may spend, and names its project in a header: batches, uploads, images, audio ...
  invoking,   // Bedrock's own, without a place for a project: agents, batch jobs, guardrails ...
  inference,  // Chat Completions, Responses, Messages, Embeddings, Converse, InvokeModel
};

// What the path of a request says about it.
struct Route {
  Api api = Api::other;
  RouteKind kind = RouteKind::unknown;
  // Whether the path lies below /anthropic/v1, whatever a gateway puts before that.
  bool anthropic = false;
  // Whether it reads, or cancels, one stored response: the answer may show the end of a background
  // response.
  bool polls = false;
  // Whether the path belongs to an API, so that what is stored there belongs to a project.
  bool of_project = false;
  // Whether the path itself asks for a stream, as those of bedrock-runtime do.
  bool streams = false;

  // Whether the request makes a model work, and names its project by itself.
  bool inference() const noexcept { return kind == RouteKind::inference; }
  // Whether the request may cost money, and so must be attributed.
  bool may_spend() const noexcept { return kind >= RouteKind::spending; }
  // Whether the project of such a request stands in the workspace header.
  bool names_workspace() const noexcept { return anthropic || api == Api::messages; }
};

// What a request does besides naming a method: with a body, or an upgrade to a WebSocket, even a
// GET may make a model work.
enum class Work : std::uint8_t { none, write, upgrade };

// Goes by the end of the path, because gateways put it under prefixes of their own.
Route route_of(std::string_view method, const LenientPath& path, Work work = Work::none) noexcept;

// The family that a path of a mantle host begins with; unknown when it begins with none, or spells
// it in another way.
RouteFamily family_of(std::string_view path) noexcept;

// What stands before the path family that a base URL ends with, and before slashes at its end.
std::string_view above_family(std::string_view base) noexcept;

}  // namespace costmark::attribution
