#include "costmark/usage.hpp"

#include <utility>

#include "costmark/http.hpp"
#include "usage/usage_parser.hpp"
#include "usage/chunk_filter.hpp"

namespace costmark {
namespace {

constexpr int first_error_status = 400;
constexpr std::size_t worth_keeping = std::size_t{1} << 20U;

bool has_usage(Api api) noexcept {
  return api != Api::other && api != Api::control;
}

bool ends_ignoring_case(std::string_view text, std::string_view end) noexcept {
  return text.size() >= end.size() &&
         equal_ignoring_case(text.substr(text.size() - end.size()), end);
}

AnswerReader::Format format_of(Api api, std::string_view content_type) noexcept {
  if (!has_usage(api)) return AnswerReader::Format::opaque;
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.starts_with(' ') || type.starts_with('\t')) type.remove_prefix(1);
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  if (equal_ignoring_case(type, "text/event-stream")) return AnswerReader::Format::event_stream;
  if (equal_ignoring_case(type, "application/json") || equal_ignoring_case(type, "text/json") ||
      ends_ignoring_case(type, "+json")) {
    return AnswerReader::Format::json;
  }
  return AnswerReader::Format::opaque;
}

// Whether a JSON text that cannot be read ends inside a string, array or object, or says nothing.
bool breaks_off(std::string_view json) noexcept {
  std::int64_t depth = 0;
  bool in_string = false;
  bool empty = true;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else {
      empty = empty && (c == ' ' || c == '\t' || c == '\r' || c == '\n');
      in_string = c == '"';
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
    }
  }
  return empty || in_string || depth > 0;
}

}  // namespace

std::string_view to_string(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::ok:
      return "ok";
    case Outcome::error:
      return "error";
    case Outcome::cancelled:
      return "cancelled";
    case Outcome::incomplete:
      return "incomplete";
    case Outcome::unknown:
      return "unknown";
  }
  return "unknown";
}

struct AnswerReader::Impl {
  std::string_view feed_events(std::string_view piece);
  void feed_json(std::string_view piece);
  Outcome outcome(std::optional<Outcome> told);
  Outcome outcome_of_answer() const;

  Api api = Api::other;
  Format format = Format::opaque;
  int http_status = 0;
  bool hides = false;
  bool finished = false;
  bool overflowed = false;  // a JSON answer that was too long to be kept
  std::uint64_t hidden_to = 0;

  http::EventStream events{max_buffered_bytes};
  UsageParser parser;
  ChunkFilter filter;
  std::string body;
};

AnswerReader::AnswerReader() : impl_(std::make_unique<Impl>()) {}
AnswerReader::~AnswerReader() = default;
AnswerReader::AnswerReader(AnswerReader&&) noexcept = default;
AnswerReader& AnswerReader::operator=(AnswerReader&&) noexcept = default;

void AnswerReader::begin(Api api, int http_status, std::string_view content_type,
                         bool hide_usage_chunk) {
  Impl& self = *impl_;
  self.api = api;
  self.format = format_of(api, content_type);
  self.http_status = http_status;
  self.hides =
      hide_usage_chunk && api == Api::chat_completions && self.format == Format::event_stream;
  self.finished = self.overflowed = false;
  self.hidden_to = 0;
  self.events.reset();
  self.parser.begin(api);
  self.filter.reset();
  self.body.clear();
  if (self.body.capacity() > worth_keeping) self.body.shrink_to_fit();
}

std::string_view AnswerReader::feed(std::string_view piece) {
  if (impl_->finished) return piece;
  switch (impl_->format) {
    case Format::event_stream:
      return impl_->feed_events(piece);
    case Format::json:
      impl_->feed_json(piece);
      break;
    case Format::opaque:
      break;
  }
  return piece;
}

std::string_view AnswerReader::finish(std::optional<Outcome> outcome) {
  if (impl_->finished) return {};
  impl_->finished = true;
  impl_->parser.answer().outcome = impl_->outcome(outcome);
  return impl_->hides ? impl_->filter.release() : std::string_view();
}

const Answer& AnswerReader::answer() const noexcept {
  return impl_->parser.answer();
}

std::string_view AnswerReader::Impl::feed_events(std::string_view piece) {
  std::string_view rest = piece;
  if (!hides) {
    while (const auto event = events.next(rest)) parser.take_event(*event);
    return piece;
  }
  filter.give(piece);
  // The hidden chunk's line end may have been cut between its CR and its LF.
  if (hidden_to == events.position() && events.take_line_feed(rest)) filter.drop(events.position());
  while (const auto event = events.next(rest)) {
    filter.pass(event->begin);
    if (parser.take_event(*event)) {
      filter.drop(event->end);
      hidden_to = event->end;
    } else {
      filter.pass(event->end);
    }
  }
  const bool too_long_to_hold = events.position() - events.block_begin() > max_buffered_bytes;
  filter.pass(too_long_to_hold ? events.position() : events.block_begin());
  return filter.take();
}

void AnswerReader::Impl::feed_json(std::string_view piece) {
  if (overflowed) return;
  overflowed = piece.size() > max_buffered_bytes - body.size();
  if (!overflowed) {
    body.append(piece);
  } else {
    body.clear();
    body.shrink_to_fit();
  }
}

// What the answer says about its own end stands, even when the caller gave up afterwards: readers
// of streams commonly close the connection once they saw the last event.
Outcome AnswerReader::Impl::outcome(std::optional<Outcome> told) {
  const bool is_readable_json = format == Format::json && !overflowed && parser.take_json(body);
  if (http_status >= first_error_status) return Outcome::error;
  if (is_readable_json || parser.verdict()) return *parser.verdict();
  if (told && *told != Outcome::ok) return *told;
  return outcome_of_answer();
}

// The connection ended well; the answer did not say that it is complete.
Outcome AnswerReader::Impl::outcome_of_answer() const {
  switch (format) {
    case Format::opaque:
      return has_usage(api) ? Outcome::unknown : Outcome::ok;
    case Format::json:
      return !overflowed && breaks_off(body) ? Outcome::incomplete : Outcome::unknown;
    case Format::event_stream:
      break;
  }
  if (parser.missed_something()) return Outcome::unknown;
  const bool ends_between_events = events.position() == events.block_begin();
  return parser.only_lacks_done() && ends_between_events ? Outcome::ok : Outcome::incomplete;
}

}  // namespace costmark
