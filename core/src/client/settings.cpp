#include "client/settings.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

#include "attribution/glob.hpp"
#include "attribution/project.hpp"
#include "base/text.hpp"
#include "costmark/attribution.hpp"
#include "costmark/client.hpp"
#include "costmark/http.hpp"

namespace costmark::client {
namespace {

using attribution::ConflictPolicy;
using attribution::Endpoint;
using attribution::EndpointKind;

template <class Value, std::size_t size>
Value choice_of(std::string_view text,
                const std::array<std::pair<std::string_view, Value>, size>& names) {
  for (const auto& [name, value] : names) {
    if (name == text) return value;
  }
  return names.front().second;
}

constexpr std::array<std::pair<std::string_view, AuthMode>, 4> auth_modes{
    {{"auto", AuthMode::automatic},
     {"sigv4", AuthMode::sigv4},
     {"bearer", AuthMode::bearer},
     {"none", AuthMode::none}}};
constexpr std::array<std::pair<std::string_view, ConflictPolicy>, 3> conflict_policies{
    {{"keep", ConflictPolicy::keep},
     {"override", ConflictPolicy::override},
     {"refuse", ConflictPolicy::refuse}}};
constexpr std::array<std::pair<std::string_view, UnattributedPolicy>, 3> unattributed_policies{
    {{"warn", UnattributedPolicy::warn},
     {"allow", UnattributedPolicy::allow},
     {"refuse", UnattributedPolicy::refuse}}};
constexpr std::array<std::pair<std::string_view, RuntimeProjectPolicy>, 3> runtime_policies{
    {{"warn", RuntimeProjectPolicy::warn},
     {"allow", RuntimeProjectPolicy::allow},
     {"refuse", RuntimeProjectPolicy::refuse}}};
constexpr std::array<std::pair<std::string_view, std::optional<EndpointKind>>, 4> endpoint_kinds{
    {{"auto", std::nullopt},
     {"custom", EndpointKind::custom},
     {"mantle", EndpointKind::mantle},
     {"runtime", EndpointKind::runtime}}};

Status mismatch(std::string message) {
  return {Code::endpoint_mismatch, std::move(message)};
}

Status check_scheme_and_port(const Url& url, const Endpoint& endpoint) {
  if (!url.https && attribution::is_aws_host(url.host)) {
    return mismatch("plain http to the AWS host " + std::string(url.host) +
                    " is refused; use https");
  }
  if (endpoint.canonical() && !url.default_port()) {
    return mismatch("port " + std::to_string(url.port) + " of " + std::string(url.host) +
                    " is refused; Bedrock's hosts answer on 443");
  }
  return {};
}

Status read_projects(const Options& options, const Environment& environment, Settings& out) {
  const Settings::Place place = out.configured_place();
  const auto check = [&](std::string_view project, std::string_view where) {
    return out.resolver.names().check(project, where, place.view());
  };
  const std::string_view origin = options.origin("project");
  const std::string_view project = options.text("project");
  if (!project.empty()) {
    const bool from_environment = origin != "set";
    const std::string where =
        from_environment ? std::string(origin) : std::string("option 'project'");
    if (Status status = check(project, where); !status) return status;
    (from_environment ? out.environment_project : out.client_project) =
        attribution::without_arn(project);
  }
  if (!out.environment_project.empty()) return {};
  const std::string other = first_of(environment, {"OPENAI_PROJECT_ID"});
  if (other.empty()) return {};
  if (Status status = check(other, "OPENAI_PROJECT_ID"); !status) return status;
  out.environment_project = attribution::without_arn(other);
  return {};
}

// A pattern that no project id fits would refuse every request. One that fits names of projects
// stands for their ids as well.
Status read_allowed(const Options& options, const attribution::ProjectNames& names,
                    std::string_view region, std::vector<std::string>& out) {
  std::unordered_set<std::string_view> known;  // as patterns may fit the same names
  for (const std::string_view given : options.list("allowed_projects")) {
    const std::string_view pattern = attribution::without_arn(given);
    const auto ids = names.ids_of_glob(pattern, "option 'allowed_projects'", region);
    if (!ids) return ids.error();
    known.insert(ids.value().begin(), ids.value().end());
    const std::size_t bad = attribution::not_of_project_glob(pattern);
    if (bad != std::string_view::npos) {
      if (!ids.value().empty()) continue;
      return {Code::invalid_option,
              "option 'allowed_projects': no project id fits " + text::quoted(pattern) +
                  ", because of its byte " + std::to_string(bad) +
                  "; a pattern has letters, digits, '_', '-', '*' for any characters and '?' for "
                  "one, such as proj_team_*"};
    }
    out.emplace_back(pattern);
  }
  out.insert(out.end(), known.begin(), known.end());
  return {};
}

// What the configuration itself names must be allowed: else every request that runs under it would
// be refused. What a name stands for may depend on where a request goes.
Status check_projects_allowed(const Settings& settings) {
  const Settings::Place place = settings.configured_place();
  const auto check = [&](std::string_view project, ProjectSource source) -> Status {
    const auto id = settings.resolver.names().id_of(project, "", place.view());
    return id ? settings.resolver.check_allowed({id.value(), source}) : Status();
  };
  for (const std::string_view project : settings.rules.projects()) {
    if (Status status = check(project, ProjectSource::rule); !status) return status;
  }
  if (!settings.client_project.empty()) {
    return check(settings.client_project, ProjectSource::client);
  }
  return check(settings.environment_project, ProjectSource::environment);
}

Status read_attribution(const Options& options, attribution::ProjectNames names, Settings& out) {
  auto carriers = attribution::parse_carriers(options.text("carrier"));
  if (!carriers) return std::move(carriers).status();
  out.carriers = carriers.value();

  const Settings::Place place = out.configured_place();
  auto rules = attribution::Rules::parse(options.text("rules"), names, place.view());
  if (!rules) return std::move(rules).status();
  out.rules = std::move(rules).value();

  std::vector<std::string> allowed;
  if (Status status = read_allowed(options, names, place.region, allowed); !status) return status;
  out.bounds_projects = !allowed.empty();
  out.resolver = attribution::Resolver(choice_of(options.text("conflict"), conflict_policies),
                                       std::move(allowed), std::move(names));
  out.unattributed = choice_of(options.text("unattributed"), unattributed_policies);
  out.runtime_project = choice_of(options.text("runtime_project"), runtime_policies);
  out.strict_routes = options.boolean("strict_routes");
  for (const std::string_view pattern : options.list("free_routes")) {
    std::string& glob = out.free_routes.emplace_back(pattern);
    std::transform(glob.begin(), glob.end(), glob.begin(), text::lower);
  }
  out.chain_memory = static_cast<std::size_t>(options.integer("chain_memory"));
  return {};
}

// NAME, NAME:PORT or an IPv6 address, in brackets where there is a port.
Status read_host(std::string_view text, NamedHost& out) {
  const bool bare_ipv6 = std::count(text.begin(), text.end(), ':') > 1 && !text.starts_with('[');
  const std::string url =
      "http://" + (bare_ipv6 ? "[" + std::string(text) + "]" : std::string(text));
  const Result<Url> parsed = parse_url(url);
  if (!parsed ||
      parsed.value().authority.size() + std::string_view("http://").size() != url.size()) {
    return {Code::invalid_option, "option 'hosts': " + text::quoted(text) +
                                      " is no host; take a name, or name:port, such as "
                                      "'localhost:8080'"};
  }
  const Url& found = parsed.value();
  out.name = Origin::of(found).host;
  out.port = found.authority.ends_with(']') || found.authority == found.host ? 0 : found.port;
  return {};
}

Status read_hosts(const Options& options, Settings& out) {
  for (const std::string_view text : options.list("hosts")) {
    if (Status status = read_host(text, out.hosts.emplace_back()); !status) return status;
  }
  return {};
}

Status read_endpoint(const Options& options, const Environment& environment, Settings& out) {
  out.auth = choice_of(options.text("auth"), auth_modes);
  out.custom_kind = choice_of(options.text("endpoint"), endpoint_kinds);
  if (out.of_control_plane) out.custom_kind = EndpointKind::control;
  out.region = options.text("region");
  out.service = options.text("service");
  out.default_region = first_of(environment, {"AWS_REGION", "AWS_DEFAULT_REGION"});
  if (!out.region.empty() && !text::is_region(out.region)) {
    return {Code::invalid_option, "option 'region': '" + out.region +
                                      "' is not spelled like an AWS region, such as us-east-1"};
  }
  const std::string_view base_url = options.text("base_url");
  if (base_url.empty()) return {};
  Result<Url> url = parse_url(base_url);
  if (!url) return std::move(url).status();
  out.origin = Origin::of(url.value());
  return out.endpoint_of(url.value()).status();
}

}  // namespace

Origin Origin::of(const Url& url) {
  Origin origin{url.https, std::string(url.host), url.port};
  std::transform(origin.host.begin(), origin.host.end(), origin.host.begin(), text::lower);
  return origin;
}

bool Origin::holds(const Url& url) const noexcept {
  return https == url.https && port == url.port && equal_ignoring_case(host, url.host);
}

std::string Origin::to_string() const {
  std::string text = https ? "https://" : "http://";
  const bool ipv6 = host.find(':') != std::string::npos;
  text += ipv6 ? "[" + host + "]" : host;
  if (port != (https ? 443 : 80)) text += ":" + std::to_string(port);
  return text;
}

bool NamedHost::holds(const Url& url) const noexcept {
  return (port == 0 || port == url.port) && equal_ignoring_case(name, url.host);
}

namespace {

bool is_covered(const Url& url, const std::vector<NamedHost>& hosts) noexcept {
  return !attribution::is_host_of_other_vendor(url.host) ||
         std::any_of(hosts.begin(), hosts.end(),
                     [&url](const NamedHost& host) { return host.holds(url); });
}

}  // namespace

Result<Settings> Settings::create(const Options& options, const Environment& environment,
                                  EndpointUse use, attribution::ProjectNames names) {
  Settings settings;
  settings.of_control_plane = use == EndpointUse::control;
  if (Status status = read_endpoint(options, environment, settings); !status) return status;
  if (Status status = read_hosts(options, settings); !status) return status;
  if (Status status = read_attribution(options, std::move(names), settings); !status) {
    return status;
  }
  if (use == EndpointUse::inference) {
    if (Status status = read_projects(options, environment, settings); !status) return status;
    if (Status status = check_projects_allowed(settings); !status) return status;
  }
  Result<ModelRoutes> routes = configured_routes(options);
  if (!routes) return std::move(routes).status();
  settings.routes = std::move(routes).value();
  settings.moves_routes = options.text("route") == "auto";
  settings.stream_usage = options.boolean("stream_usage");
  settings.json_mode = options.boolean("strict_json") ? json::Mode::strict : json::Mode::lenient;
  settings.verify = options.boolean("verify");
  settings.ledger_begin = options.boolean("ledger_begin");
  settings.labels_as_metadata = options.boolean("labels_as_metadata");
  settings.verify_model = options.text("verify_model");
  settings.base_url = options.text("base_url");
  const Result<Url> base = parse_url(settings.base_url);
  settings.origin_is_covered = base && is_covered(base.value(), settings.hosts);
  return settings;
}

std::string_view Settings::strictest() const noexcept {
  if (unattributed == UnattributedPolicy::refuse) return "option 'unattributed' is refuse";
  if (bounds_projects) return "option 'allowed_projects' is set";
  switch (resolver.conflict()) {
    case ConflictPolicy::refuse:
      return "option 'conflict' is refuse";
    case ConflictPolicy::override:
      return "option 'conflict' is override";
    case ConflictPolicy::keep:
      break;
  }
  return "option 'strict_routes' is true";
}

bool Settings::lacks_region() const noexcept {
  const bool signs = auth == AuthMode::sigv4 || auth == AuthMode::automatic;
  const bool host_names_it = origin && classify(origin->host).canonical();
  return signs && !host_names_it && region.empty() && default_region.empty();
}

void Settings::take_region(std::string name, std::string_view from) {
  if (text::is_region(name)) {
    default_region = std::move(name);
  } else if (!name.empty()) {
    misspelled_region = "'" + std::move(name) + "' (" + std::string(from) + ")";
  }
}

Status Settings::check_region() const {
  if (auth != AuthMode::sigv4 || !origin || !lacks_region()) return {};
  return no_region();
}

Error Settings::no_region() const {
  if (!misspelled_region.empty()) {
    return {Code::invalid_option, "no region to sign for: " + misspelled_region +
                                      " is not spelled like an AWS region, such as us-east-1"};
  }
  return {Code::invalid_option,
          "no region to sign for: set option 'region' or AWS_REGION; the host does not name one"};
}

Settings::Place Settings::configured_place() const {
  const Endpoint endpoint = origin ? classify(origin->host) : Endpoint();
  const bool is_runtime =
      endpoint.kind == EndpointKind::runtime || custom_kind == EndpointKind::runtime;
  const std::string_view plane = is_runtime ? "bedrock" : "mantle";
  if (endpoint.canonical()) return {std::string(endpoint.region()), plane};
  // Where no host is known, it may name another region than the environment.
  return {region.empty() && origin ? default_region : region, plane};
}

attribution::ProjectPlace Settings::place_of(const Endpoint& endpoint, Api api) const noexcept {
  const std::string_view known = region.empty() ? default_region : region;
  const bool is_runtime = endpoint.kind == EndpointKind::runtime || is_of_runtime(api);
  return {endpoint.canonical() ? endpoint.region() : known, is_runtime ? "bedrock" : "mantle"};
}

Status Settings::check_covered(const Url& url, const Endpoint& endpoint) const {
  if (!endpoint.region().empty()) return {};
  // `endpoint_of` has seen to it that the URL is of that origin.
  if (origin ? origin_is_covered : is_covered(url, hosts)) return {};
  return mismatch("the request goes to " + std::string(url.host) +
                  ", a host of another vendor, where no Bedrock project is known: give the client "
                  "the URL of Bedrock or of a gateway to it, such as "
                  "https://bedrock-mantle.us-east-1.api.aws/v1, or name the host in option "
                  "'hosts'");
}

Endpoint Settings::classify(std::string_view host) const noexcept {
  return of_control_plane ? attribution::classify_control_host(host)
                          : attribution::classify_host(host);
}

Result<Endpoint> Settings::endpoint_of(const Url& url) const {
  if (origin && !origin->holds(url)) {
    return mismatch("the request goes to " + Origin::of(url).to_string() +
                    ", but this client is configured for " + origin->to_string() +
                    " by its base_url; make a client for that endpoint");
  }
  Endpoint endpoint = classify(url.host);
  if (Status status = check_scheme_and_port(url, endpoint); !status) return status;
  if (endpoint.canonical()) {
    if (custom_kind && *custom_kind != endpoint.kind) {
      return mismatch("option 'endpoint' is " + std::string(attribution::to_string(*custom_kind)) +
                      ", but " + std::string(url.host) + " is a " +
                      std::string(attribution::to_string(endpoint.kind)) + " host");
    }
    if (!region.empty() && region != endpoint.region()) {
      return mismatch("option 'region' is " + region + ", but the host " + std::string(url.host) +
                      " is in " + std::string(endpoint.region()));
    }
    if (!service.empty() && service != endpoint.signing_service()) {
      return mismatch("option 'service' is " + service + ", but requests to the host " +
                      std::string(url.host) + " are signed for " +
                      std::string(endpoint.signing_service()));
    }
  } else if (custom_kind) {
    endpoint.kind = *custom_kind;
  }
  return endpoint;
}

}  // namespace costmark::client
