#include "client/prepare/attribute.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <span>

#include "attribution/carrier.hpp"
#include "attribution/project.hpp"
#include "attribution/route.hpp"
#include "base/text.hpp"
#include "client/prepare/request_metadata.hpp"
#include "client/prepare/route_policy.hpp"
#include "http/field.hpp"

namespace costmark::client {
namespace {

using attribution::Carriers;
using attribution::EndpointKind;
using attribution::Route;
using attribution::RouteKind;

// The members of a request body that decide something, in the order of `body_paths`. Converse,
// whose model is in the path, has the first of them, and others of its own.
enum BodyField : std::size_t {
  project_id,
  model,
  stream,
  stream_options,
  include_usage,
  previous,
  background,
  // Looked for where there are budgets.
  max_tokens,
  max_completion_tokens,
  max_output_tokens,
  choices,
};
constexpr std::array<std::string_view, 11> body_paths{
    attribution::body_member,
    "model",
    "stream",
    "stream_options",
    "stream_options.include_usage",
    "previous_response_id",
    "background",
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "n",
};
constexpr std::array<std::string_view, 3> converse_paths{
    attribution::converse_member,
    "requestMetadata",
    "inferenceConfig.maxTokens",  // as above
};
constexpr std::size_t converse_metadata = 1;
constexpr std::size_t converse_max_tokens = 2;

std::span<const std::string_view> paths_of(Api api, bool has_budgets) noexcept {
  const bool converses = api == Api::converse;
  const std::span<const std::string_view> paths =
      converses ? std::span<const std::string_view>(converse_paths) : std::span(body_paths);
  if (has_budgets) return paths;
  return paths.first(converses ? converse_max_tokens : std::size_t{max_tokens});
}

// The headers in which callers name a project, whether the request's API looks there or not.
constexpr std::array<std::string_view, 4> project_headers{
    attribution::project_header, attribution::workspace_header, attribution::identifier_header,
    attribution::old_workspace_header};
constexpr std::size_t workspace_at = 1;
constexpr std::size_t identifier_at = 2;

// The first header for a project that a Connection header names; empty if there is none.
std::string_view project_header_in(std::string_view connection) noexcept {
  while (connection.size() >= attribution::project_header.size()) {
    const std::size_t comma = std::min(connection.find(','), connection.size() - 1);
    const std::string_view name = text::trimmed(connection.substr(0, comma + 1), ", \t");
    for (const std::string_view header : project_headers) {
      if (equal_ignoring_case(name, header)) return header;
    }
    connection.remove_prefix(comma + 1);
  }
  return {};
}

bool is_json(std::string_view content_type) noexcept {
  content_type = text::trimmed(content_type, " \t");
  const std::string_view media_type = content_type.substr(0, content_type.find_first_of("; \t"));
  constexpr std::string_view suffix = "+json";
  return equal_ignoring_case(media_type, "application/json") ||
         equal_ignoring_case(media_type, "text/json") ||
         (media_type.size() > suffix.size() &&
          equal_ignoring_case(media_type.substr(media_type.size() - suffix.size()), suffix));
}

// Content decides, whatever the labels say.
bool begins_like_object(std::string_view body) noexcept {
  const std::size_t first = body.find_first_not_of(text::white_space);
  return first != std::string_view::npos && body[first] == '{';
}

bool names_another_method(const Header& header) noexcept {
  constexpr std::array<std::string_view, 3> names{"x-http-method-override", "x-http-method",
                                                  "x-method-override"};
  return std::any_of(names.begin(), names.end(), [&header](std::string_view name) {
    return equal_ignoring_case(header.name, name);
  });
}

attribution::Work work_of(const Request& request) noexcept {
  const auto& headers = request.headers;
  if (!request.body.empty() || request.body_is_stream ||
      std::any_of(headers.begin(), headers.end(), names_another_method)) {
    return attribution::Work::write;
  }
  const bool upgrades = std::any_of(headers.begin(), headers.end(), [](const Header& header) {
    return equal_ignoring_case(header.name, "upgrade");
  });
  return upgrades ? attribution::Work::upgrade : attribution::Work::none;
}

std::optional<std::int64_t> count_of(json::Document& document, std::size_t field) {
  const std::string_view digits = document.raw(field);
  std::int64_t count = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size() || count < 0) return {};
  return count;
}

// The tokens of output that a request limits its answer to.
std::optional<std::int64_t> most_output(json::Document& document, Api api) {
  if (api == Api::embeddings) return 0;
  if (api == Api::converse) return count_of(document, converse_max_tokens);
  std::optional<std::int64_t> most;
  for (const BodyField field : {max_tokens, max_completion_tokens, max_output_tokens}) {
    if (const auto found = count_of(document, field)) most = std::max(found, most);
  }
  constexpr std::int64_t most_choices = 128;
  const std::int64_t answers =
      std::clamp<std::int64_t>(count_of(document, choices).value_or(1), 1, most_choices);
  if (!most || *most > std::numeric_limits<std::int64_t>::max() / answers) return most;
  return *most * answers;
}

// A proxy on the way takes out what a Connection header names.
Status check_connection(std::string_view value) {
  const std::string_view named = project_header_in(value);
  if (named.empty()) return {};
  return {Code::unattributed, "the request's connection header names " + std::string(named) +
                                  ", which proxies then take out of the request; leave it out"};
}

// Takes out what tells a digest of the body, which is another one now. Names are copied, as the
// request's own need not outlive `prepare`.
void remove_digests(std::span<const Header> headers, Prepared::Impl& out) {
  std::size_t size = 0;
  for (const Header& header : headers) {
    if (http::tells_digest(header.name)) size += header.name.size() + 1;
  }
  if (size == 0) return;
  std::string& names = out.digest_names;
  names.clear();
  names.reserve(size);  // growing would move them
  for (const Header& header : headers) {
    if (!http::tells_digest(header.name)) continue;
    const std::size_t begin = names.size();
    names.append(header.name).push_back('\0');
    out.headers_to_remove.push_back(std::string_view(names).substr(begin, header.name.size()));
  }
}

bool is_project(std::string_view project) noexcept {
  return !project.empty() && project != attribution::default_project;
}

}  // namespace

// What the request says, before anything is decided.
struct Attributor::Found {
  // The headers that may name a project, in the order of `project_headers`.
  std::array<std::string_view, project_headers.size()> project;
  std::array<bool, project_headers.size()> has_project{};
  bool has_content_type = false;
  bool says_json = false;  // in one of its content types
  bool is_encoded = false;
  std::string_view content_type;
  std::string_view content_encoding;
  bool json_body = false;  // the document is open on it
  std::string_view body_project;
  std::string_view model;
  std::string_view previous_response;

  // Whether the labels are those of a JSON body.
  bool claims_json() const noexcept { return (!has_content_type || says_json) && !is_encoded; }
  bool names_project_in_header() const noexcept {
    return std::any_of(has_project.begin(), has_project.end(), [](bool has) { return has; });
  }
};

Status Attributor::read_headers(const Request& request, Found& found) const {
  for (const Header& header : request.headers) {
    if (equal_ignoring_case(header.name, "content-type")) {
      found.has_content_type = true;
      found.content_type = header.value;
      found.says_json = found.says_json || is_json(header.value);
    } else if (equal_ignoring_case(header.name, "content-encoding")) {
      found.is_encoded = !equal_ignoring_case(header.value, "identity");
      found.content_encoding = header.value;
    } else if (equal_ignoring_case(header.name, "connection")) {
      if (Status status = check_connection(header.value); !status) return status;
    }
    for (std::size_t i = 0; i < project_headers.size(); ++i) {
      if (!equal_ignoring_case(header.name, project_headers[i])) continue;
      if (found.has_project[i] && found.project[i] != header.value) {
        return {Code::conflict, "the request has two different " + std::string(header.name) +
                                    " headers; name one project"};
      }
      found.has_project[i] = true;
      found.project[i] = header.value;
    }
  }
  return {};
}

Result<std::string_view> Attributor::named_in_headers(const Found& found) {
  std::size_t named_in = project_headers.size();
  for (std::size_t i = 0; i < project_headers.size(); ++i) {
    if (found.project[i].empty()) continue;
    if (named_in == project_headers.size()) named_in = i;
    if (found.project[i] == found.project[named_in]) continue;
    return Error{Code::conflict,
                 "the request's " + std::string(project_headers[named_in]) + " and " +
                     std::string(project_headers[i]) + " headers differ; name one project",
                 {},
                 0,
                 {},
                 false};
  }
  return named_in == project_headers.size() ? std::string_view() : found.project[named_in];
}

Status Attributor::read_body(const Request& request, const Route& route, Found& found,
                             Workspace& work, Prepared::Impl& out) const {
  if (route.inference() && is_of_runtime(route.api)) {
    out.model = work.way.model();
    found.model = out.model;
    out.streamed = route.streams;
    // That body is the model's own, and any is good.
    if (route.api == Api::invoke_model) return {};
  }
  if (route.inference()) return open_inference_body(request, found, work, out);
  const bool may_name_project = route.of_project || route.may_spend();
  if (!may_name_project || route.kind == RouteKind::invoking) return {};
  return open_other_body(request, found, work, out);
}

Status Attributor::open_inference_body(const Request& request, Found& found, Workspace& work,
                                       Prepared::Impl& out) const {
  if (request.body_is_stream) {
    return {Code::body_needed,
            "attributing the request needs all bytes of its body, which is a "
            "stream: read it, and pass the bytes"};
  }
  if (request.body.empty() && found.claims_json()) {
    return {Code::invalid_json, "the body is empty; this API takes a JSON object", 0};
  }
  if (begins_like_object(request.body) || found.claims_json()) {
    Status status = work.document.open(request.body, paths_of(out.api, settings_.has_budgets),
                                       settings_.json_mode);
    if (status && settings_.has_budgets) out.most_output = most_output(work.document, out.api);
    if (status) return read_members(found, work, out);
    if (found.claims_json()) return status;
  }
  if (!settings_.must_read_bodies()) return {};
  return unreadable_body(settings_, found.content_type, found.content_encoding);
}

// Of such a request only a project that it may name matters: any body is good.
Status Attributor::open_other_body(const Request& request, Found& found, Workspace& work,
                                   Prepared::Impl& out) const {
  if (!begins_like_object(request.body)) return {};
  const auto paths = paths_of(Api::other, false);
  Status status = work.document.open(request.body, paths, settings_.json_mode);
  if (status) return read_members(found, work, out);
  // Nothing is edited there, so that what no policy must read is not costmark's to refuse.
  const bool must_be_read = settings_.must_read_bodies() && found.says_json && !found.is_encoded;
  return must_be_read ? std::move(status) : Status();
}

Status Attributor::read_members(Found& found, Workspace& work, Prepared::Impl& out) const {
  found.json_body = true;
  if (Status status = read_project(found, work, out.api); !status) return status;
  if (out.api == Api::converse) return {};
  json::Document& document = work.document;
  if (document.string(model, out.model)) found.model = out.model;
  if (document.string(previous, work.previous_response)) {
    found.previous_response = work.previous_response;
  }
  out.streamed = document.raw(stream) == "true";
  out.background = out.api == Api::responses && document.raw(background) == "true";
  return {};
}

Status Attributor::read_project(Found& found, Workspace& work, Api api) {
  const json::Document& document = work.document;
  const json::Member& project = document.member(project_id);
  const std::string_view place = attribution::place_in_body(api);
  if (project.kind == json::Kind::string) {
    if (!document.string(project_id, work.body_project)) {
      return {Code::invalid_project,
              std::string(place) + " at byte " + std::to_string(project.value_begin) +
                  " has an escape that stands for no character",
              project.value_begin};
    }
    found.body_project = work.body_project;
  } else if (project && project.kind != json::Kind::null) {
    return {
        Code::invalid_project,
        std::string(place) + " at byte " + std::to_string(project.value_begin) + " is not a string",
        project.value_begin};
  }
  // Parsers differ in which of several they take: one that names a project must not pass unseen.
  if (project.count > 1 && found.body_project.empty()) {
    return {Code::conflict,
            std::string(place) + " stands there " + std::to_string(project.count) +
                " times, and the last one names no project; leave one of them",
            project.value_begin};
  }
  return {};
}

Status Attributor::decide(const Request& request, const Url& url,
                          const attribution::Endpoint& endpoint, const Found& found,
                          Prepared::Impl& out) const {
  const Result<std::string_view> header = named_in_headers(found);
  if (!header) return header.error();
  attribution::Candidates candidates;
  candidates.argument = request.project;
  candidates.header = header.value();
  candidates.body = found.body_project;
  candidates.body_place = attribution::place_in_body(out.api);
  candidates.scope = request.scope;
  if (!settings_.rules.empty()) {
    candidates.rule = settings_.rules.match({found.model, out.api, url.path});
  }
  candidates.client = settings_.client_project;
  candidates.environment = settings_.environment_project;
  candidates.place = settings_.place_of(endpoint, out.api);
  Result<attribution::Decision> decision = settings_.resolver.resolve(candidates);
  if (!decision) return std::move(decision).status();
  out.project = decision.value().project;
  out.source = decision.value().source;
  return {};
}

Status Attributor::check_chain(const Found& found, Workspace& work,
                               const Prepared::Impl& out) const {
  if (found.previous_response.empty() || out.api != Api::responses) return {};
  const std::string_view project =
      out.project.empty() ? attribution::default_project : std::string_view(out.project);
  if (!chains_.crosses(found.previous_response, project, work.chain_owner)) return {};
  return {Code::conflict, "previous_response_id belongs to project '" + work.chain_owner +
                              "', but this request goes to '" + std::string(project) +
                              "'; stored responses do not cross projects"};
}

Status Attributor::check_policies(const attribution::Endpoint& endpoint, const Workspace& work,
                                  const Prepared::Impl& out) const {
  const bool named = is_project(out.project);
  if (!named && out.may_spend && settings_.is_closed()) {
    if (Status status = check_unnamed(settings_, work.way.path(), out.inference); !status)
      return status;
  }
  if (is_of_runtime(out.api)) return named ? check_profile(work, out) : Status();
  if (named && endpoint.kind == EndpointKind::runtime &&
      settings_.runtime_project == RuntimeProjectPolicy::refuse) {
    return {Code::endpoint_mismatch,
            "AWS documents only the default project for this API on bedrock-runtime hosts, and "
            "option 'runtime_project' is refuse; use Converse, InvokeModel or a bedrock-mantle "
            "host, or an application inference profile that stands for the project"};
  }
  return {};
}

// "Application inference profiles don't support non-default projects", says AWS: it would refuse
// the call.
Status Attributor::check_profile(const Workspace& work, const Prepared::Impl& out) {
  constexpr std::string_view profile = ":application-inference-profile/";
  if (work.way.path().text().find(profile) == std::string_view::npos) return {};
  return {Code::conflict,
          "the model is an application inference profile, with which AWS takes no project, and the "
          "request runs under project " +
              text::quoted(out.project) +
              "; name a foundation model or a system-defined inference profile, such as "
              "us.anthropic.claude-sonnet-4-5, and the project is billed; or name project "
              "'default' in the request, and the profile's tags are"};
}

// A runtime host takes the project in the body alone, and not every body can be edited.
Status Attributor::check_carried(const Prepared::Impl& out) const {
  if (!is_project(out.project)) return {};
  if (out.inference) {
    return {Code::unattributed,
            "project '" + out.project +
                "' cannot be written into this request: its body is not JSON that can be edited; "
                "send it as application/json without a content encoding"};
  }
  if (!out.may_spend || !settings_.is_closed()) return {};
  return {Code::unattributed, "project '" + out.project +
                                  "' cannot be written into this request: its endpoint has no "
                                  "place for a project in requests to this path, and " +
                                  std::string(settings_.strictest())};
}

Carriers Attributor::carriers_of(const attribution::Endpoint& endpoint, const Route& route,
                                 const Found& found, const Prepared::Impl& out) const {
  if (route.kind == RouteKind::invoking) return {};
  // What costmark does not know on a host that is not Bedrock's own stays as it is. Only a project
  // that the request names there itself is held to the policies.
  const bool known = route.may_spend() || (route.kind == RouteKind::free && route.of_project);
  if (!known && endpoint.region().empty()) {
    const bool workspace = found.has_project[workspace_at];
    const bool identifier = found.has_project[identifier_at] && !workspace;
    return {.body = false,
            .header = found.names_project_in_header() && !workspace && !identifier,
            .workspace = workspace,
            .identifier = identifier};
  }
  // The one project whose header AWS documents there; a member it does not know may be refused.
  const Carriers carriers = attribution::choose_carriers(settings_.carriers, endpoint.kind, route,
                                                         route.inference() && found.json_body);
  if (settings_.carriers.automatic && endpoint.kind == EndpointKind::runtime &&
      !is_of_runtime(route.api) && out.project == attribution::default_project &&
      !carriers.workspace) {
    return {.header = true};
  }
  return carriers;
}

Status Attributor::carry(const attribution::Endpoint& endpoint, const Route& route,
                         const Found& found, Workspace& work, Prepared::Impl& out) const {
  if (out.project.empty()) return {};
  out.carriers = carriers_of(endpoint, route, found, out);
  if (!out.carriers.any()) {
    if (Status status = check_carried(out); !status) return status;
    // What the request does not say is not its project.
    if (route.kind != RouteKind::free || !route.of_project) {
      out.project.clear();
      out.source = ProjectSource::none;
    }
    return {};
  }
  carry_in_headers(out.carriers, found, out);
  return carry_in_body(out.carriers, found, work, out);
}

void Attributor::carry_in_headers(const Carriers& carriers, const Found& found,
                                  Prepared::Impl& out) const {
  const std::array<bool, project_headers.size()> carries{carriers.header, carriers.workspace,
                                                         carriers.identifier, false};
  for (std::size_t i = 0; i < project_headers.size(); ++i) {
    if (carries[i]) {
      out.headers_to_set.push_back({project_headers[i], out.project});
    } else if (found.has_project[i]) {
      out.headers_to_remove.push_back(project_headers[i]);
    }
  }
}

Status Attributor::carry_in_body(const Carriers& carriers, const Found& found, Workspace& work,
                                 Prepared::Impl& out) const {
  if (!found.json_body) return {};
  if (!carriers.body) {
    if (!work.document.member(project_id)) return {};
    out.body_changed = true;
    return work.document.remove(project_id);
  }
  const json::Member& member = work.document.member(project_id);
  work.project_value.clear();
  json::append_string(work.project_value, out.project);
  if (member.count == 1 && work.document.raw(project_id) == work.project_value) return {};
  out.body_changed = true;
  return work.document.set(project_id, work.project_value);
}

Status Attributor::carry_labels(const Request& request, const Found& found, Workspace& work,
                                Prepared::Impl& out) const {
  if (!settings_.labels_as_metadata || request.labels.empty() || !found.json_body ||
      out.api != Api::converse) {
    return {};
  }
  const json::Kind kind = work.document.member(converse_metadata).kind;
  const bool is_object = kind == json::Kind::object;
  // The service refuses any other, and says so.
  if (!is_object && kind != json::Kind::absent && kind != json::Kind::null) return {};
  const std::string_view given = is_object ? work.document.raw(converse_metadata) : "";
  if (Status status = add_to_metadata(given, request.labels, work.metadata); !status) return status;
  if (work.metadata == given) return {};
  out.body_changed = true;
  return work.document.set(converse_metadata, work.metadata);
}

Status Attributor::ask_for_usage(const Found& found, Workspace& work, Prepared::Impl& out) const {
  if (!settings_.stream_usage || !found.json_body || !out.streamed || !out.inference ||
      out.api != Api::chat_completions) {
    return {};
  }
  const json::Kind options = work.document.member(stream_options).kind;
  Status status;
  if (options == json::Kind::null) {
    status = work.document.set(stream_options, R"({"include_usage":true})");
  } else if ((options == json::Kind::absent || options == json::Kind::object) &&
             !work.document.member(include_usage)) {
    status = work.document.set(include_usage, "true");
  } else {
    return {};
  }
  out.body_changed = true;
  out.hides_usage_chunk = true;
  return status;
}

Status Attributor::attribute(const Request& request, Purpose purpose, Prepared::Impl& out) const {
  const Lease<Workspace> work(workspaces_);
  const attribution::Work does = work_of(request);
  if (Status status = work->way.find(settings_, request, does); !status) return status;
  out.target = work->way.url();
  out.endpoint = work->way.endpoint();
  const Url& url = out.target;
  const attribution::Endpoint& endpoint = out.endpoint;
  const Route& route = work->way.route();
  out.api = route.api;
  out.inference = route.inference();
  out.may_spend = route.may_spend();
  out.unrecognized = route.kind == RouteKind::unknown;
  out.invoking = route.kind == RouteKind::invoking;
  out.polls = route.polls;
  out.body = request.body;
  if (route.api == Api::control) return {};
  if (Status status = check_route(settings_, endpoint, route, work->way.path(), does); !status) {
    return status;
  }

  Found found;
  if (Status status = read_headers(request, found); !status) return status;
  if (Status status = read_body(request, route, found, *work, out); !status) return status;
  if (Status status = decide(request, url, endpoint, found, out); !status) return status;
  if (Status status = check_policies(endpoint, *work, out); !status) return status;
  if (Status status = check_chain(found, *work, out); !status) return status;
  if (purpose == Purpose::check) return {};

  if (Status status = carry(endpoint, route, found, *work, out); !status) return status;
  out.unattributed = out.may_spend && !is_project(out.project);
  if (Status status = carry_labels(request, found, *work, out); !status) return status;
  if (Status status = ask_for_usage(found, *work, out); !status) return status;
  if (!out.body_changed) return {};
  Result<std::string_view> edited = work->document.finish(out.edited_body);
  if (!edited) return std::move(edited).status();
  out.body = edited.value();
  remove_digests(request.headers, out);
  return {};
}

}  // namespace costmark::client
