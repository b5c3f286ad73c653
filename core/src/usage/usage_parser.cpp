#include "usage/usage_parser.hpp"

#include <array>
#include <cstring>

namespace costmark {
namespace {

constexpr std::string_view white_space = " \t\r\n";

std::size_t find(std::string_view text, std::string_view wanted, std::size_t from = 0) noexcept {
  if (from >= text.size()) return std::string_view::npos;
  const void* hit = ::memmem(text.data() + from, text.size() - from, wanted.data(), wanted.size());
  if (hit == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(hit) - text.data());
}

// Whether a member of this name (given with its quotes) may have a value other than null. Inside a
// JSON string the quotes would be escaped, so what a model writes is never taken for a member.
bool may_have(std::string_view json, std::string_view quoted_name) noexcept {
  for (std::size_t at = find(json, quoted_name); at != std::string_view::npos;
       at = find(json, quoted_name, at)) {
    at += quoted_name.size();
    const std::size_t colon = json.find_first_not_of(white_space, at);
    if (colon == std::string_view::npos || json[colon] != ':') continue;
    const std::size_t value = json.find_first_not_of(white_space, colon + 1);
    if (value != std::string_view::npos && json[value] != 'n') return true;
  }
  return false;
}

std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t begin = text.find_first_not_of(white_space);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(white_space) - begin + 1);
}

// Events that matter, with their quotes as they would stand in the JSON text.
constexpr std::array<std::string_view, 5> response_events = {
    "\"response.completed\"", "\"response.incomplete\"", "\"response.failed\"",
    "\"response.cancelled\"", "\"error\""};
constexpr std::array<std::string_view, 4> message_events = {
    "\"message_start\"", "\"message_delta\"", "\"message_stop\"", "\"error\""};

constexpr std::string_view unquoted(std::string_view name) noexcept {
  return name.substr(1, name.size() - 2);
}

}  // namespace

void UsageParser::begin(Api api) {
  api_ = api;
  answer_.usage = Usage{};
  answer_.outcome = Outcome::unknown;
  answer_.response_id.clear();
  answer_.model.clear();
  answer_.service_tier.clear();
  counts_ = Counts{};
  verdict_.reset();
  has_finish_reason_ = false;
  missed_something_ = false;
}

bool UsageParser::take_json(std::string_view text) {
  const Shape shape = api_ == Api::responses  ? Shape::response
                      : api_ == Api::messages ? Shape::message
                                              : Shape::chat;
  if (!fields_.open(text, shape)) return false;
  fields_.describe(answer_);
  if (fields_.has_usage()) replace_counts(fields_.counts());
  if (fields_.has_error()) {
    verdict_ = Outcome::error;
  } else {
    verdict_ = api_ == Api::responses ? response_outcome() : Outcome::ok;
  }
  return true;
}

bool UsageParser::take_event(const http::Event& event) {
  if (event.oversized) {
    missed_something_ = true;
    return false;
  }
  switch (api_) {
    case Api::chat_completions:
      return take_chat_event(event);
    case Api::responses:
      take_response_event(event);
      return false;
    case Api::messages:
      take_message_event(event);
      return false;
    case Api::other:
    case Api::embeddings:
    case Api::control:
      return false;
  }
  return false;
}

bool UsageParser::take_chat_event(const http::Event& event) {
  if (event.data.size() < 16 && trimmed(event.data) == "[DONE]") {
    if (!verdict_) verdict_ = Outcome::ok;
    return false;
  }
  if (event.type == "error") verdict_ = Outcome::error;
  has_finish_reason_ = has_finish_reason_ || may_have(event.data, "\"finish_reason\"");
  const bool may_have_usage = may_have(event.data, "\"usage\"");
  const bool worth_parsing = may_have_usage || may_have(event.data, "\"error\"") ||
                             (answer_.response_id.empty() && may_have(event.data, "\"id\""));
  if (!worth_parsing) return false;
  if (!fields_.open(event.data, Shape::chat)) return false;
  fields_.describe(answer_);
  if (fields_.has_error()) verdict_ = Outcome::error;
  if (!fields_.has_usage()) return false;
  replace_counts(fields_.counts());
  return fields_.has_empty_choices() && !fields_.has_error();
}

void UsageParser::take_response_event(const http::Event& event) {
  const std::string_view name = event_name(event, response_events);
  if (name.empty()) {
    if (answer_.response_id.empty() && may_have(event.data, "\"response\"") &&
        fields_.open(event.data, Shape::response_event)) {
      fields_.describe(answer_);
    }
    return;
  }
  if (name == "error") {
    verdict_ = Outcome::error;
    return;
  }
  if (!fields_.open(event.data, Shape::response_event)) {
    missed_something_ = true;
    return;
  }
  fields_.describe(answer_);
  if (fields_.has_usage()) replace_counts(fields_.counts());
  verdict_ = name == "response.completed"    ? Outcome::ok
             : name == "response.incomplete" ? Outcome::incomplete
             : name == "response.failed"     ? Outcome::error
                                             : Outcome::cancelled;
}

void UsageParser::take_message_event(const http::Event& event) {
  const std::string_view name = event_name(event, message_events);
  if (name.empty()) return;
  if (name == "error") {
    verdict_ = Outcome::error;
    return;
  }
  if (name == "message_stop") {
    if (!verdict_) verdict_ = Outcome::ok;
    return;
  }
  const Shape shape = name == "message_start" ? Shape::message_start : Shape::message;
  if (!fields_.open(event.data, shape)) {
    missed_something_ = true;
    return;
  }
  fields_.describe(answer_);
  // Counts are cumulative, and a later event need not repeat the earlier ones.
  counts_.update(fields_.counts());
  answer_.usage = to_usage(counts_, api_);
}

// The event's name if it is one of `names` (which have their quotes on), else nothing. Some servers
// leave out the `event:` line; then the `type` member tells.
std::string_view UsageParser::event_name(const http::Event& event,
                                     std::span<const std::string_view> names) {
  const bool is_named = event.type != "message";
  for (const std::string_view quoted : names) {
    const std::string_view name = unquoted(quoted);
    if (is_named ? event.type == name : find(event.data, quoted) != std::string_view::npos) {
      if (is_named) return name;
      if (fields_.open(event.data, Shape::response_event) && fields_.type() == name) return name;
    }
  }
  return {};
}

void UsageParser::replace_counts(const Counts& counts) {
  counts_ = counts;
  answer_.usage = to_usage(counts_, api_);
}

Outcome UsageParser::response_outcome() {
  const std::string& status = fields_.status();
  if (status.empty() || status == "completed") return Outcome::ok;
  if (status == "failed") return Outcome::error;
  if (status == "cancelled") return Outcome::cancelled;
  if (status == "incomplete" || status == "in_progress" || status == "queued") {
    return Outcome::incomplete;
  }
  return Outcome::unknown;
}

}  // namespace costmark
