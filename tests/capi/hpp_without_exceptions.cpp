#include "hpp_without_exceptions.hpp"

#include <costmark/costmark.hpp>

#include <string>
#include <string_view>
#include <type_traits>

#if COSTMARK_HPP_EXCEPTIONS
#error "this is to be compiled without exceptions"
#endif

namespace cm = costmark::sdk;

static_assert(!std::is_default_constructible_v<cm::Config>);
static_assert(!std::is_constructible_v<cm::Operation, const cm::Client&>);

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
  cm::Request request;
  request.url = "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions";
  request.body = R"({"model":"m","messages":[]})";
  cm::Operation call = cm::Operation::make(cm::Client::make(config).value()).value();
  REQUIRE(call.prepare().status() == COSTMARK_INVALID_ARGUMENT);  // it has not begun
  REQUIRE(call.begin(request).ok());
  REQUIRE(call.prepare().status() == COSTMARK_NO_CREDENTIALS);
  REQUIRE(config.on_credentials([](cm::CredentialsSink&) { return false; }).ok());
  call = cm::Operation::make(cm::Client::make(config).value()).value();
  REQUIRE(call.begin(request).ok());
  REQUIRE(call.prepare().status() == COSTMARK_STOPPED_BY_CALLBACK);
  REQUIRE(call.ready().status() == COSTMARK_STOPPED_BY_CALLBACK);
  return "";
}

const char* sends(std::string_view origin) {
  cm::Config config = cm::Config::make().value();
  REQUIRE(config.set("base_url", origin).ok() && config.set("project", "proj_abc123").ok());
  int told = 0;
  REQUIRE(config.on_usage([&told](const cm::Answer&) { ++told; }).ok());
  const cm::Client client = cm::Client::make(config).value();
  cm::Operation call = cm::Operation::make(client).value();
  const std::string url = std::string(origin) + "/v1/chat/completions";
  cm::Request request;
  request.url = url;
  request.body = R"({"model":"m","messages":[]})";
  REQUIRE(call.begin(request).ok() && call.send().ok());
  REQUIRE(call.response().http_status == 200);
  REQUIRE(call.answer().usage.input_tokens == 7 && told == 1);
  const auto stop = [](std::string_view) { return false; };
  REQUIRE(call.begin(request).ok());
  REQUIRE(call.send(cm::SendOptions().on_body(stop)).status() == COSTMARK_STOPPED_BY_CALLBACK);
  return "";
}

}  // namespace

const char* without_exceptions(const char* origin) {
  if (const char* found = refuses(); *found != '\0') return found;
  if (const char* found = prepares(); *found != '\0') return found;
  return sends(origin);
}
