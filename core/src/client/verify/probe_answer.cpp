#include "client/verify/probe_answer.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>

#include "http/field.hpp"
#include "json/reader.hpp"

namespace costmark::client {
namespace {

bool contains(std::string_view text, std::string_view part) noexcept {
  return !part.empty() && text.find(part) != std::string_view::npos;
}

bool contains_any(std::string_view text, std::initializer_list<std::string_view> parts) noexcept {
  return std::any_of(parts.begin(), parts.end(),
                     [text](std::string_view part) { return contains(text, part); });
}

// The members of an answer that tell what it is, in the order of `Member`.
constexpr std::array<std::string_view, 14> members{
    "error.code", "error.type", "error.message", "error.param", "error", "message", "request_id",
    "object",     "type",       "choices",       "output",      "data",  "id",      "status"};
enum class Member : std::size_t {
  code,
  error_type,
  error_message,
  param,
  error,
  message,
  request_id,
  object,
  type,
  choices,
  output,
  data,
  id,
  status
};

class Text {
 public:
  explicit Text(std::string_view body) : json_(reader_.open(body, members).ok()) {}

  bool json() const noexcept { return json_; }
  std::string string(Member member) const {
    std::string out;
    if (json_) reader_.string(static_cast<std::size_t>(member), out);
    return out;
  }
  bool array(Member member) const {
    return json_ &&
           reader_.member(static_cast<std::size_t>(member)).kind == costmark::json::Kind::array;
  }

  // The message in the shapes of OpenAI and Anthropic, of AWS's gateways, and of a bare text.
  std::string message() const {
    for (const Member member : {Member::error_message, Member::message, Member::error}) {
      if (std::string text = string(member); !text.empty()) return text;
    }
    return {};
  }
  // OpenAI's shape has the code in `code`, Anthropic's in `type`.
  std::string code() const {
    std::string text = string(Member::code);
    return text.empty() ? string(Member::error_type) : text;
  }

 private:
  costmark::json::Reader reader_;
  bool json_;
};

// Whether a body is what the API answers when a model was at work. A status of 200 alone is not:
// captive portals and login pages say that as well.
bool is_answer(const Text& text, Api api) {
  switch (api) {
    case Api::chat_completions:
      return text.array(Member::choices);
    case Api::responses:
      return text.array(Member::output) || text.string(Member::object) == "response";
    case Api::messages:
      return text.string(Member::type) == "message";
    case Api::embeddings:
      return text.array(Member::data);
    case Api::other:
    case Api::control:
    case Api::converse:
    case Api::invoke_model:
      break;
  }
  return false;
}

Finding read_success(const Text& text, const Question& question) {
  if (question.api != Api::control) {
    return is_answer(text, question.api) ? Finding::served : Finding::unreadable;
  }
  if (text.string(Member::id) != question.project) return Finding::unreadable;
  const std::string status = text.string(Member::status);
  if (status == "archived") return Finding::archived;
  return status.empty() || status == "active" ? Finding::active : Finding::unreadable;
}

bool is_not_found(const Text& text) {
  return text.string(Member::code) == "not_found_error" ||
         text.string(Member::error_type) == "not_found_error";
}

bool is_about_model(const Text& text, std::string_view message, const Question& question) {
  return text.string(Member::param) == "model" || text.string(Member::code) == "model_not_found" ||
         contains(message, question.model) || contains(message, "model identifier");
}

Finding read_missing(const http::Response& answer, const Text& text, std::string_view message,
                     const Question& question) {
  if (answer.body.empty()) return Finding::no_path;
  if (contains(message, question.project)) {
    const bool documented = is_not_found(text) && !contains(message, question.model);
    return documented ? Finding::unknown_project : Finding::refused;
  }
  return is_about_model(text, message, question) ? Finding::no_model : Finding::refused;
}

Finding read_refusal(const http::Response& answer, const Text& text, const Question& question) {
  const std::string message = text.message();
  if (contains(message, "supported on this route")) return Finding::wrong_route;
  if (contains(message, "does not support the '")) return Finding::wrong_api;
  if (contains_any(text.string(Member::param) + message, {"max_completion_tokens", "max_tokens"})) {
    return Finding::wrong_limit;
  }
  switch (answer.status) {
    case 401:
      return contains(message, question.project) ? Finding::refused : Finding::denied;
    case 403:
      return question.gateway || contains(message, question.project) ? Finding::refused
                                                                     : Finding::denied;
    case 404:
      return read_missing(answer, text, message, question);
    case 407:
      return Finding::denied;
    case 408:
    case 425:
    case 429:
      return Finding::throttled;
    default:
      break;
  }
  // The service is known to say this with a status of 400.
  if (contains_any(message.empty() ? std::string_view(answer.body) : std::string_view(message),
                   {"Internal server error", "internal server error"})) {
    return Finding::failed;
  }
  return text.string(Member::param) == "model" || contains(message, "model identifier")
             ? Finding::no_model
             : Finding::refused;
}

Finding find(const http::Response& answer, const Text& text, const Question& question) {
  if (answer.status >= 500) return Finding::failed;
  if (answer.status >= 400) return read_refusal(answer, text, question);
  if (answer.status >= 300) return Finding::redirected;
  if (answer.status >= 200) return read_success(text, question);
  return Finding::unreadable;
}

}  // namespace

std::string_view describe(Finding finding) noexcept {
  switch (finding) {
    case Finding::served:
      return "served";
    case Finding::active:
      return "the project exists and is active";
    case Finding::archived:
      return "the project is archived";
    case Finding::unknown_project:
      return "refused: no such project";
    case Finding::refused:
      return "refused";
    case Finding::no_model:
      return "refused: no such model";
    case Finding::no_path:
      return "nothing answers at this path";
    case Finding::wrong_route:
      return "refused: the model is on another path";
    case Finding::wrong_api:
      return "refused: the model does not have this API";
    case Finding::wrong_limit:
      return "refused: the model does not take this limit of output";
    case Finding::denied:
      return "access denied";
    case Finding::throttled:
      return "throttled";
    case Finding::failed:
      return "the service failed";
    case Finding::redirected:
      return "redirected";
    case Finding::unreadable:
      return "not an answer of this API";
  }
  return {};
}

ProbeResult read_probe(const http::Response& answer, const Question& question) {
  const Text text(answer.body);
  ProbeResult result;
  result.finding = find(answer, text, question);
  if (answer.status >= 400) result.code = http::plain_code(text.code());
  for (const std::string_view name : {"x-amzn-requestid", "x-request-id", "request-id"}) {
    if (result.request_id.empty()) result.request_id = http::plain_id(answer.header(name));
  }
  if (result.request_id.empty())
    result.request_id = http::plain_id(text.string(Member::request_id));
  return result;
}

}  // namespace costmark::client
