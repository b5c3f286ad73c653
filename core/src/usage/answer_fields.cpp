#include "usage/answer_fields.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "usage/json_values.hpp"

namespace costmark {
namespace {

// No id or model name comes near; what is longer is not worth carrying into counters and ledgers.
constexpr std::size_t longest_text = 2048;

bool is_there(const json::Member& member) noexcept {
  return member.kind != json::Kind::absent && member.kind != json::Kind::null;
}

bool is_empty_value(std::string_view json) noexcept {
  if (json == "null" || json == "\"\"") return true;
  if (!json.starts_with('{') && !json.starts_with('[')) return false;
  return json.find_first_not_of(" \t\r\n", 1) == json.size() - 1;
}

// Whether a chat delta adds nothing to the message: `{}`, or a role and empty values.
bool says_nothing(std::string_view delta) noexcept {
  if (is_empty_value(delta)) return true;
  if (!delta.starts_with('{')) return false;
  JsonValues members(delta);
  for (std::string_view name, value; members.next(name, value);) {
    if (name != "\"role\"" && !is_empty_value(value)) return false;
  }
  return true;
}

bool is_idle_choice(std::string_view choice) noexcept {
  if (!choice.starts_with('{')) return false;
  JsonValues members(choice);
  for (std::string_view name, value; members.next(name, value);) {
    if (name == "\"index\"") continue;
    if (name == "\"delta\"" ? !says_nothing(value) : !is_empty_value(value)) return false;
  }
  return true;
}

bool are_idle(std::string_view choices) noexcept {
  JsonValues list(choices);
  for (std::string_view choice; list.next(choice);) {
    if (!is_idle_choice(choice)) return false;
  }
  return true;
}

bool is_code(std::string_view text) noexcept {
  return !text.empty() && text.size() <= Answer::max_error_code &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F; });
}

constexpr std::array<std::pair<std::string_view, ResponseStatus>, 7> statuses = {{
    {"queued", ResponseStatus::queued},
    {"in_progress", ResponseStatus::in_progress},
    {"completed", ResponseStatus::completed},
    {"failed", ResponseStatus::failed},
    {"incomplete", ResponseStatus::incomplete},
    {"cancelled", ResponseStatus::cancelled},
    {"canceled", ResponseStatus::cancelled},
}};

}  // namespace

// In the order of Index.
struct AnswerFields::Paths {
  using Table = std::array<std::string_view, index_count>;

  static constexpr Table plain = {"type",
                                  "message",
                                  "error",
                                  "error.code",
                                  "error.type",
                                  "code",
                                  "__type",
                                  "choices",
                                  "status",
                                  "background",
                                  "id",
                                  "model",
                                  "service_tier",
                                  "usage.service_tier",
                                  "serviceTier.type",
                                  "usage",
                                  "",
                                  "",
                                  ""};
  static constexpr Table in_response = {"type",
                                        "response",
                                        "error",
                                        "error.code",
                                        "error.type",
                                        "code",
                                        "__type",
                                        "choices",
                                        "response.status",
                                        "response.background",
                                        "response.id",
                                        "response.model",
                                        "response.service_tier",
                                        "response.usage.service_tier",
                                        "response.serviceTier.type",
                                        "response.usage",
                                        "response.error",
                                        "response.error.code",
                                        "response.error.type"};
  static constexpr Table in_message = {"type",
                                       "message",
                                       "error",
                                       "error.code",
                                       "error.type",
                                       "code",
                                       "__type",
                                       "choices",
                                       "message.status",
                                       "message.background",
                                       "message.id",
                                       "message.model",
                                       "message.service_tier",
                                       "message.usage.service_tier",
                                       "message.serviceTier.type",
                                       "message.usage",
                                       "message.error",
                                       "message.error.code",
                                       "message.error.type"};

  static std::span<const std::string_view> of(Shape shape) noexcept {
    switch (shape) {
      case Shape::plain:
        break;
      case Shape::in_response:
        return in_response;
      case Shape::in_message:
        return in_message;
    }
    return std::span(plain).first(inner_error_index);
  }
};

bool AnswerFields::open(std::string_view text, Shape shape) {
  return reader_.open(text, Paths::of(shape)).ok();
}

bool AnswerFields::has_inner() const noexcept {
  return reader_.member(inner_index).kind == json::Kind::object;
}

bool AnswerFields::has_error() const noexcept {
  return is_there(reader_.member(error_index)) || is_there(reader_.member(inner_error_index));
}

bool AnswerFields::has_usage() const noexcept {
  return is_there(reader_.member(usage_index));
}

bool AnswerFields::is_background() const noexcept {
  return reader_.boolean(background_index).value_or(false);
}

bool AnswerFields::has_status() const noexcept {
  return is_there(reader_.member(status_index));
}

ResponseStatus AnswerFields::status() {
  const std::string& name = text(status_index);
  const auto found = std::ranges::find(statuses, std::string_view(name),
                                       &std::pair<std::string_view, ResponseStatus>::first);
  return found == statuses.end() ? ResponseStatus::unknown : found->second;
}

bool AnswerFields::carries_only_usage(bool finished) const {
  if (!has_usage() || has_error()) return false;
  if (!is_there(reader_.member(choices_index)) || is_empty_value(reader_.raw(choices_index))) {
    return true;
  }
  return finished && reader_.member(choices_index).kind == json::Kind::array &&
         are_idle(reader_.raw(choices_index));
}

void AnswerFields::describe(Answer& answer) {
  take(id_index, answer.response_id);
  take(model_index, answer.model);
  take(service_tier_index, answer.service_tier);
  take(usage_tier_index, answer.service_tier);
  take(converse_tier_index, answer.service_tier);
}

// OpenAI's errors have a code, which may be null, and a type; Anthropic's a type; an event "error"
// of a Responses stream has its code at the root; errors of AWS have "__type", perhaps behind a
// namespace.
void AnswerFields::describe_error(Answer& answer) {
  for (const Index index : {error_code_index, inner_error_code_index, error_type_index,
                            inner_error_type_index, error_index, code_index}) {
    if (take_code(index, answer.error_code)) return;
  }
  if (!take_code(aws_type_index, answer.error_code)) return;
  answer.error_code.erase(0, answer.error_code.rfind('#') + 1);
}

bool AnswerFields::take_code(Index index, std::string& out) {
  const bool is_number = reader_.member(index).kind == json::Kind::number;
  const std::string_view code = is_number ? reader_.raw(index) : text(index);
  if (!is_code(code)) return false;
  out = code;
  return true;
}

const std::string& AnswerFields::text(Index index) {
  text_.clear();
  if (reader_.raw(index).size() <= longest_text) reader_.string(index, text_);
  return text_;
}

void AnswerFields::take(Index index, std::string& out) {
  const std::string& found = text(index);
  if (!found.empty()) out = found;
}

}  // namespace costmark
