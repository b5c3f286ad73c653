#include "usage/usage_parser.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/text.hpp"
#include "http/field.hpp"
#include "usage/base64.hpp"

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

// Finds a name or a word with its quotes. What a model writes is found only if it is that word
// alone; the event is parsed then, and the word is not where it would matter.
bool holds(std::string_view json, std::string_view quoted) noexcept {
  return find(json, quoted) != std::string_view::npos;
}

bool is_done(std::string_view data) noexcept {
  return data.size() < 16 && trimmed(data) == "[DONE]";
}

// Whether what begins like a JSON object is none for sure: it has no end, or no name in quotes.
bool is_broken_object(std::string_view data) noexcept {
  const std::string_view text = trimmed(data);
  if (!text.starts_with('{')) return false;
  const char next = text[std::min(text.find_first_not_of(white_space, 1), text.size() - 1)];
  return !text.ends_with('}') || (next != '"' && next != '}');
}

// Whether an event says by its first member that it is a piece of content, as nearly all do. That
// is cheaper than to look for what it has not.
bool is_piece_of_content(std::string_view data) noexcept {
  constexpr std::string_view type_member = "{\"type\":";
  if (!data.starts_with(type_member)) return false;
  data.remove_prefix(type_member.size());
  if (data.starts_with(' ')) data.remove_prefix(1);
  if (!data.starts_with('"')) return false;
  const std::string_view type = data.substr(1, std::min(data.find('"', 1), data.size()) - 1);
  return type.ends_with("delta") && type != "message_delta";
}

// The last word of an event's name, such as "completed" of "response.completed".
std::optional<Outcome> outcome_of_event(std::string_view name) noexcept {
  if (!name.starts_with("response.")) return std::nullopt;
  name.remove_prefix(std::string_view("response.").size());
  if (name == "completed" || name == "done") return Outcome::ok;
  if (name == "incomplete") return Outcome::incomplete;
  if (name == "failed") return Outcome::error;
  if (name == "cancelled" || name == "canceled") return Outcome::cancelled;
  return std::nullopt;
}

// Nothing while the response is under way.
std::optional<Outcome> outcome_of_status(ResponseStatus status) noexcept {
  switch (status) {
    case ResponseStatus::completed:
      return Outcome::ok;
    case ResponseStatus::failed:
      return Outcome::error;
    case ResponseStatus::incomplete:
      return Outcome::incomplete;
    case ResponseStatus::cancelled:
      return Outcome::cancelled;
    case ResponseStatus::unknown:
    case ResponseStatus::queued:
    case ResponseStatus::in_progress:
      break;
  }
  return std::nullopt;
}

// What the head of an answer to InvokeModel counts.
constexpr std::array<std::pair<std::string_view, Count>, 4> counting_headers = {{
    {"x-amzn-bedrock-input-token-count", Count::input},
    {"x-amzn-bedrock-output-token-count", Count::output},
    {"x-amzn-bedrock-cache-read-input-token-count", Count::cached},
    {"x-amzn-bedrock-cache-write-input-token-count", Count::cache_write},
}};

constexpr std::array<std::string_view, 1> chunk_paths = {"bytes"};

bool is_under_way(ResponseStatus status) noexcept {
  return status == ResponseStatus::queued || status == ResponseStatus::in_progress;
}

}  // namespace

void UsageParser::begin(Api api, bool refused) {
  api_ = api;
  refused_ = refused;
  answer_.clear();
  counts_ = Counts{};
  verdict_.reset();
  has_finish_reason_ = false;
  has_stopped_ = false;
  missed_something_ = false;
  usage_elsewhere_ = false;
  words_ = Api::converse;
  metered_ = Counts{};
  tier_.clear();
}

void UsageParser::take_header(const Header& field) {
  if (!is_of_runtime(api_)) return;
  if (refused_ && equal_ignoring_case(field.name, "x-amzn-errortype")) {
    answer_.error_code = http::plain_code(text::bare_error_name(field.value));
  }
  if (api_ != Api::invoke_model) return;
  if (equal_ignoring_case(field.name, "x-amzn-bedrock-service-tier")) {
    tier_ = answer_.service_tier = http::plain_code(field.value);
  }
  for (const auto& [name, count] : counting_headers) {
    if (!equal_ignoring_case(field.name, name)) continue;
    Counts report;
    report[count] = whole_number(text::trimmed(field.value));
    if (!report[count]) report.flags.set(UsageFlag::unread);
    metered_.raise(report, Api::converse);
    answer_.usage = metered_usage();
  }
}

bool UsageParser::take_json(std::string_view text) {
  if (api_ == Api::invoke_model) return take_invoked_json(text);
  if (!fields_.open(text, Shape::plain)) return false;
  describe();
  take_usage(text);
  if (refused_ || fields_.has_error()) {
    fail();
  } else {
    verdict_ = api_ == Api::responses ? outcome_of_response() : Outcome::ok;
  }
  return true;
}

Outcome UsageParser::outcome_of_response() {
  if (!fields_.has_status()) return Outcome::ok;
  const ResponseStatus status = fields_.status();
  if (is_under_way(status)) return Outcome::open;
  return outcome_of_status(status).value_or(Outcome::unknown);
}

bool UsageParser::take_event(const http::Event& event) {
  if (event.oversized || is_broken_object(event.data)) miss();
  if (event.oversized) return false;
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
    case Api::converse:
    case Api::invoke_model:
      return false;
  }
  return false;
}

void UsageParser::take_frame(const http::AwsFrame& frame) {
  const std::string_view kind = frame.text(":message-type");
  if (kind == "exception") return fail(frame.text(":exception-type"));
  if (kind == "error") return fail(frame.text(":error-code"));
  return api_ == Api::converse ? take_converse_event(frame) : take_chunk(frame.payload);
}

void UsageParser::take_converse_event(const http::AwsFrame& frame) {
  const std::string_view type = frame.text(":event-type");
  const bool is_last = type == "metadata";
  if (type == "messageStop") has_stopped_ = true;
  if (!is_last && !may_have(frame.payload, "\"usage\"")) return;
  if (!fields_.open(frame.payload, Shape::plain)) return miss();
  if (!is_last && !fields_.has_usage()) return;
  if (!verdict_) verdict_ = Outcome::ok;
  describe();
  take_usage(frame.payload);
}

// {"bytes": base64} with an event in the model's own words.
void UsageParser::take_chunk(std::string_view payload) {
  if (!chunk_.open(payload, chunk_paths).ok()) return miss();
  if (!chunk_.member(0)) return;
  if (!chunk_.string(0, encoded_) || !decode_base64(encoded_, event_)) return miss();
  take_invoked_event(event_);
}

void UsageParser::take_invoked_event(std::string_view json) {
  const bool counts = InvokedFields::may_count(json);
  if (is_piece_of_content(json) && !counts) return;
  if (holds(json, "\"messageStop\"")) has_stopped_ = true;
  const bool matters =
      counts || holds(json, "\"message_stop\"") || holds(json, "\"error\"") ||
      (answer_.response_id.empty() && (may_have(json, "\"message\"") || may_have(json, "\"id\"")));
  if (!matters) return;
  if (!fields_.open(json, Shape::plain)) return miss();
  if (fields_.type() == "error" || fields_.has_error()) return fail();
  if (fields_.type() == "message_stop" && !verdict_) verdict_ = Outcome::ok;
  if (!fields_.has_inner() || fields_.open(json, Shape::in_message)) describe();
  if (counts) take_invoked_usage(json);
}

// What is no object, such as a list of numbers, has no counts, and is an answer all the same.
bool UsageParser::take_invoked_json(std::string_view text) {
  if (!fields_.open(text, Shape::plain)) {
    if (!json::validate(text).ok()) return false;
  } else {
    describe();
    take_invoked_usage(text);
    if (refused_) fields_.describe_error(answer_);
  }
  verdict_ = refused_ ? Outcome::error : Outcome::ok;
  return true;
}

void UsageParser::take_invoked_usage(std::string_view json) {
  const InvokedUsage found = invoked_fields_.read(json, answer_.model);
  if (found.is_last && !verdict_) verdict_ = Outcome::ok;
  if (found.told.any() || found.told.flags.any()) {
    words_ = found.words;
    counts_.raise(found.told, words_);
  }
  if (found.metered.any() || found.metered.flags.any()) {
    metered_.raise(found.metered, Api::converse);
  }
  if (!found.json.empty() && (found.told.any() || !counts_.any())) {
    keep_usage_json(found.json, json::validate(found.json).ok());
  }
  answer_.usage = metered_usage();
}

// The model knows what it counts; what it leaves out Bedrock tells.
Usage UsageParser::metered_usage() const {
  const Usage metered = to_usage(metered_, Api::converse);
  Usage usage = to_usage(counts_, words_);
  if (!usage.any()) {
    const UsageFlags flags = usage.flags;
    usage = metered;
    usage.flags.set(flags);
    return usage;
  }
  const auto& input = metered_[Count::input];
  const bool other_input =
      input && usage.input_tokens && input != usage.input_tokens && input != counts_[Count::input];
  const bool other_output =
      metered.output_tokens && usage.output_tokens && metered.output_tokens != usage.output_tokens;
  if (other_input || other_output) usage.flags.set(UsageFlag::inconsistent);
  if (!usage.input_tokens) usage.input_tokens = metered.input_tokens;
  if (!usage.output_tokens) usage.output_tokens = metered.output_tokens;
  return usage;
}

bool UsageParser::is_whole(const http::Event& event) {
  if (event.oversized) return false;
  return event.type == "error" || is_done(event.data) || json::validate(event.data).ok();
}

void UsageParser::flag_unread() {
  counts_.flags.set(UsageFlag::unread);
  answer_.usage.flags.set(UsageFlag::unread);
}

bool UsageParser::take_chat_event(const http::Event& event) {
  if (is_done(event.data)) {
    if (!verdict_) verdict_ = Outcome::ok;
    return false;
  }
  const bool finished_before = has_finish_reason_;
  has_finish_reason_ = has_finish_reason_ || may_have(event.data, "\"finish_reason\"");
  const bool is_called_error = event.type == "error" && !may_have(event.data, "\"choices\"");
  const bool matters =
      is_called_error || may_have(event.data, "\"usage\"") || may_have(event.data, "\"error\"");
  const bool names_answer = answer_.response_id.empty() && may_have(event.data, "\"id\"");
  if (!matters && !names_answer) return false;
  const bool readable = fields_.open(event.data, Shape::plain);
  if (is_called_error || (readable && fields_.has_error())) fail();
  if (!readable) {
    if (matters && !is_called_error) miss();
    return false;
  }
  // The members that matter may be found in a text that is not valid; whether they are right is in
  // doubt then.
  if (fields_.has_usage() && !json::validate(event.data).ok()) flag_unread();
  describe();
  take_usage(event.data);
  return !is_called_error && fields_.carries_only_usage(finished_before);
}

void UsageParser::take_response_event(const http::Event& event) {
  if (is_piece_of_content(event.data)) return;
  const bool is_called_error = event.type == "error";
  const bool matters = is_called_error || holds(event.data, "\"response\"") ||
                       holds(event.data, "\"error\"") || holds(event.data, "\"usage\"");
  if (!matters) return;
  if (!fields_.open(event.data, Shape::in_response)) {
    if (is_called_error) return fail();
    return miss();
  }
  const std::string_view name = name_of(event);
  if (name == "error" || (!fields_.has_inner() && fields_.has_error())) return fail();
  const std::optional<Outcome> of_name = outcome_of_event(name);
  if (!open_response(event)) return;
  describe();
  take_usage(event.data);
  const std::optional<Outcome> of_status = outcome_of_status(fields_.status());
  if (of_status || of_name) verdict_ = of_status ? of_status : of_name;
  if (verdict_ == Outcome::error) fields_.describe_error(answer_);
}

// The view lives until the next text is read.
std::string_view UsageParser::name_of(const http::Event& event) {
  const std::string_view type = fields_.type();
  return type.empty() ? event.type : type;
}

// Some servers leave the wrapping member out: then the event is the Response.
bool UsageParser::open_response(const http::Event& event) {
  if (fields_.has_inner()) return true;
  return holds(event.data, "\"usage\"") && fields_.open(event.data, Shape::plain) &&
         fields_.has_usage();
}

void UsageParser::take_message_event(const http::Event& event) {
  if (is_piece_of_content(event.data)) return;
  const bool is_called_error = event.type == "error";
  const bool matters = is_called_error || event.type == "message_stop" ||
                       holds(event.data, "\"message_stop\"") || holds(event.data, "\"error\"") ||
                       may_have(event.data, "\"usage\"") ||
                       (answer_.response_id.empty() && may_have(event.data, "\"message\""));
  if (!matters) return;
  if (!fields_.open(event.data, Shape::plain)) {
    if (is_called_error) return fail();
    return miss();
  }
  const std::string_view name = name_of(event);
  if (name == "error" || fields_.has_error()) return fail();
  if (name == "message_stop" && !verdict_) verdict_ = Outcome::ok;
  if (fields_.has_inner() && !fields_.open(event.data, Shape::in_message)) return;
  describe();
  take_usage(event.data);
}

void UsageParser::miss() {
  missed_something_ = true;
  flag_unread();
}

void UsageParser::describe() {
  fields_.describe(answer_);
  if (!tier_.empty()) answer_.service_tier = tier_;
  if (api_ != Api::responses) return;
  const ResponseStatus status = fields_.status();
  if (status != ResponseStatus::unknown) answer_.status = status;
  answer_.background = answer_.background || fields_.is_background();
}

void UsageParser::take_usage(std::string_view json) {
  if (!fields_.has_usage()) {
    usage_elsewhere_ = usage_elsewhere_ || may_have(json, "\"usage\"");
    return;
  }
  const std::string_view usage = fields_.usage();
  const bool is_valid = json::validate(usage).ok();
  const Counts report = usage_fields_.read(usage, api_, answer_.model);
  if (!is_valid) counts_.flags.set(UsageFlag::unread);
  if (counts_.raise(report, api_) && report.any()) keep_usage_json(usage, is_valid);
  answer_.usage = to_usage(counts_, api_);
}

// What is kept goes into records, so it has to be valid.
void UsageParser::keep_usage_json(std::string_view json, bool is_valid) {
  const bool is_kept = is_valid && json.size() <= Answer::max_usage_json;
  answer_.usage_json = is_kept ? json : std::string_view();
}

void UsageParser::fail() {
  verdict_ = Outcome::error;
  fields_.describe_error(answer_);
}

void UsageParser::fail(std::string_view code) {
  verdict_ = Outcome::error;
  answer_.error_code = http::plain_code(code);
}

bool UsageParser::goes_on() const noexcept {
  return answer_.background && is_under_way(answer_.status);
}

}  // namespace costmark
