#include "client/verify/prober.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "attribution/project.hpp"
#include "base/text.hpp"
#include "client/operation/operation_id.hpp"
#include "client/operation/rows.hpp"
#include "costmark/url.hpp"
#include "http/field.hpp"

namespace costmark::client {
namespace {

constexpr std::string_view no_such_model = "costmark.no-such-model";
constexpr std::string_view route_v1 = "/v1";
constexpr std::string_view route_openai = "/openai/v1";

}  // namespace

std::string to_string(attribution::Carriers carriers) {
  std::string text;
  const auto add = [&text](bool used, std::string_view name) {
    if (!used) return;
    if (!text.empty()) text += ",";
    text += name;
  };
  add(carriers.body, "body");
  add(carriers.header, "header");
  add(carriers.workspace, "workspace");
  return text;
}

Prober::Prober(const ProberTools& tools, ProbePlan plan)
    : tools_(tools), plan_(std::move(plan)), impossible_(impossible_project()) {
  result_.carrier = to_string(plan_.carriers);
  result_.project = plan_.project;
  result_.model = plan_.model;
}

Result<Verification> Prober::run() {
  do {
    form_fault_.reset();
    if (Status status = run_once(); !status) return status;
  } while (form_fault_ && change_form(*form_fault_));
  result_.endpoint = text::without_query(plan_.url);
  result_.api = api_of(plan_.form);
  result_.checked_at = tools_.clock();
  return std::move(result_);
}

// The impossible project, then the real one. Where the refusal of the first does not say itself
// that it is because of the project, the difference to the second shows it, and the first is asked
// again: a service that fails now and then must not pass for one that looks.
Status Prober::run_once() {
  Result<Seen> first = ask(impossible_, true);
  if (!first) return std::move(first).status();
  const Seen& refusal = first.value();
  if (refusal.finding == Finding::served) {
    conclude(Verdict::not_honored,
             "the endpoint served project " + text::quoted(impossible_) +
                 ", which cannot exist: it ignores the project that requests name by " +
                 result_.carrier + ", and such calls go to its default project");
    return {};
  }
  const bool documented = refusal.finding == Finding::unknown_project;
  carrier_read_ = carrier_read_ || documented;
  if (!documented && refusal.finding != Finding::refused) {
    leave_open(refusal, {});
    return {};
  }
  if (!documented && plan_.model.empty()) {
    leave_open(refusal, {},
               ", which may or may not be because of the project; name a model that it has");
    return {};
  }
  return compare(refusal, documented);
}

// The second half: the real project, after the impossible one was refused.
Status Prober::compare(const Seen& refusal, bool documented) {
  Result<Seen> second = plan_.model.empty() ? look_up(plan_.project) : ask(plan_.project, false);
  if (!second) return std::move(second).status();
  const Seen& real = second.value();
  const std::string project = "project " + text::quoted(plan_.project);
  if (real.finding != Finding::served && real.finding != Finding::active) {
    if (!documented && real.finding == refusal.finding) {
      leave_open(real, {}, ", as that for a project that cannot exist was, and that is no proof");
    } else {
      leave_open(real, "a project that cannot exist is refused, but ");
    }
    return {};
  }
  if (documented) {
    conclude(Verdict::honored,
             "a project that cannot exist is refused because of it, and " + project +
                 (real.finding == Finding::served
                      ? " is served"
                      : " exists and is active; name a model to see it served as well"));
    return {};
  }
  Result<Seen> third = ask(impossible_, true);
  if (!third) return std::move(third).status();
  const Seen& again = third.value();
  const std::string status = std::to_string(refusal.status);
  if (again.finding != refusal.finding || again.status != refusal.status) {
    conclude(Verdict::unknown, "the endpoint's answers to the same request differ: status " +
                                   status + ", then " + std::to_string(again.status));
    return {};
  }
  conclude(Verdict::honored, "a project that cannot exist is refused each time (status " + status +
                                 "), and the same request is served for " + project);
  return {};
}

// Tries once each what the endpoint said would be right, where the caller left it open.
bool Prober::change_form(Finding finding) {
  const bool chat = plan_.form == Form::chat || plan_.form == Form::chat_max_tokens;
  std::string_view route =
      plan_.url.find(route_openai) == std::string::npos ? route_v1 : route_openai;
  if (finding == Finding::wrong_limit && plan_.form == Form::chat) {
    plan_.form = Form::chat_max_tokens;
    return true;
  }
  if (finding == Finding::wrong_api && chat && plan_.may_change_api) {
    plan_.may_change_api = false;
    plan_.form = Form::responses;
    if (plan_.base.empty()) {
      const std::size_t query = std::min(plan_.url.find('?'), plan_.url.size());
      constexpr std::string_view tail = "/chat/completions";
      plan_.url.replace(query - tail.size(), tail.size(), "/responses");
      return true;
    }
  } else if (finding == Finding::wrong_route && plan_.may_change_route) {
    plan_.may_change_route = false;
    route = route == route_v1 ? route_openai : route_v1;
  } else {
    return false;
  }
  plan_.url = operation_url(plan_.base, plan_.kind, plan_.form, route);
  return true;
}

Result<Prober::Seen> Prober::ask(std::string_view project, bool impossible) {
  const std::string_view model = plan_.model.empty() ? no_such_model : plan_.model;
  const std::string body = probe_body(plan_.form, model);
  Request request{"POST", plan_.url, {}, body, project, {}};
  const Question question{api_of(plan_.form), project, model,
                          plan_.kind == attribution::EndpointKind::custom};
  Verification::Probe probe;
  probe.project = project;
  Result<Seen> seen = exchange(request, question, probe, impossible);
  if (seen) result_.probes.push_back(std::move(probe));
  return seen;
}

Result<Prober::Seen> Prober::look_up(std::string_view project) {
  const std::string url = project_url(plan_.url, project);
  const Question question{Api::control, project, {}, false};
  Verification::Probe probe;
  probe.project = project;
  Result<Seen> seen = exchange(Request{"GET", url, {}, {}, {}, {}}, question, probe, false);
  if (seen) result_.probes.push_back(std::move(probe));
  return seen;
}

Result<Prober::Seen> Prober::exchange(const Request& asked, const Question& question,
                                      Verification::Probe& probe, bool impossible) {
  const Result<Url> url = parse_url(asked.url);
  if (!url) return url.error();
  const std::vector<Header> headers =
      probe_headers(plan_.form, url.value(), plan_.headers, question.api != Api::control);
  Request request = asked;
  request.headers = headers;
  Prepared::Impl prepared;
  if (Status status = tools_.attributor.attribute(request, Purpose::send, prepared); !status) {
    return status;
  }
  prepared.attributed();
  if (Status status = tools_.authorizer.authorize(request, prepared.target, prepared.endpoint,
                                                  tools_.clock(), tools_.wait, prepared);
      !status) {
    return status;
  }
  const std::vector<Header> sent = sent_headers(headers, prepared);
  host_ = prepared.target.host;
  region_ = tools_.authorizer.region_of(request, prepared.endpoint);

  probe.request = std::string(request.method) + " ";
  probe.request += text::without_query(request.url);
  http::Request exchange;
  exchange.method = request.method;
  exchange.url = request.url;
  exchange.headers = sent;
  exchange.body = prepared.body;
  exchange.timeout = plan_.timeout;
  exchange.wait = tools_.wait;
  exchange.connect_timeout = std::min(exchange.connect_timeout, plan_.timeout);
  Result<http::Response> answer = tools_.transport.send(exchange);
  prepared.reset();

  Seen seen;
  seen.authorized = http::is_authorized(sent);
  if (!answer && answer.error().code == Code::invalid_option) return answer.error();
  if (!answer) {
    probe.finding = "no answer: " + answer.error().message;
    seen.failure = answer.error().message;
    seen.retryable = answer.error().retryable;
    count(question, impossible, nullptr, probe);
    return seen;
  }
  ProbeResult result = read_probe(answer.value(), question);
  seen.finding = result.finding;
  seen.status = probe.status = answer.value().status;
  seen.retryable = result.finding == Finding::throttled || result.finding == Finding::failed;
  probe.code = std::move(result.code);
  probe.request_id = std::move(result.request_id);
  probe.finding = describe(result.finding);
  if (!impossible || result.finding == Finding::served) {
    count(question, impossible, &answer.value(), probe);
  }
  if (result.finding == Finding::wrong_limit || result.finding == Finding::wrong_api ||
      result.finding == Finding::wrong_route) {
    form_fault_ = result.finding;
  }
  return seen;
}

// The real project's request is an operation of that project like any other, and one for the
// impossible project that was served has been billed to the endpoint's default one.
void Prober::count(const Question& question, bool impossible, const http::Response* answer,
                   Verification::Probe& probe) {
  if (question.api == Api::control || (impossible && answer == nullptr)) return;
  AnswerReader reader;
  reader.begin(question.api, answer == nullptr ? 0 : answer->status,
               answer == nullptr ? std::string_view() : answer->header("content-type"), false,
               false);
  if (answer != nullptr) reader.feed(answer->body);
  reader.finish(answer == nullptr ? std::optional(Outcome::error) : std::nullopt);
  probe.usage = reader.answer().usage;

  const std::string_view payer = impossible ? attribution::default_project : question.project;
  OperationId id;
  id.renew(static_cast<std::uint64_t>(std::max<UnixSeconds>(tools_.clock(), 0)) * 1000);
  const AttemptReport report{.operation = id.text(),
                             .project = payer,
                             .project_source = ProjectSource::request,
                             .api = question.api,
                             .model = question.model,
                             .attempt = 1,
                             .http_status = probe.status,
                             .request_id = probe.request_id,
                             .time_to_first_byte = std::nullopt,
                             .started_us = now_us(),
                             .host = host_,
                             .region = region_,
                             .account = {},
                             .sdk = "costmark verify",
                             .tags = tools_.accounting.tags_of(payer),
                             .answer = reader.answer()};
  tools_.accounting.begin(report);
  BudgetHold none;  // budgets are about calls, not proofs
  tools_.accounting.end(report, {}, none);
}

void Prober::conclude(Verdict verdict, std::string reason) {
  result_.verdict = verdict;
  result_.reason = std::move(reason);
  result_.retryable = false;
}

void Prober::leave_open(const Seen& seen, std::string_view before, std::string_view behind) {
  conclude(Verdict::unknown, std::string(before) + why(seen) + std::string(behind));
  result_.retryable = seen.retryable;
  if (plan_.kind == attribution::EndpointKind::runtime && seen.finding == Finding::refused) {
    result_.reason += "; AWS documents only the default project on bedrock-runtime hosts";
  }
}

std::string Prober::why(const Seen& seen) const {
  const std::string& project = result_.probes.back().project;
  if (!seen.finding) return "the probe got no answer: " + seen.failure;
  const std::string status = " (status " + std::to_string(seen.status) + ")";
  const std::string model =
      plan_.model.empty() ? "the model" : "model " + text::quoted(plan_.model);
  switch (*seen.finding) {
    case Finding::unknown_project:
      return "project " + text::quoted(project) + " does not exist there either";
    case Finding::archived:
      return "project " + text::quoted(project) + " is archived";
    case Finding::no_model:
      return plan_.model.empty()
                 ? "the endpoint looks at the model before it looks at the project: name a model "
                   "that it has"
                 : "the endpoint does not have " + model + status + ": name one that it has";
    case Finding::no_path:
      return "nothing answers at " + result_.probes.back().request + status +
             ": check the base URL and the model's path, which is /v1, /openai/v1 or /anthropic/v1";
    case Finding::wrong_route:
      return model + " is not on this path" + status +
             ": take the base URL that ends with the model's own, /v1, /openai/v1 or /anthropic/v1";
    case Finding::wrong_api:
      return model + " does not have this API" + status + ": name another API or model";
    case Finding::wrong_limit:
      return model + " does not take the probe's limit of output" + status +
             ": name another API or model";
    case Finding::denied:
      if (!seen.authorized) {
        return "access was denied" + status +
               ", and the request carried no authorization: give the key of the gateway in option "
               "'bearer_token', with auth=bearer";
      }
      return "access was denied" + status +
             ": check the credentials, their permissions and the region";
    case Finding::throttled:
      return "the endpoint is busy" + status + ": try again later";
    case Finding::failed:
      return "the service failed" + status + ": try again later";
    case Finding::redirected:
      return "the endpoint points elsewhere" + status + ", which is not followed: check the URL";
    case Finding::unreadable:
      return "what answered" + status + " is not this API: check the base URL";
    case Finding::refused:
      return "the request for project " + text::quoted(project) + " was refused" + status;
    case Finding::served:
    case Finding::active:
      break;
  }
  return {};
}

}  // namespace costmark::client
