#include "credentials/metadata/container.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "base/cleanse.hpp"
#include "costmark/url.hpp"
#include "credentials/attempts.hpp"
#include "credentials/config/shared_files.hpp"
#include "credentials/config/token_file.hpp"
#include "credentials/metadata/endpoint_answer.hpp"
#include "http/field.hpp"

namespace costmark {
namespace {

constexpr const char* relative_variable = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
constexpr const char* full_variable = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
constexpr const char* token_variable = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
constexpr const char* token_file_variable = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
constexpr const char* ecs_origin = "http://169.254.170.2";

constexpr auto timeout = std::chrono::seconds(2);

// What a request is made of. Holds the token.
struct Endpoint {
  Endpoint() = default;
  ~Endpoint() { cleanse(token); }
  Endpoint(Endpoint&&) noexcept = default;
  Endpoint& operator=(Endpoint&&) = delete;

  std::string url;
  std::string setting;  // the variable that it comes from
  std::string who;      // begins errors: the variable and the origin
  std::string token;
};

bool is_loopback(const std::string& host, bool ipv6) noexcept {
  if (ipv6) {
    in6_addr address{};
    return inet_pton(AF_INET6, host.c_str(), &address) == 1 && IN6_IS_ADDR_LOOPBACK(&address);
  }
  in_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1 && ntohl(address.s_addr) >> 24U == 127;
}

// The token travels in the clear over http: to this machine, or to the addresses of ECS and of EKS
// Pod Identity.
bool is_allowed(const Url& url) {
  if (url.https || is_loopback(std::string(url.host), url.ipv6)) return true;
  constexpr std::array<std::string_view, 4> hosts{"169.254.170.2", "169.254.170.23", "fd00:ec2::23",
                                                  "localhost"};
  return std::any_of(hosts.begin(), hosts.end(),
                     [&](std::string_view host) { return equal_ignoring_case(url.host, host); });
}

// A client error is final, except for "too many requests".
constexpr bool is_retryable(int status) noexcept {
  return status == 429 || status / 100 != 4;
}

// The error knows, as an answer of status 200 may be cut short.
bool is_retryable(const http::Attempted& attempted) noexcept {
  return attempted.error != nullptr && attempted.error->retryable;
}

// A second each time, and no jitter: the agent serves this machine alone.
constexpr http::RetryPolicy retries{.predicate = is_retryable,
                                    .first_pause = std::chrono::seconds(1),
                                    .factor = 1,
                                    .longest_pause = std::chrono::seconds(1),
                                    .jitter_percent = 0,
                                    .attempts = 3};

class ContainerProvider final : public CredentialsProvider {
 public:
  explicit ContainerProvider(SourceContext context) : context_(std::move(context)) {}

  std::string_view name() const noexcept override { return "container"; }

  Result<CredentialsPtr> resolve(UnixSeconds, const Wait& wait) override {
    Result<Endpoint> endpoint = find_endpoint();
    if (!endpoint) return endpoint.error();
    if (Status status = read_token(endpoint.value().token); !status) return status;
    const auto transport = context_.within(wait).transport;
    return with_retries(retries, *transport, [&] { return ask(endpoint.value(), *transport); });
  }

 private:
  std::string variable(std::string_view name) const {
    return config::variable(context_.environment, name);
  }

  Result<Endpoint> find_endpoint() const {
    Endpoint endpoint;
    endpoint.setting = relative_variable;
    if (const std::string relative = variable(relative_variable); !relative.empty()) {
      endpoint.url = ecs_origin + relative;
    } else if (endpoint.url = variable(full_variable); !endpoint.url.empty()) {
      endpoint.setting = full_variable;
    } else {
      return Error{Code::no_credentials, std::string("neither ") + relative_variable + " nor " +
                                             full_variable + " is set"};
    }
    const Result<Url> url = parse_url(endpoint.url);
    if (!url) {
      return Error{Code::unusable_credentials, endpoint.setting + ": " + url.error().message};
    }
    endpoint.who = endpoint.setting + " (" + http::origin_of(url.value()) + ")";
    if (!is_allowed(url.value())) {
      return Error{Code::unusable_credentials,
                   endpoint.who +
                       ": over http only a loopback address, localhost, 169.254.170.2, "
                       "169.254.170.23 and [fd00:ec2::23] are asked; any other host "
                       "needs https"};
    }
    return endpoint;
  }

  // The file wins over the variable, and is read anew each time: Kubernetes rotates it.
  Status read_token(std::string& token) const {
    const char* who = token_file_variable;
    if (const std::string path = variable(token_file_variable); !path.empty()) {
      Result<std::string> content = read_token_file(path, who);
      if (!content) return std::move(content).status();
      token = std::move(content).value();
    } else {
      who = token_variable;
      token = variable(token_variable);
    }
    if (http::is_field_value(token)) return {};
    return Error{Code::unusable_credentials,
                 std::string(who) +
                     ": the token holds a line break or another control character; "
                     "write it without one at its end"};
  }

  Result<CredentialsPtr> ask(const Endpoint& endpoint, http::Transport& transport) const {
    const std::array<Header, 2> headers{Header{"Accept", "application/json"},
                                        Header{"Authorization", endpoint.token}};
    http::Request request;
    request.url = endpoint.url;
    request.headers = std::span(headers).first(endpoint.token.empty() ? 1 : 2);
    request.connect_timeout = timeout;
    request.timeout = timeout;
    request.proxied = false;
    Result<http::Response> answer = transport.send(request);
    if (!answer) {
      Error error = answer.error();
      error.message = endpoint.setting + ": " + error.message;
      return error;
    }
    if (answer.value().status != 200) return refused(endpoint, answer.value().status);
    return read(endpoint, answer.value().body);
  }

  static Error refused(const Endpoint& endpoint, int status) {
    Error error{
        status == 429 ? Code::throttled : Code::service,
        endpoint.who + ": the endpoint answered with HTTP status " + std::to_string(status)};
    error.http_status = status;
    error.retryable = is_retryable(status);
    return error;
  }

  Result<CredentialsPtr> read(const Endpoint& endpoint, std::string_view body) const {
    Result<Credentials::Fields> fields = read_endpoint_answer(body, endpoint.who);
    if (!fields) return fields.error();
    fields.value().source = name();
    return make_credentials(std::move(fields).value(), endpoint.who);
  }

  const SourceContext context_;
};

}  // namespace

CredentialsProviderPtr container_credentials(SourceContext context) {
  return std::make_unique<ContainerProvider>(std::move(context));
}

}  // namespace costmark
