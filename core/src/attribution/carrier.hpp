#pragma once

#include <string_view>

#include "attribution/endpoint.hpp"
#include "attribution/route.hpp"
#include "costmark/error.hpp"

namespace costmark::attribution {

// The header that names the project of OpenAI-style requests, and the one of the Messages API.
inline constexpr std::string_view project_header = "OpenAI-Project";
inline constexpr std::string_view workspace_header = "anthropic-workspace-id";
// The older spelling of the latter, which the service ignores without a word: who sets it means the
// project, and would be billed to the default one.
inline constexpr std::string_view old_workspace_header = "anthropic-workspace";
// The header of InvokeModel.
inline constexpr std::string_view identifier_header = "X-Amzn-Bedrock-ProjectIdentifier";
// The members of the JSON body that do: of Converse, and of every other API.
inline constexpr std::string_view converse_member = "projectIdentifier";
inline constexpr std::string_view body_member = "project_id";

// How errors name the member of an API.
constexpr std::string_view place_in_body(Api api) noexcept {
  return api == Api::converse ? "the body's projectIdentifier" : "the body's project_id";
}

// How a request names its project. Several may be set.
struct Carriers {
  bool body = false;
  bool header = false;
  bool workspace = false;
  bool identifier = false;

  constexpr bool any() const noexcept { return body || header || workspace || identifier; }

  friend constexpr bool operator==(Carriers, Carriers) = default;
};

// The option `carrier`: what the caller wants, with or without the rule "auto".
struct CarrierOption {
  bool automatic = true;
  Carriers fixed;
};

// Errors: invalid_option.
Result<CarrierOption> parse_carriers(std::string_view option);

// The carriers of one request. `json_body`: the body is a JSON object that may be edited; other
// requests cannot have a body member and get a header instead. Of the two headers a request gets
// the one of its API: the other is refused (on Messages) or ignored. Converse and InvokeModel have
// one carrier each, whatever the option says and wherever they are.
Carriers choose_carriers(const CarrierOption& option, EndpointKind endpoint, const Route& route,
                         bool json_body) noexcept;

}  // namespace costmark::attribution
