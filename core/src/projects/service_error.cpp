#include "projects/service_error.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "base/text.hpp"
#include "costmark/http.hpp"
#include "http/field.hpp"
#include "json/value.hpp"
#include "projects/wire_json.hpp"

namespace costmark::projects {
namespace {

enum class Fault : std::uint8_t {
  throttled,
  not_found,
  denied,
  unauthenticated,
  quota,
  too_many_tags,
  conflict,
  archived,
  invalid,
  failed,
  other
};

struct CodeName {
  std::string_view name;
  Fault fault;
};

// Of the bedrock plane (its service model and the errors that AWS's front door adds), then of
// mantle (OpenAI's shape). Compared without case.
constexpr auto code_names = std::to_array<CodeName>({
    {"ThrottlingException", Fault::throttled},
    {"TooManyRequestsException", Fault::throttled},
    {"RequestLimitExceeded", Fault::throttled},
    {"ResourceNotFoundException", Fault::not_found},
    {"AccessDeniedException", Fault::denied},
    {"AccessDenied", Fault::denied},
    {"UnrecognizedClientException", Fault::unauthenticated},
    {"InvalidClientTokenId", Fault::unauthenticated},
    {"InvalidSignatureException", Fault::unauthenticated},
    {"SignatureDoesNotMatch", Fault::unauthenticated},
    {"MissingAuthenticationTokenException", Fault::unauthenticated},
    {"IncompleteSignatureException", Fault::unauthenticated},
    {"ExpiredToken", Fault::unauthenticated},
    {"ExpiredTokenException", Fault::unauthenticated},
    {"ServiceQuotaExceededException", Fault::quota},
    {"LimitExceededException", Fault::quota},
    {"TooManyTagsException", Fault::too_many_tags},
    {"ConflictException", Fault::conflict},
    {"ValidationException", Fault::invalid},
    {"InternalServerException", Fault::failed},
    {"ServiceUnavailableException", Fault::failed},
    {"rate_limit_exceeded", Fault::throttled},
    {"rate_limit_error", Fault::throttled},
    {"not_found_error", Fault::not_found},
    {"access_denied", Fault::denied},
    {"permission_error", Fault::denied},
    {"invalid_api_key", Fault::unauthenticated},
    {"authentication_error", Fault::unauthenticated},
    {"service_quota_exceeded", Fault::quota},
    {"conflict_error", Fault::conflict},
    {"validation_error", Fault::invalid},
    {"unknown_parameter", Fault::invalid},
    {"unsupported_parameter", Fault::invalid},
    {"unsupported_value", Fault::invalid},
    {"invalid_request_error", Fault::invalid},
    {"internal_server_error", Fault::failed},
    {"service_unavailable", Fault::failed},
});

// What an answer says of itself.
struct Said {
  std::string code;
  std::string message;  // not to be repeated
};

bool has(std::string_view text, std::string_view lower_case) noexcept {
  const auto same = [](char a, char b) { return text::lower(a) == b; };
  return std::search(text.begin(), text.end(), lower_case.begin(), lower_case.end(), same) !=
         text.end();
}

Said said_in(const http::Response& answer) {
  Said said;
  const auto take_code = [&said](std::string_view name) {
    const std::string_view code = http::plain_code(text::bare_error_name(name));
    if (said.code.empty()) said.code = code;
  };
  take_code(answer.header("x-amzn-errortype"));
  const Result<json::Value> body = json::parse_value(answer.body);
  if (!body) return said;
  const json::Value& top = body.value();
  const json::Value* const nested = top.find("error");
  for (const json::Value* const object : {nested, &top}) {
    if (object == nullptr) continue;
    for (const std::string_view name : {"code", "__type", "type"}) {
      take_code(string_of(*object, name).value_or(""));
    }
    for (const std::string_view name : {"message", "Message"}) {
      if (said.message.empty()) said.message = string_of(*object, name).value_or("");
    }
  }
  return said;
}

std::optional<Fault> fault_named(std::string_view code) noexcept {
  const auto* const found =
      std::find_if(code_names.begin(), code_names.end(),
                   [code](const CodeName& each) { return equal_ignoring_case(each.name, code); });
  if (found == code_names.end()) return std::nullopt;
  return found->fault;
}

Fault fault_of_status(int status) noexcept {
  if (status == 429) return Fault::throttled;
  return status >= 500 || status == 408 ? Fault::failed : Fault::other;
}

// bedrock-mantle is known to answer a failure of its own with a status of 400.
Fault fault_of(const http::Response& answer, const Said& said) {
  if (has(said.message.empty() ? std::string_view(answer.body) : said.message,
          "internal server error")) {
    return Fault::failed;
  }
  const Fault fault = fault_named(said.code).value_or(fault_of_status(answer.status));
  const bool is_refusal = fault == Fault::invalid || fault == Fault::conflict;
  return is_refusal && has(said.message, "archived") ? Fault::archived : fault;
}

// "bedrock:CreateProject" out of "... is not authorized to perform: bedrock:CreateProject on ...".
std::string_view missing_action(std::string_view message) noexcept {
  constexpr std::string_view before = "not authorized to perform: ";
  const auto at = message.find(before);
  if (at == std::string_view::npos) return {};
  message.remove_prefix(at + before.size());
  const std::string_view action = message.substr(0, message.find(' '));
  const auto colon = action.find(':');
  const bool is_action = colon != std::string_view::npos && action.size() <= 100 &&
                         std::all_of(action.begin(), action.end(), [](char c) {
                           return text::is_alphanumeric(c) || c == '-' || c == ':';
                         });
  return is_action ? action : std::string_view();
}

std::string project_of(const Ask& ask) {
  return ask.project.empty() ? "the project" : "project " + text::quoted(ask.project);
}

std::string nothing_there() {
  return "there is no Projects API at this URL; check option 'base_url' and the plane: mantle has "
         "it on bedrock-mantle.REGION.api.aws, bedrock on bedrock.REGION.amazonaws.com";
}

Error meaning(Fault fault, const Said& said, const Ask& ask) {
  switch (fault) {
    case Fault::throttled:
      return {Code::throttled, "the service is throttling; try again later"};
    case Fault::not_found:
      if (ask.project.empty()) return {Code::endpoint_mismatch, nothing_there()};
      return {Code::invalid_project, "there is no " + project_of(ask) +
                                         " in this account, region and plane; "
                                         "`costmark projects list` shows those that are"};
    case Fault::denied: {
      const std::string_view action = missing_action(said.message);
      std::string message = "access was denied: the caller has no permission for ";
      message += action.empty() ? std::string_view("it") : action;
      return {Code::service, message};
    }
    case Fault::unauthenticated:
      return {
          Code::unusable_credentials,
          "the service does not accept the credentials or the token; check that they are "
          "valid, and the region (`costmark doctor credentials` shows where they come from); to "
          "a host that is not AWS's own nothing is signed unless option 'auth' says so"};
    case Fault::quota:
      return {Code::service,
              "the account has as many projects as it may have (1,000 unless the quota was "
              "raised); use one that exists, or ask AWS for a higher quota"};
    case Fault::too_many_tags:
      return {Code::invalid_argument,
              project_of(ask) + " would have more than 50 tags; remove some first"};
    case Fault::conflict:
      return {Code::service, "the service refused it because of something that happens to " +
                                 project_of(ask) + " at the same time; read it again first"};
    case Fault::archived:
      return {Code::invalid_project,
              project_of(ask) + " is archived, which is for ever: it can be read, not changed"};
    case Fault::invalid:
      return {Code::invalid_argument, "the service refused the request as invalid"};
    case Fault::failed:
      return {Code::service, "the service failed; try again later"};
    case Fault::other:
      break;
  }
  return {Code::service, "the service refused it"};
}

std::string request_id_of(const http::Response& answer) {
  for (const std::string_view name : {"x-amzn-requestid", "x-request-id", "request-id"}) {
    const std::string_view id = http::plain_id(answer.header(name));
    if (!id.empty()) return std::string(id);
  }
  return {};
}

// "cannot archive project 'proj_a': MEANING (status 404, CODE, request ID; POST URL)".
Error told(Error error, const http::Response& answer, std::string_view code, const Ask& ask,
           std::string_view url) {
  error.http_status = answer.status;
  error.request_id = request_id_of(answer);
  std::string behind = " (status " + std::to_string(answer.status);
  if (!code.empty()) behind.append(", ").append(code);
  if (!error.request_id.empty()) behind += ", request " + error.request_id;
  behind.append("; ").append(ask.method).append(" ").append(text::without_query(url)).append(")");
  error.message = "cannot " + ask.what + ": " + error.message + behind;
  return error;
}

}  // namespace

Error error_of(const http::Response& answer, const Ask& ask, std::string_view url) {
  const Said said = said_in(answer);
  // A wrong path is answered with nothing at all.
  if (answer.status == 404 && said.code.empty()) {
    return told({Code::endpoint_mismatch, nothing_there()}, answer, {}, ask, url);
  }
  const Fault fault = fault_of(answer, said);
  Error error = meaning(fault, said, ask);
  error.retryable = fault == Fault::throttled || fault == Fault::failed;
  return told(std::move(error), answer, said.code, ask, url);
}

Error unreadable(const http::Response& answer, const Ask& ask, std::string_view url) {
  return told({Code::endpoint_mismatch,
               "what answered is not the Projects API of this plane; "
               "check option 'base_url' and the plane"},
              answer, {}, ask, url);
}

Error while_doing(Error error, const Ask& ask) {
  error.message = "cannot " + ask.what + ": " + error.message;
  return error;
}

}  // namespace costmark::projects
