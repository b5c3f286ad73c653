// The Projects API with the credentials, the signer and the transport of clients.
#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "attribution/endpoint.hpp"
#include "base/timestamp.hpp"
#include "base/waiting.hpp"
#include "client/foundation.hpp"
#include "client/operation/refusal.hpp"
#include "client/operation/refused_auth.hpp"
#include "client/prepare/workspace.hpp"
#include "client/projects/projects_place.hpp"
#include "costmark/client.hpp"
#include "net/transport.hpp"
#include "projects/exchange.hpp"

namespace costmark {
namespace client {
namespace {

Refusal refusal_in(const http::Response& answer) {
  RefusalReader reader;
  reader.begin(answer.status, answer.header("x-amzn-errortype"));
  reader.feed(answer.body);
  return reader.finish();
}

// Authorizes each message like a request of a client, and sends it once more where the service
// refused what was renewed since.
class AuthorizedExchange final : public projects::Exchange {
 public:
  AuthorizedExchange(Foundation ground, ClientConfig config)
      : settings_(std::move(ground.settings)),
        sending_(std::move(ground.sending)),
        clock_(std::move(config.clock)),
        kept_(config.transport ? config.transport : net::pooled_transport(sending_.connections)),
        single_(config.transport ? config.transport : net::network_transport(sending_.connection)),
        authorizer_(settings_, std::move(ground.identity), std::move(config.log), workspaces_) {}

  Result<http::Response> send(const projects::Message& message, const Wait& wait) override {
    RefusedAuth refused;
    Prepared::Impl prepared;
    Result<http::Response> answer = send_once(message, wait, prepared, refused);
    if (!answer) return answer;
    const Refusal refusal = refusal_in(answer.value());
    const Authorizer::Times times{parse_http_date(answer.value().header("date")), clock_()};
    if (refusal == Refusal::none) {
      if (authorizer_.skewed()) authorizer_.accepted(prepared.auth, times);
      return answer;
    }
    refused.note(refusal, prepared);
    if (!authorizer_.recover(refusal, prepared.auth, prepared.token(), times)) return answer;
    prepared.take_off_signature();
    Result<http::Response> again = send_once(message, wait, prepared, refused);
    const bool is_same = !again && again.error().code == Code::no_credentials;
    return is_same ? std::move(answer) : std::move(again);
  }

  void pause(std::chrono::milliseconds time, const Wait& wait) override {
    costmark::pause(time, wait);
  }
  UnixSeconds now() override { return clock_(); }
  std::chrono::milliseconds timeout() const override { return sending_.timeout; }

 private:
  Result<http::Response> send_once(const projects::Message& message, const Wait& wait,
                                   Prepared::Impl& prepared, const RefusedAuth& refused) {
    const Result<Url> url = parse_url(message.url);
    if (!url) return url.error();
    const Result<attribution::Endpoint> endpoint = settings_.endpoint_of(url.value());
    if (!endpoint) return endpoint.error();
    const std::vector<Header> headers = headers_of(message);
    Request request;
    request.method = message.method;
    request.url = message.url;
    request.headers = headers;
    request.body = message.body;
    prepared.body = message.body;
    prepared.api = Api::control;
    if (Status status =
            authorizer_.authorize(request, url.value(), endpoint.value(), clock_(), wait, prepared);
        !status) {
      return status;
    }
    if (refused.is_used_by(prepared)) {
      return Error{Code::no_credentials, "their source gives what was refused again"};
    }
    return exchange(message, headers, wait, prepared);
  }

  Result<http::Response> exchange(const projects::Message& message, std::span<const Header> headers,
                                  const Wait& wait, const Prepared::Impl& prepared) {
    std::vector<Header> sent;
    append_sent_headers(headers, prepared, sent);
    http::Request request;
    request.method = message.method;
    request.url = message.url;
    request.headers = sent;
    request.body = message.body;
    request.connect_timeout = sending_.connect_timeout;
    request.read_timeout = sending_.read_timeout;
    request.wait = wait;
    request.largest_answer = largest_answer;
    return (message.repeatable ? kept_ : single_)->send(request);
  }

  static std::vector<Header> headers_of(const projects::Message& message) {
    std::vector<Header> headers{{"accept", "application/json"}};
    if (!message.body.empty()) headers.push_back({"content-type", "application/json"});
    return headers;
  }

  // A page of a hundred projects, each with fifty tags of the longest kind.
  static constexpr std::size_t largest_answer = std::size_t{8} << 20U;

  const Settings settings_;
  const SendSettings sending_;
  const std::function<UnixSeconds()> clock_;
  const std::shared_ptr<http::Transport> kept_;    // its connections
  const std::shared_ptr<http::Transport> single_;  // one connection for each exchange
  Workspaces workspaces_{most_workspaces};
  Authorizer authorizer_;
};

// AWS's SDKs sign for an endpoint that the environment gives them, and send its token over https
// alone. On a host that is not AWS's a client of ours would leave both to its caller.
std::string_view auth_as_sdks(const ClientConfig& config, std::string_view url) {
  const bool is_given = config.bearer_token || !config.options.text("bearer_token").empty();
  const bool is_there = !config.environment("AWS_BEARER_TOKEN_BEDROCK").value_or("").empty();
  return is_given || (is_there && url.starts_with("https://")) ? "bearer" : "sigv4";
}

}  // namespace
}  // namespace client

Result<std::shared_ptr<Projects>> open_projects(ClientConfig config, ProjectPlane plane) {
  if (!config.environment) config.environment = process_environment();
  if (Status status = config.options.load_environment(config.environment); !status) return status;
  Result<client::ProjectsEndpoint> found = client::projects_endpoint(config, plane);
  if (!found) return found.error();
  const client::ProjectsEndpoint& endpoint = found.value();
  const bool is_control = endpoint.plane == ProjectPlane::bedrock;
  if (Status status = config.options.set("base_url", endpoint.base_url); !status) return status;
  if (Status status = config.options.set("endpoint", is_control ? "auto" : "mantle"); !status) {
    return status;
  }
  if (endpoint.is_of_sdks && config.options.text("auth") == "auto") {
    const std::string_view auth = client::auth_as_sdks(config, endpoint.base_url);
    if (Status status = config.options.set("auth", auth); !status) return status;
  }
  Result<client::Foundation> ground = client::lay_foundation(
      config, is_control ? client::EndpointUse::control : client::EndpointUse::projects);
  if (!ground) return std::move(ground).status();
  const client::Settings& settings = ground.value().settings;
  const Result<Url> url = parse_url(endpoint.base_url);
  const Result<attribution::Endpoint> host = settings.endpoint_of(url.value());
  if (!host) return host.error();
  std::string region(host.value().region());
  if (region.empty()) region = settings.region.empty() ? settings.default_region : settings.region;
  Projects::Place place{endpoint.plane, endpoint.base_url, std::move(region)};
  return std::make_shared<Projects>(
      std::make_unique<client::AuthorizedExchange>(std::move(ground).value(), std::move(config)),
      std::move(place));
}

}  // namespace costmark
