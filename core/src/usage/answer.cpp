#include "costmark/usage.hpp"

#include <utility>

#include "costmark/http.hpp"
#include "usage/chunk_filter.hpp"
#include "usage/format_detector.hpp"
#include "usage/usage_parser.hpp"

namespace costmark {
namespace {

constexpr int first_error_status = 400;
constexpr std::size_t worth_keeping = std::size_t{64} << 10U;

bool has_usage(Api api) noexcept {
  return api != Api::other && api != Api::control;
}

bool is_labeled_event_stream(std::string_view content_type) noexcept {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.starts_with(' ') || type.starts_with('\t')) type.remove_prefix(1);
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  return equal_ignoring_case(type, "text/event-stream");
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
    case Outcome::unknown:
      return "unknown";
    case Outcome::ok:
      return "ok";
    case Outcome::error:
      return "error";
    case Outcome::cancelled:
      return "cancelled";
    case Outcome::incomplete:
      return "incomplete";
    case Outcome::open:
      return "open";
  }
  return "unknown";
}

std::string_view to_string(ResponseStatus status) noexcept {
  switch (status) {
    case ResponseStatus::unknown:
      return "unknown";
    case ResponseStatus::queued:
      return "queued";
    case ResponseStatus::in_progress:
      return "in_progress";
    case ResponseStatus::completed:
      return "completed";
    case ResponseStatus::failed:
      return "failed";
    case ResponseStatus::incomplete:
      return "incomplete";
    case ResponseStatus::cancelled:
      return "cancelled";
  }
  return "unknown";
}

std::string_view to_string(UsageFlag flag) noexcept {
  switch (flag) {
    case UsageFlag::decreasing:
      return "decreasing";
    case UsageFlag::total:
      return "total";
    case UsageFlag::unread:
      return "unread";
    case UsageFlag::inconsistent:
      return "inconsistent";
    case UsageFlag::other_model:
      return "other_model";
  }
  return "unknown";
}

std::string_view to_string(Meter meter) noexcept {
  switch (meter) {
    case Meter::unknown:
      return "unknown";
    case Meter::cache_write_5m:
      return "cache_write_5m";
    case Meter::cache_write_30m:
      return "cache_write_30m";
    case Meter::cache_write_1h:
      return "cache_write_1h";
    case Meter::cache_write_12h:
      return "cache_write_12h";
    case Meter::audio_input:
      return "audio_input";
    case Meter::audio_output:
      return "audio_output";
    case Meter::web_search:
      return "web_search";
    case Meter::web_fetch:
      return "web_fetch";
  }
  return "unknown";
}

void Answer::clear() noexcept {
  usage = {};
  outcome = Outcome::unknown;
  status = ResponseStatus::unknown;
  background = false;
  for (std::string* text : {&response_id, &model, &service_tier, &error_code, &usage_json}) {
    text->clear();
  }
}

// How an answer is read:
//
//   begin ─► detecting ─┬─► event_stream     ─► events ─► parser;  filter holds the event at hand
//     (whose bytes are  ├─► aws_event_stream ─► frames ─► parser
//      held in a head)  ├─► json             ─► body, parsed by finish
//                       └─► opaque           ─► passes
//   finish: the outcome is what the status says, else the answer, else the caller, else the bytes
struct AnswerReader::Impl {
  void read(std::string_view piece);
  void read_as(Format is, std::string_view part);
  void read_events(std::string_view part);
  void read_frames(std::string_view part);
  void read_json(std::string_view part);
  void take_last_event();
  bool filters() const noexcept { return hides && (!format || *format == Format::event_stream); }
  bool is_read(Format detected) const noexcept;
  void flag_unread(bool is_readable_json);
  Outcome outcome(bool is_readable_json, std::optional<Outcome> told) const;
  Outcome outcome_of_bytes() const;

  Api api = Api::other;
  std::optional<Format> format;  // none while the first bytes leave it in doubt
  int http_status = 0;
  bool hides = false;
  bool finished = false;
  bool ends_whole = false;      // an event stream that does not end within an event
  bool overflowed = false;      // a JSON answer that was too long to be kept
  std::uint64_t hidden_to = 0;  // where the hidden chunk ends, in the bytes of the event stream

  FormatDetector detector;
  http::EventStream events{max_buffered_bytes};
  http::AwsEventStream frames;
  UsageParser parser;
  ChunkFilter filter;
  std::string body;
};

AnswerReader::AnswerReader() : impl_(std::make_unique<Impl>()) {
  impl_->format = Format::opaque;  // until `begin`
}
AnswerReader::~AnswerReader() = default;
AnswerReader::AnswerReader(AnswerReader&&) noexcept = default;
AnswerReader& AnswerReader::operator=(AnswerReader&&) noexcept = default;

void AnswerReader::begin(Api api, int http_status, std::string_view content_type, bool streamed,
                         bool hide_usage_chunk) {
  Impl& self = *impl_;
  self.api = api;
  self.format = has_usage(api) ? std::nullopt : std::optional(Format::opaque);
  self.http_status = http_status;
  self.hides = hide_usage_chunk && api == Api::chat_completions;
  self.finished = self.overflowed = self.ends_whole = false;
  self.hidden_to = 0;
  self.detector.reset(streamed || is_labeled_event_stream(content_type), is_of_runtime(api));
  self.events.reset();
  self.frames.reset();
  self.parser.begin(api, http_status >= first_error_status);
  self.filter.reset();
  self.body.clear();
  if (self.body.capacity() > worth_keeping) self.body.shrink_to_fit();
}

void AnswerReader::read_headers(std::span<const Header> headers) {
  for (const Header& field : headers) impl_->parser.take_header(field);
}

std::string_view AnswerReader::feed(std::string_view piece) {
  Impl& self = *impl_;
  if (self.finished || !self.filters()) {
    if (!self.finished) self.read(piece);
    return piece;
  }
  self.filter.give(piece);
  self.read(piece);
  if (!self.filters()) self.filter.pass(self.filter.end());  // there is nothing to hide in it
  return self.filter.take();
}

std::string_view AnswerReader::finish(std::optional<Outcome> outcome) {
  Impl& self = *impl_;
  if (self.finished) return {};
  self.finished = true;
  const bool filters = self.filters();
  if (!self.format && self.detector.is_nothing_known()) self.format = Format::opaque;
  self.take_last_event();
  const bool is_readable_json =
      self.format == Format::json && !self.overflowed && self.parser.take_json(self.body);
  self.flag_unread(is_readable_json);
  self.parser.answer().outcome = self.outcome(is_readable_json, outcome);
  return filters ? self.filter.release() : std::string_view();
}

const Answer& AnswerReader::answer() const noexcept {
  return impl_->parser.answer();
}

bool AnswerReader::lacks_only_counts() const noexcept {
  return impl_->parser.lacks_only_counts();
}

void AnswerReader::Impl::read(std::string_view piece) {
  if (format) return read_as(*format, piece);
  const std::optional<Format> detected = detector.take(piece);
  if (filters()) filter.pass(detector.skipped());
  if (!detected) return;
  format = is_read(*detected) ? detected : Format::opaque;
  read_as(*format, detector.head());
  read_as(*format, piece);
}

// Whether the API answers so.
bool AnswerReader::Impl::is_read(Format detected) const noexcept {
  return detected != Format::event_stream || (api != Api::embeddings && !is_of_runtime(api));
}

void AnswerReader::Impl::read_as(Format is, std::string_view part) {
  switch (is) {
    case Format::event_stream:
      return read_events(part);
    case Format::aws_event_stream:
      return read_frames(part);
    case Format::json:
      return read_json(part);
    case Format::opaque:
      break;
  }
}

void AnswerReader::Impl::read_events(std::string_view part) {
  if (!filters()) {
    while (const auto event = events.next(part)) parser.take_event(*event);
    return;
  }
  const std::uint64_t begin = detector.skipped();
  // The hidden chunk's line end may have been cut between its CR and its LF.
  if (hidden_to == events.position() && events.take_line_feed(part)) {
    filter.drop(begin + events.position());
  }
  while (const auto event = events.next(part)) {
    filter.pass(begin + event->begin);
    if (parser.take_event(*event)) {
      filter.drop(begin + event->end);
      hidden_to = event->end;
    } else {
      filter.pass(begin + event->end);
    }
  }
  const bool too_long_to_hold = events.position() - events.block_begin() > max_buffered_bytes;
  filter.pass(begin + (too_long_to_hold ? events.position() : events.block_begin()));
}

void AnswerReader::Impl::read_frames(std::string_view part) {
  while (const auto frame = frames.next(part)) parser.take_frame(*frame);
}

void AnswerReader::Impl::read_json(std::string_view part) {
  if (overflowed) return;
  overflowed = part.size() > max_buffered_bytes - body.size();
  if (!overflowed) {
    body.append(part);
  } else {
    body.clear();
    body.shrink_to_fit();
  }
}

// Some servers close the stream without the last blank line. An event that was cut is no whole JSON
// text and tells nothing.
void AnswerReader::Impl::take_last_event() {
  if (format != Format::event_stream) return;
  ends_whole = events.position() == events.block_begin();
  const auto event = events.finish();
  if (!event || !UsageParser::is_whole(*event)) return;
  ends_whole = true;
  if (parser.take_event(*event) && filters()) filter.drop(detector.skipped() + event->end);
}

// What passed without being read may have held counts. An answer that broke off is no such thing,
// nor is an error.
void AnswerReader::Impl::flag_unread(bool is_readable_json) {
  if (http_status >= first_error_status || !has_usage(api)) return;
  const bool unread_json =
      format == Format::json && !is_readable_json && (overflowed || !breaks_off(body));
  const bool unread = unread_json || format == Format::opaque || parser.has_usage_elsewhere();
  const bool has_fault = frames.fault() != http::AwsFault::none;
  if ((unread && !parser.is_metered()) || has_fault) parser.flag_unread();
}

// What the answer says about its own end stands, even when the caller gave up afterwards: readers
// of streams commonly close the connection once they saw the last event.
Outcome AnswerReader::Impl::outcome(bool is_readable_json, std::optional<Outcome> told) const {
  if (http_status >= first_error_status) return Outcome::error;
  if (is_readable_json || parser.verdict()) return *parser.verdict();
  if (parser.goes_on()) return Outcome::open;
  if (told && *told != Outcome::ok) return *told;
  return outcome_of_bytes();
}

// The connection ended well; the answer did not say that it is complete.
Outcome AnswerReader::Impl::outcome_of_bytes() const {
  if (!has_usage(api)) return Outcome::ok;
  if (!format) return Outcome::incomplete;
  switch (*format) {
    case Format::opaque:
      return parser.is_metered() ? Outcome::ok : Outcome::unknown;
    case Format::aws_event_stream:
      if (frames.fault() != http::AwsFault::none) return Outcome::unknown;
      return parser.missed_something() ? Outcome::unknown : Outcome::incomplete;
    case Format::json:
      return !overflowed && breaks_off(body) ? Outcome::incomplete : Outcome::unknown;
    case Format::event_stream:
      break;
  }
  if (parser.missed_something()) return Outcome::unknown;
  return parser.only_lacks_done() && ends_whole ? Outcome::ok : Outcome::incomplete;
}

}  // namespace costmark
