#include "hpp_without_exceptions.hpp"

#include <costmark/costmark.hpp>

#include <string>
#include <string_view>
#include <type_traits>

#if COSTMARK_HPP_EXCEPTIONS
#error "this is to be compiled without exceptions"
#endif

namespace cm = costmark::c;

static_assert(!std::is_default_constructible_v<cm::Response>);
static_assert(!std::is_constructible_v<cm::Client, const cm::Config&>);

namespace {

#define REQUIRE(condition) \
  if (!(condition)) return #condition

const char* refuses() {
  cm::Result<cm::Config> config = cm::Config::make();
  REQUIRE(config && config.status() == COSTMARK_OK);
  const cm::Result<void> set = config.value().set("conflict", "perhaps");
  REQUIRE(!set.ok() && set.status() == COSTMARK_INVALID_OPTION);
  REQUIRE(set.error().message().find("conflict") != std::string_view::npos);
  REQUIRE(!cm::json_remove("[]", "a") && cm::json_remove("[]", "a").error().offset());
  REQUIRE(cm::json_remove(R"({"a":1})", "a").value() == "{}");
  REQUIRE(!cm::Signature::make().value().sign({}).ok());
  return "";
}

const char* prepares() {
  cm::Config config = cm::Config::make().value();
  REQUIRE(config.set("project", "proj_abc123").ok() && config.set("region", "us-east-1").ok());
  // A Result of put() is an answer; so is a bool.
  REQUIRE(config.on_credentials([](cm::CredentialsSink& sink) { return sink.put({}); }).ok());
  cm::Prepared prepared = cm::Prepared::make().value();
  cm::Request request;
  request.url = "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions";
  request.body = R"({"model":"m","messages":[]})";
  cm::Client client = cm::Client::make(config).value();
  REQUIRE(client.prepare(request, prepared).status() == COSTMARK_NO_CREDENTIALS);
  REQUIRE(config.on_credentials([](cm::CredentialsSink&) { return false; }).ok());
  client = cm::Client::make(config).value();
  REQUIRE(client.prepare(request, prepared).status() == COSTMARK_STOPPED_BY_CALLBACK);
  REQUIRE(prepared.headers_to_set().empty());
  return "";
}

const char* sends(std::string_view origin) {
  cm::Config config = cm::Config::make().value();
  REQUIRE(config.set("base_url", origin).ok() && config.set("project", "proj_abc123").ok());
  int told = 0;
  REQUIRE(config.on_usage([&told](const cm::UsageEvent&) { ++told; }).ok());
  const cm::Client client = cm::Client::make(config).value();
  cm::Response response = cm::Response::make().value();
  const std::string url = std::string(origin) + "/v1/chat/completions";
  cm::Request request;
  request.url = url;
  request.body = R"({"model":"m","messages":[]})";
  REQUIRE(client.send(request, response).ok());
  REQUIRE(response.usage().value().input_tokens == 7 && told == 1);
  const auto stop = [](std::string_view) { return false; };
  REQUIRE(client.send(request, response, cm::SendOptions().on_body(stop)).status() ==
          COSTMARK_STOPPED_BY_CALLBACK);
  return "";
}

}  // namespace

const char* without_exceptions(const char* origin) {
  if (const char* found = refuses(); *found != '\0') return found;
  if (const char* found = prepares(); *found != '\0') return found;
  return sends(origin);
}
