#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "attribution/carrier.hpp"
#include "attribution/endpoint.hpp"
#include "attribution/resolver.hpp"
#include "attribution/rules.hpp"
#include "costmark/environment.hpp"
#include "costmark/error.hpp"
#include "costmark/json.hpp"
#include "costmark/model_routes.hpp"
#include "costmark/options.hpp"
#include "costmark/url.hpp"

namespace costmark::client {

enum class AuthMode : std::uint8_t { automatic, sigv4, bearer, none };
enum class UnattributedPolicy : std::uint8_t { allow, warn, refuse };
enum class RuntimeProjectPolicy : std::uint8_t { allow, warn, refuse };

// Scheme, host and port of a URL, as far as they decide where a request goes.
struct Origin {
  bool https = false;
  std::string host;  // lower case
  std::uint16_t port = 0;

  static Origin of(const Url& url);
  bool holds(const Url& url) const noexcept;
  std::string to_string() const;
};

// The options of a client, read once and checked against each other. Holds no secrets. Immutable.
struct Settings {
  std::optional<Origin> origin;
  std::string region;           // of the option; empty: the host's
  std::string default_region;   // of AWS_REGION or AWS_DEFAULT_REGION, else the profile's
  std::string misspelt_region;  // the profile's, and where it stands
  std::string service;          // of the option; empty: the endpoint's
  std::optional<attribution::EndpointKind> custom_kind;  // what stands behind a custom host
  AuthMode auth = AuthMode::automatic;
  attribution::CarrierOption carriers;
  attribution::Rules rules;
  attribution::Resolver resolver{attribution::ConflictPolicy::keep, {}};
  UnattributedPolicy unattributed = UnattributedPolicy::warn;
  RuntimeProjectPolicy runtime_project = RuntimeProjectPolicy::warn;
  std::string client_project;
  std::string environment_project;
  bool stream_usage = true;
  json::Mode json_mode = json::Mode::lenient;
  ModelRoutes routes;
  bool moves_routes = false;  // whether a request goes to the path of its model
  std::size_t chain_memory = 0;
  bool verify = false;       // whether endpoints must prove that they read the project
  std::string verify_model;  // to prove it with; empty: none
  std::string base_url;      // of the option, path and all; may be empty

  // Errors: invalid_option, invalid_project, endpoint_mismatch.
  static Result<Settings> create(const Options& options, const Environment& environment);

  // Whether some request may need a region that neither its host, the option nor AWS_REGION and
  // AWS_DEFAULT_REGION name; `take_region` gives one, or what is not spelt like one and is an error
  // where it is needed. `place`: where it stands.
  bool lacks_region() const noexcept;
  void take_region(std::string name, std::string_view place);

  // The endpoint that a request to `url` reaches. Errors: endpoint_mismatch when its origin is not
  // the configured one, when it is plain http to AWS, or when host, region, service and kind
  // disagree.
  Result<attribution::Endpoint> endpoint_of(const Url& url) const;
};

}  // namespace costmark::client
