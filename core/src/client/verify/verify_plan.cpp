#include "client/verify/verify_plan.hpp"

#include <utility>

#include "attribution/carrier.hpp"
#include "attribution/endpoint.hpp"
#include "attribution/project.hpp"
#include "attribution/route.hpp"
#include "base/text.hpp"
#include "client/prepare/router.hpp"
#include "costmark/attribution.hpp"
#include "costmark/url.hpp"

namespace costmark::client {
namespace {

Status unattributed(std::string message) {
  return {Code::unattributed, std::move(message)};
}

// `endpoint` is where it is verified.
Status choose_project(const Settings& settings, const VerifyRequest& request,
                      const attribution::Endpoint& endpoint, VerifyPlan& plan) {
  std::string_view project = request.project;
  if (project.empty()) project = settings.client_project;
  if (project.empty()) project = settings.environment_project;
  if (project.empty()) {
    return unattributed(
        "no project to verify: name one in the call, option 'project' or COSTMARK_PROJECT");
  }
  const Result<std::string_view> id = settings.resolver.id_in_request(
      project, "the project", settings.place_of(endpoint, request.api));
  if (!id) return id.error();
  if (Status status = check_project_id(id.value(), "the project"); !status) return status;
  plan.probing.project = id.value();
  return {};
}

Status choose_base(const Settings& settings, const VerifyRequest& request, std::string& base) {
  base = request.url.empty() ? std::string_view(settings.base_url) : request.url;
  if (!base.empty()) return {};
  const std::string& region = settings.region.empty() ? settings.default_region : settings.region;
  if (region.empty()) {
    return {Code::invalid_option,
            "no endpoint to verify: set option 'base_url', or 'region' for the one of Bedrock"};
  }
  base = "https://bedrock-mantle." + region + ".api.aws";
  return {};
}

Status choose_url(const Settings& settings, const VerifyRequest& request, std::string base,
                  VerifyPlan& plan) {
  ProbePlan& probing = plan.probing;
  const Result<Url> url = parse_url(base);
  if (!url) return url.error();
  const Result<attribution::Endpoint> endpoint = settings.endpoint_of(url.value());
  if (!endpoint) return endpoint.error();
  if (Status status = settings.check_covered(url.value(), endpoint.value()); !status) return status;
  if (Status status = choose_project(settings, request, endpoint.value(), plan); !status) {
    return status;
  }
  const std::string_view path = url.value().path;
  probing.kind = endpoint.value().kind;

  if (!request.url.empty()) {
    const attribution::Route route = attribution::route_of("POST", attribution::LenientPath(path));
    const Api api = route.api;
    if (!route.inference() || is_of_runtime(api) ||
        (request.api != Api::other && request.api != api)) {
      return {Code::invalid_argument,
              "the URL to verify is not one of the API's inference requests, such as "
              "https://.../v1/chat/completions; Converse and InvokeModel cannot be verified"};
    }
    probing.form = form_of(api, path);
    probing.may_change_api = request.api == Api::other && path.ends_with("/chat/completions");
    probing.url = std::move(base);
    return {};
  }
  if (request.api == Api::control) {
    return {Code::invalid_argument, "requests to the Projects API name no project to verify"};
  }
  if (is_of_runtime(request.api)) {
    return {Code::invalid_argument, "Converse and InvokeModel cannot be verified"};
  }
  const ModelRoute* route = settings.routes.find(probing.model);
  const RouteFamily family = route == nullptr ? RouteFamily::unknown : route->family;
  const bool messages =
      request.api == Api::messages ||
      (request.api == Api::other &&
       (family == RouteFamily::anthropic_v1 || path.find("/anthropic") != std::string_view::npos));
  probing.form = messages ? Form::messages : form_of(request.api, {});
  probing.may_change_api = request.api == Api::other && !messages;
  probing.may_change_route = probing.kind != attribution::EndpointKind::runtime && !messages &&
                             path.find_first_not_of('/') == std::string_view::npos;
  const bool below_openai =
      probing.kind == attribution::EndpointKind::runtime || family == RouteFamily::openai_v1;
  probing.base = std::move(base);
  probing.url =
      operation_url(probing.base, probing.kind, probing.form, below_openai ? "/openai/v1" : "/v1");
  return {};
}

// As option `route` does it with requests.
void move_to_route(const Settings& settings, ProbePlan& probing) {
  const Result<Url> url = parse_url(probing.url);
  if (!settings.moves_routes || !url) return;
  const Result<attribution::Endpoint> endpoint = settings.endpoint_of(url.value());
  if (!endpoint) return;
  Prepared::Impl moved;
  moved.model = probing.model;
  moved.api = api_of(probing.form);
  moved.inference = true;
  Request request;
  request.url = probing.url;
  route(settings, request, url.value(), endpoint.value(), moved);
  if (moved.url.empty()) return;
  probing.url = moved.url;
  probing.base.clear();
}

}  // namespace

Result<VerifyPlan> plan_for(const Settings& settings, const VerifyRequest& request) {
  VerifyPlan plan;
  ProbePlan& probing = plan.probing;
  probing.model = request.model.empty() ? std::string_view(settings.verify_model) : request.model;
  std::string base;
  if (Status status = choose_base(settings, request, base); !status) return status;
  if (Status status = choose_url(settings, request, std::move(base), plan); !status) return status;
  move_to_route(settings, probing);
  const Result<Url> url = parse_url(probing.url);
  if (!url) return url.error();
  probing.carriers = attribution::choose_carriers(
      settings.carriers, probing.kind,
      attribution::route_of("POST", attribution::LenientPath(url.value().path)), true);
  probing.headers = request.headers;
  probing.timeout = request.timeout;
  plan.url = text::without_query(probing.url);
  plan.api = request.api;
  return plan;
}

Result<VerifyPlan> plan_for(const Settings& settings, const Request& request,
                            std::string_view target, const Prepared::Impl& prepared) {
  VerifyPlan plan;
  plan.of_request = true;
  plan.url = text::without_query(target);
  plan.api = prepared.api;
  ProbePlan& probing = plan.probing;
  probing.url = target;
  constexpr std::string_view compact = "/compact";
  if (plan.url.ends_with(compact)) {  // which has the path and the carrier of its parent
    probing.url.erase(plan.url.size() - compact.size(), compact.size());
  }
  const Result<Url> url = parse_url(probing.url);
  if (!url) return url.error();
  const Result<attribution::Endpoint> endpoint = settings.endpoint_of(url.value());
  if (!endpoint) return endpoint.error();
  probing.kind = endpoint.value().kind;
  probing.form = form_of(prepared.api, url.value().path);
  probing.carriers = prepared.carriers;
  probing.project = prepared.project;
  probing.model = settings.verify_model.empty() ? prepared.model : settings.verify_model;
  probing.headers = request.headers;
  probing.timeout = VerifyRequest{}.timeout;
  return plan;
}

}  // namespace costmark::client
