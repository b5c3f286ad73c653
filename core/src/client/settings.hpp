#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

// What an endpoint is used for: calls of models, the Projects API there, or that of the control
// plane.
enum class EndpointUse : std::uint8_t { inference, projects, control };
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

// A host that option `hosts` names.
struct NamedHost {
  std::string name;        // lower case, an IPv6 address without brackets
  std::uint16_t port = 0;  // 0: any

  bool holds(const Url& url) const noexcept;
};

// The options of a client, read once and checked against each other. Holds no secrets. Immutable.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): in the order of their meaning
struct Settings {
  std::optional<Origin> origin;
  bool origin_is_covered = false;  // is not another vendor's, or is named in `hosts`
  std::vector<NamedHost> hosts;
  std::string region;             // of the option; empty: the host's
  std::string default_region;     // of AWS_REGION or AWS_DEFAULT_REGION, else the profile's
  std::string misspelled_region;  // the profile's, and where it stands
  std::string service;            // of the option; empty: the endpoint's
  std::optional<attribution::EndpointKind> custom_kind;  // what stands behind a custom host
  bool of_control_plane = false;  // whether the host is one of Bedrock's control plane
  AuthMode auth = AuthMode::automatic;
  attribution::CarrierOption carriers;
  attribution::Rules rules;
  attribution::Resolver resolver{attribution::ConflictPolicy::keep, {}};
  UnattributedPolicy unattributed = UnattributedPolicy::warn;
  RuntimeProjectPolicy runtime_project = RuntimeProjectPolicy::warn;
  bool bounds_projects = false;          // whether option allowed_projects is set
  std::vector<std::string> free_routes;  // globs over paths as LenientPath reads them
  bool strict_routes = false;            // whether unknown routes are refused everywhere
  std::string client_project;
  std::string environment_project;
  bool stream_usage = true;
  json::Mode json_mode = json::Mode::lenient;
  ModelRoutes routes;
  bool moves_routes = false;  // whether a request goes to the path of its model
  std::size_t chain_memory = 0;
  bool verify = false;  // whether endpoints must prove that they read the project
  bool ledger_begin = true;
  bool labels_as_metadata = false;  // whether Converse is sent the labels of a call
  bool has_budgets = false;         // whether the limits of output that requests name are of use
  std::string verify_model;         // to prove it with; empty: none
  std::string base_url;             // of the option, path and all; may be empty

  // Only calls of models name a project, as `names` has them. Errors: invalid_option,
  // invalid_project, project_not_allowed, endpoint_mismatch.
  static Result<Settings> create(const Options& options, const Environment& environment,
                                 EndpointUse use, attribution::ProjectNames names);

  // Where requests go, as far as that is known before there is one; and where this one goes.
  struct Place {
    std::string region;
    std::string_view plane;
    attribution::ProjectPlace view() const noexcept { return {region, plane}; }
  };
  Place configured_place() const;
  attribution::ProjectPlace place_of(const attribution::Endpoint& endpoint, Api api) const noexcept;

  // Whether what may spend must name a project, and what cannot be recognized is refused.
  bool is_closed() const noexcept {
    return unattributed == UnattributedPolicy::refuse || bounds_projects;
  }
  // Whether the body of an inference request must be read, as it may name a project.
  bool must_read_bodies() const noexcept {
    return is_closed() || resolver.conflict() != attribution::ConflictPolicy::keep;
  }
  // Which option asks for the strictest of these, such as "option 'unattributed' is refuse".
  std::string_view strictest() const noexcept;

  // Whether some request may need a region that neither its host, the option nor AWS_REGION and
  // AWS_DEFAULT_REGION name; `take_region` gives one, or what is not spelled like one and is an
  // error where it is needed. `from`: where it stands.
  bool lacks_region() const noexcept;
  void take_region(std::string name, std::string_view from);

  // Whether requests to the configured origin can be signed. Errors: invalid_option.
  Status check_region() const;
  // The error of a request that must be signed, and for which no region is known.
  Error no_region() const;

  // The endpoint that a request to `url` reaches. Errors: endpoint_mismatch when its origin is not
  // the configured one, when it is plain http to AWS, or when host, region, service and kind
  // disagree.
  Result<attribution::Endpoint> endpoint_of(const Url& url) const;

  // Refuses a request to another vendor's own host, unless option `hosts` names it. Apart from
  // `endpoint_of`, since a client may be made before its final URL is known.
  Status check_covered(const Url& url, const attribution::Endpoint& endpoint) const;

 private:
  attribution::Endpoint classify(std::string_view host) const noexcept;
};

}  // namespace costmark::client
